//! Durable before spending: numbers journal records and withholds what may not be released before they are durable.

use std::collections::VecDeque;

use account::Reply;

use crate::{CommandError, CommandReply};

/// Something that waits for a record to be durable.
#[derive(Debug)]
pub enum Release {
    /// An account's reply for the call machine.
    Reply(Reply),
    /// The same for a call that talks already: it does not wait for a full disk.
    Lease(Reply),
    /// The answer to a person.
    Command {
        /// The driver's handle.
        token: u64,
        /// The answer.
        reply: Result<CommandReply, CommandError>,
    },
}

/// The journal's numbering as the worker sees it.
#[derive(Debug)]
pub struct Log {
    last_lsn: u64,
    durable_lsn: u64,
    withheld: VecDeque<(u64, Release)>,
}

impl Log {
    /// A journal that holds `lsn` durable records.
    pub fn after(lsn: u64) -> Self {
        Self { last_lsn: lsn, durable_lsn: lsn, withheld: VecDeque::new() }
    }

    /// The number of the next record.
    pub fn next(&mut self) -> u64 {
        self.last_lsn += 1;
        self.last_lsn
    }

    /// The number of the newest record, durable or not.
    pub fn last(&self) -> u64 {
        self.last_lsn
    }

    /// Withholds `release` until record `lsn` is durable.
    pub fn withhold(&mut self, lsn: u64, release: Release) {
        debug_assert!(self.withheld.back().is_none_or(|(last, _)| *last <= lsn), "records are numbered in order");
        self.withheld.push_back((lsn, release));
    }

    /// Everything up to `lsn` is durable.
    pub fn durable(&mut self, lsn: u64) {
        self.durable_lsn = self.durable_lsn.max(lsn);
    }

    /// The next thing that may go, in order.
    pub fn released(&mut self) -> Option<Release> {
        let (lsn, _) = self.withheld.front()?;
        if *lsn > self.durable_lsn {
            return None;
        }
        self.withheld.pop_front().map(|(_, release)| release)
    }

    /// Takes out what calls that talk already wait for.
    pub fn take_leases(&mut self) -> Vec<Reply> {
        let (leases, rest) =
            std::mem::take(&mut self.withheld).into_iter().partition(|(_, release)| matches!(release, Release::Lease(_)));
        self.withheld = rest;
        let leases: VecDeque<(u64, Release)> = leases;
        let reply = |(_, release)| if let Release::Lease(reply) = release { Some(reply) } else { None };
        leases.into_iter().filter_map(reply).collect()
    }

    /// How many records are not durable yet.
    pub fn waiting_records(&self) -> u64 {
        self.last_lsn - self.durable_lsn
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
        let mut log = Log::after(7);
        let (a, b) = (log.next(), log.next());
        for lsn in [a, b] {
            log.withhold(lsn, Release::Reply(Reply::RegisterRefused { token: lsn, status: 500 }));
        }
        assert!(log.released().is_none());
        log.durable(a);
        assert!(matches!(log.released(), Some(Release::Reply(Reply::RegisterRefused { token: 8, .. }))));
        assert!(log.released().is_none());
        log.durable(b);
        assert!(log.released().is_some());
        assert_eq!(log.waiting(), 0);
    }
}
