//! Verifications in flight of names that are known where they are tried: each counts as failed until it is settled, but
//! leaves no trace in the counters unless it fails. Nearly all succeed, at once.

use std::collections::VecDeque;

use crate::tally::Key;

/// Most at once; of more, the one that began first counts as failed for good.
const MAX_IN_FLIGHT: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct InFlight {
    /// By the ticket's number, the first first.
    entries: VecDeque<(u64, Key)>,
}

impl InFlight {
    /// Counts one more. Returns the one that there is no more room for.
    pub(crate) fn begin(&mut self, ticket: u64, key: Key) -> Option<Key> {
        self.entries.push_back((ticket, key));
        if self.entries.len() <= MAX_IN_FLIGHT {
            return None;
        }
        self.entries.pop_front().map(|(_, key)| key)
    }

    /// Counts it no more; whether it was counted.
    pub(crate) fn end(&mut self, ticket: u64) -> bool {
        let at = self.entries.binary_search_by_key(&ticket, |(number, _)| *number);
        at.ok().and_then(|at| self.entries.remove(at)).is_some()
    }

    /// How many count under a key.
    pub(crate) fn count(&self, key: &Key) -> usize {
        self.entries.iter().filter(|(_, own)| own == key).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counts_until_it_ends_and_the_oldest_makes_room() {
        let (mut in_flight, key) = (InFlight::default(), |asn| Key::Asn(asn));
        for ticket in 0..MAX_IN_FLIGHT as u64 {
            assert_eq!(in_flight.begin(ticket, key(u32::from(ticket > 0))), None);
        }
        assert_eq!((in_flight.count(&key(0)), in_flight.count(&key(1))), (1, MAX_IN_FLIGHT - 1));
        assert_eq!(in_flight.begin(MAX_IN_FLIGHT as u64, key(2)), Some(key(0)));
        assert!(!in_flight.end(0) && in_flight.end(1) && !in_flight.end(1));
        assert_eq!((in_flight.count(&key(1)), in_flight.count(&key(2))), (MAX_IN_FLIGHT - 2, 1));
    }
}
