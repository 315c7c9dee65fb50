//! Where carriers are: by address or by name, the servers a name leads to, and which of them a call tries first.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use billing::CarrierId;
use serde::{Deserialize, Serialize};
use sip::locate::{Destination, Server, Target, order};
use sip::{Host, HostPort, SipUri, Transport};

use crate::core::Core;
use crate::directory::{Carrier, Directory};
use crate::flow;
use crate::limits::MAX_RESTING;

/// Where a peer is, as its configuration says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PeerAddress {
    /// An address and port.
    Ip(SocketAddr),
    /// A domain, whose servers the DNS tells (RFC 3263), or a host with a port.
    Name {
        /// In lower-case letters.
        name: String,
        /// The port, if one is given.
        port: Option<u16>,
    },
}

/// Neither an address with its port nor a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither an address with a port, such as 198.51.100.9:5060, nor a name such as sip.example.net")]
pub struct NoPeerAddress;

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl FromStr for PeerAddress {
    type Err = NoPeerAddress;

    fn from_str(text: &str) -> Result<Self, NoPeerAddress> {
        let HostPort { host, port } = HostPort::parse(text.as_bytes()).map_err(|_| NoPeerAddress)?;
        match (host, port) {
            (_, Some(0)) | (Host::Ip(_), None) => Err(NoPeerAddress),
            (Host::Ip(ip), Some(port)) => Ok(Self::Ip((ip, port).into())),
            (Host::Name(name), port) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let fits = |label: &str| (1..=63).contains(&label.len());
                // RFC 1123 section 2.1: a name whose last label is a number would be an address.
                let last = name.rsplit('.').next().unwrap_or_default();
                let is_name =
                    name.len() <= 253 && name.split('.').all(fits) && !last.bytes().all(|b| b.is_ascii_digit());
                if is_name { Ok(Self::Name { name, port }) } else { Err(NoPeerAddress) }
            }
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "{address}"),
            Self::Name { name, port: Some(port) } => write!(f, "{name}:{port}"),
            Self::Name { name, port: None } => f.write_str(name),
        }
    }
}

impl TryFrom<String> for PeerAddress {
    type Error = NoPeerAddress;

    fn try_from(text: String) -> Result<Self, NoPeerAddress> {
        text.parse()
    }
}

impl From<PeerAddress> for String {
    fn from(address: PeerAddress) -> Self {
        address.to_string()
    }
}

/// The servers that names lead to, as far as the DNS has told.
pub type Located = BTreeMap<Destination, Arc<[Server]>>;

impl Carrier {
    /// What the DNS has to tell of it; `None` for a carrier with an address.
    pub fn destination(&self) -> Option<Destination> {
        match &self.address {
            PeerAddress::Ip(_) => None,
            PeerAddress::Name { name, port } => {
                let transport = self.transport.map(flow::transport_to_sip);
                Some(Destination { name: name.clone(), port: *port, transport })
            }
        }
    }

    /// Host for the Request-URI and To: its domain, or what it is configured by.
    pub fn host(&self) -> String {
        self.domain.clone().unwrap_or_else(|| self.address.to_string())
    }

    /// The same as it stands in a URI; `None` where it cannot stand there.
    pub(crate) fn hostport(&self) -> Option<HostPort<'_>> {
        match (&self.domain, &self.address) {
            (Some(domain), _) => HostPort::parse(domain.as_bytes()).ok(),
            (None, PeerAddress::Ip(address)) => {
                Some(HostPort { host: Host::Ip(address.ip()), port: Some(address.port()) })
            }
            (None, PeerAddress::Name { name, port }) => Some(HostPort { host: Host::Name(name), port: *port }),
        }
    }

    /// What stands for us in what the carrier is sent: the domain that it knows us by, or else `us`.
    pub(crate) fn our_host<'a>(&'a self, us: HostPort<'a>) -> HostPort<'a> {
        self.domain.as_ref().and_then(|domain| HostPort::parse(domain.as_bytes()).ok()).unwrap_or(us)
    }

    /// The carrier itself, for requests that are no calls; `server` where its host cannot stand in a URI.
    pub(crate) fn uri(&self, server: SocketAddr) -> SipUri {
        self.hostport().map_or_else(|| SipUri::from_addr(server), SipUri::new)
    }
}

impl Directory {
    /// The carrier's servers, as far as they are known.
    pub(crate) fn servers(&self, carrier: &Carrier) -> Vec<Server> {
        match (&carrier.address, carrier.destination()) {
            (PeerAddress::Ip(address), _) => {
                let transport = carrier.transport.map_or(Transport::Udp, flow::transport_to_sip);
                vec![Server::only(Target { address: *address, transport })]
            }
            (_, Some(destination)) => {
                self.located.get(&destination).map(|servers| servers.to_vec()).unwrap_or_default()
            }
            (PeerAddress::Name { .. }, None) => Vec::new(),
        }
    }

    /// Whether one of the carrier's servers is one that `fits`.
    pub fn has_server(&self, carrier: &Carrier, fits: impl Fn(Target) -> bool) -> bool {
        match (&carrier.address, carrier.destination()) {
            (PeerAddress::Ip(address), _) => {
                let transport = carrier.transport.map_or(Transport::Udp, flow::transport_to_sip);
                fits(Target { address: *address, transport })
            }
            (PeerAddress::Name { .. }, destination) => {
                let servers = destination.and_then(|destination| self.located.get(&destination));
                servers.is_some_and(|servers| servers.iter().flat_map(Server::targets).any(fits))
            }
        }
    }

    /// The carrier at an address and port.
    pub fn carrier_with(&self, address: SocketAddr) -> Option<&Carrier> {
        self.carriers.values().find(|carrier| self.has_server(carrier, |target| target.address == address))
    }

    /// The addresses that carriers' calls come from.
    pub fn carriers_ips(&self) -> impl Iterator<Item = IpAddr> {
        self.carriers.values().flat_map(|carrier| {
            let servers = self.servers(carrier);
            let servers: Vec<_> = servers.iter().flat_map(Server::targets).map(|target| target.address.ip()).collect();
            carrier.sources.iter().copied().chain(servers)
        })
    }

    /// The name that whoever is at the other end of a connection of ours must prove over TLS: the domain that the carrier
    /// is known by, not the host the DNS led to (RFC 5922 section 7.1).
    pub fn name_to_prove(&self, remote: SocketAddr) -> Option<String> {
        let carrier = self.carrier_with(remote)?;
        let host = carrier.domain.clone().or_else(|| match &carrier.address {
            PeerAddress::Name { name, .. } => Some(name.clone()),
            PeerAddress::Ip(_) => None,
        })?;
        HostPort::parse(host.as_bytes()).ok().map(|host| match host.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) => name.to_owned(),
        })
    }
}

/// The next thing a call tries: a carrier at one of its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub carrier: CarrierId,
    pub target: Target,
}

/// How a server has fared lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Nothing is known against it.
    #[default]
    Well,
    /// It said 503, perhaps to one call alone: it is tried after its carrier's other servers (RFC 3263 section 4.3).
    Busy,
    /// It gave no answer, or said 503 to OPTIONS: it is tried after the servers of all carriers.
    Gone,
}

/// Servers that are not well, and until when: all workers try them later than others, and never not at all. While all are
/// well nobody waits for anybody here.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Resting {
    servers: Mutex<BTreeMap<SocketAddr, (Standing, u64)>>,
    /// Whether there are any; written with the servers held.
    any: AtomicBool,
}

impl Resting {
    /// A server is out of order; the worse of what is known of it counts.
    pub fn rest(&self, address: SocketAddr, standing: Standing, now_ms: u64, until_ms: u64) {
        let mut resting = self.look();
        resting.retain(|_, (_, until_ms)| *until_ms > now_ms);
        let known = resting.get(&address).copied().unwrap_or_default();
        if known.0 > Standing::Well || resting.len() < MAX_RESTING {
            resting.insert(address, (standing.max(known.0), until_ms.max(known.1)));
        }
        self.any.store(!resting.is_empty(), Ordering::Release);
    }

    /// It has answered.
    pub fn wake(&self, address: SocketAddr) {
        if self.any.load(Ordering::Acquire) {
            let mut resting = self.look();
            resting.remove(&address);
            self.any.store(!resting.is_empty(), Ordering::Release);
        }
    }

    pub fn standing(&self, address: SocketAddr, now_ms: u64) -> Standing {
        if !self.any.load(Ordering::Acquire) {
            return Standing::Well;
        }
        let resting = self.look();
        let known = resting.get(&address).filter(|(_, until_ms)| *until_ms > now_ms);
        known.map_or(Standing::Well, |(standing, _)| *standing)
    }

    fn look(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, (Standing, u64)>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The carrier's servers in the order in which one request tries them (RFC 3263 section 4.3).
    pub fn targets(&mut self, carrier: &Carrier) -> Vec<Target> {
        let servers = self.directory.servers(carrier);
        let mut targets = order(&servers, || u32::from_be_bytes(self.mint.bytes()));
        targets.sort_by_key(|target| self.standing(target.address));
        targets
    }

    fn standing(&self, server: SocketAddr) -> Standing {
        self.common.resting.standing(server, self.now_ms)
    }

    /// All that a call to these carriers may try: in order, but those that are gone come last.
    pub fn routes(&mut self, carriers: &[CarrierId]) -> VecDeque<Route> {
        let directory = Arc::clone(&self.directory);
        let mut routes = Vec::new();
        for (id, carrier) in carriers.iter().filter_map(|id| Some((id, directory.carriers.get(id)?))) {
            // The account's own copy of the id: the directory's is counted by all workers.
            let targets = self.targets(carrier).into_iter();
            routes.extend(targets.map(|target| Route { carrier: id.clone(), target }));
        }
        routes.sort_by_key(|route| self.standing(route.target.address) == Standing::Gone);
        routes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_read_as_they_are_written() {
        let text = |text: &str| text.parse::<PeerAddress>().map(|address| address.to_string());
        for good in ["198.51.100.9:5060", "[2001:db8::1]:5060", "sip.example.net", "sip.example.net:5080"] {
            assert_eq!(text(good).as_deref(), Ok(good));
        }
        assert_eq!(text("SIP.Example.NET.").as_deref(), Ok("sip.example.net"));
        for bad in ["", "198.51.100.9", "198.51.100.300:5060", "a..b", "sip.example.net:0", "a b", "[::1]"] {
            assert_eq!(text(bad), Err(NoPeerAddress), "{bad}");
        }
    }
}
