//! What was talked and spent within a rolling day, for the owner's limits.

use std::collections::{BTreeMap, VecDeque};

use billing::{LineId, Money};
use serde::{Deserialize, Serialize};

/// Sums are kept by quarter hours, which keeps a day at 97 of them; what is in one counts up to a quarter hour longer than
/// a day, never shorter.
const SLOT_MS: u64 = 15 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Money and talk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) money: Money,
    pub(crate) talk_s: u64,
}

impl Used {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { money: self.money.saturating_add(other.money), talk_s: self.talk_s.saturating_add(other.talk_s) }
    }
}

/// The calls of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Day(VecDeque<(u64, Used)>);

impl Day {
    fn add(&mut self, now_ms: u64, used: Used) {
        self.0.retain(|(slot, _)| is_within(*slot, now_ms));
        let now_slot = now_ms / SLOT_MS;
        match self.0.back_mut() {
            Some((slot, sum)) if *slot == now_slot => *sum = sum.plus(used),
            _ => self.0.push_back((now_slot, used)),
        }
    }

    fn sum(&self, now_ms: u64) -> Used {
        let within = self.0.iter().filter(|(slot, _)| is_within(*slot, now_ms));
        within.fold(Used::default(), |sum, (_, used)| sum.plus(*used))
    }
}

/// Whether any part of a quarter hour lies in the day before `now_ms`.
fn is_within(slot: u64, now_ms: u64) -> bool {
    (slot + 1).saturating_mul(SLOT_MS).saturating_add(DAY_MS) > now_ms
}

/// The day of an account and of those of its lines that have a limit a day. A line's counts from the moment on at which it
/// is given one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Usage {
    account: Day,
    lines: BTreeMap<LineId, Day>,
}

impl Usage {
    /// A call ended.
    pub(crate) fn add(&mut self, now_ms: u64, line: &LineId, is_limited: bool, used: Used) {
        self.account.add(now_ms, used);
        if is_limited {
            self.lines.entry(line.clone()).or_default().add(now_ms, used);
        } else {
            self.lines.remove(line);
        }
    }

    /// What the account, or one line, used in the day before `now_ms`.
    pub(crate) fn of(&self, now_ms: u64, line: Option<&LineId>) -> Used {
        match line {
            None => self.account.sum(now_ms),
            Some(line) => self.lines.get(line).map_or_else(Used::default, |day| day.sum(now_ms)),
        }
    }

    /// A line is gone.
    pub(crate) fn forget(&mut self, line: &LineId) {
        self.lines.remove(line);
    }
}
