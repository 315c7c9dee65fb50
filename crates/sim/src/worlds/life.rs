//! The ordinary life of a firm: registrations each morning, calls at home and abroad, redials.

use super::chance::{course, honest, poisson, unit};
use super::clock::{DAY_MS, DAYS, HOUR_MS, MINUTE_MS, is_weekend};
use super::firm::{Firm, SOFT};
use super::networks::{self, Use};
use super::numbering;
use super::script::{Outcome, Script, Seat};
use crate::Dice;

/// Writes everything the firm does by habit.
pub fn live(dice: &mut Dice, firm: &mut Firm, script: &mut Script) {
    if firm.profile.mobile {
        for person in 0..firm.people.len() {
            roam(dice, firm, person, firm.since_day..DAYS);
        }
    }
    let mut dice = dice.fork();
    for person in 0..firm.people.len() {
        register(&mut dice, firm, person, script);
        for day in firm.since_day..DAYS {
            call_all_day(&mut dice, firm, person, day, script);
        }
    }
}

/// A phone registers each morning, and wherever it moves.
fn register(dice: &mut Dice, firm: &Firm, person: usize, script: &mut Script) {
    if firm.trunk && person > 0 {
        return;
    }
    let mornings: Vec<u64> = (firm.since_day..DAYS).map(|day| firm.at(day, 300 + dice.below(120))).collect();
    for at_ms in mornings.into_iter().chain(firm.moves(person)) {
        let at_ms = at_ms + dice.below(60_000);
        script.register(at_ms, &firm.who(person, at_ms), true);
    }
}

fn call_all_day(dice: &mut Dice, firm: &mut Firm, person: usize, day: u64, script: &mut Script) {
    let share = if is_weekend(day) { firm.profile.weekend } else { 100 };
    let mean = firm.profile.calls as f64 / 10.0 * share as f64 / 100.0 * firm.people[person].keen as f64 / 100.0;
    for _ in 0..poisson(dice, mean) {
        let at_ms = firm.at(day, minute_of(dice, &firm.profile.day)) + dice.below(MINUTE_MS);
        let who = firm.who(person, at_ms);
        if !dice.chance(firm.profile.abroad) {
            let number = firm.dial_home(&numbering::home(dice));
            let outcome = if dice.chance(700) { Outcome::Answered } else { Outcome::NoAnswer };
            let course = course(dice, outcome, 110.0, 2.6, 5_400.0);
            script.call(at_ms, &who, number, course);
            continue;
        }
        let number = firm.contact(dice);
        redial(dice, firm, person, at_ms, &number, script);
    }
}

/// A call abroad, again after a while where nobody answered, as people do.
pub fn redial(dice: &mut Dice, firm: &Firm, person: usize, at_ms: u64, number: &str, script: &mut Script) {
    let mut at_ms = at_ms;
    for _ in 0..6 {
        let course = honest(dice);
        script.call(at_ms, &firm.who(person, at_ms), firm.dial(number), course);
        if course.outcome == Outcome::Answered || !dice.chance(400) {
            return;
        }
        at_ms += (course.ring_s * 1000.0) as u64 + dice.between(20_000, 400_000);
    }
}

/// A minute of the day by the weights of the hours.
pub fn minute_of(dice: &mut Dice, day: &[u16; 24]) -> u64 {
    let total: u64 = day.iter().copied().map(u64::from).sum();
    let mut left = dice.below(total);
    for (hour, &weight) in (0..).zip(day) {
        match left.checked_sub(weight.into()) {
            Some(rest) => left = rest,
            None => return hour * 60 + dice.below(60),
        }
    }
    0
}

/// A softphone's days: at home in the evening and the night, on mobile networks and in cafes by day.
pub fn roam(dice: &mut Dice, firm: &mut Firm, person: usize, days: std::ops::Range<u64>) {
    let agent = dice.pick(SOFT).copied().unwrap_or_default();
    let cities = networks::networks(|network| network.country == "US" && network.usage == Use::Access);
    let home = dice.pick(&cities).copied().unwrap_or_default();
    let city = networks::NETWORKS[home].city;
    let cells = networks::networks(|network| network.country == "US" && network.usage == Use::Mobile);
    let cell = dice.pick(&cells).copied().unwrap_or_default();
    let at_home = Seat { ip: networks::address(dice, home), agent };
    firm.stay(person, firm.at(days.start, 0), firm.at(days.end, 0), at_home);
    for day in days {
        let mut from_ms = firm.at(day, 480) + dice.below(HOUR_MS);
        let end_ms = firm.at(day, 0) + DAY_MS * 3 / 4;
        while from_ms < end_ms {
            let network = match dice.below(10) {
                0..6 => cell,
                6..8 => networks::pick_at(dice, |n| n.usage == Use::Access && n.city == city),
                _ => dice.pick(&cells).copied().unwrap_or_default(),
            };
            let to_ms = from_ms + HOUR_MS / 2 + (unit(dice) * 3.0 * HOUR_MS as f64) as u64;
            let seat = Seat { ip: networks::address(dice, network), agent };
            firm.stay(person, from_ms, to_ms, seat);
            from_ms = to_ms + dice.below(HOUR_MS);
        }
    }
}
