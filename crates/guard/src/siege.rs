//! How usual it is for a line that its secret is guessed at from many addresses at once.

use serde::{Deserialize, Serialize};

use crate::Failures;
use crate::fading::{Fading, ONE};

/// Half-life of the days counted.
const HALF_LIFE_MS: u64 = 14 * DAY_MS;
const DAY_MS: u64 = 24 * 3_600_000;
/// Guesses within a day, and addresses they come from, that are a siege: fewer are people who mistype.
const FAILURES: u32 = 10;
const ADDRESSES: u32 = 4;

/// Whether so many failures are a siege.
pub(crate) const fn is_one(failures: &Failures) -> bool {
    failures.line >= FAILURES && failures.line_addresses >= ADDRESSES
}

/// Days on which the line proved itself, and on how many of them it was besieged; the first days count fully, then they
/// fade.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Siege {
    days: Fading,
    besieged: Fading,
    /// The last day counted.
    last: Option<u64>,
}

impl Siege {
    /// The line proved itself. A day counts once, as it begins for the line.
    pub(crate) fn note(&mut self, now_ms: u64, failures: &Failures) {
        let today = now_ms / DAY_MS;
        if self.last == Some(today) {
            return;
        }
        self.last = Some(today);
        self.days.add(now_ms, HALF_LIFE_MS, ONE);
        if is_one(failures) {
            self.besieged.add(now_ms, HALF_LIFE_MS, ONE);
        }
    }

    /// Thousandths of days besieged, and of days.
    pub(crate) fn share(&self, now_ms: u64) -> (u64, u64) {
        (self.besieged.level(now_ms, HALF_LIFE_MS), self.days.level(now_ms, HALF_LIFE_MS))
    }
}
