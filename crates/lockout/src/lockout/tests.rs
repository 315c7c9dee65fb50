//! The lock-out machine, case by case.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::{Admission, Attempt, Ban, BanChange, BanError, BanReason, Gate, Lockout, Settings, Target, Ticket};

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

fn ask(lockout: &mut Lockout, from: &str, name: &str, now_ms: u64) -> Admission {
    lockout.reserve(&Attempt { from: at(from), name, asn: &|| Some(64_496), own: None }, now_ms)
}

/// Leave to verify; panics if there is none.
#[track_caller]
fn ticket(lockout: &mut Lockout, from: &str, name: &str, now_ms: u64) -> Ticket {
    match ask(lockout, from, name, now_ms) {
        Admission::Verify(ticket) => ticket,
        refused => panic!("{name} from {from}: {refused:?}"),
    }
}

/// One wrong password from reservation to outcome. `None` if it was not admitted.
fn guess(lockout: &mut Lockout, from: &str, name: &str, now_ms: u64) -> Option<Option<Ban>> {
    match ask(lockout, from, name, now_ms) {
        Admission::Verify(ticket) => Some(lockout.failed(ticket, Some("friendly-scanner"), now_ms)),
        _ => None,
    }
}

/// One right password.
#[track_caller]
fn log_in(lockout: &mut Lockout, from: &str, name: &str, now_ms: u64) {
    let ticket = ticket(lockout, from, name, now_ms);
    lockout.succeeded(ticket, now_ms);
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
    assert!(matches!(ask(&mut lockout, ATTACKER, "101", START_MS + 6), Admission::Refuse));
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
    let mut tickets: Vec<Ticket> = (0..50)
        .filter_map(|_| match ask(&mut lockout, ATTACKER, "101", START_MS) {
            Admission::Verify(ticket) => Some(ticket),
            _ => None,
        })
        .collect();
    assert_eq!(tickets.len(), 5);
    lockout.released(tickets.pop().unwrap(), START_MS);
    let freed = ticket(&mut lockout, ATTACKER, "101", START_MS);
    assert!(matches!(ask(&mut lockout, ATTACKER, "101", START_MS), Admission::Refuse), "one place, taken again");
    lockout.succeeded(freed, START_MS);
    let _known = ticket(&mut lockout, ATTACKER, "101", START_MS);
    let _free = ticket(&mut lockout, ATTACKER, "102", START_MS);
    assert!(matches!(ask(&mut lockout, ATTACKER, "102", START_MS), Admission::Refuse));
}

#[test]
fn a_success_forgives_its_own_name_only() {
    let mut lockout = lockout();
    for _ in 0..4 {
        assert_eq!(guess(&mut lockout, OFFICE, "101", START_MS), Some(None));
    }
    log_in(&mut lockout, OFFICE, "101", START_MS);
    assert_eq!(lockout.sources.len(), 0, "nothing left of the fumbling but at the name");
    assert_eq!(lockout.tallies.len(), 2);

    for n in 0..4 {
        guess(&mut lockout, ATTACKER, &format!("victim{n}"), START_MS);
        log_in(&mut lockout, ATTACKER, "thief", START_MS);
    }
    let ban = guess(&mut lockout, ATTACKER, "victim4", START_MS).unwrap();
    assert!(ban.is_some(), "a known secret buys no guesses at the others");
    assert!(guess(&mut lockout, ATTACKER, "victim5", START_MS).is_none());
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
fn an_office_is_known_by_its_successes() {
    let mut lockout = lockout();
    let desk = |n: u32| format!("192.0.2.7:{}", 20_000 + n);
    for n in 0..40 {
        log_in(&mut lockout, &desk(n), &format!("1{n:02}"), START_MS);
    }
    // A phone whose secret changed under it hammers: it costs its own name, there, and nobody else.
    let hammered = (0..1000).filter(|n| guess(&mut lockout, &desk(99), "107", START_MS + n).is_some()).count();
    assert_eq!(hammered, 20);
    assert!(matches!(ask(&mut lockout, &desk(99), "107", START_MS + 1000), Admission::Wait { retry_after_s: 4319 }));
    assert!(lockout.ban_of(at(OFFICE).ip(), START_MS + 1000).is_none());
    // Somebody in the office guesses at names that are new there: the address is banned for new names alone.
    assert_eq!(guesses_until_refused(&mut lockout, &desk(98), START_MS), 5);
    assert!(lockout.ban_of(at(OFFICE).ip(), START_MS).is_some());
    assert_eq!(lockout.before_parse(at(&desk(97)), START_MS), Gate::Pass);
    for n in (0..40).filter(|n| *n != 7) {
        log_in(&mut lockout, &desk(1000 + n), &format!("1{n:02}"), START_MS);
    }
    assert!(matches!(ask(&mut lockout, &desk(0), "200", START_MS), Admission::Refuse));
    // An operator's ban is meant: only live flows are heard.
    lockout.flow_registered(at(&desk(0)), START_MS + 60_000);
    lockout.ban(net("192.0.2.0/24"), "alice", "", 60, START_MS).unwrap();
    assert_eq!(lockout.before_parse(at(&desk(97)), START_MS), Gate::Banned);
    assert!(matches!(ask(&mut lockout, &desk(97), "101", START_MS), Admission::Refuse));
    assert_eq!(lockout.before_parse(at(&desk(0)), START_MS), Gate::Pass);
    log_in(&mut lockout, &desk(0), "100", START_MS);
}

#[test]
fn a_live_flow_outranks_the_ban_of_its_address() {
    let mut lockout = lockout();
    lockout.flow_registered(at(OFFICE), START_MS + 60_000);
    guesses_until_refused(&mut lockout, "192.0.2.7:9999", START_MS);
    assert_eq!(lockout.before_parse(at("192.0.2.7:9999"), START_MS), Gate::Banned);
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS), Gate::Pass);
    assert!(matches!(ask(&mut lockout, OFFICE, "102", START_MS), Admission::Refuse), "but it may not guess");
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS + 60_000), Gate::Banned, "binding over");
    lockout.flow_registered(at(OFFICE), START_MS + 120_000);
    lockout.flow_gone(at(OFFICE));
    assert_eq!(lockout.before_parse(at(OFFICE), START_MS), Gate::Banned);
}

#[test]
fn a_neighbour_who_fills_a_names_bucket_does_not_stop_its_live_flow() {
    let mut lockout = lockout();
    log_in(&mut lockout, OFFICE, "101", START_MS);
    lockout.flow_registered(at(OFFICE), START_MS + 60_000);
    while guess(&mut lockout, "192.0.2.7:9999", "101", START_MS).is_some() {}
    for _ in 0..100 {
        log_in(&mut lockout, OFFICE, "101", START_MS);
    }
    assert_eq!((0..100).filter(|_| guess(&mut lockout, OFFICE, "101", START_MS).is_some()).count(), 20);
}

#[test]
fn slow_guessing_from_one_address_ends_in_a_ban() {
    let mut lockout = lockout();
    // Four in ten minutes: never five within the window.
    let mut now_ms = START_MS;
    let mut count = 0;
    let ban = loop {
        now_ms += 150_001;
        count += 1;
        if let Some(ban) = guess(&mut lockout, ATTACKER, &format!("{count}"), now_ms).unwrap() {
            break ban;
        }
    };
    assert_eq!(count, 20);
    assert_eq!(ban.reason.to_string(), "20 failed passwords, spread over 1 hour");
    let again = guess(&mut lockout, ATTACKER, "x", ban.until_ms).unwrap().unwrap();
    assert_eq!(again.repeat, 2, "an hour later there is room for one, and it fills the bucket again");
}

#[test]
fn guessing_spread_over_a_network_bans_the_network() {
    let mut lockout = lockout();
    let office = "203.0.113.77:5060";
    log_in(&mut lockout, office, "101", START_MS);
    let mut bans = Vec::new();
    for n in 1..=60_u64 {
        let from = format!("203.0.113.{}:5060", n % 15 + 1);
        bans.extend(guess(&mut lockout, &from, &format!("{n}"), START_MS + n).unwrap());
    }
    let [ban] = bans.as_slice() else { panic!("{bans:?}") };
    assert_eq!(ban.prefix, net("203.0.113.0/24"));
    assert_eq!(ban.reason, BanReason::GuessingNetwork { failures: 60, addresses: 15 });
    assert_eq!(lockout.before_parse(at("203.0.113.200:1"), START_MS + 99), Gate::Banned);
    assert_eq!(lockout.before_parse(at(office), START_MS + 99), Gate::Pass, "known by its success");
    log_in(&mut lockout, office, "101", START_MS + 99);
    assert!(lockout.lift(net("203.0.113.0/24"), 0));
    assert_eq!(guess(&mut lockout, "203.0.113.200:1", "x", START_MS + 99), Some(None), "lifted, its counter too");
}

/// One guess each from addresses of ever new networks and systems. How many were verified.
fn spread(lockout: &mut Lockout, name: &str, guesses: u32, now_ms: u64) -> usize {
    let addresses = (0..guesses).map(|n| SocketAddr::from((std::net::Ipv4Addr::from(0x0b00_0000 + n * 256), 5060)));
    addresses
        .enumerate()
        .filter(|(n, from)| {
            match lockout.reserve(&Attempt { from: *from, name, asn: &|| Some(*n as u32), own: None }, now_ms) {
                Admission::Verify(ticket) => {
                    assert_eq!(lockout.failed(ticket, None, now_ms), None);
                    true
                }
                _ => false,
            }
        })
        .count()
}

#[test]
fn distributed_guessing_raises_the_price_of_its_line_alone() {
    let mut lockout = lockout();
    log_in(&mut lockout, OFFICE, "101", START_MS);
    assert_eq!(spread(&mut lockout, "101", 1000, START_MS), 20);
    assert_eq!(spread(&mut lockout, "nobody", 1000, START_MS), 20, "an invented name is no different");
    let wait = ask(&mut lockout, "198.51.100.1:5060", "101", START_MS);
    assert!(matches!(wait, Admission::Wait { retry_after_s: 4320 }), "{wait:?}");
    log_in(&mut lockout, OFFICE, "101", START_MS + 1);
    log_in(&mut lockout, "192.0.2.200:5060", "101", START_MS + 1);
    log_in(&mut lockout, "198.51.100.1:5060", "102", START_MS + 1);
    let pressed: Vec<Target> = lockout.pressed(START_MS).into_iter().map(|pressed| pressed.target).collect();
    assert_eq!(pressed, [Target::Name("101".to_owned()), Target::Name("nobody".to_owned())]);
    assert_eq!(spread(&mut lockout, "101", 1000, START_MS + 86_400_000), 20, "the next day");
}

#[test]
fn a_new_secret_makes_strangers_of_those_who_knew_the_old_one() {
    let mut lockout = lockout();
    for name in ["101", "107"] {
        log_in(&mut lockout, OFFICE, name, START_MS);
    }
    log_in(&mut lockout, ATTACKER, "107", START_MS);
    lockout.secret_changed("107");
    assert_eq!(guesses_until_refused(&mut lockout, ATTACKER, START_MS), 5);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS), Gate::Banned);
    while guess(&mut lockout, OFFICE, "107", START_MS).is_some() {}
    assert!(lockout.ban_of(at(OFFICE).ip(), START_MS).is_none(), "the office has not changed");
}

#[test]
fn what_accounts_remember_is_known_after_a_restart() {
    let mut lockout = lockout();
    lockout.remember("101", at(OFFICE).ip(), START_MS);
    guesses_until_refused(&mut lockout, OFFICE, START_MS);
    log_in(&mut lockout, OFFICE, "101", START_MS);
    let later_ms = START_MS + 31 * 86_400_000;
    spread(&mut lockout, "101", 20, later_ms);
    assert!(matches!(ask(&mut lockout, OFFICE, "101", later_ms), Admission::Wait { .. }), "too long ago");
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
    assert_eq!(lockout.facts(at(ATTACKER).ip(), "101", START_MS).here(START_MS, 600), 20);
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
fn a_phone_waits_for_no_guess_made_before_its_new_secret() {
    const HOME: &str = "203.0.113.5:5060";
    let mut lockout = Lockout::new(Settings { enabled: false, ..Settings::default() });
    // Guessed at while nothing was refused; the thief gets in, and goes on with the old secret after the change.
    for _ in 0..30 {
        guess(&mut lockout, ATTACKER, "107", START_MS);
    }
    log_in(&mut lockout, ATTACKER, "107", START_MS);
    lockout.secret_changed("107");
    guess(&mut lockout, ATTACKER, "107", START_MS);
    lockout.set_enabled(true, START_MS);
    log_in(&mut lockout, HOME, "107", START_MS);
    // Guessed at from everywhere, with lock-out on: the phone is where it was, and has the next secret.
    spread(&mut lockout, "107", 40, START_MS + 1);
    lockout.secret_changed("107");
    assert!(matches!(ask(&mut lockout, OFFICE, "107", START_MS + 2), Admission::Wait { .. }), "a stranger");
    assert!(guess(&mut lockout, HOME, "107", START_MS + 2).is_some(), "with its old secret once more");
    log_in(&mut lockout, HOME, "107", START_MS + 3);
}

#[test]
fn who_had_the_old_secret_guesses_no_more_than_a_stranger() {
    let mut lockout = lockout();
    log_in(&mut lockout, ATTACKER, "107", START_MS);
    lockout.secret_changed("107");
    let guesses = (0..100).filter(|_| guess(&mut lockout, ATTACKER, "107", START_MS).is_some()).count();
    assert_eq!(guesses, 5);
    assert_eq!(lockout.before_parse(at(ATTACKER), START_MS), Gate::Banned);
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
    assert!(matches!(ask(&mut lockout, ATTACKER, "100", START_MS), Admission::Refuse));
    assert!(!lockout.lift(net("198.18.0.0/24"), START_MS), "no such ban");
    assert!(lockout.lift(net("198.18.0.9/32"), START_MS));
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
    assert_eq!(lockout.facts(ip, "101", START_MS + 5).here(START_MS + 5, 600), 3);
    assert_eq!(lockout.facts(ip, "101", START_MS + 601_000).here(START_MS + 601_000, 600), 0, "too long ago");
    let ticket = ticket(&mut lockout, ATTACKER, "101", START_MS + 5);
    let facts = lockout.facts(ip, "101", START_MS + 5);
    lockout.succeeded(ticket, START_MS + 5);
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
    assert_eq!((lockout.sources.len(), lockout.tallies.len()), (1, 6));
    lockout.tick(START_MS + 86_400_000);
    assert_eq!((lockout.sources.len(), lockout.tallies.len()), (0, 0));
}
