//! SIP over TCP: phones and carriers that speak it, in every combination with UDP; connections that end.

use std::io::{Read, Write};
use std::net::TcpStream;

use billing::Money;

use crate::support::{CARRIER, Hosts, Node, NodeOptions, Office, SOON, Sipp, secret};

#[test]
fn a_phone_over_tcp_calls_a_carrier_over_udp() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).start();
    let phone = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice"));
    phone.over_tcp().run();
    let heard = carrier.finish();
    assert!(heard.contains("Via: SIP/2.0/UDP") && !heard.contains("transport=tcp"), "{heard}");
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.from.transport.as_str()), (200, "TCP"));
    node.check_books();
}

#[test]
fn a_phone_over_udp_calls_a_carrier_over_tcp_again_and_again_on_one_connection() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").over("tcp").extension("101", "alice");
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).over_tcp().calls(5, 5).start();
    let phone = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice"));
    phone.calls(5, 5).run();
    let heard = carrier.finish();
    assert!(heard.contains("Via: SIP/2.0/TCP") && heard.contains(";transport=tcp>"), "{heard}");
    assert!(node.expect_cdrs(5).iter().all(|cdr| cdr.result.sip_status == 200));
    node.check_books();
}

#[test]
fn a_carrier_over_tcp_that_is_not_there_fails_over_at_once() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").over("tcp").carrier("second", hosts.sip(3), None);
    let node = Node::start(hosts, &NodeOptions::default(), &office.extension("101", "alice"));
    let second = Sipp::answering("answer", hosts.sip(3), node.ip()).start();
    let phone = Sipp::calling("call", hosts.sip(10), node.ip()).dial("13035550123").login("alice", &secret("alice"));
    phone.run();
    second.finish();
    let cdr = node.expect_cdr();
    assert_eq!(cdr.route, Some(billing::Route::Carrier("second".parse().unwrap())));
    // Silence of a carrier is borne for six seconds.
    assert!(cdr.times.ring_ms.is_some_and(|ring_ms| ring_ms < cdr.times.start_ms + 4_000), "{:?}", cdr.times);
}

#[test]
fn a_carrier_calls_over_tcp() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "10").over("tcp").extension("101", "alice").did("+13035550100", &["101"]);
    let node = Node::start(hosts, &NodeOptions::default(), &office);
    crate::support::register(&node, "alice", 10);
    let alice = Sipp::answering("answer", hosts.sip(10), node.ip()).start();
    let carrier = Sipp::calling("inbound", hosts.sip(2), node.ip()).dial("+13035550100").login("+13035550142", "");
    carrier.over_tcp().run();
    alice.finish();
    let cdr = node.expect_cdr();
    assert_eq!((cdr.result.sip_status, cdr.money.charge), (200, Money::ZERO));
    assert_eq!(cdr.who.line, None, "{CARRIER} was known by its address");
}

/// Sends bytes on a connection of its own and reads until the node closes it or `until` has come.
fn exchange(node: &Node, bytes: &[u8], until: &[&str]) -> String {
    let mut stream = TcpStream::connect((node.ip(), 5060)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(bytes).unwrap();
    let (mut heard, mut buffer) = (Vec::new(), [0; 4_096]);
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        heard.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&heard);
        if !until.is_empty() && until.iter().all(|wanted| text.contains(wanted)) {
            break;
        }
    }
    String::from_utf8(heard).unwrap()
}

fn options(call_id: &str, length: &str) -> String {
    format!(
        "OPTIONS sip:node SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK{call_id}\r\nMax-Forwards: 70\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:node>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

#[test]
fn pipelined_requests_keep_alives_and_a_message_that_is_too_large() {
    let hosts = Hosts::new();
    let node = Node::start(hosts, &NodeOptions::default(), &Office::new(hosts.sip(2), "10"));
    // Two workers answer in any order.
    let both = ["Call-ID: one\r\n", "Call-ID: two\r\n"];
    let heard = exchange(&node, format!("\r\n\r\n{}{}", options("one", "0"), options("two", "0")).as_bytes(), &both);
    assert!(heard.starts_with("\r\nSIP/2.0 200 OK"), "{heard}");
    assert_eq!(heard.matches("SIP/2.0 200 OK").count(), 2, "{heard}");
    // The node closes the connection, since it cannot know where the next message begins.
    let heard = exchange(&node, options("big", "1000000").as_bytes(), &[]);
    assert!(heard.starts_with("SIP/2.0 513 "), "{heard}");
    let heard = exchange(&node, options("bad", "some").as_bytes(), &[]);
    assert!(heard.starts_with("SIP/2.0 400 "), "{heard}");
}
