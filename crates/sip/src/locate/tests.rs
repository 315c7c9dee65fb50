//! Searches by the letter of RFC 3263 and RFC 2782, and a locator through a day of DNS.

use std::collections::BTreeMap;

use super::*;

const BOTH: Families = Families { v4: true, v6: true };
const V4: Families = Families { v4: true, v6: false };

/// A zone: what a DNS server would say.
#[derive(Default)]
struct Zone(BTreeMap<Question, Vec<Record>>);

impl Zone {
    fn naptr(mut self, name: &str, order: u16, preference: u16, service: &str, replacement: &str) -> Self {
        let (service, replacement) = (service.to_owned(), replacement.to_owned());
        self.add(name, Kind::Naptr, Record::Naptr { order, preference, service, leads_to_srv: true, replacement });
        self
    }

    fn srv(mut self, name: &str, priority: u16, weight: u16, port: u16, target: &str) -> Self {
        self.add(name, Kind::Srv, Record::Srv { priority, weight, port, target: target.to_owned() });
        self
    }

    fn ip(mut self, name: &str, ip: &str) -> Self {
        let ip: IpAddr = ip.parse().unwrap();
        self.add(name, if ip.is_ipv4() { Kind::A } else { Kind::Aaaa }, Record::Ip(ip));
        self
    }

    fn add(&mut self, name: &str, kind: Kind, record: Record) {
        self.0.entry(Question { name: name.to_owned(), kind }).or_default().push(record);
    }

    fn answer(&self, question: &Question) -> Answer {
        Answer::Records { records: self.0.get(question).cloned().unwrap_or_default(), ttl_s: 100 }
    }

    /// The servers of a destination, and what was asked for them.
    fn find(&self, destination: &Destination, families: Families) -> (Vec<Server>, Vec<String>) {
        let (mut answers, mut asked) = (BTreeMap::new(), Vec::new());
        loop {
            match search(destination, families, &answers) {
                Step::Found(found) => return (found.servers, asked),
                Step::Ask(questions) => {
                    for question in questions {
                        asked.push(question.to_string());
                        answers.insert(question.clone(), self.answer(&question));
                    }
                }
            }
        }
    }
}

fn to(name: &str, port: Option<u16>, transport: Option<Transport>) -> Destination {
    Destination { name: name.to_owned(), port, transport }
}

fn plain() -> Destination {
    to("example.com", None, None)
}

fn texts(servers: &[Server]) -> Vec<String> {
    let targets = servers.iter().flat_map(Server::targets);
    targets.map(|target| format!("{} {}", target.transport.uri_name(), target.address)).collect()
}

#[test]
fn section_4_1_naptr_decides_the_transport() {
    let zone = Zone::default()
        .naptr("example.com", 90, 50, "SIP+D2S", "_sip._sctp.example.com")
        .naptr("example.com", 100, 50, "SIP+D2U", "_sip._udp.example.com")
        .naptr("example.com", 90, 60, "sip+d2t", "_sip._tcp.example.net")
        .srv("_sip._tcp.example.net", 1, 0, 5070, "a.example.net")
        .ip("a.example.net", "192.0.2.1");
    let (servers, asked) = zone.find(&plain(), V4);
    assert_eq!(texts(&servers), ["tcp 192.0.2.1:5070"]);
    assert_eq!(asked, ["Naptr of example.com", "Srv of _sip._tcp.example.net", "A of a.example.net"]);
}

#[test]
fn section_4_1_without_naptr_the_srv_records_do() {
    let zone =
        Zone::default().srv("_sips._tcp.example.com", 1, 0, 5061, "a.example.com").ip("a.example.com", "192.0.2.1");
    assert_eq!(texts(&zone.find(&plain(), V4).0), ["tls 192.0.2.1:5061"]);
}

#[test]
fn section_4_2_without_any_the_name_itself_over_udp() {
    let zone = Zone::default().ip("example.com", "192.0.2.1").ip("example.com", "2001:db8::1");
    assert_eq!(texts(&zone.find(&plain(), BOTH).0), ["udp [2001:db8::1]:5060", "udp 192.0.2.1:5060"]);
    assert_eq!(texts(&zone.find(&plain(), V4).0), ["udp 192.0.2.1:5060"]);
    let tls = to("example.com", None, Some(Transport::Tls));
    assert_eq!(texts(&zone.find(&tls, V4).0), ["tls 192.0.2.1:5061"]);
}

#[test]
fn section_4_2_a_port_asks_for_addresses_alone() {
    let zone = Zone::default().srv("_sip._udp.example.com", 1, 0, 9, "x").ip("example.com", "192.0.2.1");
    let (servers, asked) = zone.find(&to("example.com", Some(5080), None), V4);
    assert_eq!((texts(&servers), asked), (vec!["udp 192.0.2.1:5080".to_owned()], vec!["A of example.com".to_owned()]));
}

#[test]
fn a_service_that_is_decidedly_not_there_has_no_servers() {
    let zone = Zone::default().srv("_sip._udp.example.com", 0, 0, 0, ".").ip("example.com", "192.0.2.1");
    assert!(zone.find(&to("example.com", None, Some(Transport::Udp)), V4).0.is_empty());
    assert!(Zone::default().find(&plain(), BOTH).0.is_empty());
}

#[test]
fn rfc_2782_priorities_are_kept_and_weights_share() {
    let server = |priority, weight, last: u8| Server {
        priority,
        weight,
        addresses: vec![([192, 0, 2, last], 5060).into()],
        transport: Transport::Udp,
    };
    let servers = [server(1, 0, 9), server(0, 1, 1), server(0, 3, 3), server(0, 0, 4)];
    let mut state = 1_u32;
    let mut firsts = BTreeMap::<u8, u32>::new();
    for _ in 0..4_000 {
        let targets = order(&servers, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        });
        let last = |target: &Target| if let IpAddr::V4(ip) = target.address.ip() { ip.octets()[3] } else { 0 };
        assert_eq!((targets.len(), targets.last().map(last)), (4, Some(9)));
        *firsts.entry(targets.first().map(last).unwrap()).or_default() += 1;
    }
    // Of the five marks 0 to 4 one is that of the server without weight, one the light one's, three the heavy one's.
    assert!((650..950).contains(&firsts[&1]), "{firsts:?}");
    assert!((650..950).contains(&firsts[&4]), "{firsts:?}");
    assert!((2_200..2_600).contains(&firsts[&3]), "{firsts:?}");
}

/// A locator with a DNS server that answers at once, unless it is down.
struct World {
    locator: Locator,
    zone: Zone,
    is_down: bool,
    asked: usize,
    now_ms: u64,
}

impl World {
    fn new(zone: Zone) -> Self {
        let mut locator = Locator::new(V4);
        locator.want(0, [plain()]);
        Self { locator, zone, is_down: false, asked: 0, now_ms: 0 }
    }

    /// Answers all questions; what was found.
    fn settle(&mut self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        while let Some(output) = self.locator.poll_output() {
            match output {
                Output::Found { servers, .. } => found.push(texts(&servers)),
                Output::Ask(question) => {
                    self.asked += 1;
                    let answer = if self.is_down { Answer::Failed } else { self.zone.answer(&question) };
                    self.locator.answer(self.now_ms, &question, &answer);
                }
            }
        }
        found
    }

    fn wait(&mut self, ms: u64) -> Vec<Vec<String>> {
        let (until_ms, mut found) = (self.now_ms + ms, Vec::new());
        while let Some(at_ms) = self.locator.next_wake_ms().filter(|at_ms| *at_ms <= until_ms) {
            self.now_ms = at_ms;
            self.locator.tick(at_ms);
            found.extend(self.settle());
        }
        self.now_ms = until_ms;
        found
    }
}

#[test]
fn an_answer_is_asked_for_again_before_it_runs_out_and_told_only_where_it_changed() {
    let mut world = World::new(Zone::default().ip("example.com", "192.0.2.1"));
    assert_eq!(world.settle(), [["udp 192.0.2.1:5060"]]);
    let asked = world.asked;
    assert!(world.wait(89_000).is_empty());
    assert_eq!(world.asked, asked, "not before nine tenths of its life");
    world.zone = Zone::default().ip("example.com", "192.0.2.2");
    assert_eq!(world.wait(1_000), [["udp 192.0.2.2:5060"]]);
    assert!(world.wait(300_000).is_empty());
}

#[test]
fn what_was_known_is_kept_while_the_dns_is_down_and_dropped_where_it_says_no() {
    let mut world = World::new(Zone::default().ip("example.com", "192.0.2.1"));
    world.settle();
    world.is_down = true;
    let asked = world.asked;
    assert!(world.wait(3_600_000).is_empty());
    assert!((40..1_000).contains(&(world.asked - asked)), "{} questions in an hour", world.asked - asked);
    world.is_down = false;
    world.zone = Zone::default();
    assert_eq!(world.wait(60_000), [Vec::<String>::new()]);
}

#[test]
fn a_name_that_cannot_be_asked_for_at_first_is_found_once_it_can() {
    let mut world = World::new(Zone::default().ip("example.com", "192.0.2.1"));
    world.is_down = true;
    assert!(world.settle().is_empty());
    assert!(world.wait(10_000).is_empty());
    world.is_down = false;
    assert_eq!(world.wait(60_000), [["udp 192.0.2.1:5060"]]);
}

#[test]
fn what_nobody_wants_any_more_is_not_asked_for() {
    let mut world = World::new(Zone::default().ip("example.com", "192.0.2.1"));
    world.settle();
    world.locator.want(world.now_ms, []);
    assert_eq!(world.locator.next_wake_ms(), None);
}
