//! Finding a peer by its name (RFC 3263): which DNS records to ask for, in which order its servers are tried, and for how
//! long that is known. No network is in here: questions go out, answers come in.
//!
//! [`Locator`] keeps what is known of a set of [`Destination`]s: asks again before it runs out, and keeps what it knew
//! while the DNS gives no answer. [`search`] is the way of RFC 3263 section 4 from a name to [`Server`]s, and [`order`]
//! that of RFC 2782 from these to the [`Target`]s of one request.

mod locator;
mod order;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use locator::{Locator, Output};
pub use order::order;
pub use search::{Found, Step, search};

use crate::Transport;

/// Most destinations that are kept.
pub const MAX_DESTINATIONS: usize = 1_024;
/// Most servers of one destination.
pub const MAX_SERVERS: usize = 16;
/// Most addresses of one server.
pub const MAX_ADDRESSES: usize = 8;
/// An answer is not asked for again sooner than this, whatever it says of its life.
pub const MIN_TTL_S: u32 = 2;
/// Nor kept longer.
pub const MAX_TTL_S: u32 = 86_400;

/// Where requests are to go, as a URI or a configuration says it. The name is in lower-case letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The domain.
    pub name: String,
    /// The port, if it is said: then no SRV records are asked for (RFC 3263 section 4.2).
    pub port: Option<u16>,
    /// The transport, if it is said: then no NAPTR records are asked for (section 4.1).
    pub transport: Option<Transport>,
}

/// One place a request can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// Address and port.
    pub address: SocketAddr,
    /// How.
    pub transport: Transport,
}

/// One server of a destination: an SRV record with its addresses, or the name's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Servers of a lower number are tried before others.
    pub priority: u16,
    /// Among equals, the share of requests that should go there first.
    pub weight: u16,
    /// Its addresses with their port, in the order in which they are tried.
    pub addresses: Vec<SocketAddr>,
    /// How it is spoken to.
    pub transport: Transport,
}

impl Server {
    /// A server that is the only one.
    pub fn only(target: Target) -> Self {
        Self { priority: 0, weight: 0, addresses: vec![target.address], transport: target.transport }
    }

    /// Every way to it.
    pub fn targets(&self) -> impl Iterator<Item = Target> {
        self.addresses.iter().map(|address| Target { address: *address, transport: self.transport })
    }
}

/// A kind of DNS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Which transports a domain offers (RFC 3403).
    Naptr,
    /// The servers of one transport (RFC 2782).
    Srv,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// What is asked of the DNS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// The name, without the last dot.
    pub name: String,
    /// Which records.
    pub kind: Kind,
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.kind, self.name)
    }
}

/// What the DNS answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The records, perhaps none: then there are none of that kind, or there is no such name.
    Records {
        /// They.
        records: Vec<Record>,
        /// For how long that holds, seconds.
        ttl_s: u32,
    },
    /// No answer, or none that says anything: a server that is down, a lost packet, SERVFAIL.
    Failed,
}

/// One DNS record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// RFC 3403.
    Naptr {
        /// Lower first.
        order: u16,
        /// Lower first among equals.
        preference: u16,
        /// Such as `SIP+D2U`.
        service: String,
        /// Whether the replacement names SRV records (flag `s`).
        leads_to_srv: bool,
        /// The name of the SRV records.
        replacement: String,
    },
    /// RFC 2782.
    Srv {
        /// Lower first.
        priority: u16,
        /// Share among equals.
        weight: u16,
        /// Port.
        port: u16,
        /// The host; `.` says that there is no such service.
        target: String,
    },
    /// An address.
    Ip(IpAddr),
}

/// Which kinds of address this machine speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// IPv4.
    pub v4: bool,
    /// IPv6.
    pub v6: bool,
}

impl Families {
    /// Those of some addresses.
    pub fn of(addresses: &[SocketAddr]) -> Self {
        Self { v4: addresses.iter().any(SocketAddr::is_ipv4), v6: addresses.iter().any(SocketAddr::is_ipv6) }
    }

    fn kinds(self) -> impl Iterator<Item = Kind> {
        [(self.v6, Kind::Aaaa), (self.v4, Kind::A)].into_iter().filter_map(|(has, kind)| has.then_some(kind))
    }
}

/// The port of a transport where none is said (RFC 3261 section 19.1.2).
pub const fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    }
}
