//! Real connections on the loopback network under a clock of the tests' own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use super::*;

/// Enough for anything that happens at once.
const SOON: Duration = Duration::from_secs(10);
const START_MS: u64 = 1_700_000_000_000;
const OPTIONS: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";

struct World {
    poll: Poll,
    streams: Streams,
    now_ms: u64,
    heard: Vec<(Flow, Vec<u8>)>,
    proven: Vec<(u64, Certificate)>,
    failed: Vec<Flow>,
    /// The port of a client that is not admitted.
    banned: Option<u16>,
}

impl World {
    fn new() -> Self {
        Self::with(TlsConfig::default())
    }

    fn with(tls: TlsConfig) -> Self {
        let poll = Poll::new().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let streams = Streams::bind(&[any], &tls, Sharing::of(0, 1), poll.registry(), START_MS).unwrap();
        Self {
            poll,
            streams,
            now_ms: START_MS,
            heard: Vec::new(),
            proven: Vec::new(),
            failed: Vec::new(),
            banned: None,
        }
    }

    fn address(&self) -> SocketAddr {
        self.streams.listeners[0].local
    }

    fn client(&self) -> TcpStream {
        let client = TcpStream::connect(self.address()).unwrap();
        client.set_read_timeout(Some(SOON)).unwrap();
        client
    }

    fn step(&mut self) {
        let mut events = Events::with_capacity(64);
        self.poll.poll(&mut events, Some(Duration::from_millis(10))).unwrap();
        for event in &events {
            self.streams.ready(event, self.now_ms);
        }
        let mut buffer = [0; 4_096];
        let each = |flow: Flow, arrived: Arrived<'_>| match arrived {
            Arrived::Message(bytes) => self.heard.push((flow, bytes.to_vec())),
            Arrived::Certificate(certificate) => self.proven.push((flow.connection, certificate)),
        };
        self.streams.accept_ready(self.poll.registry(), self.now_ms, |remote| Some(remote.port()) != self.banned);
        self.streams.receive(self.now_ms, &mut buffer, each);
        self.failed.extend(std::iter::from_fn(|| self.streams.next_failed()));
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + SOON;
        while !condition(self) {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            self.step();
        }
    }

    fn count(&self) -> usize {
        self.streams.connections.len()
    }

    fn send(&mut self, flow: &Flow, bytes: &[u8]) {
        self.streams.send(self.poll.registry(), self.now_ms, flow, "127.0.0.1", bytes);
    }
}

/// A flow of ours to a peer, over whichever connection.
fn to(remote: SocketAddr) -> Flow {
    Flow { local: remote, remote, transport: Transport::Tcp, connection: 0 }
}

#[test]
fn a_message_in_pieces_and_its_answer() {
    let mut world = World::new();
    let mut client = world.client();
    client.write_all(&OPTIONS[..20]).unwrap();
    world.until("the connection", |world| world.count() == 1);
    client.write_all(&OPTIONS[20..]).unwrap();
    world.until("the message", |world| world.heard.len() == 1);
    let (flow, bytes) = world.heard.remove(0);
    assert_eq!((flow.local, flow.remote, bytes.as_slice()), (world.address(), client.local_addr().unwrap(), OPTIONS));
    world.send(&flow, b"answer");
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
    drop(client);
    world.until("its end", |world| world.failed == [flow]);
    world.send(&flow, b"too late");
    world.step();
    assert_eq!(world.failed, [flow, flow]);
}

#[test]
fn one_connection_to_a_peer_serves_all_that_is_sent_there() {
    let mut world = World::new();
    let peer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let flow = to(peer.local_addr().unwrap());
    world.send(&flow, b"one ");
    world.send(&flow, b"two ");
    let (mut accepted, from) = peer.accept().unwrap();
    assert_eq!(from.ip(), world.address().ip());
    world.step();
    world.send(&flow, b"three");
    accepted.set_read_timeout(Some(SOON)).unwrap();
    let mut text = [0; 13];
    accepted.read_exact(&mut text).unwrap();
    assert_eq!((&text, world.count()), (b"one two three", 1));
    // What the peer says on it arrives on the same connection; its end is the end of the flow it was used for.
    accepted.write_all(OPTIONS).unwrap();
    world.until("the message", |world| world.heard.len() == 1);
    drop(accepted);
    world.until("its end", |world| world.failed.contains(&flow));
    assert_eq!((world.count(), world.streams.ways.len()), (0, 0));
}

#[test]
fn a_peer_that_refuses_or_does_not_answer_is_told_of() {
    let mut world = World::new();
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    world.send(&to(closed), b"x");
    world.until("the refusal", |world| world.failed.contains(&to(closed)));
    // An address of documentation: nobody answers there, or the system knows no way.
    let silent = to("192.0.2.1:5060".parse().unwrap());
    world.send(&silent, b"x");
    world.step();
    world.now_ms += 60_000;
    world.until("the end of patience", |world| world.failed.contains(&silent));
}

#[test]
fn who_says_nothing_or_half_a_message_is_hung_up() {
    let mut world = World::new();
    let (_silent, mut slow, mut honest) = (world.client(), world.client(), world.client());
    slow.write_all(&OPTIONS[..20]).unwrap();
    honest.write_all(OPTIONS).unwrap();
    world.until("all three", |world| world.count() == 3 && world.heard.len() == 1);
    world.now_ms += 9_000;
    world.step();
    assert_eq!(world.count(), 3);
    // One more byte now and then buys no more time.
    slow.write_all(&OPTIONS[20..21]).unwrap();
    world.step();
    world.now_ms += 2_000;
    world.until("the end of two", |world| world.count() == 1);
    honest.write_all(&OPTIONS[..20]).unwrap();
    world.until("half a message", |world| world.streams.connections.values().all(|one| !one.worth().0));
    world.now_ms += 11_000;
    world.until("the end of the third", |world| world.count() == 0);
}

#[test]
fn one_address_has_so_many_connections_and_no_more() {
    let mut world = World::new();
    let mut clients = Vec::new();
    for count in 1..=MAX_CONNECTIONS_PER_IP + 5 {
        clients.push(world.client());
        world.until("it to be accepted", |world| world.count() >= count.min(MAX_CONNECTIONS_PER_IP));
    }
    world.until("the last to be closed", |world| {
        let mut last = clients.last().unwrap();
        world.count() == MAX_CONNECTIONS_PER_IP && matches!(last.read(&mut [0]), Ok(0) | Err(_))
    });
    drop(clients);
    world.until("all to be gone", |world| world.count() == 0 && world.streams.opened_by.is_empty());
}

#[test]
fn a_peer_that_does_not_read_is_given_up() {
    let mut world = World::new();
    let mut client = world.client();
    client.write_all(OPTIONS).unwrap();
    world.until("the message", |world| world.heard.len() == 1);
    let flow = world.heard[0].0;
    // More than the system keeps for a peer, and more than we do.
    for _ in 0..2_000 {
        world.send(&flow, &[b'x'; 16_384]);
    }
    assert_eq!(world.count(), 0);
}

#[test]
fn who_is_banned_is_closed_at_accept() {
    let mut world = World::new();
    let (mut banned, honest) = (world.client(), world.client());
    banned.write_all(b"OPTIONS sip:x SIP/2.0\r\n").unwrap();
    world.banned = Some(banned.local_addr().unwrap().port());
    world.until("the honest connection", |world| world.count() == 1);
    let end = banned.read(&mut [0; 16]);
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert!(world.heard.is_empty());
    drop(honest);
}

/// A certificate for `name` and a world that has it, and trusts it.
fn over_tls(name: &str) -> (tempfile::TempDir, World) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let identity = Some(Arc::new(crate::Identity::load([(certificate.clone(), key)]).unwrap().unwrap()));
    let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    let world = World::with(TlsConfig { listen, identity, clients: None, trusted: Some(certificate) });
    (folder, world)
}

/// The world's own TLS listener, as a peer to go to.
fn itself(world: &World) -> Flow {
    Flow { transport: Transport::Tls, ..to(world.streams.listeners[1].local) }
}

#[test]
fn messages_go_both_ways_over_tls() {
    let (_folder, mut world) = over_tls("127.0.0.1");
    let flow = itself(&world);
    let large = [b"MESSAGE sip:a SIP/2.0\r\nl: 60000\r\n\r\n".as_slice(), &[b'x'; 60_000]].concat();
    world.send(&flow, OPTIONS);
    world.send(&flow, &large);
    world.until("both messages", |world| world.heard.len() == 2);
    let (back, bytes) = world.heard.remove(1);
    assert_eq!((back.transport, bytes.len(), world.count()), (Transport::Tls, large.len(), 2));
    world.send(&back, OPTIONS);
    world.until("the answer", |world| world.heard.len() == 2);
    assert_eq!(world.heard[1].0.remote, flow.remote);
    // We have shown ourselves our own certificate; nobody vouches for it.
    let [(connection, Certificate(names))] = world.proven.as_slice() else { panic!("{:?}", world.proven) };
    assert_eq!((*connection, names.len()), (back.connection, 1));
    assert!(matches!(names[0], account::CertificateName::Sha256(_)));
    assert_eq!(world.failed, []);
}

#[test]
fn who_does_not_prove_the_name_is_not_spoken_to() {
    let (_folder, mut world) = over_tls("somebody.example");
    let flow = itself(&world);
    world.send(&flow, OPTIONS);
    world.until("the refusal", |world| world.failed.contains(&flow));
    assert_eq!(world.heard, []);
    let (_other, stranger) = over_tls("127.0.0.1");
    let flow = itself(&stranger);
    let mut stranger = stranger;
    world.send(&flow, OPTIONS);
    world.until("the second refusal", |world| {
        stranger.step();
        world.failed.contains(&flow)
    });
}

#[test]
fn who_comes_to_tls_without_tls_is_hung_up() {
    let (_folder, mut world) = over_tls("127.0.0.1");
    let mut client = TcpStream::connect(world.streams.listeners[1].local).unwrap();
    client.write_all(OPTIONS).unwrap();
    world.until("the connection", |world| world.count() == 1);
    world.until("its end", |world| world.count() == 0);
    assert_eq!(world.heard, []);
}
