//! From a destination to its servers (RFC 3263 section 4): which question is next, given the answers so far.

use std::collections::BTreeMap;

use super::default_port;
use super::{Answer, Destination, Families, Kind, MAX_ADDRESSES, MAX_SERVERS, MAX_TTL_S, Question, Record, Server};
use crate::{Transport, eq_ignore_case};

/// Transports we speak, in the order in which we like them where a domain leaves it to us.
const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

/// How far a search has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These are to be asked, all at once.
    Ask(Vec<Question>),
    /// It is over.
    Found(Found),
}

/// What a search has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The servers; none where the name leads nowhere.
    pub servers: Vec<Server>,
    /// For how long that holds, seconds.
    pub ttl_s: u32,
    /// Whether every question was answered. Else there may be more or other servers.
    pub is_whole: bool,
}

/// Takes the search of a destination as far as `answers` lead.
pub fn search(destination: &Destination, families: Families, answers: &BTreeMap<Question, Answer>) -> Step {
    let mut search = Search { families, answers, missing: Vec::new(), ttl_s: MAX_TTL_S, is_whole: true };
    let servers = search.servers(destination);
    if search.missing.is_empty() {
        Step::Found(Found { servers, ttl_s: search.ttl_s, is_whole: search.is_whole })
    } else {
        Step::Ask(search.missing)
    }
}

struct Search<'a> {
    families: Families,
    answers: &'a BTreeMap<Question, Answer>,
    /// What has to be asked before it can go on.
    missing: Vec<Question>,
    /// The shortest life of the answers used.
    ttl_s: u32,
    is_whole: bool,
}

impl<'a> Search<'a> {
    fn servers(&mut self, destination: &Destination) -> Vec<Server> {
        let name = destination.name.as_str();
        match (destination.port, destination.transport) {
            (Some(port), transport) => self.own(name, port, transport.unwrap_or(Transport::Udp)),
            (None, Some(transport)) => self.by_srv(name, &srv_name(name, transport), transport),
            (None, None) => self.by_naptr(name),
        }
    }

    /// Section 4.1: NAPTR records say which transport; without them the SRV records do.
    fn by_naptr(&mut self, name: &str) -> Vec<Server> {
        let Some(records) = self.ask(name, Kind::Naptr) else { return Vec::new() };
        if let Some((transport, replacement)) = best_service(records) {
            return self.by_srv(name, replacement, transport);
        }
        for transport in TRANSPORTS {
            let Some(records) = self.ask(&srv_name(name, transport), Kind::Srv) else { return Vec::new() };
            if !records.is_empty() {
                return self.hosts(records, transport);
            }
        }
        self.own(name, default_port(Transport::Udp), Transport::Udp)
    }

    /// Section 4.2: the servers of a transport; without SRV records the name's own addresses.
    fn by_srv(&mut self, name: &str, srv: &str, transport: Transport) -> Vec<Server> {
        match self.ask(srv, Kind::Srv) {
            None => Vec::new(),
            Some([]) => self.own(name, default_port(transport), transport),
            Some(records) => self.hosts(records, transport),
        }
    }

    fn hosts(&mut self, records: &'a [Record], transport: Transport) -> Vec<Server> {
        let mut hosts: Vec<_> = records
            .iter()
            .filter_map(|record| match record {
                // RFC 2782: the target "." says that the service is decidedly not there.
                Record::Srv { priority, weight, port, target } if target != "." && !target.is_empty() => {
                    Some((*priority, *weight, *port, target.as_str()))
                }
                _ => None,
            })
            .collect();
        // The order of records in an answer says nothing, and must not make a change of it.
        hosts.sort_unstable();
        hosts.truncate(MAX_SERVERS);
        let servers = hosts.into_iter().map(|(priority, weight, port, host)| {
            let addresses = self.addresses(host, port);
            Server { priority, weight, addresses, transport }
        });
        let servers: Vec<Server> = servers.collect();
        servers.into_iter().filter(|server| !server.addresses.is_empty()).collect()
    }

    /// The name's own addresses.
    fn own(&mut self, name: &str, port: u16, transport: Transport) -> Vec<Server> {
        let addresses = self.addresses(name, port);
        if addresses.is_empty() { Vec::new() } else { vec![Server { priority: 0, weight: 0, addresses, transport }] }
    }

    fn addresses(&mut self, host: &str, port: u16) -> Vec<std::net::SocketAddr> {
        let mut found = Vec::new();
        for kind in self.families.kinds() {
            let records = self.ask(host, kind).unwrap_or_default();
            let mut ips: Vec<_> =
                records.iter().filter_map(|r| if let Record::Ip(ip) = r { Some(*ip) } else { None }).collect();
            ips.sort_unstable();
            found.extend(ips.into_iter().map(|ip| std::net::SocketAddr::new(ip, port)));
        }
        found.truncate(MAX_ADDRESSES);
        found
    }

    /// The records of a question; `None` while it is not answered. A question that got no answer counts as none found.
    fn ask(&mut self, name: &str, kind: Kind) -> Option<&'a [Record]> {
        let question = Question { name: name.to_ascii_lowercase(), kind };
        match self.answers.get(&question) {
            None => {
                self.missing.push(question);
                None
            }
            Some(Answer::Failed) => {
                self.is_whole = false;
                Some(&[])
            }
            Some(Answer::Records { records, ttl_s }) => {
                self.ttl_s = self.ttl_s.min(*ttl_s);
                Some(records)
            }
        }
    }
}

/// Section 4.1: of the services we speak the one that comes first, and the name of its SRV records.
fn best_service(records: &[Record]) -> Option<(Transport, &str)> {
    let services = records.iter().filter_map(|record| match record {
        Record::Naptr { order, preference, service, leads_to_srv: true, replacement } => {
            Some((*order, *preference, transport_of(service)?, replacement.as_str()))
        }
        _ => None,
    });
    services.min().map(|(_, _, transport, replacement)| (transport, replacement))
}

/// The transport of a NAPTR service (RFC 3263 section 4.1; the older way of writing it, too).
fn transport_of(service: &str) -> Option<Transport> {
    let is = |known: &str| eq_ignore_case(service.as_bytes(), known);
    if is("SIP+D2U") {
        Some(Transport::Udp)
    } else if is("SIP+D2T") {
        Some(Transport::Tcp)
    } else if is("SIPS+D2T") {
        Some(Transport::Tls)
    } else {
        None
    }
}

/// The name of a transport's SRV records.
fn srv_name(name: &str, transport: Transport) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    format!("{service}.{name}")
}
