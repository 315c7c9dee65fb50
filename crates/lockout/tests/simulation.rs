//! Attackers and honest phones before a lock-out with its default settings, under thousands of seeds: how many guesses
//! at a line are verified, and whether an honest phone is ever refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lockout::{Admission, Attempt, Gate, Lockout, Own, OwnSettings, Settings};

const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;
const START_MS: u64 = 1_772_323_200_000;

/// A small generator of numbers (splitmix64): the same seed, the same run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// An address of a stranger: within a few networks, or anywhere, of either family.
    fn stranger(&mut self, networks: u64) -> IpAddr {
        let network = self.below(networks);
        if self.below(4) == 0 {
            let bits = 0x2001_0db8_u128 << 96 | u128::from(network) << 80 | u128::from(self.below(1 << 16)) << 64;
            return IpAddr::V6(Ipv6Addr::from(bits | u128::from(self.next())));
        }
        let bits = 0x2d00_0000 | u32::try_from(network << 8 | self.below(256)).unwrap();
        IpAddr::V4(Ipv4Addr::from(bits))
    }
}

/// What became of a request with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The password was looked at.
    Verified,
    /// Answered as a wrong one, and not looked at.
    Blind,
    /// Dropped unread, dropped unanswered, or told to wait.
    Refused,
}

/// A lock-out and its clock.
struct World {
    lockout: Lockout,
    now_ms: u64,
    /// What the account of all lines sets.
    own: OwnSettings,
}

impl World {
    fn new() -> Self {
        Self::with(OwnSettings::default())
    }

    fn with(own: OwnSettings) -> Self {
        World { lockout: Lockout::new(Settings::default()), now_ms: START_MS, own }
    }

    fn request(&mut self, from: SocketAddr, name: &str, asn: u32, is_right: bool) -> Outcome {
        if self.lockout.before_parse(from, self.now_ms) == Gate::Banned {
            return Outcome::Refused;
        }
        let own = (name != "invented").then_some(Own { account: "firm", settings: &self.own });
        match self.lockout.reserve(&Attempt { from, name, asn: &|| Some(asn), own }, self.now_ms) {
            Admission::Verify(ticket) => {
                if is_right {
                    self.lockout.succeeded(ticket, self.now_ms);
                    self.lockout.flow_registered(from, self.now_ms + 10 * MINUTE_MS);
                } else {
                    self.lockout.failed(ticket, None, self.now_ms);
                }
                Outcome::Verified
            }
            Admission::Blind(ticket) => {
                self.lockout.failed(ticket, None, self.now_ms);
                Outcome::Blind
            }
            Admission::Refuse | Admission::Wait { .. } => Outcome::Refused,
        }
    }

    fn guess(&mut self, ip: IpAddr, port: u64, name: &str, asn: u32) -> u32 {
        let from = SocketAddr::new(ip, u16::try_from(1024 + port % 50_000).unwrap());
        u32::from(self.request(from, name, asn, false) == Outcome::Verified)
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.lockout.tick(self.now_ms);
    }
}

/// Honest phones at one address, each on a port that may change, registering now and then.
struct Office {
    ip: IpAddr,
    asn: u32,
    names: Vec<String>,
}

impl Office {
    fn new(dice: &mut Dice, phones: u64) -> Self {
        let ip = IpAddr::V4(Ipv4Addr::from(0xc000_0207 | u32::try_from(dice.below(200) << 8).unwrap()));
        Office { ip, asn: 7018, names: (0..phones).map(|n| format!("{}", 100 + n)).collect() }
    }

    fn from(&self, dice: &mut Dice) -> SocketAddr {
        SocketAddr::new(self.ip, u16::try_from(1024 + dice.below(60_000)).unwrap())
    }

    /// One phone registers, from a port of the router's choice.
    fn register(&self, world: &mut World, dice: &mut Dice, phone: usize) -> Outcome {
        let from = self.from(dice);
        world.request(from, &self.names[phone], self.asn, true)
    }

    fn register_all(&self, world: &mut World, dice: &mut Dice) {
        for phone in 0..self.names.len() {
            assert_eq!(self.register(world, dice, phone), Outcome::Verified);
        }
    }
}

fn bound(days: u32) -> u32 {
    Settings::default().line_day * (days + 1)
}

/// Nine in ten minutes from each of many addresses, all at one line, while its office works.
#[test]
fn slow_guessing_over_many_addresses() {
    let mut most = [0; 3];
    for seed in 0..2_000 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        let office = Office::new(&mut dice, 10);
        office.register_all(&mut world, &mut dice);
        let attackers: Vec<IpAddr> = {
            let networks = 1 + dice.below(40);
            (0..1 + dice.below(6)).map(|_| dice.stranger(networks)).collect()
        };
        let name = if dice.below(2) == 0 { "103" } else { "invented" };
        let mut verified = 0;
        for day in 1..=if seed % 10 == 0 { 3 } else { 1_u32 } {
            let end_ms = START_MS + DAY_MS * u64::from(day);
            while world.now_ms < end_ms {
                // Every 67 seconds: nine in ten minutes from each.
                for ip in &attackers {
                    verified += world.guess(*ip, dice.next(), name, 64_500);
                }
                if dice.below(8) == 0 {
                    let phone = dice.below(10) as usize;
                    assert_eq!(office.register(&mut world, &mut dice, phone), Outcome::Verified, "seed {seed}");
                }
                world.pass(if attackers.len() > 3 { 10 * 67_000 } else { 67_000 });
            }
            assert!(verified <= bound(day), "seed {seed}: {verified} guesses in {day} days");
            most[day as usize - 1] = verified.max(most[day as usize - 1]);
        }
    }
    println!("slow: at most {most:?} guesses at one line after 1, 2, 3 days; bound {:?}", [1, 2, 3].map(bound));
    assert!(most[0] >= bound(1) / 2, "the attackers tried");
}

/// Each guess from another address, some in one network or one system, and the office's phones among them.
#[test]
fn distributed_guessing_at_one_line() {
    let mut most = 0;
    for seed in 0..1_000 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        let office = Office::new(&mut dice, 5);
        office.register_all(&mut world, &mut dice);
        let networks = [1, 3, 50, 10_000][dice.below(4) as usize];
        let every_ms = 1 + dice.below(4 * MINUTE_MS);
        let mut verified = 0;
        for turn in 0..1_000 {
            let ip = dice.stranger(networks);
            let asn = 64_500 + u32::try_from(dice.below(20)).unwrap();
            verified += world.guess(ip, dice.next(), "101", asn);
            if turn % 50 == 0 {
                let phone = dice.below(5) as usize;
                assert_eq!(office.register(&mut world, &mut dice, phone), Outcome::Verified, "seed {seed}");
            }
            world.pass(every_ms);
        }
        let days = u32::try_from((world.now_ms - START_MS).div_ceil(DAY_MS)).unwrap();
        assert!(verified <= bound(days), "seed {seed}: {verified} guesses in {days} days");
        most = verified.max(most);
    }
    println!("distributed: at most {most} guesses at one line of 1000 tried");
    assert!(most >= Settings::default().line_day);
}

/// One password at each of many names (spraying), from one system: no line suffers for another.
#[test]
fn spraying_is_bounded_by_address_network_and_system() {
    let settings = Settings::default();
    for seed in 0..1_000 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        let networks = 1 + dice.below(8);
        let verified: u32 = (0..3_000)
            .map(|turn| {
                world.pass(dice.below(20_000));
                let ip = dice.stranger(networks);
                world.guess(ip, dice.next(), &format!("{turn}"), 64_500)
            })
            .sum();
        let of_networks = u32::try_from(2 * networks).unwrap() * 2 * settings.network_day;
        assert!(verified <= of_networks.min(2 * settings.asn_day), "seed {seed}: {verified} over {networks} networks");
        assert_eq!(world.request("192.0.2.1:5060".parse().unwrap(), "101", 7018, true), Outcome::Verified);
    }
}

/// Forty phones behind one address: one hammers with its old password, one employee guesses at colleagues, one fumbles.
#[test]
fn an_office_behind_one_address() {
    let mut most = 0;
    for seed in 0..1_000 {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        let office = Office::new(&mut dice, 40);
        office.register_all(&mut world, &mut dice);
        let (hammering, victim, fumbling) = (0, 1 + dice.below(19) as usize, 20 + dice.below(20) as usize);
        // Its secret was changed; half the time it is a spare phone that never logged in here.
        let hammers_as = if dice.below(2) == 0 { &office.names[hammering] } else { "spare" };
        world.lockout.secret_changed(hammers_as);
        let mut at_victim = 0;
        for _ in 0..720 {
            world.pass(MINUTE_MS + dice.below(MINUTE_MS));
            let from = office.from(&mut dice);
            world.request(from, hammers_as, office.asn, false);
            at_victim += world.guess(office.ip, dice.next(), &office.names[victim], office.asn);
            let guessed = format!("{}", dice.below(100_000));
            world.guess(office.ip, dice.next(), &guessed, office.asn);
            for _ in 0..2 {
                let phone = dice.below(40) as usize;
                if phone != hammering && phone != victim {
                    assert_eq!(office.register(&mut world, &mut dice, phone), Outcome::Verified, "seed {seed}");
                }
            }
        }
        for _ in 0..3 {
            let from = office.from(&mut dice);
            world.request(from, &office.names[fumbling], office.asn, false);
        }
        assert_eq!(
            office.register(&mut world, &mut dice, fumbling),
            Outcome::Verified,
            "a success after three failures"
        );
        let days = u32::try_from((world.now_ms - START_MS).div_ceil(DAY_MS)).unwrap();
        assert!(at_victim <= bound(days), "seed {seed}: {at_victim} guesses by a colleague");
        most = at_victim.max(most);
    }
    println!("office: at most {most} guesses by a neighbour at one line in less than a day");
}

/// Ten thousand addresses at once at a hundred lines for two days: every line stays within its bound.
#[test]
fn a_botnet_at_a_hundred_lines() {
    let (mut world, mut dice) = (World::new(), Dice(7));
    let bots: Vec<(IpAddr, u32)> =
        (0..10_000).map(|_| (dice.stranger(1 << 20), 64_500 + u32::try_from(dice.below(3_000)).unwrap())).collect();
    let mut verified = vec![0; 100];
    for _ in 0..200_000 {
        let (ip, asn) = bots[dice.below(10_000) as usize];
        let line = dice.below(100) as usize;
        verified[line] += world.guess(ip, dice.next(), &format!("line{line}"), asn);
        world.pass(864);
    }
    let most = verified.iter().copied().max().unwrap();
    println!(
        "botnet: at most {most} guesses at one line, {} in all, of 200000 in two days",
        verified.iter().sum::<u32>()
    );
    assert!(most <= bound(2));
}

/// A botnet at a line whose account bears three guesses a day, and the same one at an invented name: hardly any are looked
/// at, the line's own phone goes on, and the attacker sees no difference.
#[test]
fn a_strict_account_bears_few_guesses_and_shows_nothing() {
    let own = OwnSettings { failures: Some(2), line_day: Some(3), ..OwnSettings::default() };
    let bound = |days: u32| 3 * (days + 1);
    let mut most = 0;
    for seed in 0..1_000 {
        let (mut strict, mut plain, mut dice) = (World::with(own.clone()), World::new(), Dice(seed));
        let office = Office::new(&mut dice, 1);
        office.register_all(&mut strict, &mut dice);
        let networks = [1, 3, 50, 10_000][dice.below(4) as usize];
        let mut verified = 0;
        while strict.now_ms < START_MS + 2 * DAY_MS {
            let from = SocketAddr::new(dice.stranger(networks), 5060);
            let at_line = strict.request(from, "100", 64_500, false);
            let at_nobody = plain.request(from, "invented", 64_500, false);
            verified += u32::from(at_line == Outcome::Verified);
            assert_eq!(at_line == Outcome::Refused, at_nobody == Outcome::Refused, "seed {seed}");
            if dice.below(40) == 0 {
                assert_eq!(office.register(&mut strict, &mut dice, 0), Outcome::Verified, "seed {seed}");
            }
            let ms = 1 + dice.below(8 * MINUTE_MS);
            strict.pass(ms);
            plain.pass(ms);
        }
        assert!(verified <= bound(2), "seed {seed}: {verified} guesses in two days");
        most = verified.max(most);
    }
    println!("strict account: at most {most} guesses at its line in two days; bound {}", bound(2));
    assert!(most > 3, "the attackers tried");
}
