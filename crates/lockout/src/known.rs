//! Where each name has logged in from: the office behind one address is known by its successes.
//!
//! Only who knows a secret gets in here, so strangers cannot fill it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::bucket::DAY_MS;
use crate::source::Source;

/// How long a success is remembered, in days; to the hour.
pub const KNOWN_DAYS: u64 = 30;
/// How often it is noted at most that a name has logged in from an address, in milliseconds.
pub(crate) const NOTED_EVERY_MS: u64 = 3_600_000;
/// Most names remembered. Those that come when it is full stay strangers until others have gone unseen for
/// [`KNOWN_DAYS`].
pub const MAX_KNOWN_NAMES: usize = 100_000;
/// Most addresses remembered for one name; the one not seen for longest makes room.
pub const MAX_KNOWN_ADDRESSES: usize = 16;

/// How many names one sweep looks at.
const SWEPT_AT_ONCE: usize = 16;

/// What a name's successes say of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has logged in from this address.
    Known,
    /// It has logged in from this address with the secret before its present one: its own phone, or whoever had stolen it.
    Former,
    /// It has logged in from the network around it.
    Neighbour,
    /// Neither, or there is no such name: nobody can tell.
    Stranger,
}

/// An address that a name has logged in from.
#[derive(Debug)]
struct Seen {
    source: Source,
    last_ms: u64,
    /// Whether that was with a secret that is no more.
    is_former: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The addresses of each name, and when it was last seen there.
    names: BTreeMap<Arc<str>, Vec<Seen>>,
    /// At each address how many names are remembered, and when the last of them was seen.
    sources: BTreeMap<Source, (u32, u64)>,
    swept_to: Option<Arc<str>>,
    /// Counts addresses that are known for nobody any more.
    pub(crate) estranged: u64,
}

impl Known {
    /// Notes that the name has logged in.
    pub(crate) fn note(&mut self, name: &Arc<str>, source: Source, now_ms: u64) {
        if self.names.len() >= MAX_KNOWN_NAMES && !self.names.contains_key(name) {
            return;
        }
        let at_source = self.sources.entry(source).or_default();
        at_source.1 = at_source.1.max(now_ms);
        let mut known = self.names.get_mut(name).into_iter().flatten();
        if let Some(known) = known.find(|known| known.source == source) {
            at_source.0 += u32::from(std::mem::take(&mut known.is_former));
            known.last_ms = now_ms.max(known.last_ms);
            return;
        }
        at_source.0 += 1;
        let seen = self.names.entry(name.clone()).or_default();
        // Most names log in from one address.
        seen.reserve_exact(1);
        seen.push(Seen { source, last_ms: now_ms, is_former: false });
        if seen.len() > MAX_KNOWN_ADDRESSES
            && let Some(oldest) = (0..seen.len()).min_by_key(|at| seen.get(*at).map(|known| known.last_ms))
        {
            let oldest = seen.remove(oldest);
            self.leave(&oldest);
        }
    }

    /// What the name's successes say of an address, and where it has logged in from there when that was noted last.
    pub(crate) fn standing(&self, name: &str, source: Source, now_ms: u64) -> (Standing, Option<u64>) {
        let seen = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut lately = seen.iter().filter(|known| is_recent(known.last_ms, now_ms));
        match lately.clone().find(|known| known.source == source) {
            Some(known) if known.is_former => (Standing::Former, None),
            Some(known) => (Standing::Known, Some(known.last_ms)),
            None if lately.any(|known| !known.is_former && known.source.network() == source.network()) => {
                (Standing::Neighbour, None)
            }
            None => (Standing::Stranger, None),
        }
    }

    /// Whether anybody has logged in from this address.
    pub(crate) fn is_known(&self, source: Source, now_ms: u64) -> bool {
        self.until_ms(source) > now_ms
    }

    /// Until when it is known that somebody has logged in from this address, in milliseconds since the Unix epoch.
    pub(crate) fn until_ms(&self, source: Source) -> u64 {
        self.sources.get(&source).map_or(0, |(_, last_ms)| last_ms.saturating_add(KNOWN_DAYS * DAY_MS))
    }

    /// Whether anybody has logged in from one of the addresses from `first` to `last`.
    pub(crate) fn sources_between(&self, first: Source, last: Source, now_ms: u64) -> bool {
        self.sources.range(first..=last).any(|(_, (_, last_ms))| is_recent(*last_ms, now_ms))
    }

    /// The name has a new secret: whoever knew the old one is a stranger, except at addresses that other names log in
    /// from too (the office, where its own phone is).
    pub(crate) fn forget_alone(&mut self, name: &str) {
        let Some((name, mut seen)) = self.names.remove_entry(name) else { return };
        for known in seen.iter_mut().filter(|known| !known.is_former) {
            if self.sources.get(&known.source).is_none_or(|(names, _)| *names <= 1) {
                self.leave(known);
                known.is_former = true;
            }
        }
        self.names.insert(name, seen);
    }

    /// Forgets what is too old among the next few names.
    pub(crate) fn sweep(&mut self, now_ms: u64) {
        let after = self.swept_to.take().map_or(Bound::Unbounded, Bound::Excluded);
        let next: Vec<Arc<str>> = self
            .names
            .range::<Arc<str>, _>((after, Bound::Unbounded))
            .take(SWEPT_AT_ONCE)
            .map(|(name, _)| name.clone())
            .collect();
        if next.len() == SWEPT_AT_ONCE {
            self.swept_to = next.last().cloned();
        }
        for name in next {
            let Some(seen) = self.names.get_mut(&name) else { continue };
            let gone: Vec<_> = seen.extract_if(.., |known| !is_recent(known.last_ms, now_ms)).collect();
            if seen.is_empty() {
                self.names.remove(&name);
            }
            gone.iter().for_each(|known| self.leave(known));
        }
    }

    /// A name is no longer known at an address.
    fn leave(&mut self, Seen { source, is_former, .. }: &Seen) {
        if let Some((names, _)) = self.sources.get_mut(source).filter(|_| !is_former) {
            *names = names.saturating_sub(1);
            if *names == 0 {
                self.sources.remove(source);
                self.estranged += 1;
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.names.len(), self.sources.len())
    }
}

fn is_recent(last_ms: u64, now_ms: u64) -> bool {
    now_ms < last_ms.saturating_add(KNOWN_DAYS * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(ip: &str) -> Source {
        Source::of(ip.parse().unwrap())
    }

    fn note(known: &mut Known, name: &str, ip: &str, now_ms: u64) {
        known.note(&name.into(), source(ip), now_ms);
    }

    #[test]
    fn a_name_is_known_where_it_logged_in_and_near_by() {
        let mut known = Known::default();
        note(&mut known, "101", "192.0.2.7", 0);
        let of = |name, ip| known.standing(name, source(ip), 1).0;
        assert_eq!(of("101", "192.0.2.7"), Standing::Known);
        assert_eq!(of("101", "192.0.2.8"), Standing::Neighbour);
        assert_eq!(of("101", "192.0.3.7"), Standing::Stranger);
        assert_eq!(of("102", "192.0.2.7"), Standing::Stranger);
        assert!(known.is_known(source("192.0.2.7"), 1) && !known.is_known(source("192.0.2.8"), 1));
        let later_ms = KNOWN_DAYS * DAY_MS;
        assert_eq!(known.standing("101", source("192.0.2.7"), later_ms).0, Standing::Stranger);
        known.sweep(later_ms);
        assert_eq!(known.sizes(), (0, 0));
    }

    #[test]
    fn a_new_secret_makes_strangers_except_in_the_office() {
        let mut known = Known::default();
        for name in ["101", "102", "103"] {
            note(&mut known, name, "192.0.2.7", 0);
        }
        note(&mut known, "101", "198.18.0.9", 0);
        known.forget_alone("101");
        assert_eq!(known.standing("101", source("198.18.0.9"), 1).0, Standing::Former, "the thief's");
        assert_eq!(known.standing("101", source("192.0.2.7"), 1).0, Standing::Known, "the office");
        assert_eq!(known.standing("101", source("198.18.0.10"), 1).0, Standing::Stranger, "next to the thief");
        assert!(!known.is_known(source("198.18.0.9"), 1));
        note(&mut known, "101", "198.18.0.9", 2);
        assert_eq!(known.standing("101", source("198.18.0.9"), 3).0, Standing::Known, "it was its own phone");
        known.sweep(3 + KNOWN_DAYS * DAY_MS);
        assert_eq!(known.sizes(), (0, 0));
    }

    #[test]
    fn addresses_of_a_name_are_bounded() {
        let mut known = Known::default();
        for n in 0..100 {
            note(&mut known, "101", &format!("192.0.2.{n}"), n);
        }
        assert_eq!(known.sizes(), (1, MAX_KNOWN_ADDRESSES));
        assert_eq!(known.standing("101", source("192.0.2.99"), 100).0, Standing::Known);
        assert_eq!(known.standing("101", source("192.0.2.83"), 100).0, Standing::Neighbour);
    }
}
