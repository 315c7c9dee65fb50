//! The node's configuration: a TOML file, read and checked as a whole before anything is opened.

mod document;
mod resolve;
pub mod template;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;

pub use document::Mistake;

/// What the node is told by its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The node's name for people.
    pub name: String,
    /// What it is beside its name ("provider", "PBX"); may be empty.
    pub role: String,
    /// Where journal, snapshots, database and control socket lie.
    pub data_dir: PathBuf,
    /// Whom to run as where it is started as root.
    pub user: Option<String>,
    /// How many workers carry the calls; `None`: as many as there are processors.
    pub workers: Option<usize>,
    /// SIP.
    pub sip: Sip,
    /// SIP over TLS, if it is configured.
    pub tls: Option<Tls>,
    /// Voice.
    pub media: Media,
    /// Web pages.
    pub portal: Portal,
    /// Mail; `None`: notices are kept in the outbox and not sent.
    pub mail: Option<Mail>,
    /// Where an address is.
    pub geo: Geo,
    /// What is kept how long.
    pub retention: store::Retention,
    /// The lock-out's settings at the very first start; afterwards the store's rule.
    pub lockout: lockout::Settings,
    /// Block lists from outside.
    pub block_lists: BlockLists,
    /// Bans in the machine's packet filter.
    pub nftables: PacketFilter,
}

/// Where a block list is.
#[derive(Clone, PartialEq, Eq)]
pub enum ListSource {
    /// A file.
    File(PathBuf),
    /// On the web: `http://` or `https://`. A key may be part of it.
    Web(String),
}

/// A list's address on the web may hold a key, which stays out of logs.
impl fmt::Debug for ListSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListSource({})", self.name())
    }
}

impl ListSource {
    /// For people: the file's name, or the host.
    pub fn name(&self) -> String {
        match self {
            ListSource::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            ListSource::Web(url) => {
                let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let host = rest.split(['/', '?']).next().unwrap_or_default();
                host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned()
            }
        }
    }
}

/// Bans in the machine's packet filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketFilter {
    /// Whether.
    pub mode: Nftables,
    /// The table's name: two nodes on one machine need two.
    pub table: String,
}

/// Whether nftables is told of bans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nftables {
    /// No.
    #[default]
    Off,
    /// The log says what it would be told.
    DryRun,
    /// Yes.
    On,
}

/// Block lists from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLists {
    /// Where they are.
    pub lists: Vec<ListSource>,
    /// How often to look whether a file has changed, seconds.
    pub refresh_s: u64,
    /// How often to ask whether a list on the web has changed, seconds.
    pub fetch_s: u64,
}

/// SIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// Addresses to listen on (UDP and TCP); port 0 takes any free port.
    pub listen: Vec<SocketAddr>,
    /// The address peers reach us at, where we listen on all addresses.
    pub advertised: Option<IpAddr>,
    /// DNS servers to ask where carriers are; those of the system where there are none.
    pub dns: Vec<SocketAddr>,
    /// Digest realm.
    pub realm: String,
    /// Whether SHA-256 challenges are sent beside MD5.
    pub sha256: bool,
    /// Whether a refused caller's phone is told why in a Warning.
    pub warning: bool,
    /// User agents that are not answered, by how they begin; lower-case letters.
    pub ignored_agents: Vec<String>,
    /// Lines that only ask and place their calls themselves.
    pub redirect: Vec<edge::Asking>,
    /// How long a call may ring, seconds.
    pub ring_limit_s: u32,
    /// Calls at once on this node.
    pub max_calls: usize,
    /// How long running calls may go on after SIGTERM, seconds.
    pub drain_s: u32,
    /// Shortest, default and longest registration, seconds.
    pub expires_s: (u32, u32, u32),
}

/// SIP over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Addresses to listen on.
    pub listen: Vec<SocketAddr>,
    /// The certificate and those that vouch for it, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
    /// Certificates with their keys for our other domains, PEM.
    pub others: Vec<(PathBuf, PathBuf)>,
    /// Authorities that may vouch for the domains of trunks, PEM.
    pub clients: Option<PathBuf>,
    /// Authorities that may vouch for carriers besides the public ones, PEM.
    pub trusted: Option<PathBuf>,
}

/// Voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Whether voice goes through this node.
    pub relay: bool,
    /// The address its ports are opened on.
    pub ip: IpAddr,
    /// The address told to phones and carriers.
    pub advertised: IpAddr,
    /// One of the other IP family: peers of that family are told it.
    pub other_ip: Option<IpAddr>,
    /// First and last port.
    pub ports: (u16, u16),
    /// Silence from both sides that ends a call, seconds.
    pub silence_s: u32,
    /// rtpengines that carry voice in place of the built-in relay.
    pub rtpengine: Vec<SocketAddr>,
    /// Whether the built-in relay carries it where none of them answers.
    pub rtpengine_falls_back: bool,
}

/// Web pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portal {
    /// Address to listen on; `None`: no portal.
    pub listen: Option<SocketAddr>,
    /// How people reach it, for links in mails, where it differs from the address.
    pub url: Option<String>,
    /// Reverse proxies whose word of who called them is believed.
    pub proxies: Vec<IpNet>,
    /// The file with the secrets that payments are signed with.
    pub payment_secret_file: Option<PathBuf>,
    /// Networks that webhooks may lead to although they are not public.
    pub webhooks_inside: Vec<IpNet>,
}

/// Mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The mail server: `smtp://host:25`, `starttls://user:password@host`, `smtps://user:password@host`.
    pub smtp: String,
    /// The sender.
    pub from: String,
}

/// The mail server's password stays out of logs.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({}, from {})", self.server(), self.from)
    }
}

impl Mail {
    /// The mail server without its credentials.
    pub fn server(&self) -> String {
        let (scheme, rest) = self.smtp.split_once("://").unwrap_or(("smtp", &self.smtp));
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}")
    }
}

/// Databases in MaxMind's format, and what the operator knows better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Geo {
    /// City database.
    pub city: Option<PathBuf>,
    /// Network (ASN) database.
    pub asn: Option<PathBuf>,
    /// Country database; the one that ships with Tollguard where `None`.
    pub country: Option<PathBuf>,
    /// The operator's own networks.
    pub networks: Vec<geo::NamedNetwork>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}; `tollguard init` writes one", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It holds mistakes.
    #[error("{}", list(path, mistakes))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        mistakes: Vec<Mistake>,
    },
}

fn list(path: &Path, mistakes: &[Mistake]) -> String {
    let count = if mistakes.len() == 1 { "a mistake".to_owned() } else { format!("{} mistakes", mistakes.len()) };
    let mut text = format!("{count} in {}", path.display());
    for mistake in mistakes {
        text.push_str("\n  ");
        text.push_str(&mistake.to_string());
    }
    text
}

impl Config {
    /// Reads and checks a file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`ConfigError`] with all mistakes at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|mistakes| ConfigError::Mistakes { path: path.to_owned(), mistakes })
    }

    /// Checks a text; paths in it are relative to `folder`.
    ///
    /// # Errors
    /// All mistakes.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<Mistake>> {
        resolve::resolve(text, folder)
    }

    /// Where phones and carriers reach bound SIP addresses.
    pub fn servers(&self, bound: &[SocketAddr]) -> Vec<SocketAddr> {
        let reached = |address: &SocketAddr| match self.sip.advertised {
            Some(ip) if address.ip().is_unspecified() => SocketAddr::new(ip, address.port()),
            _ => *address,
        };
        bound.iter().map(reached).collect()
    }

    /// How many workers run: as configured, or one for each processor.
    pub fn workers(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.workers.unwrap_or_else(processors).clamp(1, edge::MAX_WORKERS)
    }

    /// The edge's settings, once the SIP addresses are bound.
    pub fn edge(&self, bound: &[SocketAddr]) -> edge::EdgeSettings {
        let first = bound.first().or(self.sip.listen.first()).copied();
        let first = first.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 5060)));
        edge::EdgeSettings {
            realm: self.sip.realm.clone(),
            sha256: self.sip.sha256,
            warning: self.sip.warning,
            ignored_agents: self.sip.ignored_agents.clone(),
            advertised: SocketAddr::new(self.sip.advertised.unwrap_or(first.ip()), first.port()),
            advertised_tls: self
                .tls
                .as_ref()
                .and_then(|tls| tls.listen.first())
                .map(|address| SocketAddr::new(self.sip.advertised.unwrap_or(address.ip()), address.port())),
            other_family: [other_family(bound), other_family(self.tls.as_ref().map_or(&[], |tls| &tls.listen))],
            expires_s: self.sip.expires_s,
            ring_limit_s: self.sip.ring_limit_s,
            max_calls: self.sip.max_calls,
            silence_s: self.media.silence_s,
            relay: self.media.relay,
            redirect: self.sip.redirect.clone(),
        }
    }
}

/// The first address that is of another IP family than the first of all.
fn other_family(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let is_v4 = addresses.first()?.is_ipv4();
    addresses.iter().find(|address| address.is_ipv4() != is_v4 && !address.ip().is_unspecified()).copied()
}
