//! The lock-out machine, case by case.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::{Admission, Ban, BanChange, BanError, Gate, Lockout, Settings};

const ATTACKER: &str = "198.18.0.9:5060";
const OFFICE: &str = "192.0.2.7:5060";
const START_MS: u64 = 1_700_000_000_000;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn lockout() -> Lockout {
    Lockout::new(Settings::default())
}

/// One wrong password from reservation to outcome. `None` if it was not admitted.
fn guess(lockout: &mut Lockout, from: &str, name: &str, now_ms: u64) -> Option<Option<Ban>> {
    let admitted = lockout.reserve(at(from), now_ms) == Admission::Verify;
    admitted.then(|| lockout.failed(at(from), name, Some("friendly-scanner"), now_ms))
}

fn guesses_until_refused(lockout: &mut Lockout, from: &str, now_ms: u64) -> usize {
    (0..1000).take_while(|n| guess(lockout, from, &format!("{n}"), now_ms).is_some()).count()
}

#[test]
fn the_fifth_failure_bans_and_says_why() {
    let mut lockout = lockout();
    for (n, name) in ["100", "101", "test", "101"].into_iter().enumerate() {
        assert_eq!(guess(&mut lockout, ATTACKER, name, START_MS + n as u64), Some(None));
    }
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS + 4), Gate::Pass);
    let ban = guess(&mut lockout, ATTACKER, "101", START_MS + 5).unwrap().unwrap();
    assert_eq!(ban.describe(), "5 failed passwords within 10 minutes, tried 100, 101, test");
    assert_eq!((ban.prefix, ban.repeat, ban.failures), (net("198.18.0.9/32"), 1, 5));
    assert_eq!(ban.until_ms, START_MS + 5 + 3_600_000);
    assert_eq!(ban.user_agent.as_deref(), Some("friendly-scanner"));
    assert_eq!(lockout.drain_changes(), [BanChange::Added(ban)]);

    assert_eq!(lockout.before_parse(at("198.18.0.9:6000"), START_MS + 6), Gate::Banned);
    assert_eq!(lockout.before_parse(at("[::ffff:198.18.0.9]:6000"), START_MS + 6), Gate::Banned);
    assert_eq!(lockout.before_parse(at("198.18.0.10:5060"), START_MS + 6), Gate::Pass);
    assert_eq!(lockout.reserve(at(ATTACKER), START_MS + 6), Admission::Refuse);
}

#[test]
fn the_window_slides() {
    let mut lockout = lockout();
    for n in 0..4 {
        guess(&mut lockout, ATTACKER, "101", START_MS + n);
    }
    let slid_ms = START_MS + 600_000;
    assert_eq!(guess(&mut lockout, ATTACKER, "101", slid_ms), Some(None), "the first has slid out");
    assert!(guess(&mut lockout, ATTACKER, "101", slid_ms).unwrap().is_some(), "the others have not");
}

#[test]
fn answers_in_flight_count_already() {
    let mut lockout = lockout();
    let admitted = (0..50).filter(|_| lockout.reserve(at(ATTACKER), START_MS) == Admission::Verify);
    assert_eq!(admitted.count(), 5);
    lockout.succeeded(at(ATTACKER), "101", START_MS);
    assert_eq!(lockout.reserve(at(ATTACKER), START_MS), Admission::Verify, "a success frees its place");
    lockout.released(at(ATTACKER), START_MS);
    assert_eq!(lockout.reserve(at(ATTACKER), START_MS), Admission::Verify, "so does a stale nonce");
    assert_eq!(lockout.reserve(at(ATTACKER), START_MS), Admission::Refuse);
}

#[test]
fn a_success_forgives_its_own_name_only() {
    let mut lockout = lockout();
    for round in 0..3 {
        for _ in 0..3 {
            assert_eq!(guess(&mut lockout, OFFICE, "101", START_MS), Some(None), "round {round}");
        }
        lockout.reserve(at(OFFICE), START_MS);
        lockout.succeeded(at(OFFICE), "101", START_MS);
    }
    assert_eq!(lockout.sources.len(), 0, "nothing left to remember of the office");

    for n in 0..4 {
        guess(&mut lockout, ATTACKER, &format!("victim{n}"), START_MS);
        lockout.reserve(at(ATTACKER), START_MS);
        lockout.succeeded(at(ATTACKER), "thief", START_MS);
    }
    let ban = guess(&mut lockout, ATTACKER, "victim4", START_MS).unwrap();
    assert!(ban.is_some(), "a known secret buys no guesses at the others");
}

#[test]
fn bans_end_and_come_back_twice_as_long() {
    let mut lockout = lockout();
    let mut now_ms = START_MS;
    for (repeat, length_s) in [(1, 3600), (2, 7200), (3, 14_400)] {
        assert_eq!(guesses_until_refused(&mut lockout, ATTACKER, now_ms), 5);
        let ban = lockout.ban_of(at(ATTACKER).ip(), now_ms).unwrap().clone();
        assert_eq!((ban.repeat, ban.until_ms - now_ms), (repeat, length_s * 1000));
        assert_eq!(lockout.next_expiry_ms(), Some(ban.until_ms));
        now_ms = ban.until_ms;
        assert_eq!(lockout.before_parse(at(ATTACKER), now_ms - 1), Gate::Banned);
        assert_eq!(lockout.before_parse(at(ATTACKER), now_ms), Gate::Pass, "without a tick");
        lockout.drain_changes();
        lockout.tick(now_ms);
        assert_eq!(lockout.drain_changes(), [BanChange::Expired(net("198.18.0.9/32"))]);
    }
    let forgiven_ms = now_ms + 7 * 86_400_000;
    guesses_until_refused(&mut lockout, ATTACKER, forgiven_ms);
    assert_eq!(lockout.ban_of(at(ATTACKER).ip(), forgiven_ms).unwrap().repeat, 1);
}

#[test]
fn a_banned_office_can_still_call_for_help() {
    let mut lockout = lockout();
    lockout.flow_registered(at(OFFICE), START_MS + 60_000);
    guesses_until_refused(&mut lockout, "192.0.2.7:9999", START_MS);
    assert_eq!(lockout.before_parse(at("192.0.2.7:9999"), START_MS), Gate::Banned);
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS), Gate::Pass);
    for _ in 0..20 {
        assert_eq!(lockout.reserve(at(OFFICE), START_MS), Admission::Verify);
        lockout.succeeded(at(OFFICE), "101", START_MS);
    }
    assert_eq!(guesses_until_refused(&mut lockout, OFFICE, START_MS), 5, "but it may not guess");
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS + 60_000), Gate::Banned, "binding over");
    lockout.flow_registered(at(OFFICE), START_MS + 120_000);
    lockout.flow_gone(at(OFFICE));
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS), Gate::Banned);
}

#[test]
fn an_ipv6_network_is_one_source() {
    let mut lockout = lockout();
    let admitted =
        (1..100).filter(|n| guess(&mut lockout, &format!("[2001:db8::{n}]:5060"), "101", START_MS).is_some());
    assert_eq!(admitted.count(), 5);
    assert_eq!(lockout.before_parse(at("[2001:db8::abcd]:1"), START_MS), Gate::Banned);
    assert_eq!(lockout.before_parse(at("[2001:db8:0:1::1]:1"), START_MS), Gate::Pass);
}

#[test]
fn switched_off_it_learns_and_switched_on_it_acts() {
    let mut lockout = Lockout::new(Settings { enabled: false, ..Settings::default() });
    for _ in 0..20 {
        assert_eq!(guess(&mut lockout, ATTACKER, "101", START_MS), Some(None));
    }
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS), Gate::Pass);
    assert_eq!(lockout.failures_before(at(ATTACKER).ip(), "101", START_MS, 600), 20);
    lockout.set_enabled(true, START_MS + 1);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS + 1), Gate::Banned);
    lockout.set_enabled(false, START_MS + 2);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS + 2), Gate::Pass);
    assert_eq!(lockout.bans().count(), 1, "kept, not enforced");
    lockout.set_enabled(true, START_MS + 3);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS + 3), Gate::Banned);
    assert_eq!(lockout.drain_changes().len(), 1);
}

#[test]
fn the_allow_list_wins() {
    let settings = Settings { allow_list: vec![net("192.0.2.0/24")], ..Settings::default() };
    let mut lockout = Lockout::new(settings.clone());
    assert_eq!(guesses_until_refused(&mut lockout, OFFICE, START_MS), 1000);
    let refused = lockout.ban(net("192.0.2.7/32"), "alice", "", 60, START_MS).unwrap_err();
    assert_eq!(refused.to_string(), "192.0.2.7/32 is on the allow-list: take it off there first");
    lockout.ban(net("192.0.0.0/16"), "alice", "", 60, START_MS).unwrap();
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS), Gate::Pass);
    assert_eq!(lockout.before_parse(at("192.0.3.1:1"), START_MS), Gate::Banned);

    guesses_until_refused(&mut lockout, ATTACKER, START_MS);
    lockout.drain_changes();
    let allow_list = vec![net("198.18.0.0/15")];
    lockout.set_settings(Settings { allow_list, ..settings }, START_MS);
    assert_eq!(lockout.drain_changes(), [BanChange::Lifted(net("198.18.0.9/32"))]);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS), Gate::Pass);
}

#[test]
fn operators_ban_and_lift() {
    let mut lockout = Lockout::new(Settings { enabled: false, ..Settings::default() });
    guess(&mut lockout, ATTACKER, "100", START_MS);
    let ban = lockout.ban(net("198.18.0.9/32"), "alice", "rings at night", 60, START_MS).unwrap();
    assert_eq!(ban.describe(), "banned by alice: rings at night, tried 100");
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS), Gate::Banned, "holds while lock-out is off");
    assert_eq!(lockout.reserve(at(ATTACKER), START_MS), Admission::Refuse);
    assert!(!lockout.lift(net("198.18.0.0/24")), "no such ban");
    assert!(lockout.lift(net("198.18.0.9/32")));
    assert_eq!(lockout.facts(at(ATTACKER).ip(), "100", START_MS).address.failures, 0, "forgotten");
    let wide = lockout.ban(net("0.0.0.0/0"), "alice", "", 60, START_MS);
    assert!(matches!(wide, Err(BanError::TooWide { .. })));
}

#[test]
fn bans_come_back_from_the_store() {
    let mut before = lockout();
    guesses_until_refused(&mut before, ATTACKER, START_MS);
    let ban = before.bans().next().unwrap().clone();

    let mut after = lockout();
    after.restore(ban.clone(), START_MS + 1);
    after.restore(Ban { prefix: net("198.18.0.1/32"), until_ms: START_MS, ..ban.clone() }, START_MS + 1);
    assert_eq!(after.bans().collect::<Vec<_>>(), [&ban]);
    assert!(after.drain_changes().is_empty());
    assert_eq!(after.before_parse(at(ATTACKER), START_MS + 1), Gate::Banned);
    guesses_until_refused(&mut after, ATTACKER, ban.until_ms);
    assert_eq!(after.ban_of(at(ATTACKER).ip(), ban.until_ms).unwrap().repeat, 2);
}

#[test]
fn the_guard_learns_what_failed_before() {
    let mut lockout = lockout();
    for n in 0..3 {
        guess(&mut lockout, ATTACKER, "101", START_MS + n);
    }
    guess(&mut lockout, ATTACKER, "100", START_MS + 3);
    guess(&mut lockout, "203.0.113.5:5060", "101", START_MS + 4);
    let ip = at(ATTACKER).ip();
    assert_eq!(lockout.failures_before(ip, "101", START_MS + 5, 600), 3);
    assert_eq!(lockout.failures_before(ip, "101", START_MS + 601_000, 600), 0, "too long ago");
    lockout.reserve(at(ATTACKER), START_MS + 5);
    let facts = lockout.succeeded(at(ATTACKER), "101", START_MS + 5);
    assert_eq!((facts.address_as_line.failures, facts.address.failures), (3, 4));
    assert_eq!((facts.address_as_line.first_ms, facts.address_as_line.last_ms), (START_MS, START_MS + 2));
    assert_eq!((facts.line.failures, facts.line_addresses), (4, 2));
    let again = lockout.facts(ip, "101", START_MS + 6);
    assert_eq!((again.address_as_line.failures, again.address.failures), (0, 1), "told once");
    let next_day = lockout.facts(ip, "101", START_MS + 6 + 86_400_000);
    assert_eq!((next_day.address.failures, next_day.line.failures), (0, 0));
}

#[test]
fn idle_counters_are_forgotten() {
    let mut lockout = lockout();
    guess(&mut lockout, ATTACKER, "101", START_MS);
    lockout.tick(START_MS + 86_400_000 - 1);
    assert_eq!((lockout.sources.len(), lockout.lines.len()), (1, 1));
    lockout.tick(START_MS + 86_400_000);
    assert_eq!((lockout.sources.len(), lockout.lines.len()), (0, 0));
}
