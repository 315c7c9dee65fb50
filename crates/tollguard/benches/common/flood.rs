//! A flood: datagrams made before, sent at a steady pace from one or many addresses.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Datagrams between two looks at the clock.
const BATCH: u32 = 50;

/// The sockets that a flood comes from.
pub fn sockets(network: u8, count: u32) -> Vec<UdpSocket> {
    let base = u32::from(Ipv4Addr::new(127, network, 0, 1));
    (0..count).map(|number| UdpSocket::bind((Ipv4Addr::from(base + number), 0)).unwrap()).collect()
}

/// REGISTER, INVITE, OPTIONS, in turns, and bytes that are no SIP; each with a branch and a Call-ID of its own.
pub fn datagrams(count: u32, to: SocketAddr) -> Vec<Vec<u8>> {
    let one = |number: u32| {
        let method = match number % 4 {
            0 => "REGISTER",
            1 => "INVITE",
            2 => "OPTIONS",
            _ => return number.to_be_bytes().repeat(100),
        };
        format!(
            "{method} sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP 127.1.2.3:5060;branch=z9hG4bK{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{number}@{to}>;tag={number}\r\nTo: <sip:{number}@{to}>\r\n\
             Call-ID: {number}@flood\r\nCSeq: 1 {method}\r\nContact: <sip:{number}@127.1.2.3>\r\nExpires: 60\r\n\
             User-Agent: Desk phone 5.6\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    };
    (0..count).map(one).collect()
}

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Datagrams.
    pub count: u64,
    /// In this time.
    pub took: Duration,
}

impl Sent {
    /// Datagrams a second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }
}

/// Sends for `length` at `per_second`, or as fast as one core can. Each socket in turn sends the next datagram.
pub fn send(sockets: &[UdpSocket], to: SocketAddr, datagrams: &[Vec<u8>], per_second: u32, length: Duration) -> Sent {
    let start = Instant::now();
    let (mut count, mut from, mut what) = (0_u64, sockets.iter().cycle(), datagrams.iter().cycle());
    while start.elapsed() < length {
        for _ in 0..BATCH {
            // What the receiver's full buffer refuses is lost, as on a network.
            let _ = from.next().unwrap().send_to(what.next().unwrap(), to);
        }
        count += u64::from(BATCH);
        let due = start + Duration::from_secs_f64(count as f64 / f64::from(per_second));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Sent { count, took: start.elapsed() }
}

/// Datagrams that a socket's full buffer has lost, by the kernel's own table.
pub fn lost(address: SocketAddr) -> u64 {
    let SocketAddr::V4(address) = address else { return 0 };
    let entry = format!(" {:08X}:{:04X} ", u32::from(*address.ip()).swap_bytes(), address.port());
    let table = std::fs::read_to_string("/proc/net/udp").unwrap();
    let lines = table.lines().filter(|line| line.contains(&entry));
    lines.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum()
}

/// Processor time that processes have used, seconds.
pub fn cpu_s(processes: &[u32]) -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    counts(processes, &[USER, SYSTEM]) / TICKS_A_SECOND
}

/// Pages of memory that the system has handed to them so far.
pub fn pages(processes: &[u32]) -> f64 {
    counts(processes, &[MINOR_FAULTS])
}

/// Places of faults that read no disk, of user and of system time in `/proc/PID/stat`, counted behind the name.
const MINOR_FAULTS: usize = 7;
const USER: usize = 11;
const SYSTEM: usize = 12;

fn counts(processes: &[u32], which: &[usize]) -> f64 {
    let count = |id: &u32| -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let fields: Vec<&str> = text.rsplit_once(") ")?.1.split_whitespace().collect();
        which.iter().map(|field| fields.get(*field)?.parse::<f64>().ok()).sum()
    };
    processes.iter().filter_map(count).sum()
}
