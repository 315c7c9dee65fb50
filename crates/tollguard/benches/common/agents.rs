//! Emulated agents that cost far less than SIPp: phones that call with a challenge, talk for half a second and hang up, and
//! the carrier that answers them. One thread that never sleeps plays all of them, on the processor that the server has not.

mod phone;

use std::collections::VecDeque;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sip::{Message, Method, Name, ResponseBuilder};
use socket2::SockRef;

use self::phone::{Phone, SDP, Stage};
use super::flood::{cpu_s, lost};
use super::load::{CORE, PATIENCE, Seen};
use super::server::Server;

/// How long each call talks: no more may run at once than a node takes.
const TALK: Duration = Duration::from_millis(500);
/// After this a phone would send its request again (T1 of RFC 3261).
const TOO_LATE: Duration = Duration::from_millis(500);
/// A server that was given up repeats what it said to the agents every four seconds (T2), and for 32.
const SILENCE: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Calls that begin in one go, and datagrams read in one go.
const BURST: usize = 16;
const BUFFER: usize = 4 << 20;

/// Both sockets: the phones' and the carrier's.
pub struct Agents {
    phones: UdpSocket,
    carrier: UdpSocket,
}

/// One run of them.
struct Run<'a> {
    agents: &'a Agents,
    server: &'a Server,
    number: u32,
    calls: Vec<Phone>,
    /// Calls that hang up, and when.
    talking: VecDeque<(Instant, usize)>,
    /// Requests that the carrier was sent, INVITE and BYE.
    carried: u64,
    over: u64,
    failed: u64,
    again: u64,
}

impl Agents {
    /// Takes the processor of the load, and both addresses.
    pub fn new(phones: SocketAddr, carrier: SocketAddr) -> Self {
        let own = std::process::id().to_string();
        let pinned = Command::new("taskset").args(["-p", "-c", CORE, &own]).output().unwrap();
        assert!(pinned.status.success(), "{pinned:?}");
        let [phones, carrier] = [phones, carrier].map(|address| {
            let socket = UdpSocket::bind(address).unwrap();
            SockRef::from(&socket).set_recv_buffer_size(BUFFER).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        });
        Self { phones, carrier }
    }

    /// So many calls a second for that long; what they cost the server meanwhile.
    pub fn run(&self, server: &Server, a_second: u32, length: Duration) -> Seen {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let mut run = Run {
            agents: self,
            server,
            number,
            calls: Vec::new(),
            talking: VecDeque::new(),
            carried: 0,
            over: 0,
            failed: 0,
            again: 0,
        };
        let before_s = cpu_s(&server.processes);
        let lost_before = self.lost(server);
        run.carry(a_second, length);
        let count = run.calls.len() as f64;
        let cpu_ms = (cpu_s(&server.processes) - before_s) * 1e6 / count;
        // Each call is two requests for the carrier.
        let repeated = run.carried.saturating_sub(2 * run.over);
        Seen {
            done: run.over,
            failed: run.calls.len() as u64 - run.over,
            retransmissions: run.again + repeated + self.lost(server) - lost_before,
            cpu_ms,
        }
    }

    /// Waits until nothing more comes of calls that did not end as they should, so that no other run hears of them.
    pub fn wait_for_silence(&self) {
        let (begun, mut last, mut buffer) = (Instant::now(), Instant::now(), vec![0; 65_536]);
        while last.elapsed() < SILENCE && begun.elapsed() < LONGEST_WAIT {
            for socket in [&self.phones, &self.carrier] {
                while socket.recv(&mut buffer).is_ok() {
                    last = Instant::now();
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Datagrams that full buffers have lost.
    fn lost(&self, server: &Server) -> u64 {
        let own = [&self.phones, &self.carrier].map(|socket| lost(socket.local_addr().unwrap()));
        lost(server.address) + own.iter().sum::<u64>()
    }
}

impl Run<'_> {
    /// Begins all calls at an even pace, and goes on until all are over, or too late.
    fn carry(&mut self, a_second: u32, length: Duration) {
        let (start, wanted) = (Instant::now(), a_second as usize * length.as_secs() as usize);
        let mut buffer = vec![0; 65_536];
        let ended = |run: &Self| (run.over + run.failed) as usize >= wanted;
        while !ended(self) && start.elapsed() < length + PATIENCE {
            let due = ((start.elapsed().as_secs_f64() * f64::from(a_second)) as usize).min(wanted);
            // Agents that fall a tenth of a second behind do not show that rate.
            self.again += u64::from(due > self.calls.len() + a_second as usize / 10);
            for _ in self.calls.len()..due.min(self.calls.len() + BURST) {
                self.begin();
            }
            while self.talking.front().is_some_and(|(at, _)| *at <= Instant::now()) {
                let Some((_, call)) = self.talking.pop_front() else { break };
                let bye = self.calls[call].hang_up();
                self.say(&bye);
            }
            for _ in 0..BURST {
                let Ok(bytes) = self.agents.phones.recv(&mut buffer) else { break };
                self.phone_hears(&buffer[..bytes]);
            }
            for _ in 0..BURST {
                let Ok(bytes) = self.agents.carrier.recv(&mut buffer) else { break };
                self.carrier_hears(&buffer[..bytes]);
            }
        }
    }

    fn begin(&mut self) {
        let call = self.calls.len();
        let user = self.server.user(call as u32);
        let secret = self.server.secret(&user);
        let here = self.agents.phones.local_addr().unwrap();
        let (phone, invite) = Phone::call((self.number, call), here, user, secret);
        self.calls.push(phone);
        self.say(&invite);
    }

    fn phone_hears(&mut self, bytes: &[u8]) {
        let message = Message::parse(bytes).unwrap();
        let (number, call) = phone::call_of(message.call_id());
        // What is left of an earlier run harms nobody.
        let Some(phone) = self.calls.get_mut(call).filter(|_| number == self.number) else { return };
        let Some(status) = message.status().filter(|status| *status >= 200) else { return };
        self.again += u64::from(phone.has_waited() >= TOO_LATE);
        let stage = phone.stage;
        let said = phone.hear(&message, status);
        match (stage, phone.stage) {
            (before, after) if before == after => self.again += 1,
            (_, Stage::Talking) => self.talking.push_back((Instant::now() + TALK, call)),
            (_, Stage::Over) => self.over += 1,
            (_, Stage::Failed) => self.failed += 1,
            _ => {}
        }
        said.iter().for_each(|text| self.say(text));
    }

    /// The carrier answers every call at once.
    fn carrier_hears(&mut self, bytes: &[u8]) {
        let request = Message::parse(bytes).unwrap();
        let (Some(method), from) = (request.method(), self.server.address) else { return };
        let answer = |status, tag| ResponseBuilder::from_request(&request, status, "", tag, from);
        match method {
            Method::Invite => {
                let contact = format!("<sip:{}>", self.agents.carrier.local_addr().unwrap());
                for status in [180, 200] {
                    let mut answer = answer(status, Some("carrier"));
                    answer.copy_record_routes(&request).header(Name::Contact, &contact);
                    let bytes = match status {
                        180 => answer.finish(),
                        _ => answer.finish_with_body(b"application/sdp", SDP.as_bytes()),
                    };
                    self.answer(&bytes);
                }
            }
            Method::Bye => self.answer(&answer(200, None).finish()),
            _ => return,
        }
        self.carried += 1;
    }

    /// A phone's message. What a full buffer refuses is lost, as on a network.
    fn say(&self, text: &str) {
        let _ = self.agents.phones.send_to(text.as_bytes(), self.server.address);
    }

    fn answer(&self, bytes: &[u8]) {
        let _ = self.agents.carrier.send_to(bytes, self.server.address);
    }
}
