//! An attacker against a carrier that registers its customer: the guess that is right, and the calls after it.

use super::*;
use crate::carrier::{self, Auth, Carrier, Fate, Rule};

fn scan(passwords: &[&str]) -> Scan {
    Scan {
        target: "198.51.100.1:5060".parse().unwrap(),
        domain: "pbx.example".into(),
        users: vec!["100".into(), "101".into()],
        passwords: passwords.iter().map(|&password| password.to_owned()).collect(),
        gap_ms: 10,
        user_agent: SCANNER_AGENTS[0].into(),
    }
}

fn profile(passwords: &[&str]) -> Profile {
    Profile {
        address: "203.0.113.66:5070".parse().unwrap(),
        media: "203.0.113.66:6000".parse().unwrap(),
        scan: scan(passwords),
        pump: Pump {
            probes: vec!["00972".into(), "011972".into()],
            numbers: vec!["011355691".into(), "011355692".into()],
            calls: 4,
            parallel: 2,
            gap_ms: 1_000,
            talk_ms: 20_000,
            patience: 3,
        },
        user_agent: "sipcli/v1.8".into(),
        seed: 5,
    }
}

fn victim() -> Carrier {
    let answer = Fate::Answer { ring_ms: (1_000, 1_000), talk_ms: None };
    let rule = |prefix: &str, fate| Rule { prefix: prefix.into(), fate };
    Carrier::new(carrier::Profile {
        address: "198.51.100.1:5060".parse().unwrap(),
        domain: "pbx.example".into(),
        user_agent: "PBX".into(),
        media: "198.51.100.1:20000".parse().unwrap(),
        rules: vec![rule("011", answer), rule("00", Fate::Refuse { status: 404, after_ms: (0, 0) })],
        auth: Some(Auth { username: "101".into(), secret: "101".into(), calls: true, must_register: false }),
        customer: "192.0.2.1:5060".parse().unwrap(),
        voice: None,
        seed: 1,
    })
}

/// Runs both until nothing is due before `until_ms`.
fn run(attacker: &mut Attacker, victim: &mut Carrier, now_ms: &mut u64, until_ms: u64) -> Vec<Event> {
    let mut log = Vec::new();
    loop {
        let mut quiet = true;
        while let Some(output) = attacker.poll_output() {
            quiet = false;
            match output {
                Output::Send { bytes, .. } => {
                    let from = attacker.profile().address;
                    victim.handle(*now_ms, Input::Datagram { from, bytes: &bytes });
                }
                Output::Event(event) => log.push(event),
                Output::Rtp { .. } => {}
            }
        }
        while let Some(output) = victim.poll_output() {
            quiet = false;
            if let Output::Send { bytes, .. } = output {
                let from = victim.profile().address;
                attacker.handle(*now_ms, Input::Datagram { from, bytes: &bytes });
            }
        }
        if quiet {
            let wake = [attacker.next_wake_ms(), victim.next_wake_ms()].into_iter().flatten().min();
            let Some(at_ms) = wake.filter(|at_ms| *at_ms <= until_ms) else { return log };
            *now_ms = at_ms.max(*now_ms);
            attacker.handle(*now_ms, Input::Tick);
            victim.handle(*now_ms, Input::Tick);
        }
    }
}

#[test]
fn it_guesses_probes_and_pumps() {
    let (mut attacker, mut victim, mut now_ms) = (Attacker::new(profile(&["secret", "{user}"])), victim(), 1_000);
    attacker.handle(now_ms, Input::Command(Command::Scan));
    let found = Event::Found { user: "101".into(), secret: "101".into(), tries: 4 };
    assert_eq!(run(&mut attacker, &mut victim, &mut now_ms, 60_000), [found]);
    attacker.handle(now_ms, Input::Command(Command::Dial));
    let log = run(&mut attacker, &mut victim, &mut now_ms, 600_000);
    let answered: Vec<_> = log.iter().filter(|event| matches!(event, Event::Answered { .. })).collect();
    assert_eq!(answered.len(), 5, "a probe and four calls: {log:?}");
    assert!(log.first() == Some(&Event::Registered) && log.contains(&Event::Done), "{log:?}");
}

#[test]
fn it_notices_that_nothing_answers() {
    let (mut attacker, mut now_ms) = (Attacker::new(profile(&["x"])), 1_000);
    attacker.handle(now_ms, Input::Command(Command::Scan));
    let mut log = Vec::new();
    while let Some(at_ms) = attacker.next_wake_ms() {
        now_ms = at_ms;
        attacker.handle(now_ms, Input::Tick);
        while let Some(output) = attacker.poll_output() {
            if let Output::Event(event) = output {
                log.push(event);
            }
        }
    }
    assert_eq!(log, [Event::Silent { tries: 0 }]);
}

#[test]
fn it_gives_up_when_it_is_refused() {
    let (mut attacker, mut victim, mut now_ms) = (Attacker::new(profile(&["{user}"])), victim(), 1_000);
    attacker.profile.pump.numbers = vec!["00355".into()];
    attacker.handle(now_ms, Input::Command(Command::Scan));
    run(&mut attacker, &mut victim, &mut now_ms, 60_000);
    attacker.handle(now_ms, Input::Command(Command::Dial));
    let log = run(&mut attacker, &mut victim, &mut now_ms, 600_000);
    let refused = log.iter().filter(|event| matches!(event, Event::Ended { status: 404, .. })).count();
    assert_eq!(refused, 4, "one probe before the answered one resets the count, then three: {log:?}");
}
