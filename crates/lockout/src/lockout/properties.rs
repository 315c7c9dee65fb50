//! What holds for the lock-out machine whatever happens, in whatever order.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::*;

use crate::{Admission, Gate, Lockout, Settings};

const TRACKED: u32 = 8;

#[derive(Clone, Debug)]
enum Step {
    Reserve(SocketAddr),
    Fail(SocketAddr, String),
    Succeed(SocketAddr, String),
    Release(SocketAddr),
    Register(SocketAddr, u64),
    Gone(SocketAddr),
    Enable(bool),
    BanPrefix(IpAddr, u8),
    Lift(IpAddr, u8),
    Wait(u64),
}

fn from() -> impl Strategy<Value = SocketAddr> {
    let ip = (0..40u8).prop_map(|last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)));
    (ip, 1..4u16).prop_map(|(ip, port)| SocketAddr::new(ip, port))
}

fn step() -> impl Strategy<Value = Step> {
    let name = || "[a-c]{1,2}";
    prop_oneof![
        8 => from().prop_map(Step::Reserve),
        6 => (from(), name()).prop_map(|(from, name)| Step::Fail(from, name)),
        2 => (from(), name()).prop_map(|(from, name)| Step::Succeed(from, name)),
        1 => from().prop_map(Step::Release),
        1 => (from(), 0..2_000_000u64).prop_map(|(from, until_ms)| Step::Register(from, until_ms)),
        1 => from().prop_map(Step::Gone),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => (from(), 0..=32u8).prop_map(|(from, length)| Step::BanPrefix(from.ip(), length)),
        1 => (from(), 24..=32u8).prop_map(|(from, length)| Step::Lift(from.ip(), length)),
        2 => (0..700_000u64).prop_map(Step::Wait),
    ]
}

fn take(lockout: &mut Lockout, step: &Step, now_ms: &mut u64) {
    let now = *now_ms;
    match step {
        Step::Reserve(from) => drop(lockout.reserve(*from, now)),
        Step::Fail(from, name) => drop(lockout.failed(*from, name, None, now)),
        Step::Succeed(from, name) => drop(lockout.succeeded(*from, name, now)),
        Step::Release(from) => lockout.released(*from, now),
        Step::Register(from, until_ms) => lockout.flow_registered(*from, *until_ms),
        Step::Gone(from) => lockout.flow_gone(*from),
        Step::Enable(enabled) => lockout.set_enabled(*enabled, now),
        Step::BanPrefix(ip, length) => {
            let _ = lockout.ban(crate::source::truncated(*ip, *length), "alice", "", 600, now);
        }
        Step::Lift(ip, length) => drop(lockout.lift(crate::source::truncated(*ip, *length))),
        Step::Wait(ms) => {
            *now_ms += ms;
            lockout.tick(*now_ms);
        }
    }
}

fn settings() -> Settings {
    Settings { max_tracked_addresses: TRACKED, ..Settings::default() }
}

proptest! {
    #[test]
    fn state_is_bounded(steps in prop::collection::vec(step(), 0..300)) {
        let (mut lockout, mut now_ms) = (Lockout::new(settings()), 0);
        for step in &steps {
            take(&mut lockout, step, &mut now_ms);
            prop_assert!(lockout.sources.len() <= TRACKED as usize);
            prop_assert!(lockout.lines.len() <= TRACKED as usize);
            prop_assert!(lockout.bans().all(|ban| ban.names_tried.len() <= crate::MAX_NAMES_TRIED));
            lockout.drain_changes();
        }
        lockout.tick(u64::MAX);
        prop_assert_eq!(lockout.bans().count(), 0);
        prop_assert_eq!((lockout.sources.len(), lockout.lines.len()), (0, 0));
    }

    #[test]
    fn the_allow_list_always_wins(steps in prop::collection::vec(step(), 0..200), office in from()) {
        let allow_list = vec![office.ip().into()];
        let (mut lockout, mut now_ms) = (Lockout::new(Settings { allow_list, ..settings() }), 0);
        for step in &steps {
            take(&mut lockout, step, &mut now_ms);
            prop_assert_eq!(lockout.before_parse(office, now_ms), Gate::Pass);
            prop_assert_eq!(lockout.reserve(office, now_ms), Admission::Verify);
        }
    }

    #[test]
    fn a_registered_flow_always_passes(steps in prop::collection::vec(step(), 0..200), phone in from()) {
        let (mut lockout, mut now_ms) = (Lockout::new(settings()), 0);
        lockout.flow_registered(phone, u64::MAX);
        for step in steps.iter().filter(|step| !matches!(step, Step::Gone(from) if *from == phone)) {
            take(&mut lockout, step, &mut now_ms);
            prop_assert_eq!(lockout.before_parse(phone, now_ms), Gate::Pass);
        }
    }

    /// `outcomes` says for each turn whether to ask for another verification or to answer the oldest in flight.
    #[test]
    fn exactly_so_many_verifications_are_admitted(
        failures in 1..20u32,
        turns in prop::collection::vec((any::<bool>(), 0..1000u16), 0..200),
    ) {
        let mut lockout = Lockout::new(Settings { failures, window_s: 1_000_000, ..Settings::default() });
        let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port);
        let (mut asked, mut admitted, mut bans, mut in_flight) = (0, 0, 0, Vec::new());
        for (now_ms, (asks, port)) in (0..).zip(turns) {
            if asks || in_flight.is_empty() {
                asked += 1;
                if lockout.reserve(at(port), now_ms) == Admission::Verify {
                    admitted += 1;
                    in_flight.push(port);
                }
            } else {
                let port = in_flight.swap_remove(usize::from(port) % in_flight.len());
                bans += u32::from(lockout.failed(at(port), "101", None, now_ms).is_some());
            }
        }
        prop_assert_eq!(admitted, asked.min(failures));
        for port in in_flight {
            bans += u32::from(lockout.failed(at(port), "101", None, 200).is_some());
        }
        prop_assert_eq!(bans, u32::from(asked >= failures), "one ban, at the last failure");
        prop_assert_eq!(lockout.reserve(at(1), 200) == Admission::Verify, asked < failures);
    }

    #[test]
    fn the_same_steps_give_the_same_bans(steps in prop::collection::vec(step(), 0..200)) {
        let run = || {
            let (mut lockout, mut now_ms) = (Lockout::new(settings()), 0);
            steps.iter().for_each(|step| take(&mut lockout, step, &mut now_ms));
            lockout.drain_changes()
        };
        prop_assert_eq!(run(), run());
    }
}
