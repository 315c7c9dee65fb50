//! Each host's own clock: all are off and run at their own rates. Those of phones, carriers and attackers are set by NTP
//! now and then; a node reads its machine's clock when it starts, and from then on only time passes, as in `net::Clock`.

use crate::dice::Dice;

/// How far a clock's rate may be off, parts in a million; cheap crystals stay below 100.
const MAX_PPM: i64 = 200;
/// How far a phone's or carrier's clock may be from the world's, before NTP and after.
const MAX_OFF_MS: u64 = 3_600_000;
/// How far a node's machine may be ahead when the world begins.
const MAX_AHEAD_MS: u64 = 5_000;
/// How far NTP sets a clock at once, and what a node that starts again mostly finds its machine's clock set by.
const MAX_JUMP_MS: u64 = 400;
/// What it may find it set by where a wrong clock was put right, or a right one wrong: back, and on. Set on by more, the
/// registrations of phones have lapsed, and nobody reaches them until they register again.
const MAX_LEAP_MS: (u64, u64) = (3_600_000, 240_000);
/// How often, in a thousand.
const LEAPS_PERMILLE: u64 = 250;
/// How often NTP does so, about.
const JUMP_EVERY_MS: (u64, u64) = (60_000, 1_200_000);

const MILLION: i128 = 1_000_000;

/// A host's clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// When it was set last, by the world's time, and what it showed then.
    set_ms: u64,
    shown_ms: u64,
    ppm: i64,
    /// When NTP sets it next, by the world's time.
    next_jump_ms: Option<u64>,
    dice: Dice,
}

impl Clock {
    /// One that is always right.
    pub fn right(now_ms: u64, dice: Dice) -> Self {
        Self { set_ms: now_ms, shown_ms: now_ms, ppm: 0, next_jump_ms: None, dice }
    }

    /// A node's.
    pub fn of_node(now_ms: u64, dice: Dice) -> Self {
        let mut clock = Self::right(now_ms, dice);
        clock.ppm = ppm(&mut clock.dice);
        clock.shown_ms = now_ms.saturating_add(clock.dice.between(0, MAX_AHEAD_MS));
        clock
    }

    /// Anybody else's.
    pub fn of_station(now_ms: u64, dice: Dice) -> Self {
        let mut clock = Self::right(now_ms, dice);
        clock.ppm = ppm(&mut clock.dice);
        clock.shown_ms = now_ms.saturating_add(clock.dice.between(0, MAX_OFF_MS));
        clock.next_jump_ms = Some(now_ms + clock.dice.between(JUMP_EVERY_MS.0, JUMP_EVERY_MS.1));
        clock
    }

    /// A node starts again: its machine's clock may have been set meanwhile, but its own goes on from the newest record.
    /// Returns by how much it was set back.
    pub fn start_again(&mut self, now_ms: u64, newest_record_ms: u64) -> u64 {
        let shown_ms = self.at(now_ms);
        let leaps = self.dice.chance(LEAPS_PERMILLE);
        let (back_ms, on_ms) = if leaps { MAX_LEAP_MS } else { (MAX_JUMP_MS, MAX_JUMP_MS) };
        let read_ms = (shown_ms + self.dice.between(0, on_ms)).saturating_sub(self.dice.between(0, back_ms));
        (self.set_ms, self.shown_ms) = (now_ms, read_ms.max(newest_record_ms));
        shown_ms.saturating_sub(self.shown_ms)
    }

    /// What it shows now.
    pub fn shows(&mut self, now_ms: u64) -> u64 {
        if self.next_jump_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            let shown_ms = self.at(now_ms);
            let to_ms = shown_ms + self.dice.between(0, 2 * MAX_JUMP_MS);
            (self.set_ms, self.shown_ms) = (now_ms, to_ms.saturating_sub(MAX_JUMP_MS));
            self.next_jump_ms = Some(now_ms + self.dice.between(JUMP_EVERY_MS.0, JUMP_EVERY_MS.1));
        }
        self.at(now_ms)
    }

    /// When it will show a time, by the world's; not before `now_ms`.
    pub fn world_ms(&self, now_ms: u64, shown_ms: u64) -> u64 {
        let ahead = i128::from(shown_ms) - i128::from(self.shown_ms);
        let passes = ahead * MILLION / (MILLION + i128::from(self.ppm));
        let about = u64::try_from(i128::from(self.set_ms) + passes).unwrap_or(0);
        // Rounding may leave it a millisecond early.
        let exact = (about..about.saturating_add(3)).find(|at_ms| self.at(*at_ms) >= shown_ms);
        exact.unwrap_or(about).max(now_ms)
    }

    fn at(&self, now_ms: u64) -> u64 {
        let passed = i128::from(now_ms.saturating_sub(self.set_ms));
        let shown = i128::from(self.shown_ms) + passed + passed * i128::from(self.ppm) / MILLION;
        u64::try_from(shown).unwrap_or(0)
    }
}

fn ppm(dice: &mut Dice) -> i64 {
    let span = MAX_PPM.unsigned_abs();
    i64::try_from(dice.between(0, 2 * span)).unwrap_or(0) - MAX_PPM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_when_the_clock_shows_it() {
        for seed in 0..50 {
            let mut dice = Dice::new(seed);
            let mut clock = Clock::of_station(1_000_000, dice.fork());
            for now_ms in (1_000_000..5_000_000).step_by(77_777) {
                let shown_ms = clock.shows(now_ms);
                let at_ms = clock.world_ms(now_ms, shown_ms + 20_000);
                assert!(clock.at(at_ms) >= shown_ms + 20_000 && clock.at(at_ms - 2) < shown_ms + 20_000);
            }
        }
    }
}
