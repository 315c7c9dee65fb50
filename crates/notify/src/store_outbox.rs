//! The outbox of the SQLite store.

use std::sync::Arc;

use billing::{AccountId, LineId};
use store::{Desk, Queued, Reader};

use crate::outbox::{AccountFacts, LineFacts, MAX_NEWS, Outbox, OutboxError, Waiting};

/// The outbox in the node's database: notices queued by the projector, states kept by the desk.
#[derive(Clone, Debug)]
pub struct StoreOutbox {
    desk: Arc<Desk>,
    reader: Arc<Reader>,
}

impl StoreOutbox {
    /// Of one database.
    #[must_use]
    pub fn new(desk: Arc<Desk>, reader: Arc<Reader>) -> Self {
        Self { desk, reader }
    }
}

impl From<store::Error> for OutboxError {
    fn from(error: store::Error) -> Self {
        Self(Box::new(error))
    }
}

impl Outbox for StoreOutbox {
    fn next_due(&self, now_ms: u64) -> Result<Option<Waiting>, OutboxError> {
        Ok(self.desk.next_due(now_ms)?.map(waiting))
    }

    fn news(&self, account: &AccountId) -> Result<Vec<Waiting>, OutboxError> {
        Ok(self.desk.waiting_news(account, MAX_NEWS)?.into_iter().map(waiting).collect())
    }

    fn next_due_ms(&self) -> Result<Option<u64>, OutboxError> {
        Ok(self.desk.next_due_ms()?)
    }

    fn mark_sent(&self, id: i64, now_ms: u64) -> Result<(), OutboxError> {
        Ok(self.desk.mark_sent(id, now_ms)?)
    }

    fn mark_failed(&self, id: i64, error: &str, next_try_ms: Option<u64>) -> Result<(), OutboxError> {
        Ok(self.desk.mark_failed(id, error, next_try_ms)?)
    }

    fn account(&self, id: &AccountId) -> Result<Option<AccountFacts>, OutboxError> {
        let row = self.reader.account(id)?;
        Ok(row.map(|row| AccountFacts { settings: row.settings, balance: row.balance, held: row.held }))
    }

    fn line(&self, account: &AccountId, line: &LineId) -> Result<Option<LineFacts>, OutboxError> {
        let row = self.reader.line(account, line)?;
        Ok(row.map(|row| LineFacts {
            id: row.line.id.to_string(),
            kind: Some(row.line.kind),
            name: row.line.name,
            caller_id: row.line.caller_id,
        }))
    }
}

fn waiting(queued: Queued) -> Waiting {
    Waiting {
        id: queued.id,
        account: queued.account,
        created_ms: queued.created_ms,
        notice: queued.notice,
        attempts: queued.attempts,
    }
}

#[cfg(test)]
mod tests;
