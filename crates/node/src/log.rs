//! Durable before spending: counts the records a worker hands to the journal and withholds what may not be released
//! before they are durable.

use std::collections::VecDeque;

use account::Reply;

use crate::{CommandError, CommandReply, Share};

/// Something that waits for a record to be durable.
#[derive(Debug)]
pub enum Release {
    /// An account's reply for the call machine.
    Reply(Reply),
    /// The same for a call that talks already: it does not wait for a full disk.
    Lease(Reply),
    /// The answer to a person.
    Answer {
        /// The handle of the question.
        token: u64,
        /// The answer.
        reply: Result<CommandReply, CommandError>,
    },
    /// This worker's share of a snapshot.
    Share(Share),
}

/// A worker's own part of the journal. The worker counts its records; their numbers among those of the other workers
/// are given by the journal, in the order in which it takes them.
#[derive(Debug, Default)]
pub struct Log {
    handed_in: u64,
    durable: u64,
    /// When those that are not durable yet were handed in, in order.
    waiting_since_ms: VecDeque<u64>,
    withheld: VecDeque<(u64, Release)>,
}

impl Log {
    /// One more record is handed in.
    pub fn hand_in(&mut self, now_ms: u64) {
        self.handed_in += 1;
        self.waiting_since_ms.push_back(now_ms);
    }

    /// How many records were handed in.
    pub fn handed_in(&self) -> u64 {
        self.handed_in
    }

    /// Withholds `release` until all that was handed in until now is durable.
    pub fn withhold(&mut self, release: Release) {
        self.withheld.push_back((self.handed_in, release));
    }

    /// The first `count` records are durable.
    pub fn durable(&mut self, count: u64) {
        let more = count.saturating_sub(self.durable);
        self.durable += more;
        let more = usize::try_from(more).unwrap_or(usize::MAX).min(self.waiting_since_ms.len());
        self.waiting_since_ms.drain(..more);
    }

    /// The next thing that may go, in order.
    pub fn released(&mut self) -> Option<Release> {
        let (count, _) = self.withheld.front()?;
        if *count > self.durable {
            return None;
        }
        self.withheld.pop_front().map(|(_, release)| release)
    }

    /// Takes out what calls that talk already wait for.
    pub fn take_leases(&mut self) -> Vec<Reply> {
        let (leases, rest) = std::mem::take(&mut self.withheld)
            .into_iter()
            .partition(|(_, release)| matches!(release, Release::Lease(_)));
        self.withheld = rest;
        let leases: VecDeque<(u64, Release)> = leases;
        let reply = |(_, release)| if let Release::Lease(reply) = release { Some(reply) } else { None };
        leases.into_iter().filter_map(reply).collect()
    }

    /// How many records are not durable yet.
    pub fn waiting_records(&self) -> u64 {
        self.handed_in - self.durable
    }

    /// For how long the oldest of them has waited, milliseconds.
    pub fn longest_wait_ms(&self, now_ms: u64) -> u64 {
        self.waiting_since_ms.front().map_or(0, |since_ms| now_ms.saturating_sub(*since_ms))
    }

    /// How many releases wait.
    pub fn waiting(&self) -> usize {
        self.withheld.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_before_its_record_is_durable() {
        let mut log = Log::default();
        for token in [1, 2] {
            log.hand_in(token * 100);
            log.withhold(Release::Reply(Reply::RegisterRefused { token, status: 500 }));
        }
        assert!(log.released().is_none());
        assert_eq!(log.longest_wait_ms(450), 350);
        log.durable(1);
        assert_eq!(log.longest_wait_ms(450), 250);
        assert!(matches!(log.released(), Some(Release::Reply(Reply::RegisterRefused { token: 1, .. }))));
        assert!(log.released().is_none());
        log.durable(2);
        assert!(log.released().is_some());
        assert_eq!((log.waiting(), log.longest_wait_ms(450)), (0, 0));
    }
}
