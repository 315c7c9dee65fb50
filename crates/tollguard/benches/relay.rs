//! `cargo xtask bench relay`: processor time for a relayed packet of voice, beside rtpengine in user space in the same run.
//!
//! The same agents send the same streams through both, in turns: calls with one stream of G.711 in each direction. Ours are
//! set up by INVITE through the node, rtpengine's by its own protocol. Each server has one processor, the agents the other.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench that cannot go on stops")]
#![allow(dead_code, unused_imports, reason = "the benches share more than each needs")]

#[path = "common/mod.rs"]
mod common;
#[path = "relay/streams.rs"]
mod streams;
#[path = "../tests/e2e/support/mod.rs"]
mod support;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::flood::cpu_s;
use common::report::{Report, percentile, rounded};
use common::settings;
use streams::{Stream, port_of, sdp};
use support::{Hosts, Node, NodeOptions, Office, SOON, wait_until};

/// Calls that are relayed at once.
const CALLS: usize = 200;
/// Packets each of them sends a second, in each direction (20 ms of voice each).
const PACKETS_A_SECOND: u32 = 50;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(8);
/// The processors of the server and of the agents.
const SERVER_CORE: &str = "0";
const AGENTS_CORE: &str = "1";

fn main() {
    if common::is_only_a_test() {
        return;
    }
    common::enter_own_network();
    pin(std::process::id(), AGENTS_CORE);
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "1000000").trunk_at("pbx", hosts.host(20));
    let node = Node::start(hosts, &NodeOptions::default().set("max_calls", "2000").set("workers", "1"), &office);
    node.command(&["account", "set", "firm", "--max-calls", "2000", "--guard", "shadow"]);
    pin(node.process_id(), SERVER_CORE);
    let ours = calls_through_node(&node);
    let (rtpengine, theirs) = calls_through_rtpengine();
    let tollguard = Relaying { processes: vec![node.process_id()], streams: ours };
    let rtpengine = Relaying { processes: vec![rtpengine.0.id()], streams: theirs };
    let mut seen = [Vec::new(), Vec::new()];
    for _ in 0..settings::rounds(ROUNDS) {
        for (relay, seen) in [&tollguard, &rtpengine].into_iter().zip(&mut seen) {
            seen.push(relay.round());
        }
    }
    let mut report = Report::new("relay");
    report.note("packets_a_second", CALLS as u32 * 2 * PACKETS_A_SECOND, "packets that are sent each second");
    let each_us = |rounds: &[Seen]| percentile(&rounds.iter().map(Seen::each_us).collect::<Vec<_>>(), 50);
    for (name, rounds) in ["tollguard", "rtpengine"].into_iter().zip(&seen) {
        let us = each_us(rounds);
        report.note(&format!("{name}_us_a_packet"), rounded(us, 2), "processor time for a packet, the median round");
        report.note(&format!("{name}_packets_a_core"), rounded(1e6 / us, 0), "packets a second that fill one core");
        let lost: u64 = rounds.iter().map(|seen| seen.sent - seen.received).sum();
        report.note(&format!("{name}_lost"), lost, "packets that did not arrive");
    }
    report.note("ratio", rounded(each_us(&seen[0]) / each_us(&seen[1]), 3), "our processor time by rtpengine's");
    report.write();
}

/// Ends its process.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pin(process: u32, core: &str) {
    let status = Command::new("taskset").args(["-acp", core, &process.to_string()]).stdout(Stdio::null()).status();
    assert!(status.unwrap().success());
}

/// A server and what goes through it.
struct Relaying {
    processes: Vec<u32>,
    streams: Vec<Stream>,
}

/// What a round showed.
struct Seen {
    sent: u64,
    received: u64,
    cpu_s: f64,
}

impl Seen {
    fn each_us(&self) -> f64 {
        self.cpu_s * 1e6 / self.received as f64
    }
}

impl Relaying {
    fn round(&self) -> Seen {
        // The first packets tell the relay where to send; they are not counted.
        for _ in 0..3 {
            for stream in &self.streams {
                stream.send();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for stream in &self.streams {
            stream.receive();
        }
        let before_s = cpu_s(&self.processes);
        let (mut sent, mut received) = (0, 0);
        let (begun, every) = (Instant::now(), Duration::from_secs(1) / PACKETS_A_SECOND);
        let turns = u32::try_from(settings::length(ROUND).as_millis() / every.as_millis()).unwrap();
        for turn in 0..turns {
            // Phones do not send in step: each turn goes through the calls evenly.
            for (at, stream) in (0..).zip(&self.streams) {
                let due = begun + every * turn + every * at / self.streams.len() as u32;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                sent += stream.send();
                received += stream.receive();
            }
        }
        std::thread::sleep(Duration::from_millis(100));
        received += self.streams.iter().map(Stream::receive).sum::<u64>();
        Seen { sent, received, cpu_s: cpu_s(&self.processes) - before_s }
    }
}

/// Calls of the trunk to the carrier, both of whom are played here.
fn calls_through_node(node: &Node) -> Vec<Stream> {
    let signalling = |at: SocketAddr| {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket
    };
    let (pbx, carrier) = (signalling(node.hosts.sip(20)), signalling(node.hosts.sip(2)));
    let (here, there, us) = (pbx.local_addr().unwrap(), carrier.local_addr().unwrap(), node.hosts.sip(1));
    let call = |number: usize| {
        let mut stream = Stream::new(here.ip(), there.ip());
        let body = sdp(stream.a());
        let head = format!(
            "Via: SIP/2.0/UDP {here};branch=z9hG4bK{number}x\r\nMax-Forwards: 70\r\n\
             From: <sip:+13035550100@{here}>;tag=a{number}\r\nCall-ID: relay{number}\r\n"
        );
        let invite = format!(
            "INVITE sip:13037654321@{us} SIP/2.0\r\n{head}To: <sip:13037654321@{us}>\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:pbx@{here}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        pbx.send_to(invite.as_bytes(), us).unwrap();
        let invited = next(&carrier, "INVITE ");
        stream.b_sends_to = SocketAddr::new(us.ip(), port_of(&invited));
        let copied: String = ["Via:", "From:", "Call-ID:", "CSeq:"].iter().map(|name| line(&invited, name)).collect();
        let (to, body) = (line(&invited, "To:"), sdp(stream.b()));
        let answer = format!(
            "SIP/2.0 200 OK\r\n{copied}{};tag=b{number}\r\nContact: <sip:gw@{there}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            to.trim_end(),
            body.len()
        );
        carrier.send_to(answer.as_bytes(), us).unwrap();
        let answered = next(&pbx, "SIP/2.0 200");
        stream.a_sends_to = SocketAddr::new(us.ip(), port_of(&answered));
        let ack = format!(
            "ACK sip:{us} SIP/2.0\r\n{}{}CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
            head.replace("x\r\n", "ack\r\n"),
            line(&answered, "To:")
        );
        pbx.send_to(ack.as_bytes(), us).unwrap();
        next(&carrier, "ACK ");
        stream
    };
    (0..CALLS).map(call).collect()
}

/// The next message that begins so; others are passed over.
fn next(socket: &UdpSocket, start: &str) -> String {
    let mut buffer = vec![0; 4_096];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("no {start}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.starts_with(start) {
            return text;
        }
    }
}

/// The lines of a header, as they came.
fn line(message: &str, name: &str) -> String {
    message.lines().filter(|line| line.starts_with(name)).map(|line| format!("{line}\r\n")).collect()
}

/// The same calls through rtpengine, by offer and answer of its own protocol.
fn calls_through_rtpengine() -> (Ending, Vec<Stream>) {
    let (here, control) = (Ipv4Addr::new(127, 0, 1, 6), SocketAddr::from((Ipv4Addr::new(127, 0, 1, 6), 2_223)));
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE, "rtpengine", "--foreground", "--table=-1", "--num-threads=1", "--log-level=3"]);
    command.args([format!("--interface={here}"), format!("--listen-ng={control}")]);
    command.args(["--port-min=20000", "--port-max=40000", "--log-stderr", "--pidfile=/dev/null"]);
    let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let ending = Ending(process);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let ask = |cookie: usize, fields: &[(&str, &str)]| {
        let fields: String =
            fields.iter().map(|(key, value)| format!("{}:{key}{}:{value}", key.len(), value.len())).collect();
        socket.send_to(format!("{cookie} d{fields}e").as_bytes(), control).unwrap();
        let mut buffer = vec![0; 4_096];
        let length = socket.recv(&mut buffer).unwrap_or(0);
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    wait_until(SOON, "rtpengine to answer", || ask(0, &[("command", "ping")]).contains("pong"));
    let call = |number: usize| {
        let mut stream = Stream::new(Ipv4Addr::new(127, 0, 1, 20).into(), Ipv4Addr::new(127, 0, 1, 21).into());
        let (id, offer, answer) = (format!("relay{number}"), sdp(stream.a()), sdp(stream.b()));
        let from = [("call-id", id.as_str()), ("from-tag", "a")];
        let offered = ask(1 + 2 * number, &[from[0], ("command", "offer"), from[1], ("sdp", &offer)]);
        stream.b_sends_to = SocketAddr::new(here.into(), port_of(&offered));
        let answered =
            ask(2 + 2 * number, &[from[0], ("command", "answer"), from[1], ("sdp", &answer), ("to-tag", "b")]);
        stream.a_sends_to = SocketAddr::new(here.into(), port_of(&answered));
        stream
    };
    let streams = (0..CALLS).map(call).collect();
    (ending, streams)
}
