//! What other accounts of the node were attacked with: reports of incidents, and the snapshot of them that is published.
//!
//! Crews sweep firm after firm with one list of numbers from a few addresses. What one guard cut for is evidence to the
//! next one, if it is the same for everybody who asks at the same time: a [`Board`] takes the reports of all accounts and
//! publishes a [`Bulletin`] at full minutes, never between. The bulletin has a version; whoever screens a call looks the
//! call up there and keeps the answer ([`Elsewhere`]) with the attempt, so that a replay of the attempt needs no bulletin.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use billing::{AccountId, E164, IncidentId};
use serde::{Deserialize, Serialize};

use crate::attempt::Suffix;
use crate::habit::Source;
use crate::{Action, Incident, IncidentState};

/// Incidents on the board; above it the oldest is taken off.
pub const MAX_REPORTS: usize = 1_024;
/// Numbers, and as many sources, in one report; those found first stay.
pub const MAX_REPORTED: usize = 16;
/// A bulletin is published at every full minute at which it differs from the one before.
pub const PUBLISHED_EVERY_MS: u64 = 60_000;
/// A report counts for so long: lists of numbers are burnt within days, and servers are given up.
pub const REPORTED_MS: u64 = 14 * 24 * 3_600_000;

/// The numbers that a struck line called, and the places it did not know before that they were called from. Only calls
/// that looked remarkable are in it, so that the owner's own calls on the struck line are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    numbers: BTreeSet<Suffix>,
    sources: BTreeSet<Source>,
}

impl Report {
    pub(crate) fn add_number(&mut self, number: Suffix) {
        if self.numbers.len() < MAX_REPORTED {
            self.numbers.insert(number);
        }
    }

    pub(crate) fn add_source(&mut self, source: Source) {
        if self.sources.len() < MAX_REPORTED {
            self.sources.insert(source);
        }
    }

    /// Takes in what was found later; says whether any of it was new.
    pub fn merge(&mut self, later: &Self) -> bool {
        let before = (self.numbers.len(), self.sources.len());
        later.numbers.iter().for_each(|number| self.add_number(*number));
        later.sources.iter().for_each(|source| self.add_source(*source));
        before != (self.numbers.len(), self.sources.len())
    }

    /// Whether the number, and the place, of a call are in it.
    pub(crate) fn names(&self, number: Suffix, source: Source) -> (bool, bool) {
        (self.numbers.contains(&number), self.sources.contains(&source))
    }

    /// How many numbers and places it names.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.numbers.len(), self.sources.len())
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = Suffix> {
        self.numbers.iter().copied()
    }

    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.sources.is_empty()
    }
}

/// What a bulletin says of one call: how many *other* accounts were attacked with its number, and from its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// The version that was asked: the minute, counted from the Unix epoch, in which it was published; 0 for none.
    pub version: u64,
    /// Accounts attacked with the number.
    pub number: u8,
    /// Accounts attacked from the /24 (IPv4) or /48 (IPv6) it comes from.
    pub source: u8,
}

impl Elsewhere {
    /// Nothing is known.
    pub const NOTHING: Self = Self { version: 0, number: 0, source: 0 };
}

/// What accounts were attacked with lately, as of one minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    version: u64,
    numbers: BTreeMap<Suffix, BTreeSet<AccountId>>,
    sources: BTreeMap<Source, BTreeSet<AccountId>>,
}

impl Bulletin {
    /// What it says of a call of `account` to `number` from `ip`.
    #[must_use]
    pub fn look_up(&self, account: &AccountId, number: Option<E164>, ip: IpAddr) -> Elsewhere {
        let others = |accounts: Option<&BTreeSet<AccountId>>| {
            let others = accounts.map_or(0, |accounts| accounts.len() - usize::from(accounts.contains(account)));
            u8::try_from(others).unwrap_or(u8::MAX)
        };
        Elsewhere {
            version: self.version,
            number: others(number.and_then(|number| self.numbers.get(&Suffix::from(number)))),
            source: others(self.sources.get(&Source::from(ip))),
        }
    }

    /// The minute in which it was published, counted from the Unix epoch; 0 before the first.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}

/// The reports of all accounts, and the bulletin made of them.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// By account and incident: since when, and what.
    reports: BTreeMap<(AccountId, IncidentId), (u64, Report)>,
    published: Arc<Bulletin>,
    /// The minute up to which nothing is left to publish.
    minute: u64,
    changed: bool,
}

impl Board {
    /// An incident is new or has changed. One that the owner has owned to is taken off.
    pub fn note(&mut self, incident: &Incident) {
        let key = (incident.account.clone(), incident.id);
        // An alert may be wrong as often as right, unless the owner says that it is right.
        let tells = incident.action >= Action::CutLine || incident.state == IncidentState::Theirs;
        if incident.state == IncidentState::Ours || !tells || incident.report.is_empty() {
            self.changed |= self.reports.remove(&key).is_some();
            return;
        }
        let new = (incident.acted_ms, incident.report.clone());
        if self.reports.get(&key) != Some(&new) {
            self.reports.insert(key, new);
            self.changed = true;
        }
        while self.reports.len() > MAX_REPORTS {
            let oldest = self.reports.iter().min_by_key(|(_, (at_ms, _))| *at_ms).map(|(key, _)| key.clone());
            oldest.map(|oldest| self.reports.remove(&oldest));
        }
    }

    /// The bulletin in force at `now_ms`: of all that was noted before the last full minute. Ask before noting what
    /// happens now.
    pub fn bulletin(&mut self, now_ms: u64) -> &Arc<Bulletin> {
        let minute = now_ms / PUBLISHED_EVERY_MS;
        if minute > self.minute {
            self.minute = minute;
            self.publish(now_ms);
        }
        &self.published
    }

    /// When there will be something new to publish, if nothing more is noted. What is too old goes with any publication, or
    /// whenever the bulletin is asked for in a later minute.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        self.changed.then(|| (self.minute + 1) * PUBLISHED_EVERY_MS)
    }

    fn publish(&mut self, now_ms: u64) {
        let before = self.reports.len();
        self.reports.retain(|_, (at_ms, _)| now_ms.saturating_sub(*at_ms) < REPORTED_MS);
        if !std::mem::take(&mut self.changed) && self.reports.len() == before {
            return;
        }
        let mut next = Bulletin { version: self.minute, ..Bulletin::default() };
        for ((account, _), (_, report)) in &self.reports {
            for number in &report.numbers {
                next.numbers.entry(*number).or_default().insert(account.clone());
            }
            for source in &report.sources {
                next.sources.entry(*source).or_default().insert(account.clone());
            }
        }
        self.published = Arc::new(next);
    }
}

#[cfg(test)]
mod tests {
    use billing::{CallId, LineId};

    use super::*;
    use crate::{Decibans, IncidentCall};

    const NUMBER: &str = "355691234567";
    const SOURCE: &str = "203.0.113.7";

    fn incident(account: &str, id: u64, at_ms: u64) -> Incident {
        let mut report = Report::default();
        report.add_number(NUMBER.parse::<E164>().unwrap().into());
        report.add_source(SOURCE.parse::<IpAddr>().unwrap().into());
        Incident {
            id: IncidentId(id),
            account: account.parse().unwrap(),
            line: LineId::new("101").unwrap(),
            opened_ms: at_ms,
            closed_ms: None,
            action: Action::CutLine,
            acted_ms: at_ms,
            shadow: false,
            state: IncidentState::Open,
            score: Decibans::whole(50),
            evidence: Vec::new(),
            origins: Vec::new(),
            told: Vec::new(),
            calls: Vec::<IncidentCall>::new(),
            report,
        }
    }

    fn ask(board: &mut Board, now_ms: u64, account: &str) -> (u64, u8, u8) {
        let found = board.bulletin(now_ms).look_up(
            &account.parse().unwrap(),
            Some("+355691234567".parse().unwrap()),
            "203.0.113.200".parse().unwrap(),
        );
        (found.version, found.number, found.source)
    }

    #[test]
    fn a_report_is_seen_from_the_next_full_minute_on_and_by_others_alone() {
        let mut board = Board::default();
        assert_eq!(ask(&mut board, 60_500, "b"), (0, 0, 0));
        board.note(&incident("a", 1, 61_000));
        assert_eq!(ask(&mut board, 119_999, "b"), (0, 0, 0));
        assert_eq!(ask(&mut board, 120_000, "b"), (2, 1, 1));
        assert_eq!(ask(&mut board, 120_000, "a"), (2, 0, 0), "not its own");
        board.note(&incident("c", 2, 121_000));
        assert_eq!(ask(&mut board, 500_000, "b"), (8, 2, 2), "the version is the minute of publication");
        assert_eq!(ask(&mut board, 600_000, "b"), (8, 2, 2), "nothing new, no new version");
    }

    #[test]
    fn what_the_owner_owns_to_is_taken_off_and_old_reports_run_out() {
        let mut board = Board::default();
        board.note(&incident("a", 1, 0));
        board.note(&incident("c", 2, 60_000));
        assert_eq!(ask(&mut board, 60_000, "b"), (1, 2, 2));
        board.note(&Incident { state: IncidentState::Ours, ..incident("a", 1, 0) });
        assert_eq!(ask(&mut board, 120_000, "b"), (2, 1, 1));
        assert_eq!(ask(&mut board, 60_000 + REPORTED_MS, "b").1, 0);
    }

    #[test]
    fn the_board_is_bounded() {
        let mut board = Board::default();
        for id in 0..MAX_REPORTS as u64 + 5 {
            board.note(&incident("a", CallId(id).0, id));
        }
        assert_eq!(board.reports.len(), MAX_REPORTS);
        assert!(!board.reports.contains_key(&("a".parse().unwrap(), IncidentId(4))));
    }
}
