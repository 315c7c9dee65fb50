//! The exposure ceiling: what calls to destinations the account has not made its own may cost in a rolling day.
//!
//! It bounds the loss from a hijack whether or not the guard notices (invariant 5). A destination (country and kind of
//! number) in the cut class is the account's *own* once calls there were answered on [`OWN_DAYS`] different days of the
//! last [`OWN_WINDOW_DAYS`]; calls in an incident do not count, unless the owner answers "that was us".

use std::collections::{BTreeMap, VecDeque};

use billing::{Country, Destination, Money, NumberClass};
use serde::{Deserialize, Serialize};

use crate::GroundView;

/// On how many days calls must have been answered before a destination is the account's own.
pub const OWN_DAYS: usize = 3;
/// How far back those days may lie.
pub const OWN_WINDOW_DAYS: u32 = 60;
/// Days remembered for a destination: the latest.
const DAYS_KEPT: usize = 8;
/// Destinations remembered; the one not called for longest goes first.
const MAX_DESTINATIONS: usize = 256;
/// The rolling window.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;
/// Charges are summed by quarter hours, which keeps the window at 97 sums; a charge counts up to a quarter hour longer
/// than a day, never shorter.
const SLOT_MS: u64 = 15 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What an account makes its own: a kind of number in a country.
pub(crate) type Ground = (Option<Country>, NumberClass);

/// The ground a destination lies on.
pub(crate) fn ground(destination: &Destination) -> Ground {
    (destination.country, destination.class)
}

/// A ground in words.
fn name((country, class): &Ground) -> String {
    match (country, class) {
        (None, class) => class.as_str().to_owned(),
        (Some(country), NumberClass::Fixed | NumberClass::FixedOrMobile) => country.name().to_owned(),
        (Some(country), class) => format!("{} {}", country.name(), class.as_str()),
    }
}

/// A calendar day of the account, counted from the Unix epoch.
pub(crate) type Day = u32;

/// The account's calendar day at an instant.
pub(crate) fn day(now_ms: u64, utc_offset_min: i16) -> Day {
    let local_ms = now_ms.saturating_add_signed(i64::from(utc_offset_min) * 60_000);
    u32::try_from(local_ms / DAY_MS).unwrap_or(u32::MAX)
}

/// What was charged lately on foreign ground, and which ground is the account's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exposure {
    /// Charges of the last day, by quarter hour since the epoch, in order.
    charged: VecDeque<(u64, Money)>,
    /// Days with answered calls, in order, by destination.
    answered: BTreeMap<Ground, Vec<Day>>,
}

impl Exposure {
    /// What was charged in the day before `now_ms`.
    pub(crate) fn charged(&self, now_ms: u64) -> Money {
        self.charged
            .iter()
            .filter(|(slot, _)| in_window(*slot, now_ms))
            .fold(Money::ZERO, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// Books a charge for a call to a destination that was not the account's own when it began.
    pub(crate) fn charge(&mut self, now_ms: u64, amount: Money) {
        self.charged.retain(|(slot, _)| in_window(*slot, now_ms));
        let now_slot = now_ms / SLOT_MS;
        match self.charged.back_mut() {
            Some((slot, sum)) if *slot == now_slot => *sum = sum.saturating_add(amount),
            _ => self.charged.push_back((now_slot, amount)),
        }
    }

    /// Whether the account has made the destination its own.
    pub(crate) fn is_own(&self, today: Day, ground: Ground) -> bool {
        let recent = |day: &&Day| today.saturating_sub(**day) <= OWN_WINDOW_DAYS;
        self.answered.get(&ground).is_some_and(|days| days.iter().filter(recent).count() >= OWN_DAYS)
    }

    /// When the first of what was charged in the day before `now_ms` is no longer in it.
    pub(crate) fn frees_ms(&self, now_ms: u64) -> Option<u64> {
        let first = self.charged.iter().find(|(slot, amount)| in_window(*slot, now_ms) && amount.is_positive());
        first.map(|(slot, _)| (slot + 1).saturating_mul(SLOT_MS).saturating_add(WINDOW_MS))
    }

    /// The destinations with answered calls that count, for people: own ones first, then those on their way.
    pub(crate) fn grounds(&self, today: Day) -> impl Iterator<Item = GroundView> {
        let recent = |days: &[Day]| days.iter().filter(|day| today.saturating_sub(**day) <= OWN_WINDOW_DAYS).count();
        let view = |(ground, days): (&Ground, &Vec<Day>)| {
            let days = u32::try_from(recent(days)).unwrap_or(u32::MAX);
            GroundView { days, name: name(ground), own: days as usize >= OWN_DAYS }
        };
        let mut views: Vec<GroundView> = self.answered.iter().map(view).filter(|view| view.days > 0).collect();
        views.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
        views.into_iter()
    }

    /// A call there was answered by the account's own people. A number that no country has handed out makes nothing the
    /// account's own: all other such numbers would be, too.
    pub(crate) fn add(&mut self, day: Day, ground: Ground) {
        if ground == (None, NumberClass::Unknown) {
            return;
        }
        let days = self.answered.entry(ground).or_default();
        if let Err(at) = days.binary_search(&day) {
            days.insert(at, day);
            if days.len() > DAYS_KEPT {
                days.remove(0);
            }
        }
        if self.answered.len() > MAX_DESTINATIONS {
            let stalest = self.answered.iter().min_by_key(|(_, days)| days.last()).map(|(ground, _)| *ground);
            if let Some(stalest) = stalest {
                self.answered.remove(&stalest);
            }
        }
    }

    /// The calls there on that day turned out to be somebody else's.
    pub(crate) fn withdraw(&mut self, day: Day, ground: Ground) {
        if let Some(days) = self.answered.get_mut(&ground) {
            days.retain(|kept| *kept != day);
            if days.is_empty() {
                self.answered.remove(&ground);
            }
        }
    }
}

/// Whether any part of a slot lies in the day before `now_ms`.
fn in_window(slot: u64, now_ms: u64) -> bool {
    (slot + 1).saturating_mul(SLOT_MS).saturating_add(WINDOW_MS) > now_ms
}

#[cfg(test)]
mod heist;
#[cfg(test)]
mod tests;
