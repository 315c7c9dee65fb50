//! Floods: bounded work and memory, fair to those who are registered, and no loudspeaker for forged addresses.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name};

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, register, secret, wait_until};

/// Datagrams of each kind from each flooding address.
const EACH: u32 = 400;
/// Addresses that flood.
const FLOODERS: u8 = 50;
/// What a flood may add to the memory in use, bytes.
const MAX_GROWTH: u64 = 64 << 20;
/// Long enough for everything that a small flood brings on.
const ANSWERED: Duration = Duration::from_millis(300);

fn office(hosts: Hosts, options: &NodeOptions) -> Node {
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice").extension("102", "bert");
    Node::start(hosts, options, &office)
}

/// A request of a stranger, without credentials or with made-up ones.
fn request(method: &str, here: SocketAddr, to: SocketAddr, number: u32, more: &str) -> Vec<u8> {
    format!(
        "{method} sip:1{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKf{method}{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{number}@{to}>;tag=f{number}\r\nTo: <sip:{number}@{to}>\r\n\
         Call-ID: {method}{number}@{here}\r\nCSeq: 1 {method}\r\nContact: <sip:{number}@{here}>\r\n{more}\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Every kind of datagram: requests of all sorts, an answer nobody waits for, and bytes that are no SIP.
fn datagrams(here: SocketAddr, to: SocketAddr, number: u32) -> Vec<Vec<u8>> {
    let credentials = format!(
        "Authorization: Digest username=\"{number}\", realm=\"sip.test\", nonce=\"{number:064x}\", uri=\"sip:{to}\", \
         response=\"{number:032x}\", cnonce=\"a\", nc=00000001, qop=auth\r\n"
    );
    let mut cut = request("INVITE", here, to, number, "");
    cut.truncate(60 + number as usize % 200);
    vec![
        request("REGISTER", here, to, number, "Expires: 60\r\n"),
        request("REGISTER", here, to, number + 1_000_000, &credentials),
        request("INVITE", here, to, number, ""),
        request("OPTIONS", here, to, number, ""),
        request("BYE", here, to, number, ""),
        request("NONSENSE", here, to, number, ""),
        format!("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {to};branch=z9hG4bK{number}\r\n\r\n").into_bytes(),
        cut,
        number.to_be_bytes().repeat(100),
        b"\r\n\r\n".to_vec(),
    ]
}

/// Whoever floods from many addresses with datagrams of every kind costs no memory that stays, makes no phone wait, and
/// gets back at no address more bytes than it sent.
#[test]
fn datagrams_of_every_kind_from_many_addresses() {
    let hosts = Hosts::new();
    // The flood's addresses are neighbours of the phones': their network is not to be banned.
    let node = office(hosts, &NodeOptions::default().set("network_day", "9000"));
    register(&node, "alice", 10);
    let before = node.resident_bytes();
    let to = hosts.sip(1);
    let (mut came, mut went) = (0, 0);
    let sockets: Vec<UdpSocket> =
        (0..FLOODERS).map(|number| UdpSocket::bind((hosts.host(100 + number), 0)).unwrap()).collect();
    let each_turn = EACH / u32::from(FLOODERS);
    for (turn, socket) in (0_u32..).zip(&sockets) {
        let (mut sent, mut heard) = (0, 0);
        for number in 0..each_turn {
            for datagram in datagrams(socket.local_addr().unwrap(), to, turn * each_turn + number) {
                socket.send_to(&datagram, to).unwrap();
                sent += datagram.len();
            }
        }
        socket.set_read_timeout(Some(ANSWERED)).unwrap();
        let mut buffer = [0; 65_535];
        while let Ok(length) = socket.recv(&mut buffer) {
            heard += length;
        }
        assert!(heard <= sent, "{sent} bytes were answered with {heard}");
        (came, went) = (came + sent, went + heard);
    }
    println!("{came} bytes came, {went} went");
    assert!(went > 0, "strangers are answered");
    Sipp::calling("register", hosts.sip(10), node.ip()).login("alice", &secret("alice")).run();
    Sipp::calling("register", hosts.sip(11), node.ip()).login("bert", &secret("bert")).run();
    let growth = node.resident_bytes().saturating_sub(before);
    assert!(growth < MAX_GROWTH, "the flood left {growth} bytes in memory");
}

/// One datagram of any kind brings on at most 2.5 times its bytes, retransmissions included.
#[test]
fn one_datagram_is_answered_with_two_and_a_half_times_its_bytes() {
    let hosts = Hosts::new();
    let node = office(hosts, &NodeOptions::default().set("sha256", "true"));
    let to = SocketAddr::from((node.ip(), 5060));
    let kinds = datagrams(hosts.sip(200), to, 7).len();
    let sockets: Vec<UdpSocket> =
        (0..kinds).map(|kind| UdpSocket::bind(hosts.sip(200 + u8::try_from(kind).unwrap())).unwrap()).collect();
    let sent: Vec<usize> = sockets
        .iter()
        .enumerate()
        .map(|(kind, socket)| {
            let datagram = datagrams(socket.local_addr().unwrap(), to, 7).swap_remove(kind);
            socket.send_to(&datagram, to).unwrap()
        })
        .collect();
    // Answers to INVITE would be sent again after 0.5, 1.5 and 3.5 seconds.
    let end = Instant::now() + Duration::from_secs(4);
    for (kind, (socket, sent)) in sockets.iter().zip(sent).enumerate() {
        let (mut heard, mut buffer) = (0, [0; 65_535]);
        loop {
            let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(20));
            socket.set_read_timeout(Some(left)).unwrap();
            let Ok(length) = socket.recv(&mut buffer) else { break };
            heard += length;
        }
        assert!(heard * 2 <= sent * 5, "kind {kind}: {sent} bytes were answered with {heard}");
    }
}

/// The ban is published before the next datagram is read: of a burst in one socket's queue exactly five guesses are
/// looked at, and what lies behind the fifth brings on nothing, though every one of these is answered otherwise. (One
/// worker, since of what two read at the same time nothing lies behind the other.)
#[test]
fn nothing_behind_the_last_guess_is_read() {
    let hosts = Hosts::new();
    let _node = office(hosts, &NodeOptions::default().set("workers", "1"));
    let (here, to) = (hosts.sip(66), hosts.sip(1));
    let socket = UdpSocket::bind(here).unwrap();
    socket.set_read_timeout(Some(SOON)).unwrap();
    let mut buffer = [0; 65_535];
    // Long enough that the answers are no longer.
    let agent = format!("User-Agent: {}\r\n", "x".repeat(400));
    socket.send_to(&request("REGISTER", here, to, 1, &agent), to).unwrap();
    let length = socket.recv(&mut buffer).unwrap();
    let answer = Message::parse(&buffer[..length]).unwrap();
    let mut auth = ClientAuth::new(&Challenge::parse(answer.header(Name::WwwAuthenticate).unwrap()).unwrap());
    let guesses: Vec<Vec<u8>> = (0..12)
        .map(|number| {
            let login = Credentials { username: "alice", secret: "guess" };
            let uri = format!("sip:1{}@{to}", number + 100);
            let digest = auth.answer(login, b"REGISTER", uri.as_bytes(), "ab");
            let more = format!("Authorization: {}\r\n{agent}", String::from_utf8_lossy(&digest));
            request("REGISTER", here, to, number + 100, &more)
        })
        .collect();
    for datagram in guesses.iter().chain(&datagrams(here, to, 5_000)) {
        socket.send_to(datagram, to).unwrap();
    }
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut answers = Vec::new();
    while let Ok(length) = socket.recv(&mut buffer) {
        answers.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    assert_eq!(answers.len(), 5, "{answers:#?}");
    assert!(answers.iter().all(|answer| answer.starts_with("SIP/2.0 401 ")), "{answers:#?}");
}

/// Connections that say nothing, that never finish a message, or that begin a TLS handshake and stop: bounded in number for
/// each address, closed in time, and no phone waits for them.
#[test]
fn connections_that_owe_a_message() {
    let hosts = Hosts::new();
    let identity = rcgen::generate_simple_self_signed(vec!["sip.test".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, identity.cert.pem()).unwrap();
    std::fs::write(&key, identity.signing_key.serialize_pem()).unwrap();
    let tls = SocketAddr::from((hosts.node(), 5061));
    let options = NodeOptions::default()
        .set("listen", &format!("[\"{tls}\"]"))
        .set("certificate", &format!("{certificate:?}"))
        .set("key", &format!("{key:?}"));
    let node = office(hosts, &options);
    register(&node, "alice", 10);
    let before = node.resident_bytes();
    let mut held = Vec::new();
    for host in 100..104 {
        held.extend(hold(hosts.host(host), hosts.sip(1), b""));
        held.extend(hold(hosts.host(host), hosts.sip(1), b"INVITE sip:1@x SIP/2.0\r\nContent-Length: 60000\r\n\r\nv="));
        held.extend(hold(hosts.host(host), tls, b""));
        // The beginning of a ClientHello, of which the rest never comes.
        held.extend(hold(hosts.host(host), tls, &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
    }
    Sipp::calling("register", hosts.sip(11), node.ip()).login("bert", &secret("bert")).over_tcp().run();
    register(&node, "alice", 10);
    let growth = node.resident_bytes().saturating_sub(before);
    assert!(growth < MAX_GROWTH, "the connections hold {growth} bytes");
    wait_until(SOON, "every connection to be closed", || {
        held.retain_mut(|stream: &mut TcpStream| {
            let end = stream.read(&mut [0; 64]);
            end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
        });
        held.is_empty()
    });
}

/// Opens connections from one address and says so much on each.
fn hold(here: Ipv4Addr, to: SocketAddr, say: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((here, 0)).into()).unwrap();
        socket.connect(&to.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        // One that is over the limit may be closed already.
        let _ = stream.write_all(say);
        stream.set_nonblocking(true).unwrap();
        stream
    };
    (0..100).map(open).collect()
}
