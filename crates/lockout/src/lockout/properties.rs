//! What holds for the lock-out machine whatever happens, in whatever order.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proptest::prelude::*;

use crate::lockout::TALLIES_PER_ADDRESS;
use crate::{Admission, Attempt, Gate, Lockout, Settings, Ticket};

const TRACKED: u32 = 8;

#[derive(Clone, Debug)]
enum Step {
    /// Ask leave.
    Reserve(SocketAddr, String),
    /// Settle one of the tickets that are out.
    Fail(usize),
    Succeed(usize),
    Release(usize),
    NewSecret(String),
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
        9 => (from(), name()).prop_map(|(from, name)| Step::Reserve(from, name)),
        6 => any::<usize>().prop_map(Step::Fail),
        2 => any::<usize>().prop_map(Step::Succeed),
        1 => any::<usize>().prop_map(Step::Release),
        1 => name().prop_map(Step::NewSecret),
        1 => (from(), 0..2_000_000u64).prop_map(|(from, until_ms)| Step::Register(from, until_ms)),
        1 => from().prop_map(Step::Gone),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => (from(), 0..=32u8).prop_map(|(from, length)| Step::BanPrefix(from.ip(), length)),
        1 => (from(), 24..=32u8).prop_map(|(from, length)| Step::Lift(from.ip(), length)),
        2 => (0..700_000u64).prop_map(Step::Wait),
    ]
}

/// A lock-out under test, its clock, and the tickets that are out.
struct World {
    lockout: Lockout,
    now_ms: u64,
    tickets: Vec<Ticket>,
}

impl World {
    fn new(settings: Settings) -> Self {
        World { lockout: Lockout::new(settings), now_ms: 0, tickets: Vec::new() }
    }

    fn ticket(&mut self, number: usize) -> Option<Ticket> {
        (!self.tickets.is_empty()).then(|| self.tickets.swap_remove(number % self.tickets.len()))
    }

    fn take(&mut self, step: &Step) {
        let now = self.now_ms;
        match step {
            Step::Reserve(from, name) => {
                let attempt = Attempt { from: *from, name, asn: &|| Some(u32::from(from.port())), own: None };
                if let Admission::Verify(ticket) = self.lockout.reserve(&attempt, now) {
                    self.tickets.push(ticket);
                }
            }
            Step::Fail(number) => drop(self.ticket(*number).map(|ticket| self.lockout.failed(ticket, None, now))),
            Step::Succeed(number) => {
                if let Some(ticket) = self.ticket(*number) {
                    self.lockout.succeeded(ticket, now);
                }
            }
            Step::Release(number) => drop(self.ticket(*number).map(|ticket| self.lockout.released(ticket, now))),
            Step::NewSecret(name) => self.lockout.secret_changed(name),
            Step::Register(from, until_ms) => self.lockout.flow_registered(*from, *until_ms),
            Step::Gone(from) => self.lockout.flow_gone(*from),
            Step::Enable(enabled) => self.lockout.set_enabled(*enabled, now),
            Step::BanPrefix(ip, length) => {
                let _ = self.lockout.ban(crate::source::truncated(*ip, *length), "alice", "", 600, now);
            }
            Step::Lift(ip, length) => drop(self.lockout.lift(crate::source::truncated(*ip, *length), now)),
            Step::Wait(ms) => {
                self.now_ms += ms;
                self.lockout.tick(self.now_ms);
            }
        }
    }
}

fn settings() -> Settings {
    Settings { max_tracked_addresses: TRACKED, ..Settings::default() }
}

proptest! {
    #[test]
    fn state_is_bounded(steps in prop::collection::vec(step(), 0..300)) {
        let mut world = World::new(settings());
        for step in &steps {
            world.take(step);
            let lockout = &mut world.lockout;
            prop_assert!(lockout.sources.len() <= TRACKED as usize);
            prop_assert!(lockout.tallies.len() <= TRACKED as usize * TALLIES_PER_ADDRESS);
            prop_assert!(lockout.bans().all(|ban| ban.names_tried.len() <= crate::MAX_NAMES_TRIED));
            lockout.drain_changes();
        }
        let mut lockout = world.lockout;
        (0..4).for_each(|_| lockout.tick(u64::MAX));
        prop_assert_eq!(lockout.bans().count(), 0);
        prop_assert_eq!((lockout.sources.len(), lockout.tallies.len(), lockout.known.sizes()), (0, 0, (0, 0)));
    }

    #[test]
    fn the_allow_list_always_wins(steps in prop::collection::vec(step(), 0..200), office in from()) {
        let allow_list = vec![office.ip().into()];
        let mut world = World::new(Settings { allow_list, ..settings() });
        for step in &steps {
            world.take(step);
            prop_assert_eq!(world.lockout.before_parse(office, world.now_ms), Gate::Pass);
            let attempt = Attempt { from: office, name: "a", asn: &|| None, own: None };
            prop_assert!(matches!(world.lockout.reserve(&attempt, world.now_ms), Admission::Verify(_)));
        }
    }

    #[test]
    fn a_registered_flow_always_passes(steps in prop::collection::vec(step(), 0..200), phone in from()) {
        let mut world = World::new(settings());
        world.lockout.flow_registered(phone, u64::MAX);
        for step in steps.iter().filter(|step| !matches!(step, Step::Gone(from) if *from == phone)) {
            world.take(step);
            prop_assert_eq!(world.lockout.before_parse(phone, world.now_ms), Gate::Pass);
        }
    }

    /// `outcomes` says for each turn whether to ask for another verification or to answer one in flight.
    #[test]
    fn exactly_so_many_verifications_are_admitted(
        failures in 1..20u32,
        turns in prop::collection::vec((any::<bool>(), 0..1000u16), 0..200),
    ) {
        let mut lockout = Lockout::new(Settings { failures, window_s: 86_400, ..Settings::default() });
        let ask = |lockout: &mut Lockout, port: u16, now_ms| {
            let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port);
            lockout.reserve(&Attempt { from, name: "101", asn: &|| None, own: None }, now_ms)
        };
        let (mut asked, mut bans, mut in_flight) = (0, 0, Vec::new());
        let mut admitted = 0;
        for (now_ms, (asks, port)) in (0..).zip(turns) {
            if asks || in_flight.is_empty() {
                asked += 1;
                if let Admission::Verify(ticket) = ask(&mut lockout, port, now_ms) {
                    admitted += 1;
                    in_flight.push(ticket);
                }
            } else {
                let ticket = in_flight.swap_remove(usize::from(port) % in_flight.len());
                bans += u32::from(lockout.failed(ticket, None, now_ms).is_some());
            }
        }
        prop_assert_eq!(admitted, asked.min(failures));
        for ticket in in_flight {
            bans += u32::from(lockout.failed(ticket, None, 200).is_some());
        }
        prop_assert_eq!(bans, u32::from(asked >= failures), "one ban, at the last failure");
        prop_assert_eq!(matches!(ask(&mut lockout, 1, 200), Admission::Verify(_)), asked < failures);
    }

    /// Verifications that are all taken back leave no trace.
    #[test]
    fn what_is_released_was_never_counted(asks in prop::collection::vec((from(), "[a-c]{1,2}"), 0..100)) {
        let mut lockout = Lockout::new(Settings::default());
        for (from, name) in &asks {
            if let Admission::Verify(ticket) = lockout.reserve(&Attempt { from: *from, name, asn: &|| Some(1), own: None }, 0) {
                lockout.released(ticket, 0);
            }
        }
        prop_assert_eq!((lockout.sources.len(), lockout.tallies.len()), (0, 0));
    }

    #[test]
    fn the_same_steps_give_the_same_bans(steps in prop::collection::vec(step(), 0..200)) {
        let run = || {
            let mut world = World::new(settings());
            steps.iter().for_each(|step| world.take(step));
            world.lockout.drain_changes()
        };
        prop_assert_eq!(run(), run());
    }
}
