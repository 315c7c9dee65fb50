//! A DNS server with one zone that can be changed, and that can fall silent.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, Metadata, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// How long its answers hold, seconds.
const TTL_S: u32 = 2;

type Zone = BTreeMap<(Name, RecordType), Vec<RData>>;

/// A server; it ends with its process.
pub struct Dns {
    zone: Arc<Mutex<Zone>>,
    is_silent: Arc<Mutex<bool>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    /// Listens there.
    pub fn start(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        let dns = Self { zone: Arc::default(), is_silent: Arc::default(), asked: Arc::default() };
        let (zone, is_silent, asked) = (Arc::clone(&dns.zone), Arc::clone(&dns.is_silent), Arc::clone(&dns.asked));
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                asked.lock().unwrap().push(format!("{:?}", question.queries));
                if !*is_silent.lock().unwrap() {
                    let answer = answer(&question, &zone.lock().unwrap());
                    socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
                }
            }
        });
        dns
    }

    /// Puts an SRV record there.
    pub fn srv(&self, name: &str, priority: u16, server: SocketAddr, host: &str) {
        self.add(name, RData::SRV(SRV::new(priority, 10, server.port(), named(host))));
        self.ip(host, server.ip());
    }

    /// Puts a NAPTR record there.
    pub fn naptr(&self, name: &str, order: u16, service: &str, replacement: &str) {
        let empty = Box::default();
        let service = service.as_bytes().into();
        self.add(name, RData::NAPTR(NAPTR::new(order, 50, b"s".as_slice().into(), service, empty, named(replacement))));
    }

    /// Puts an address there.
    pub fn ip(&self, name: &str, ip: IpAddr) {
        self.add(
            name,
            match ip {
                IpAddr::V4(ip) => RData::A(A(ip)),
                IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
            },
        );
    }

    /// Takes everything away.
    pub fn clear(&self) {
        self.zone.lock().unwrap().clear();
    }

    /// Answers nothing from now on, or does again.
    pub fn silence(&self, is_silent: bool) {
        *self.is_silent.lock().unwrap() = is_silent;
    }

    /// How many questions it has got.
    pub fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn add(&self, name: &str, data: RData) {
        self.zone.lock().unwrap().entry((named(name), data.record_type())).or_default().push(data);
    }
}

fn named(name: &str) -> Name {
    Name::from_str(&format!("{name}.")).unwrap()
}

fn answer(question: &Message, zone: &Zone) -> Message {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata = Metadata::response_from_request(&question.metadata);
    answer.add_queries(question.queries.clone());
    let Some(query) = question.queries.first() else { return answer };
    let key = (query.name().to_lowercase(), query.query_type());
    match zone.get(&key) {
        Some(found) => {
            let records = found.iter().map(|data| Record::from_rdata(query.name().clone(), TTL_S, data.clone()));
            answer.add_answers(records.collect::<Vec<_>>());
        }
        None if zone.keys().any(|(name, _)| *name == key.0) => {}
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}
