//! What accounts set for guesses at their own lines: how many of them are looked at, and that nobody learns from it which
//! names exist.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use lockout::{Admission, Attempt, Ban, Gate, Lockout, Own, OwnSettings, Settings, Target};
use proptest::prelude::*;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A lock-out, and an account with the lines 101 and 102 that sets numbers of its own.
struct World {
    lockout: Lockout,
    own: OwnSettings,
    now_ms: u64,
}

/// What whoever sends a password sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Silence,
    Wait(u32),
    Wrong,
    Right,
}

impl World {
    fn new(own: OwnSettings) -> Self {
        let mut lockout = Lockout::new(Settings::default());
        lockout.set_welcome(own.allow_list.iter().copied());
        World { lockout, own, now_ms: DAY_MS }
    }

    /// Sends a password; what is seen of it, whether it was looked at, and the ban that followed.
    fn send(&mut self, from: &str, name: &str, is_right: bool) -> (Seen, bool, Option<Ban>) {
        let from: SocketAddr = from.parse().unwrap();
        if self.lockout.before_parse(from, self.now_ms) == Gate::Banned {
            return (Seen::Silence, false, None);
        }
        let own = ["101", "102"].contains(&name).then_some(Own { account: "law", settings: &self.own });
        match self.lockout.reserve(&Attempt { from, name, asn: &|| None, own }, self.now_ms) {
            Admission::Verify(ticket) if is_right && own.is_some() => {
                self.lockout.succeeded(ticket, self.now_ms);
                (Seen::Right, true, None)
            }
            Admission::Verify(ticket) => (Seen::Wrong, true, self.lockout.failed(ticket, None, self.now_ms)),
            Admission::Blind(ticket) => (Seen::Wrong, false, self.lockout.failed(ticket, None, self.now_ms)),
            Admission::Refuse => (Seen::Silence, false, None),
            Admission::Wait { retry_after_s } => (Seen::Wait(retry_after_s), false, None),
        }
    }

    fn is_looked_at(&mut self, from: &str, name: &str) -> bool {
        self.send(from, name, false).1
    }

    fn targets(&self) -> Vec<Target> {
        self.lockout.pressed(self.now_ms).into_iter().map(|pressed| pressed.target).collect()
    }
}

fn strict() -> OwnSettings {
    OwnSettings { failures: Some(3), window_s: Some(60), line_day: Some(4), allow_list: Vec::new() }
}

#[test]
fn an_address_is_shut_out_of_the_accounts_lines_and_of_no_other() {
    let mut world = World::new(OwnSettings { line_day: None, ..strict() });
    for name in ["101", "102", "101"] {
        assert!(world.is_looked_at("203.0.113.7:1", name));
    }
    for name in ["101", "102"] {
        assert_eq!(world.send("203.0.113.7:2", name, true).0, Seen::Wrong, "right, and not looked at");
    }
    let ban = world.lockout.bans().next().cloned();
    assert_eq!(ban.map(|ban| ban.failures), Some(5), "at the node each counts, as for any name");
    let here: IpAddr = "203.0.113.7".parse().unwrap();
    assert_eq!(world.targets(), [Target::Account("law".into(), here)], "listed");
    assert_eq!(world.send("203.0.113.8:1", "101", true).0, Seen::Right, "another address");

    assert!(world.lockout.lift("203.0.113.7/32".parse().unwrap(), world.now_ms));
    assert!(world.targets().is_empty(), "lifted together");
    assert!(world.is_looked_at("203.0.113.7:1", "101"));
}

#[test]
fn it_is_shut_out_for_as_long_as_a_ban_lasts_and_longer_each_time() {
    // A node that bears far more.
    let node = Settings { failures: 50, address_day: 900, network_day: 900, line_day: 900, ..Settings::default() };
    let mut world = World::new(OwnSettings { line_day: None, ..strict() });
    world.lockout = Lockout::new(node);
    for length_ms in [HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS] {
        let looked_at = (0..10).filter(|_| world.is_looked_at("203.0.113.7:1", "101")).count();
        assert_eq!(looked_at, 3);
        world.now_ms += length_ms - 1;
        assert!(!world.is_looked_at("203.0.113.7:1", "102"));
        world.now_ms += 1;
    }
    let here = "203.0.113.7/32".parse().unwrap();
    assert!(!world.lockout.lift(here, world.now_ms), "nothing is shut to it any more");
    (0..3).for_each(|_| drop(world.send("203.0.113.7:1", "101", false)));
    assert!(world.lockout.lift(here, world.now_ms), "liftable where no ban is");
    assert!(world.is_looked_at("203.0.113.7:1", "101"));
}

#[test]
fn where_a_line_is_known_its_account_does_not_stop_it() {
    let mut world = World::new(strict());
    assert_eq!(world.send("192.0.2.7:1", "101", true).0, Seen::Right);
    for host in 1..9 {
        world.send(&format!("203.0.113.{host}:1"), "101", false);
    }
    assert_eq!(world.targets(), [Target::OwnName("101".into())]);
    assert_eq!(world.send("198.51.100.1:1", "101", true).0, Seen::Wrong, "new addresses are not looked at");
    assert_eq!(world.send("192.0.2.7:9", "101", true).0, Seen::Right);
    assert_eq!(world.send("198.51.100.1:1", "102", true).0, Seen::Right, "another line");
    world.now_ms += DAY_MS / 4 + 1;
    assert_eq!(world.send("198.51.100.2:1", "101", true).0, Seen::Right, "one more in a quarter of a day");
}

#[test]
fn its_lines_are_known_in_the_networks_it_allows() {
    let allow_list = vec!["192.0.2.0/24".parse().unwrap()];
    let mut world = World::new(OwnSettings { allow_list, ..OwnSettings::default() });
    for n in 0..5 {
        world.send("192.0.2.9:1", &format!("invented{n}"), false);
    }
    assert!(world.lockout.bans().next().is_some());
    assert!(world.lockout.outward_bans(world.now_ms).is_empty(), "no packet filter may stop its phones");
    assert_eq!(world.send("192.0.2.9:2", "101", true).0, Seen::Right, "new, behind a banned address");
    let guesses = (0..200).filter(|host| world.is_looked_at(&format!("192.0.2.{}:1", 10 + host % 40), "102")).count();
    assert_eq!(guesses, 20, "one bucket for a line in the network");
    world.lockout.ban("192.0.2.0/24".parse().unwrap(), "alice", "", 60, world.now_ms).unwrap();
    assert_eq!(world.send("192.0.2.77:2", "101", true).0, Seen::Silence, "an operator's ban stops it");
    assert_eq!(world.send("198.51.100.1:1", "101", true).0, Seen::Right, "elsewhere as ever");
}

#[test]
fn switched_off_nothing_is_shut() {
    let mut world = World::new(strict());
    world.lockout.set_enabled(false, world.now_ms);
    assert!((0..50).all(|_| world.is_looked_at("203.0.113.7:1", "101")));
    assert!(world.targets().is_empty());
}

#[test]
fn mistakes_and_words() {
    let wrong = OwnSettings {
        failures: Some(0),
        window_s: Some(100_000),
        line_day: Some(9_001),
        allow_list: vec!["10.0.0.0/8".parse().unwrap(); 17],
    };
    assert_eq!(wrong.mistakes().len(), 4 + 17);
    assert!(strict().mistakes().is_empty() && OwnSettings::default().in_words().is_empty());
    assert_eq!(
        strict().in_words(),
        ["a new address is shut out after 3 failures within 60 s", "4 failures a day at a line from new addresses"]
    );
}

#[derive(Clone, Debug)]
enum Step {
    Guess(u8, u8),
    Pass(u64),
    LogIn,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..6u8, 0..4u8).prop_map(|(network, host)| Step::Guess(network, host)),
        3 => (0..2 * HOUR_MS).prop_map(Step::Pass),
        1 => Just(Step::LogIn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whoever guesses at a line of a strict account sees, guess by guess, what they would see of an invented name, bans and
    /// waits included; and no more is looked at than the account says.
    #[test]
    fn a_strict_accounts_lines_look_like_invented_names(
        steps in prop::collection::vec(step(), 1..200),
        failures in prop::option::of(1..8u32),
        line_day in prop::option::of(1..8u32),
    ) {
        let own = OwnSettings { failures, line_day, ..OwnSettings::default() };
        let (mut real, mut invented) = (World::new(own.clone()), World::new(own));
        // The owner of the line, where it is known from now on; of the invented name there is none.
        let owner = "192.0.2.7:5060";
        prop_assert_eq!(real.send(owner, "101", true).0, Seen::Right);
        let (begin_ms, mut looked_at) = (real.now_ms, 0);
        for step in steps {
            match step {
                Step::Guess(network, host) => {
                    let from = SocketAddr::from((Ipv4Addr::new(203, 0, network, host), 5060)).to_string();
                    let (seen, verified, ban) = real.send(&from, "101", false);
                    looked_at += u32::from(verified);
                    let (other, _, other_ban) = invented.send(&from, "none", false);
                    prop_assert_eq!(seen, other);
                    let length = |ban: Option<Ban>| ban.map(|ban| (ban.prefix, ban.until_ms, ban.failures));
                    prop_assert_eq!(length(ban), length(other_ban));
                }
                Step::Pass(ms) => {
                    real.now_ms += ms;
                    invented.now_ms += ms;
                    real.lockout.tick(real.now_ms);
                    invented.lockout.tick(invented.now_ms);
                }
                Step::LogIn => prop_assert_eq!(real.send(owner, "101", true).0, Seen::Right),
            }
        }
        if let Some(line_day) = line_day {
            let days = u32::try_from((real.now_ms - begin_ms) / DAY_MS).unwrap() + 1;
            prop_assert!(looked_at <= line_day * (days + 1), "{looked_at} in {days} days");
        }
    }
}
