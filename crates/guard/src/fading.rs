//! A count that forgets: what happened lately, with a stated half-life instead of a window's edge.

use serde::{Deserialize, Serialize};

use crate::math;

/// One event, in the thousandths a [`Fading`] counts in.
pub(crate) const ONE: u64 = 1000;

/// A sum of thousandths that halves every half-life; the half-life is the caller's, always the same for one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fading {
    level: u64,
    at_ms: u64,
}

impl Fading {
    /// What is left of it now.
    pub(crate) fn level(self, now_ms: u64, half_life_ms: u64) -> u64 {
        math::faded(self.level, now_ms.saturating_sub(self.at_ms), half_life_ms)
    }

    /// Adds `thousandths` now.
    pub(crate) fn add(&mut self, now_ms: u64, half_life_ms: u64, thousandths: u64) {
        self.level = self.level(now_ms, half_life_ms).saturating_add(thousandths);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Takes back what was added as `thousandths` at `then_ms`, as far as it has not faded.
    pub(crate) fn take_back(&mut self, now_ms: u64, half_life_ms: u64, then_ms: u64, thousandths: u64) {
        let left = math::faded(thousandths, now_ms.saturating_sub(then_ms), half_life_ms);
        self.level = self.level(now_ms, half_life_ms).saturating_sub(left);
        self.at_ms = self.at_ms.max(now_ms);
    }

    /// Raises it to `thousandths` if less is left.
    pub(crate) fn raise(&mut self, now_ms: u64, half_life_ms: u64, thousandths: u64) {
        self.level = self.level(now_ms, half_life_ms).max(thousandths);
        self.at_ms = self.at_ms.max(now_ms);
    }
}
