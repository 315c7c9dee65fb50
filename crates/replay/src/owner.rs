//! The simulated owner, who reads of a cut two hours later and knows which calls were fraud.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use billing::LineId;
use serde::Deserialize;

use crate::event::{CallRow, Event, Kind, RowError};

/// The owner answers so long after a cut.
pub const ANSWERS_AFTER_MS: u64 = 2 * HOUR_MS;
/// A fraud call so long before a cut proves it right.
const BEFORE_MS: u64 = 48 * HOUR_MS;
/// And so long after it.
const AFTER_MS: u64 = 24 * HOUR_MS;
const HOUR_MS: u64 = 3_600_000;
/// Labels that are read; more is no labelled world.
pub const MAX_LABELS: usize = 4_000_000;

/// An attack, by its place among those named in the labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AttackId(u32);

/// One row of a file of labels.
#[derive(Deserialize)]
struct LabelRow {
    id: String,
    #[serde(default)]
    fraud: bool,
    #[serde(default)]
    attack: String,
}

/// One labelled call.
#[derive(Clone, Debug)]
struct FraudCall {
    at_ms: u64,
    attack: AttackId,
    line: Box<str>,
    ip: IpAddr,
}

/// Which calls were fraud, and when and whence each came: read from the labels first, then shown all events.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    attacks: BTreeMap<Box<str>, AttackId>,
    calls: BTreeMap<Box<str>, AttackId>,
    /// The labelled calls of each account, in the order of time.
    by_account: BTreeMap<Box<str>, Vec<FraudCall>>,
}

impl Truth {
    /// Reads one row of labels.
    ///
    /// # Errors
    /// [`RowError::Json`] where it is none; [`RowError::TooManyLabels`] beyond [`MAX_LABELS`].
    pub fn label(&mut self, row: &[u8]) -> Result<(), RowError> {
        let row: LabelRow = serde_json::from_slice(row).map_err(RowError::Json)?;
        if !row.fraud {
            return Ok(());
        }
        if self.calls.len() >= MAX_LABELS {
            return Err(RowError::TooManyLabels);
        }
        let next = AttackId(u32::try_from(self.attacks.len()).unwrap_or(u32::MAX));
        let attack = *self.attacks.entry(row.attack.into()).or_insert(next);
        self.calls.insert(row.id.into(), attack);
        Ok(())
    }

    /// Is shown an event before the replay: what happens a day after a cut has to be known at the cut.
    pub fn witness(&mut self, event: &Event<'_>) {
        let Kind::Call(call) = &event.kind else { return };
        let Some(attack) = self.attack_of(call) else { return };
        let fraud = FraudCall { at_ms: event.at_ms, attack, line: (&*call.who.line).into(), ip: call.who.ip };
        match self.by_account.get_mut(&*call.who.account) {
            Some(calls) => calls.push(fraud),
            None => {
                self.by_account.insert((&*call.who.account).into(), vec![fraud]);
            }
        }
    }

    /// The attack a call belongs to; `None` where it is honest.
    pub(crate) fn attack_of(&self, call: &CallRow<'_>) -> Option<AttackId> {
        self.calls.get(&*call.id).copied()
    }

    /// The attacks with calls of the account around a cut: none means that the cut was wrong.
    fn around(&self, account: &str, cut_ms: u64) -> BTreeSet<AttackId> {
        let calls = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        let near = cut_ms.saturating_sub(BEFORE_MS)..=cut_ms.saturating_add(AFTER_MS);
        calls.iter().filter(|call| near.contains(&call.at_ms)).map(|call| call.attack).collect()
    }
}

/// What the owner of one account has shut out by changing secrets.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    attacks: BTreeSet<AttackId>,
    /// The lines those attacks used, and from where.
    sources: BTreeSet<(Box<str>, IpAddr)>,
}

impl Fixed {
    /// The owner reads of a cut. Where fraud is near, the secrets of the lines it has used by now are to be changed:
    /// these lines. `None`: it was no fraud.
    pub(crate) fn answer(&mut self, truth: &Truth, account: &str, cut_ms: u64) -> Option<Vec<LineId>> {
        let attacks = truth.around(account, cut_ms);
        if attacks.is_empty() {
            return None;
        }
        let calls = truth.by_account.get(account).map_or(&[][..], Vec::as_slice);
        let mut lines = BTreeSet::new();
        for call in calls.iter().filter(|call| attacks.contains(&call.attack)) {
            if call.at_ms <= cut_ms.saturating_add(ANSWERS_AFTER_MS) {
                lines.insert(&call.line);
            }
            self.sources.insert((call.line.clone(), call.ip));
        }
        let lines = lines.into_iter().filter_map(|line| LineId::new(line).ok()).collect();
        self.attacks.extend(attacks);
        Some(lines)
    }

    /// Whether anything has been shut out yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.attacks.is_empty()
    }

    /// Whether calls of this attack fail by now.
    pub(crate) fn has(&self, attack: AttackId) -> bool {
        self.attacks.contains(&attack)
    }

    /// Whether a registration of that line from there fails by now.
    pub(crate) fn bars(&self, line: &str, ip: IpAddr) -> bool {
        !self.is_empty() && self.sources.contains(&(line.into(), ip))
    }
}
