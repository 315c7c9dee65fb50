//! What all pages share.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use ipnet::IpNet;
use sha2::{Digest, Sha256};
use store::{Desk, Link, Reader, User, Vault};
use tokio::sync::Semaphore;

use crate::control::Control;
use crate::kept::KeptError;
use crate::per_minute::PerMinute;
use crate::problem::Problem;
use crate::readers::Readers;
use crate::throttle::Throttle;

/// Passwords verified at once: each takes 64 MiB and a processor.
const VERIFYING: usize = 2;
/// Mails for new passwords that one network may ask for within a minute.
const RESETS_A_MINUTE: u32 = 5;
/// Pages kept fresh at once.
const STREAMS: usize = 64;

/// What the configuration says to the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How people reach the portal: "https://phones.example.net", perhaps with a path below it.
    pub url: String,
    /// The node's name for people ("Rocky Mountain Telecom").
    pub node_name: String,
    /// What it is, beside its name ("provider", "PBX"); may be empty.
    pub role: String,
    /// The SIP realm: what a phone is told as its domain.
    pub realm: String,
    /// Where phones register: host and port.
    pub sip_server: String,
    /// Reverse proxies, whose word of who called them is believed.
    pub proxies: Vec<IpNet>,
    /// Whether there is a mail server, so that users can be written to.
    pub has_mail: bool,
}

impl Settings {
    /// The path below which the pages lie, without a slash at its end: "" or "/phones".
    pub(crate) fn base(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("").trim_end_matches('/')
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// The session cookie's name. Cookies know no ports, so two nodes on one host need two names.
    fn cookie(&self) -> String {
        let digest = Sha256::digest(self.url.as_bytes());
        let tail: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let prefix = if self.is_https() { "__Host-" } else { "" };
        format!("{prefix}tollguard-{tail}")
    }
}

/// What all pages share; clone it freely.
#[derive(Clone)]
pub struct PortalState {
    pub(crate) control: Arc<dyn Control>,
    pub(crate) readers: Readers,
    pub(crate) desk: Arc<Desk>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) places: Arc<geo::Places>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) cookie: Arc<str>,
    pub(crate) throttle: Arc<Mutex<Throttle>>,
    /// Mails for new passwords, by the network that asked for them.
    pub(crate) resets: Arc<Mutex<PerMinute<IpAddr>>>,
    pub(crate) verifying: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
}

impl PortalState {
    /// Opens the portal's connections to a node's database.
    ///
    /// `vault` holds the portal's key, `places` says where banned addresses are.
    ///
    /// # Errors
    /// Where the database cannot be opened or is of another format.
    pub fn open(
        control: Arc<dyn Control>,
        database: &Path,
        (desk, vault): (Arc<Desk>, Arc<Vault>),
        places: Arc<geo::Places>,
        settings: Settings,
    ) -> Result<Self, store::Error> {
        Ok(Self {
            control,
            readers: Readers::open(database)?,
            desk,
            vault,
            places,
            cookie: settings.cookie().into(),
            settings: Arc::new(settings),
            throttle: Arc::default(),
            resets: Arc::new(Mutex::new(PerMinute::new(RESETS_A_MINUTE))),
            verifying: Arc::new(Semaphore::new(VERIFYING)),
            streams: Arc::new(Semaphore::new(STREAMS)),
        })
    }

    /// Asks the tables.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.readers.ask(question).await
    }

    /// Asks for or changes what is in the database alone.
    pub(crate) async fn desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.at_desk(work).await??)
    }

    /// Changes what is kept beside the journal; the inner result is why not.
    pub(crate) async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, KeptError> + Send + 'static,
    ) -> Result<Result<T, KeptError>, Problem> {
        self.at_desk(work).await
    }

    /// The link that lets a user choose a password, once.
    pub(crate) fn password_link(&self, user: &User) -> String {
        let token = Link::password(user, now_ms()).token(&self.vault);
        format!("{}/once/{token}", self.settings.url.trim_end_matches('/'))
    }

    async fn at_desk<T: Send + 'static>(&self, work: impl FnOnce(&Desk) -> T + Send + 'static) -> Result<T, Problem> {
        let desk = Arc::clone(&self.desk);
        tokio::task::spawn_blocking(move || work(&desk)).await.map_err(|_| Problem::Broken)
    }
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        let text = String::new;
        Settings {
            url: url.into(),
            node_name: text(),
            role: text(),
            realm: text(),
            sip_server: text(),
            proxies: Vec::new(),
            has_mail: false,
        }
    }

    #[test]
    fn pages_lie_below_the_path_of_the_address() {
        for (url, base) in [("https://p.example", ""), ("https://p.example/", ""), ("http://p.example:8/x/y/", "/x/y")]
        {
            assert_eq!(settings(url).base(), base, "{url}");
        }
    }

    #[test]
    fn nodes_on_one_host_have_cookies_of_their_own() {
        assert_ne!(settings("http://127.0.0.1:1").cookie(), settings("http://127.0.0.1:2").cookie());
        assert!(settings("https://p.example").cookie().starts_with("__Host-tollguard-"));
    }
}
