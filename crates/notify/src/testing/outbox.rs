//! An outbox in memory that can fail on request, and a clock moved by hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use account::{Contact, LineKind};
use billing::{AccountId, LineId, Money};

use crate::outbox::{AccountFacts, LineFacts, Outbox, OutboxError, Waiting};
use crate::worker::Clock;

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Queued(u64),
    Sent(u64),
    Failed,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) notice: Waiting,
    pub(crate) state: State,
    pub(crate) error: String,
}

#[derive(Default)]
pub(crate) struct MemoryOutbox {
    pub(crate) rows: Mutex<BTreeMap<i64, Row>>,
    pub(crate) contacts: Mutex<Vec<Contact>>,
    pub(crate) delivered: Mutex<Vec<String>>,
    /// `mark_sent` fails while this is set.
    pub(crate) broken: AtomicBool,
}

impl MemoryOutbox {
    pub(crate) fn put(&self, id: i64, created_ms: u64, notice: account::Notice) {
        let notice = Waiting { id, account: super::account_id(), created_ms, notice, attempts: 0 };
        self.rows.lock().unwrap().insert(id, Row { notice, state: State::Queued(created_ms), error: String::new() });
    }

    pub(crate) fn row(&self, id: i64) -> Row {
        self.rows.lock().unwrap()[&id].clone()
    }
}

impl Outbox for MemoryOutbox {
    fn next_due(&self, now_ms: u64) -> Result<Option<Waiting>, OutboxError> {
        let rows = self.rows.lock().unwrap();
        let due = rows.values().filter_map(|row| match row.state {
            State::Queued(at_ms) if at_ms <= now_ms => Some((at_ms, &row.notice)),
            _ => None,
        });
        Ok(due.min_by_key(|(at_ms, notice)| (*at_ms, notice.id)).map(|(_, notice)| notice.clone()))
    }

    fn news(&self, _: &AccountId) -> Result<Vec<Waiting>, OutboxError> {
        let rows = self.rows.lock().unwrap();
        let is_due = |row: &&Row| row.notice.notice.is_news() && matches!(row.state, State::Queued(_));
        Ok(rows.values().filter(is_due).map(|row| row.notice.clone()).collect())
    }

    fn next_due_ms(&self) -> Result<Option<u64>, OutboxError> {
        let rows = self.rows.lock().unwrap();
        Ok(rows.values().filter_map(|row| if let State::Queued(at_ms) = row.state { Some(at_ms) } else { None }).min())
    }

    fn mark_sent(&self, id: i64, now_ms: u64) -> Result<(), OutboxError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(OutboxError("the disk is full".into()));
        }
        self.rows.lock().unwrap().get_mut(&id).unwrap().state = State::Sent(now_ms);
        Ok(())
    }

    fn mark_failed(&self, id: i64, error: &str, next_try_ms: Option<u64>) -> Result<(), OutboxError> {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(&id).unwrap();
        row.notice.attempts += 1;
        row.error = error.to_owned();
        row.state = next_try_ms.map_or(State::Failed, State::Queued);
        Ok(())
    }

    fn account(&self, id: &AccountId) -> Result<Option<AccountFacts>, OutboxError> {
        let mut settings = super::settings();
        settings.contacts.clone_from(&self.contacts.lock().unwrap());
        let facts = AccountFacts { settings, balance: Money::from_cents(4_972), held: Money::ZERO };
        Ok((*id == super::account_id()).then_some(facts))
    }

    fn line(&self, _: &AccountId, line: &LineId) -> Result<Option<LineFacts>, OutboxError> {
        let kind = Some(LineKind::Trunk);
        Ok(Some(LineFacts { id: line.to_string(), kind, name: String::new(), caller_id: None }))
    }

    fn delivered(&self, _: &Waiting, _: &Contact, message_id: &str, _: u64) {
        self.delivered.lock().unwrap().push(message_id.to_owned());
    }
}

/// A clock moved by hand.
#[derive(Clone, Default)]
pub(crate) struct HandClock(pub(crate) Arc<AtomicU64>);

impl HandClock {
    pub(crate) fn set(&self, now_ms: u64) {
        self.0.store(now_ms, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
