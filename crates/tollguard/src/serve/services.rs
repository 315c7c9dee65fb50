//! What runs on the async runtime beside the worker: control socket, mail and portal.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Alarms, Hooks, Letters, Mailer, StoreOutbox, SystemClock};
use portal::{PaymentSecret, PortalState, Programs, WaitingPayments};
use store::{Desk, Home, Reader, Vault};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, watch};

use super::disk_alarm::Watch;
use super::lists::Lists;
use super::packet_filter::PacketFilter;
use super::{OpenError, ServeError, retention, tls};
use crate::config::Config;
use crate::control::{self, Control};

/// Threads of the runtime: questions to the database run on others.
const RUNTIME_THREADS: usize = 2;
/// How long services may take to end.
const STOP: Duration = Duration::from_secs(2);

/// The running services.
pub(super) struct Services {
    runtime: Runtime,
    socket: PathBuf,
    /// Dropped when the services are to end.
    stop: watch::Sender<()>,
    packet_filter: Option<PacketFilter>,
    /// Where the portal is reached, if there is one.
    pub(super) portal_url: Option<String>,
}

/// What the services work with.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) home: &'a Home,
    pub(super) control: &'a Control,
    pub(super) desk: &'a Arc<Desk>,
    pub(super) places: &'a Arc<geo::Places>,
    /// Bound SIP addresses.
    pub(super) bound: &'a [SocketAddr],
    pub(super) tls: &'a net::TlsConfig,
}

impl Services {
    /// Starts them.
    pub(super) fn start(parts: &Parts<'_>) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(RUNTIME_THREADS)
            .thread_name("services")
            // Hashing a password takes a processor for a hundred milliseconds.
            .on_thread_start(store::yield_to_calls)
            .enable_all()
            .build()
            .map_err(ServeError::Thread)?;
        let inside = runtime.enter();
        let socket = parts.home.control_socket();
        let (stop, stopped) = watch::channel(());
        let answering = control::listen(&socket, parts.control.clone()).map_err(ServeError::Control)?;
        parts.spawn(&runtime, "control socket", answering);
        if let Some(identity) = &parts.tls.identity {
            parts.spawn(&runtime, "renewal of the TLS certificate", tls::keep_fresh(Arc::clone(identity)));
        }
        let vault = Vault::open(parts.home.path(), parts.desk).map_err(OpenError::Store)?;
        let vault = Arc::new(vault);
        let portal_url = parts.portal(&runtime, &vault, stopped.clone())?;
        let mut lists = Lists::new(&parts.config.block_lists, &parts.config.data_dir, parts.control.clone());
        runtime.block_on(lists.read());
        if !lists.is_empty() {
            parts.spawn(&runtime, "block lists", lists.keep_up(stopped.clone()));
        }
        let rules = parts.config.retention.clone();
        if !rules.keeps_all() {
            parts.spawn(&runtime, "retention", retention::keep(rules, Arc::clone(parts.desk), stopped.clone()));
        }
        let packet_filter = PacketFilter::new(parts.config, parts.bound);
        if let Some(filter) = &packet_filter {
            let follows = PacketFilter::follow(filter.mirror(), parts.control.clone(), stopped.clone());
            parts.spawn(&runtime, "packet filter", follows);
        }
        parts.hooks(&runtime, &vault, portal_url.as_deref(), stopped.clone())?;
        parts.mail(&runtime, &vault, portal_url.as_deref(), stopped.clone())?;
        let watch = parts.disk_watch(portal_url.as_deref())?;
        parts.spawn(&runtime, "watch over the disk", watch.keep(stopped));
        drop(inside);
        Ok(Self { runtime, socket, stop, packet_filter, portal_url })
    }

    /// Ends them; whoever is still connected is cut off after a moment.
    pub(super) fn stop(self) {
        drop(self.stop);
        self.runtime.shutdown_timeout(STOP);
        if let Some(filter) = self.packet_filter {
            filter.clear();
        }
        // A socket that stays is dead, and whoever finds it sees that.
        let _ = std::fs::remove_file(self.socket);
    }
}

impl Parts<'_> {
    /// Starts a part of the process that runs until it ends; should it end before, the node's health tells.
    fn spawn<F>(&self, runtime: &Runtime, name: &'static str, part: F)
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.control.parts().watch(name, runtime.spawn(part).abort_handle());
    }

    /// Serves the portal and says where it is reached.
    fn portal(
        &self,
        runtime: &Runtime,
        vault: &Arc<Vault>,
        stopped: watch::Receiver<()>,
    ) -> Result<Option<String>, ServeError> {
        let Some(address) = self.config.portal.listen else { return Ok(self.config.portal.url.clone()) };
        let failed = |source| ServeError::Portal { address, source };
        let listener = runtime.block_on(TcpListener::bind(address)).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let url = self.config.portal.url.clone().unwrap_or_else(|| format!("http://{bound}"));
        let servers: Vec<String> = self.config.servers(self.bound).iter().map(ToString::to_string).collect();
        let settings = portal::Settings {
            url: url.clone(),
            node_name: self.config.name.clone(),
            role: self.config.role.clone(),
            realm: self.config.sip.realm.clone(),
            sip_server: servers.join(" or "),
            proxies: self.config.portal.proxies.clone(),
            has_mail: self.config.mail.is_some(),
        };
        let control = Arc::new(self.control.clone());
        let (keys, places) = ((Arc::clone(self.desk), Arc::clone(vault)), Arc::clone(self.places));
        let state =
            PortalState::open(control, &self.home.database(), keys, places, settings).map_err(OpenError::Store)?;
        let programs = self.programs()?;
        let takes_payments = !programs.payment_secrets.is_empty();
        let pages = portal::router(state.clone()).merge(portal::programs(state.clone(), programs));
        if takes_payments {
            self.spawn(runtime, "waiting payments", WaitingPayments::of(state).book(over(stopped.clone())));
        }
        self.spawn(runtime, "portal", async move {
            if let Err(error) = portal::serve(listener, pages, over(stopped)).await {
                tracing::error!(%error, "the portal stopped");
            }
        });
        Ok(Some(url))
    }

    /// What programs are told, and what they must know.
    fn programs(&self) -> Result<Programs, ServeError> {
        let portal = &self.config.portal;
        let payment_secrets = match &portal.payment_secret_file {
            Some(path) => secrets_in(path)?,
            None => Vec::new(),
        };
        Ok(Programs {
            payment_secrets,
            weakness: crate::cli::weakness,
            max_expiry_s: self.config.sip.expires_s.2,
            silence_s: self.config.media.silence_s,
            ring_limit_s: self.config.sip.ring_limit_s,
        })
    }

    /// Posts events to webhooks, where links can lead to a portal.
    fn hooks(
        &self,
        runtime: &Runtime,
        vault: &Arc<Vault>,
        url: Option<&str>,
        stopped: watch::Receiver<()>,
    ) -> Result<(), ServeError> {
        let Some(url) = url else { return Ok(()) };
        let hooks = Hooks {
            desk: Arc::clone(self.desk),
            reader: Arc::new(Reader::open(&self.home.database()).map_err(OpenError::Store)?),
            vault: Arc::clone(vault),
            portal: url.parse().map_err(notify::SettingsError::Portal)?,
            node: self.config.name.clone(),
            inside: self.config.portal.webhooks_inside.clone(),
            clock: SystemClock,
        };
        self.spawn(runtime, "webhooks", hooks.run(over(stopped)));
        Ok(())
    }

    /// How mail goes out, if it does.
    fn mail_settings(&self, url: Option<&str>) -> Result<Option<notify::Settings>, ServeError> {
        let (Some(mail), Some(url)) = (&self.config.mail, url) else { return Ok(None) };
        Ok(Some(notify::Settings::parse(&mail.smtp, &mail.from, url)?))
    }

    /// Watches over the disk.
    fn disk_watch(&self, url: Option<&str>) -> Result<Watch, ServeError> {
        let settings = self.mail_settings(url)?;
        let alarms = settings.map(|settings| Alarms::new(&settings, self.config.name.clone())).transpose()?;
        Ok(Watch { control: self.control.clone(), desk: Arc::clone(self.desk), alarms })
    }

    /// Sends what waits in the outbox, if there is a mail server.
    fn mail(
        &self,
        runtime: &Runtime,
        vault: &Arc<Vault>,
        url: Option<&str>,
        stopped: watch::Receiver<()>,
    ) -> Result<(), ServeError> {
        let Some(settings) = self.mail_settings(url)? else { return Ok(()) };
        let reader = Arc::new(Reader::open(&self.home.database()).map_err(OpenError::Store)?);
        let letters = Letters {
            desk: Arc::clone(self.desk),
            reader: Arc::clone(&reader),
            vault: Arc::clone(vault),
            mailer: Mailer::new(&settings)?,
            portal: settings.portal.clone(),
            node: self.config.name.clone(),
            clock: SystemClock,
        };
        self.spawn(runtime, "mails to users", letters.run(over(stopped.clone())));
        let outbox = Arc::new(StoreOutbox::new(Arc::clone(self.desk), reader));
        let mailer = Mailer::new(&settings)?;
        let worker = notify::Worker::new(outbox, mailer, settings.portal, self.config.name.clone(), SystemClock);
        let worker = worker.signing(Arc::clone(vault));
        let wake = Arc::new(Notify::new());
        let (waker, mut applied) = (Arc::clone(&wake), self.control.applied_lsn());
        runtime.spawn(async move {
            while applied.changed().await.is_ok() {
                waker.notify_one();
            }
        });
        self.spawn(runtime, "mails", worker.run(wake, over(stopped)));
        Ok(())
    }
}

/// The secrets in a file.
fn secrets_in(path: &Path) -> Result<Vec<PaymentSecret>, ServeError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ServeError::PaymentSecretFile { path: path.to_owned(), source })?;
    PaymentSecret::read(&text).map_err(|source| ServeError::PaymentSecret { path: path.to_owned(), source })
}

/// Done when the services are to end.
async fn over(mut stopped: watch::Receiver<()>) {
    // Nothing is ever sent: an error says that the sender was dropped.
    let _ = stopped.changed().await;
}
