//! Questions about an account's ledger.

use std::ops::Range;

use billing::{AccountId, EntryKind, LedgerEntry, Money};
use rusqlite::{Params, params};

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::entries;
use crate::db::row::int;

impl Reader {
    /// An account's statement, the latest entry first: what changed its balance, without the holds of its calls.
    ///
    /// # Errors
    /// Database errors.
    pub fn statement(&self, account: &AccountId, limit: u32) -> Result<Vec<LedgerEntry>, Error> {
        self.ledger_before(account, u64::MAX, false, limit)
    }

    /// All of an account's ledger entries after one, in order.
    ///
    /// # Errors
    /// Database errors.
    pub fn ledger(&self, account: &AccountId, after_seq: u64, limit: u32) -> Result<Vec<LedgerEntry>, Error> {
        let sql = "SELECT since_ms, entries FROM ledger WHERE account = ?1 AND part >= ?2 ORDER BY part";
        let first = entries::part(after_seq.saturating_add(1));
        self.entries(sql, params![account.as_str(), first], limit, |part, found| {
            found.extend(part.into_iter().filter(|entry| entry.seq > after_seq));
        })
    }

    /// An account's ledger entries before one, the latest first; with the holds and releases of its calls on request.
    ///
    /// # Errors
    /// Database errors.
    pub fn ledger_before(
        &self,
        account: &AccountId,
        before_seq: u64,
        with_holds: bool,
        limit: u32,
    ) -> Result<Vec<LedgerEntry>, Error> {
        let sql = "SELECT since_ms, entries FROM ledger WHERE account = ?1 AND part <= ?2 ORDER BY part DESC";
        self.entries(sql, params![account.as_str(), entries::part(before_seq)], limit, |part, found| {
            let is_wanted =
                |entry: &LedgerEntry| entry.seq < before_seq && (with_holds || entry.kind.changes_balance());
            found.extend(part.into_iter().rev().filter(is_wanted));
        })
    }

    /// What people paid in or corrected in some time (milliseconds since the Unix epoch), the latest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn payments_in(&self, account: &AccountId, time_ms: Range<u64>) -> Result<Vec<LedgerEntry>, Error> {
        let sql = "SELECT since_ms, entries FROM ledger INDEXED BY ledger_by_people
                   WHERE account = ?1 AND by_people > 0 AND last_ms >= ?2 AND first_ms < ?3 ORDER BY last_ms DESC";
        let values = params![account.as_str(), int(time_ms.start), int(time_ms.end)];
        let mut found = self.entries(sql, values, MAX_ROWS, |part, found| {
            let by_people = |entry: &LedgerEntry| matches!(entry.kind, EntryKind::TopUp | EntryKind::Adjustment);
            found.extend(part.into_iter().filter(|entry| by_people(entry) && time_ms.contains(&entry.at_ms)));
        })?;
        found.sort_by_key(|entry| std::cmp::Reverse((entry.at_ms, entry.seq)));
        Ok(found)
    }

    /// What calls were charged in some time (milliseconds since the Unix epoch).
    ///
    /// # Errors
    /// Database errors.
    pub fn charged_in(&self, account: &AccountId, time_ms: Range<u64>) -> Result<Money, Error> {
        let values = params![account.as_str(), int(time_ms.start), int(time_ms.end)];
        let whole = "SELECT coalesce(sum(charged_micros), 0) FROM ledger INDEXED BY ledger_by_time
                     WHERE account = ?1 AND last_ms >= ?2 AND last_ms < ?3 AND first_ms >= ?2";
        let whole: Option<i64> = self.one("add up charges", whole, values, |row| row.get(0))?;
        // Of parts that lie in it and out of it, entry by entry; a clock that was set makes more of them.
        let broken = "SELECT since_ms, entries FROM ledger INDEXED BY ledger_by_time
                      WHERE account = ?1 AND last_ms >= ?2 AND first_ms < ?3 AND (first_ms < ?2 OR last_ms >= ?3)";
        let mut charged = Money::from_micros(whole.unwrap_or(0));
        self.entries(broken, values, MAX_ROWS, |part, _| {
            for entry in part.iter().filter(|entry| entry.kind == EntryKind::Capture && time_ms.contains(&entry.at_ms))
            {
                charged = charged.saturating_add(entry.amount);
            }
        })?;
        Ok(charged)
    }

    /// Entries that are picked from parts, until there are so many.
    fn entries(
        &self,
        sql: &str,
        values: impl Params,
        limit: u32,
        mut pick: impl FnMut(Vec<LedgerEntry>, &mut Vec<LedgerEntry>),
    ) -> Result<Vec<LedgerEntry>, Error> {
        let limit = limit.min(MAX_ROWS) as usize;
        self.with("list ledger entries", |connection| {
            let mut parts = connection.prepare_cached(sql)?;
            let mut parts = parts.query(values)?;
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(part) = parts.next()?
            {
                pick(entries::read(part)?, &mut found);
            }
            found.truncate(limit);
            Ok(found)
        })
    }
}
