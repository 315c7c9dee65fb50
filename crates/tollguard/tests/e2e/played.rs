//! The guard on the wire is the guard of a replay: what phones do to the real binary in real time, told to
//! `tollguard replay --events` as a recording, gives the same verdicts, score and reasons with them.

use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use account::{Input, Party};
use billing::{CallId, Cdr};
use node::{Body, Record};
use serde_json::json;
use sim::ua::{AnswerPolicy, Command, Event, Input as PhoneInput, Output, Profile, UserAgent};
use store::{Home, Journal};

use crate::support::{Hosts, Node, NodeOptions, Office, Sipp, secret};

/// The longest that a phone waits for what is to happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// A call that is looked at again while it runs, which happens after twenty seconds.
const LONG_MS: u64 = 22_000;
/// The line, and the account, of every call.
const WHO: (&str, &str) = ("firm", "101");

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A simulated phone with a socket of its own.
struct Phone {
    agent: UserAgent,
    socket: UdpSocket,
}

impl Phone {
    fn new(address: SocketAddr, registrar: SocketAddr, user_agent: &str) -> Self {
        let profile = Profile {
            address,
            user: "alice".into(),
            name: String::new(),
            auth_name: "alice".into(),
            secret: secret("alice"),
            domain: registrar.to_string(),
            registrar,
            user_agent: user_agent.into(),
            media: SocketAddr::new(address.ip(), 9_000),
            answer: AnswerPolicy::Busy,
            voice: None,
            expires_s: 600,
            seed: u64::from(address.port()),
        };
        Self { agent: UserAgent::new(profile), socket: UdpSocket::bind(address).unwrap() }
    }

    /// Does something and waits until it has led to what `done` looks for.
    fn until(&mut self, command: Command, done: impl Fn(&Event) -> bool) {
        let deadline_ms = now_ms() + PATIENCE.as_millis() as u64;
        self.agent.handle(now_ms(), PhoneInput::Command(command));
        let mut datagram = [0; 65_535];
        loop {
            while let Some(output) = self.agent.poll_output() {
                match output {
                    Output::Send { to, bytes } => drop(self.socket.send_to(&bytes, to).unwrap()),
                    Output::Rtp { .. } => {}
                    Output::Event(event) if done(&event) => return,
                    Output::Event(_) => {}
                }
            }
            assert!(now_ms() < deadline_ms, "the phone waited in vain");
            let wake_ms =
                self.agent.next_wake_ms().map_or(1_000, |at_ms| at_ms.saturating_sub(now_ms()).clamp(1, 1_000));
            self.socket.set_read_timeout(Some(Duration::from_millis(wake_ms))).unwrap();
            match self.socket.recv_from(&mut datagram) {
                Ok((len, from)) => {
                    self.agent.handle(now_ms(), PhoneInput::Datagram { from, bytes: &datagram[..len] });
                }
                Err(_) => self.agent.handle(now_ms(), PhoneInput::Tick),
            }
        }
    }

    fn call(&mut self, number: &str, talk_ms: u64) {
        let command = Command::Call { number: number.to_owned(), talk_ms: Some(talk_ms) };
        self.until(command, |event| matches!(event, Event::Ended { .. }));
    }

    /// Tries to register with a secret; the time of it, for the recording.
    fn register(&mut self, secret: &str) -> u64 {
        let at_ms = now_ms();
        self.agent.handle(at_ms, PhoneInput::Command(Command::SetSecret(secret.to_owned())));
        let answered = |event: &Event| matches!(event, Event::Registered { .. } | Event::RegisterFailed { .. });
        self.until(Command::RegisterOnce, answered);
        at_ms
    }
}

/// A recording, written from what phones did and from what the journal says of the times.
#[derive(Default)]
struct Recording {
    rows: Vec<(u64, String)>,
    utc_offset_h: f64,
}

impl Recording {
    fn add(&mut self, at_ms: u64, mut row: serde_json::Value) {
        row["t"] = replay::rfc3339(at_ms).into();
        row["account"] = WHO.0.into();
        self.rows.push((at_ms, row.to_string()));
    }

    /// Calls and registrations of a journal.
    fn read(&mut self, journal: &Journal<store::FileDisk, Record>, cdrs: &[Cdr]) {
        for record in journal.records_after(0).map(Result::unwrap) {
            let Body::Account { input, .. } = &record.body else { continue };
            match input {
                Input::Register(registration) => {
                    let ip = registration.via.flow.remote.ip();
                    let agent = &registration.via.user_agent;
                    let row = json!({"type": "register", "line": WHO.1, "ip": ip, "user_agent": &**agent, "ok": true});
                    self.add(record.at_ms, row);
                }
                Input::Screen(attempt) if matches!(attempt.from, Party::Line(_)) => {
                    self.utc_offset_h = f64::from(attempt.look_ups.utc_offset_min) / 60.0;
                    let cdr = cdrs.iter().find(|cdr| cdr.call == attempt.call).unwrap();
                    self.add(record.at_ms, call(attempt.call, &attempt.dialled, &attempt.via, cdr));
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, first: &serde_json::Value) -> String {
        self.rows.sort_by_key(|(at_ms, _)| *at_ms);
        let at_ms = self.rows.first().map_or(0, |(at_ms, _)| *at_ms);
        self.add(at_ms, first.clone());
        self.rows.rotate_right(1);
        self.rows.iter().fold(String::new(), |mut text, (_, row)| {
            let _ = writeln!(text, "{row}");
            text
        })
    }
}

/// The row of a call: what the network would have made of it had nobody stopped it.
fn call(id: CallId, dialled: &str, via: &account::Via, cdr: &Cdr) -> serde_json::Value {
    let seconds = |ms: u64| ms as f64 / 1000.0;
    let start_ms = cdr.times.start_ms;
    let ring_ms = cdr.times.answer_ms.map_or(0, |answer_ms| answer_ms - start_ms);
    json!({
        "type": "call", "id": id.to_string(), "line": WHO.1, "ip": via.flow.remote.ip(),
        "user_agent": &*via.user_agent, "dialled": dialled, "ring_s": seconds(ring_ms),
        "talk_s": seconds(if cdr.times.answer_ms.is_some() { cdr.times.talk_ms() } else { 60_000 }), "result": "answered",
    })
}

/// Verdicts without the numbers of incidents, which a replay counts for itself.
fn unnumbered(verdicts: &str) -> Vec<String> {
    let blank = |word: &str| {
        if word.starts_with('i') && word.len() > 9 && word.contains("000") { "i" } else { word }.to_owned()
    };
    verdicts.lines().map(|row| row.split(' ').map(blank).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_happens_on_the_wire_is_judged_as_its_recording() {
    let hosts = Hosts::new();
    let office = Office::new(hosts.sip(2), "1000").extension(WHO.1, "alice");
    let mut node = Node::start(hosts, &NodeOptions::default(), &office);
    let carrier = Sipp::answering("answer", hosts.sip(2), node.ip()).calls(100, 10).within(PATIENCE * 3).start();
    let registrar = hosts.sip(1);

    // A recording knows no delay between a verdict and its hang-up: no call begins before the last one is settled.
    let mut settled = 0;
    let mut call = |phone: &mut Phone, number: &str, talk_ms: u64| {
        phone.call(number, talk_ms);
        settled += 1;
        node.expect_cdrs(settled)
    };
    let mut desk = Phone::new(hosts.sip(10), registrar, "Yealink SIP-T46U 108.86.0.20");
    desk.register(&secret("alice"));
    call(&mut desk, "+13037654321", 1_000);
    call(&mut desk, "+442079460123", 500);
    // Somebody guesses, gets in, and calls what is dear.
    let mut thief = Phone::new(hosts.sip(20), registrar, "sipcli/v1.8");
    let mut recording = Recording::default();
    for guess in ["1234", "alice", "secret", "0000"] {
        let at_ms = thief.register(guess);
        let ip = hosts.host(20);
        let row = json!({"type": "register", "line": WHO.1, "ip": ip, "user_agent": "sipcli/v1.8", "ok": false});
        recording.add(at_ms, row);
    }
    thief.register(&secret("alice"));
    call(&mut thief, "+355691234567", LONG_MS);
    for number in ["+355691234567", "+355691234568", "+88213000001", "+2521234567", "+355691234567", "+88213000001"] {
        call(&mut thief, number, 1_000);
    }
    let cdrs = call(&mut thief, "+13037654321", 500);
    drop(carrier);
    node.stop();

    let replayed = |name: &str, arguments: &[&str]| {
        let out = node.path(name);
        node.command(&[&["replay", "--out", out.to_str().unwrap()], arguments].concat());
        std::fs::read_to_string(out.join("verdicts.jsonl")).unwrap()
    };
    let data = node.path("data");
    let live = replayed("live", &["--journal", data.to_str().unwrap()]);
    let home = Home::open(&data).unwrap();
    let (journal, _) = Journal::<_, Record>::open(home.journal_disk().unwrap()).unwrap();
    recording.read(&journal, &cdrs);
    drop((journal, home));
    let events = node.path("events.jsonl");
    let firm = json!({"type": "account", "country": "US", "utc_offset_h": recording.utc_offset_h});
    std::fs::write(&events, recording.text(&firm)).unwrap();
    let recorded = replayed("recorded", &["--events", events.to_str().unwrap()]);
    assert_eq!(unnumbered(&recorded), unnumbered(&live));
    let refused = live.lines().filter(|row| row.contains("\"refused\"")).count();
    assert!(refused > 0 && refused < cdrs.len() - 3, "{live}");
}
