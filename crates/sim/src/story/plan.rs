//! What differs from seed to seed: times, faults, numbers, prices of failure.

use std::net::{IpAddr, Ipv4Addr};

use billing::Money;

use crate::Dice;
use crate::attacker::SCANNER_AGENTS;
use crate::world::Faults;

/// Sunday, 1 March 2026, half past eleven in the evening before, in Denver (UTC-7).
const EVE_MS: u64 = 1_772_323_200_000 + 23_400_000;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The provider's.
    Provider,
    /// The firm's PBX.
    Pbx,
}

/// A crash to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Whose node.
    pub whose: Whose,
    /// When, after the attacker begins to dial.
    pub after_dial_ms: u64,
    /// How long it stays down.
    pub down_ms: u64,
}

/// Everything chance decides about one telling of the story.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When the world begins.
    pub start_ms: u64,
    /// When the guessing begins.
    pub scan_ms: u64,
    /// When the attacker dials, if the password is found by then.
    pub dial_ms: u64,
    /// When the owner looks.
    pub owner_ms: u64,
    /// How bad the network is.
    pub faults: Faults,
    /// How long writes take.
    pub sync_ms: (u64, u64),
    /// The attacker.
    pub attack: Attack,
    /// What the firm has paid in at the provider.
    pub paid_in: Money,
    /// The firm's exposure ceiling at the provider.
    pub ceiling: Money,
    /// Whether the wholesale carrier challenges calls.
    pub carrier_challenges: bool,
    /// A packet of voice every so many milliseconds; `None`: nobody speaks.
    pub voice_ms: Option<u64>,
    /// Whether the provider's guard only watches: nobody notices.
    pub asleep: bool,
    /// Workers of each node, from and to; drawn anew at every start.
    pub workers: (u64, u64),
    /// Crashes to come.
    pub crashes: Vec<Crash>,
}

/// Who attacks, and how.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The address, in the Palestinian territories.
    pub ip: IpAddr,
    /// The scanner's user agent.
    pub scanner: String,
    /// The two numbers, as dialled.
    pub numbers: [String; 2],
    /// A number behind several prefixes, tried first; none in most tellings.
    pub probes: Vec<String>,
    /// Its pace.
    pub pace: Pace,
}

/// The pace of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many calls to the two numbers in all.
    pub calls: usize,
    /// Calls at the same time.
    pub parallel: usize,
    /// Between the beginnings of two.
    pub gap_ms: u64,
    /// How long each is kept up.
    pub talk_ms: u64,
    /// How long the far end rings.
    pub ring_ms: (u64, u64),
    /// Between two guesses.
    pub guess_gap_ms: u64,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn new(dice: &mut Dice) -> Plan {
        let start_ms = EVE_MS + dice.below(30 * MINUTE_MS);
        let scan_ms = start_ms + dice.between(10 * MINUTE_MS, 90 * MINUTE_MS);
        let dial_ms = scan_ms + dice.between(90 * MINUTE_MS, 240 * MINUTE_MS);
        let min_ms = dice.between(1, 30);
        let good = Faults { lost_permille: 0, twice_permille: 0, min_ms, max_ms: min_ms + 1, clocks: true };
        let faults = if dice.chance(700) { bad(min_ms, dice) } else { good };
        let slow_disk = dice.chance(200);
        Plan {
            start_ms,
            scan_ms,
            dial_ms,
            owner_ms: start_ms + 9 * HOUR_MS + dice.below(2 * HOUR_MS),
            faults,
            workers: (1, 1),
            sync_ms: if slow_disk { (5, 80) } else { (0, 6) },
            attack: Attack::new(dice),
            paid_in: Money::from_cents(dice.between(3_000, 20_000) as i64),
            ceiling: Money::from_cents(dice.between(300, 2_500) as i64),
            carrier_challenges: dice.chance(300),
            voice_ms: dice.chance(250).then_some(1_000),
            asleep: false,
            crashes: crashes(dice),
        }
    }
}

impl Plan {
    /// A network that loses, doubles and reorders datagrams, whatever it was before.
    pub(super) fn worsen(&mut self, dice: &mut Dice) {
        self.faults = bad(self.faults.min_ms, dice);
    }

    /// Nobody notices, and the thief has time: many long calls, little credit or a low ceiling to stop them.
    pub(super) fn fall_asleep(&mut self, dice: &mut Dice) {
        self.asleep = true;
        self.paid_in = Money::from_cents(dice.between(50, 3_000) as i64);
        self.ceiling = Money::from_cents(dice.between(100, 3_000) as i64);
        let pace = &mut self.attack.pace;
        pace.calls = 200;
        pace.parallel = dice.between(1, 8) as usize;
        pace.talk_ms = dice.between(60_000, 2_400_000);
    }
}

fn bad(min_ms: u64, dice: &mut Dice) -> Faults {
    Faults {
        lost_permille: dice.between(1, 40),
        twice_permille: dice.between(1, 30),
        min_ms,
        max_ms: min_ms + dice.between(5, 200),
        clocks: true,
    }
}

impl Attack {
    fn new(dice: &mut Dice) -> Attack {
        let mut mobile = || format!("01135569{}{:06}", dice.between(2, 9), dice.below(1_000_000));
        let numbers = [mobile(), mobile()];
        Attack {
            ip: Ipv4Addr::new(188, 161, dice.below(256) as u8, dice.between(1, 254) as u8).into(),
            scanner: dice.pick(&SCANNER_AGENTS).copied().unwrap_or_default().to_owned(),
            numbers,
            probes: probes(dice),
            pace: Pace {
                calls: 10,
                parallel: dice.between(1, 4) as usize,
                gap_ms: dice.between(2_000, 40_000),
                talk_ms: dice.between(20_000, 1_200_000),
                ring_ms: (2_000, 2_000 + dice.below(12_000)),
                guess_gap_ms: dice.between(100, 3_000),
            },
        }
    }
}

/// One number behind changing prefixes, in a quarter of the tellings.
fn probes(dice: &mut Dice) -> Vec<String> {
    if !dice.chance(250) {
        return Vec::new();
    }
    let number = format!("97259{:07}", dice.below(10_000_000));
    ["00", "9011", "011"].map(|prefix| format!("{prefix}{number}")).to_vec()
}

/// Two in five tellings see a crash, most of them in the minutes of the attack.
fn crashes(dice: &mut Dice) -> Vec<Crash> {
    let count = if dice.chance(400) { dice.between(1, 2) } else { 0 };
    (0..count)
        .map(|_| Crash {
            whose: if dice.chance(500) { Whose::Provider } else { Whose::Pbx },
            after_dial_ms: if dice.chance(700) { dice.below(5 * MINUTE_MS) } else { dice.below(6 * HOUR_MS) },
            down_ms: dice.between(500, 45_000),
        })
        .collect()
}
