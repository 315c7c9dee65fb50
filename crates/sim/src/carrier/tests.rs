//! A telephone and a carrier over a wire that loses and delays nothing, or loses a given share.

use std::net::SocketAddr;

use super::*;
use crate::Dice;
use crate::ua::{self, AnswerPolicy, UserAgent, Voice};

const START_MS: u64 = 1_000_000;

fn phone_profile() -> ua::Profile {
    ua::Profile {
        address: "192.0.2.10:5060".parse().unwrap(),
        user: "101".into(),
        name: "Desk".into(),
        auth_name: "acme".into(),
        secret: "right".into(),
        domain: "carrier.example".into(),
        registrar: "198.51.100.1:5060".parse().unwrap(),
        user_agent: "Phone/1".into(),
        media: "192.0.2.10:4000".parse().unwrap(),
        answer: AnswerPolicy::Answer { ring_ms: 2_000, talk_ms: None },
        voice: Some(Voice { hz: 500, every_ms: 20 }),
        expires_s: 600,
        seed: 1,
    }
}

fn carrier_profile(auth: bool) -> Profile {
    let fates = [
        ("1", Fate::Answer { ring_ms: (3_000, 3_000), talk_ms: None }),
        ("1555", Fate::Answer { ring_ms: (1_000, 1_000), talk_ms: Some((5_000, 5_000)) }),
        ("2", Fate::NoAnswer),
        ("3", Fate::Refuse { status: 486, after_ms: (500, 500) }),
    ];
    let rules = fates.map(|(prefix, fate)| Rule { prefix: prefix.into(), fate }).to_vec();
    Profile {
        address: "198.51.100.1:5060".parse().unwrap(),
        domain: "carrier.example".into(),
        user_agent: "Wholesale".into(),
        media: "198.51.100.1:20000".parse().unwrap(),
        rules,
        auth: auth.then(|| Auth { username: "acme".into(), secret: "right".into(), calls: true, must_register: true }),
        customer: "192.0.2.10:5060".parse().unwrap(),
        voice: Some(Voice { hz: 900, every_ms: 20 }),
        seed: 2,
    }
}

/// Both, and the wire between them.
struct Pair {
    phone: UserAgent,
    carrier: Carrier,
    now_ms: u64,
    dice: Dice,
    lost_permille: u64,
    wire: VecDeque<(bool, bool, SocketAddr, SocketAddr, Vec<u8>)>,
    log: Vec<String>,
}

impl Pair {
    fn new(phone: ua::Profile, carrier: Profile) -> Pair {
        Pair {
            phone: UserAgent::new(phone),
            carrier: Carrier::new(carrier),
            now_ms: START_MS,
            dice: Dice::new(3),
            lost_permille: 0,
            wire: VecDeque::new(),
            log: Vec::new(),
        }
    }

    fn phone(&mut self, command: ua::Command) {
        self.phone.handle(self.now_ms, Input::Command(command));
        self.settle();
    }

    fn settle(&mut self) {
        loop {
            let (phone, carrier) = (self.phone.profile().address, self.carrier.profile().address);
            while let Some(output) = self.phone.poll_output() {
                match output {
                    Output::Send { to, bytes } => self.wire.push_back((true, false, phone, to, bytes.to_vec())),
                    Output::Rtp { local, to, bytes } => self.wire.push_back((true, true, local, to, bytes)),
                    Output::Event(event) => self.log.push(self::phone_event(&event)),
                }
            }
            while let Some(output) = self.carrier.poll_output() {
                match output {
                    Output::Send { to, bytes } => self.wire.push_back((false, false, carrier, to, bytes.to_vec())),
                    Output::Rtp { local, to, bytes } => self.wire.push_back((false, true, local, to, bytes)),
                    Output::Event(event) => self.log.push(self::carrier_event(&event)),
                }
            }
            let Some((by_phone, rtp, from, to, bytes)) = self.wire.pop_front() else { break };
            if self.dice.chance(self.lost_permille) {
                continue;
            }
            let bytes = &bytes[..];
            match (by_phone, rtp) {
                (true, false) => self.carrier.handle(self.now_ms, Input::Datagram { from, bytes }),
                (true, true) => self.carrier.handle(self.now_ms, Input::Rtp { local: to, from, bytes }),
                (false, false) => self.phone.handle(self.now_ms, Input::Datagram { from, bytes }),
                (false, true) => self.phone.handle(self.now_ms, Input::Rtp { local: to, from, bytes }),
            }
        }
    }

    fn run(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        loop {
            let wake = [self.phone.next_wake_ms(), self.carrier.next_wake_ms()].into_iter().flatten().min();
            let Some(at_ms) = wake.filter(|at_ms| *at_ms <= end_ms) else { break };
            self.now_ms = self.now_ms.max(at_ms);
            self.phone.handle(self.now_ms, Input::Tick);
            self.carrier.handle(self.now_ms, Input::Tick);
            self.settle();
        }
        self.now_ms = end_ms;
    }

    fn expect(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.log), lines);
    }
}

fn phone_event(event: &ua::Event) -> String {
    match event {
        ua::Event::Registered { expires_s } => format!("phone registered {expires_s}"),
        ua::Event::RegisterFailed { status } => format!("phone register failed {status}"),
        ua::Event::Ringing { status, .. } => format!("phone hears {status}"),
        ua::Event::Answered { .. } => "phone talks".into(),
        ua::Event::IncomingCall { from, .. } => format!("phone rings for {from}"),
        ua::Event::Held { on, .. } => format!("phone held {on}"),
        ua::Event::HoldAnswered { status, .. } => format!("phone hold {status}"),
        ua::Event::Ended { by, status, talk_ms, heard, .. } => {
            format!("phone ended {by:?} {status} {talk_ms:?} {:?}", heard.tone_hz)
        }
        ua::Event::Transfer { status, .. } => format!("phone transfer {status}"),
        ua::Event::Calling { number, .. } => format!("phone calls {number}"),
        ua::Event::Info { text, .. } => format!("phone info {text}"),
    }
}

fn carrier_event(event: &Event) -> String {
    match event {
        Event::Registered { expires_s, .. } => format!("carrier registered {expires_s}"),
        Event::Arrived { number, from, .. } => format!("carrier call {number} of {from}"),
        Event::Calling { did, .. } => format!("carrier calls {did}"),
        Event::Answered { .. } => "carrier talks".into(),
        Event::Ended { by, status, talk_ms, heard, .. } => {
            format!("carrier ended {by:?} {status} {talk_ms:?} {:?}", heard.tone_hz)
        }
    }
}

fn call(number: &str, talk_ms: u64) -> ua::Command {
    ua::Command::Call { number: number.into(), talk_ms: Some(talk_ms) }
}

#[test]
fn a_call_is_answered_heard_and_ended_by_the_phone() {
    let mut pair = Pair::new(phone_profile(), carrier_profile(false));
    pair.phone(call("13035550100", 10_000));
    pair.run(60_000);
    pair.expect(&[
        "phone calls 13035550100",
        "carrier call 13035550100 of 101",
        "phone hears 180",
        "carrier talks",
        "phone talks",
        "carrier ended There 200 Some(10000) Some(500)",
        "phone ended Here 200 Some(10000) Some(900)",
    ]);
    assert_eq!(pair.phone.next_wake_ms(), None, "nothing is left over");
    assert_eq!(pair.carrier.next_wake_ms(), None);
}

#[test]
fn the_far_end_hangs_up_is_busy_or_never_answers() {
    let mut pair = Pair::new(phone_profile(), carrier_profile(false));
    pair.phone(call("15550000000", 60_000));
    pair.run(10_000);
    assert!(pair.log.contains(&"phone ended There 200 Some(5000) Some(900)".to_owned()), "{:?}", pair.log);
    pair.log.clear();
    pair.phone(call("3", 1));
    pair.run(5_000);
    assert_eq!(pair.log.last().unwrap(), "phone ended There 486 None None");
    pair.log.clear();
    pair.phone(call("2", 1));
    pair.run(5_000);
    pair.phone(ua::Command::HangUp { call: None });
    pair.run(5_000);
    pair.expect(&[
        "phone calls 2",
        "carrier call 2 of 101",
        "phone hears 180",
        "carrier ended There 487 None None",
        "phone ended Here 487 None None",
    ]);
}

#[test]
fn a_customer_registers_and_is_called_and_a_wrong_secret_is_refused() {
    let mut pair = Pair::new(phone_profile(), carrier_profile(true));
    pair.phone(ua::Command::Register);
    pair.expect(&["carrier registered 600", "phone registered 600"]);
    let did = Command::Call { did: "13035550100".into(), from: "+442071838750".into(), talk_ms: Some(4_000) };
    pair.carrier.handle(pair.now_ms, Input::Command(did));
    pair.settle();
    pair.run(60_000);
    pair.expect(&[
        "carrier calls 13035550100",
        "phone rings for +442071838750",
        "phone talks",
        "carrier talks",
        "phone ended There 200 Some(4000) Some(900)",
        "carrier ended Here 200 Some(4000) Some(500)",
    ]);
    pair.run(600_000);
    let again = pair.log.iter().filter(|line| *line == "carrier registered 600").count();
    assert_eq!(again, 2, "it registers again after half the time");
    pair.phone(ua::Command::SetSecret("wrong".into()));
    pair.phone(ua::Command::Register);
    pair.phone(call("1", 1_000));
    let failed: Vec<_> = pair.log.iter().filter(|line| line.contains("fail") || line.contains("ended")).collect();
    assert_eq!(failed, ["phone register failed 401", "phone ended There 407 None None"]);
}

#[test]
fn hold_is_answered_and_silences_the_held_side() {
    let mut pair = Pair::new(phone_profile(), carrier_profile(false));
    pair.phone(ua::Command::Call { number: "1".into(), talk_ms: None });
    pair.run(5_000);
    let handle = pair.phone.calls().next().unwrap();
    pair.phone(ua::Command::Hold { call: handle, on: true });
    pair.run(1_000);
    pair.phone(ua::Command::Hold { call: handle, on: false });
    pair.phone(ua::Command::Dtmf { call: handle, digit: '5' });
    pair.carrier.handle(pair.now_ms, Input::Command(Command::HangUp { call: None }));
    pair.settle();
    let holds = pair.log.iter().filter(|line| *line == "phone hold 200").count();
    assert_eq!(holds, 2, "{:?}", pair.log);
    assert_eq!(pair.log.last().unwrap(), "carrier ended Here 200 Some(3000) Some(500)");
}

#[test]
fn calls_survive_a_wire_that_loses_a_fifth() {
    for seed in 0..20 {
        let mut pair = Pair::new(ua::Profile { seed, voice: None, ..phone_profile() }, carrier_profile(true));
        (pair.lost_permille, pair.dice) = (200, Dice::new(seed));
        pair.phone(ua::Command::Register);
        pair.run(120_000);
        pair.phone(call("1555", 60_000));
        pair.run(120_000);
        assert_eq!(pair.phone.calls().count() + pair.carrier.calls().count(), 0, "seed {seed}: {:?}", pair.log);
        assert!(pair.log.iter().any(|line| line.starts_with("phone ended")), "seed {seed}");
    }
}
