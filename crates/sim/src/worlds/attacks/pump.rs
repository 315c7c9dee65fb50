//! What attacks have in common: calls to a list of numbers, some at once, until so many are made.

use super::Stage;
use crate::Dice;
use crate::worlds::chance::unit;
use crate::worlds::clock;
use crate::worlds::script::{Course, Outcome, Who};

/// How calls are pumped.
#[derive(Clone, Debug)]
pub(super) struct Pump {
    /// E.164 digits.
    pub(super) numbers: Vec<String>,
    /// How many calls.
    pub(super) calls: u64,
    /// How many at once.
    pub(super) at_once: u64,
    /// Seconds of talk, shortest and longest.
    pub(super) talk_s: (u64, u64),
    /// Seconds between the end of a call and the next on the same channel.
    pub(super) gap_s: (u64, u64),
    /// Of a thousand, how many are answered.
    pub(super) answered: u64,
    /// Whether prefixes change from call to call.
    pub(super) prefixes: bool,
}

impl Default for Pump {
    fn default() -> Self {
        Self {
            numbers: Vec::new(),
            calls: 100,
            at_once: 1,
            talk_s: (300, 1_800),
            gap_s: (2, 40),
            answered: 750,
            prefixes: false,
        }
    }
}

impl Stage<'_> {
    /// Pumps calls from a moment on.
    pub(super) fn pump(&mut self, dice: &mut Dice, thief: &Who, attack: usize, from_ms: u64, pump: &Pump) {
        self.pump_by(dice, thief, attack, from_ms, pump, None);
    }

    /// The same where calls are forwarded or transferred.
    pub(super) fn pump_by(
        &mut self,
        dice: &mut Dice,
        thief: &Who,
        attack: usize,
        from_ms: u64,
        pump: &Pump,
        cause: Option<&'static str>,
    ) {
        let mut left = pump.calls;
        let mut channels: Vec<u64> = (0..pump.at_once.max(1)).map(|n| from_ms + n * dice.below(8_000)).collect();
        while left > 0 {
            let Some((at, &now_ms)) = channels.iter().enumerate().min_by_key(|(_, at_ms)| **at_ms) else { return };
            if now_ms >= clock::end_ms() {
                return;
            }
            let number = dice.pick(&pump.numbers).cloned().unwrap_or_default();
            let dialled = self.dialled(dice, thief, &number, pump.prefixes);
            let course = pumped_call(dice, pump);
            self.script.fraud(now_ms, thief, dialled, course, cause, attack);
            let busy_ms = ((course.ring_s + course.talk_s) * 1000.0) as u64;
            channels[at] = now_ms + busy_ms + dice.between(pump.gap_s.0, pump.gap_s.1) * 1000;
            left -= 1;
        }
    }

    /// Probes: one number behind changing prefixes, short and mostly failing, some time before.
    pub(super) fn probe(&mut self, dice: &mut Dice, thief: &Who, attack: usize, from_ms: u64) {
        let land = dice.pick(&["IL", "GB", "SE", "IT"]).copied().unwrap_or("IL");
        let number = super::super::numbering::Land::named(land).number(dice);
        for (n, prefix) in (0..).zip(["", "00", "011", "9011", "+", "000", "900"]) {
            let outcome = if dice.chance(150) { Outcome::Answered } else { Outcome::Failed };
            let talk_s = if outcome == Outcome::Answered { 4.0 } else { 0.0 };
            let course = Course { ring_s: 2.0, talk_s, outcome };
            let at_ms = from_ms + n * dice.between(2_000, 9_000);
            self.script.fraud(at_ms, thief, format!("{prefix}{number}"), course, None, attack);
        }
    }

    fn dialled(&self, dice: &mut Dice, thief: &Who, number: &str, prefixes: bool) -> String {
        if prefixes && !number.starts_with('1') {
            let prefix = dice.pick(&["011", "00", "+", "9011", "000"]).copied().unwrap_or_default();
            return format!("{prefix}{number}");
        }
        self.firms[thief.firm].dial(number)
    }
}

fn pumped_call(dice: &mut Dice, pump: &Pump) -> Course {
    let answered = dice.chance(pump.answered);
    let outcome = match (answered, dice.below(3)) {
        (true, _) => Outcome::Answered,
        (false, 0) => Outcome::Busy,
        (false, 1) => Outcome::NoAnswer,
        (false, _) => Outcome::Failed,
    };
    let talk_s = if answered { dice.between(pump.talk_s.0, pump.talk_s.1) as f64 } else { 0.0 };
    Course { ring_s: (2.0 + 8.0 * unit(dice)).round(), talk_s, outcome }
}
