//! Lock-out of addresses that fail to log in.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::support::{Hosts, Node, NodeOptions, Office, SOON, Sipp, Traced, register, secret};

fn office(hosts: Hosts) -> Office {
    Office::new(hosts.sip(2), "10").extension("101", "alice")
}

/// Fails to log in `times` times from `here`, one after the other.
#[track_caller]
fn fail(node: &Node, here: SocketAddr, times: u32) {
    for _ in 0..times {
        Sipp::calling("register_wrong", here, node.ip()).login("alice", "guess").run();
    }
}

/// Whether the node answers an OPTIONS from `here`.
fn answers(node: &Node, here: SocketAddr, patience: Duration) -> bool {
    let socket = UdpSocket::bind(here).unwrap();
    let (to, via) = (SocketAddr::from((node.ip(), 5060)), here);
    let text = format!(
        "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKoptions{here}\r\nMax-Forwards: 70\r\n\
         From: <sip:scan@{via}>;tag=1\r\nTo: <sip:{to}>\r\nCall-ID: options@{via}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(text.as_bytes(), to).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut buffer = [0; 2_000];
    socket.recv(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(b"SIP/2.0 200"))
}

/// Long enough for an answer on the loopback network.
const SILENCE: Duration = Duration::from_secs(1);

#[test]
fn five_failures_lock_an_address_out_until_it_is_let_in_again() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default(), &office(hosts));
    let (attacker, other) = (hosts.sip(66), hosts.sip(67));
    fail(&node, attacker, 4);
    assert!(answers(&node, attacker, SOON), "four failures are borne");
    fail(&node, attacker, 1);
    assert!(!answers(&node, attacker, SILENCE), "five are not");
    assert!(answers(&node, other, SOON), "others are still welcome");
    let list = node.command(&["ban", "list"]);
    assert!(list.contains(&attacker.ip().to_string()), "{list}");
    node.command(&["ban", "lift", &attacker.ip().to_string()]);
    assert!(answers(&node, attacker, SOON), "it was let in again");
}

#[test]
fn of_many_guesses_at_once_exactly_five_are_looked_at() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default(), &office(hosts));
    let guesses = Sipp::calling("register_wrong", hosts.sip(66), node.ip()).calls(30, 500).login("alice", "guess");
    let trace = guesses.within(Duration::from_secs(3)).start().end();
    let verified = |message: &&Traced| !message.sent && message.is("SIP/2.0 401") && message.text.contains("CSeq: 2 ");
    assert_eq!(trace.iter().filter(verified).count(), 5);
}

#[test]
fn who_is_on_the_allow_list_is_never_locked_out() {
    let hosts = Hosts::new();
    let allowed = format!("[\"{}\"]", hosts.host(66));
    let node = Node::start(hosts, &NodeOptions::default().set("allow", &allowed), &office(hosts));
    fail(&node, hosts.sip(66), 7);
    assert!(answers(&node, hosts.sip(66), SOON));
}

#[test]
fn an_office_is_known_by_its_successes() {
    let hosts = Hosts::new();
    let office = office(hosts).extension("102", "bert");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    register(&node, "alice", 10);
    let (neighbour, spare) = (SocketAddr::from((hosts.host(10), 5070)), SocketAddr::from((hosts.host(10), 5080)));
    for _ in 0..6 {
        Sipp::calling("register_wrong", neighbour, node.ip()).login("alice", "old password").run();
    }
    assert!(node.command(&["ban", "list"]).contains("Nobody"), "a phone with an old password bans no address");
    for _ in 0..5 {
        Sipp::calling("register_wrong", neighbour, node.ip()).login("spare", "guess").run();
    }
    assert!(node.command(&["ban", "list"]).contains("tried alice, spare"), "new names are guessed at there");
    let stranger = Sipp::calling("register", spare, node.ip()).login("bert", &secret("bert"));
    let trace = stranger.within(Duration::from_secs(3)).start().end();
    assert!(trace.iter().all(|message| message.sent || !message.is("SIP/2.0 200")), "a name new there must wait");
    Sipp::calling("register", spare, node.ip()).login("alice", &secret("alice")).run();
}

#[test]
fn a_registered_phone_behind_a_banned_address_still_calls() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default(), &office(hosts));
    register(&node, "alice", 10);
    let neighbour = SocketAddr::from((hosts.host(10), 5070));
    node.command(&["ban", "add", &hosts.host(10).to_string()]);
    assert!(!answers(&node, neighbour, SILENCE), "the address is locked out");
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    Sipp::calling("call", hosts.sip(10), node.ip()).dial("911").login("alice", &secret("alice")).run();
    carrier.finish();
}
