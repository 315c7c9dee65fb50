//! Questions about calls and money.

use billing::{AccountId, CallId, CarrierId, Cdr, Country, LedgerEntry, Money};
use rusqlite::{Row, params, params_from_iter};

use super::filter::{CdrFilter, Clauses, Way};

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_body, from_json, int, maybe_parsed, unsigned};

/// The most calls that are read one by one to be added up.
pub const MAX_ADDED_UP: u32 = 2_000;

/// Calls of some time added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attempts.
    pub calls: u64,
    /// Of which answered.
    pub answered: u64,
    /// Talk time, milliseconds.
    pub talk_ms: u64,
    /// Charged, in the account's currency.
    pub charge: Money,
}

impl Reader {
    /// How a carrier's last calls ended: SIP status, and how many of at most `of` calls.
    ///
    /// # Errors
    /// Database errors.
    pub fn answers_of(&self, carrier: &CarrierId, of: u32) -> Result<Vec<(u16, u64)>, Error> {
        self.all(
            "count the answers of a carrier",
            "SELECT status, count(*) AS calls FROM (SELECT status FROM cdrs INDEXED BY cdrs_by_carrier
                 WHERE carrier = ?1 ORDER BY start_ms DESC LIMIT ?2)
             GROUP BY status ORDER BY calls DESC, status",
            params![carrier.as_str(), of.min(MAX_ROWS)],
            |row| Ok((row.get("status")?, unsigned(row, "calls")?)),
        )
    }

    /// Calls, the latest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs(&self, filter: &CdrFilter) -> Result<Vec<Cdr>, Error> {
        self.in_order(filter, filter.sql(), "DESC")
    }

    /// Calls after one (its beginning and id), the oldest first; the filter's own page is left aside.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs_after(&self, filter: &CdrFilter, after: Option<(u64, CallId)>) -> Result<Vec<Cdr>, Error> {
        let mut calls = CdrFilter { before: None, ..filter.clone() }.sql();
        if let Some((start_ms, call)) = after {
            calls.and("(start_ms, call) > (?, ?)", [int(start_ms).into(), int(call.0).into()]);
        }
        self.in_order(filter, calls, "ASC")
    }

    fn in_order(&self, filter: &CdrFilter, calls: Clauses, order: &str) -> Result<Vec<Cdr>, Error> {
        let Way { index, by } = self.leading(filter)?;
        let Clauses { sql, mut values } = calls;
        // The calls are found in the index first, so that only those that are shown are read.
        let sql = format!(
            "SELECT body FROM cdrs WHERE rowid IN (SELECT rowid FROM cdrs INDEXED BY {index} WHERE {by} AND {sql}
             ORDER BY start_ms {order}, call {order} LIMIT ?) ORDER BY start_ms {order}, call {order}"
        );
        values.push(i64::from(filter.limit.min(MAX_ROWS)).into());
        self.all("list calls", &sql, params_from_iter(values), |row| from_body(row, "body"))
    }

    /// One call, of one account or of any.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdr(&self, account: Option<&AccountId>, call: CallId) -> Result<Option<Cdr>, Error> {
        self.one(
            "find a call",
            "SELECT body FROM cdrs WHERE call = ?1 AND (?2 IS NULL OR account = ?2) LIMIT 1",
            params![int(call.0), account.map(AccountId::as_str)],
            |row| from_body(row, "body"),
        )
    }

    /// The latest [`MAX_ADDED_UP`] of the calls a filter names, whatever its limit, added up; of one account, for accounts
    /// differ in currency. For whole days, [`Reader::totals_of_days`] knows the sum of all.
    ///
    /// # Errors
    /// Database errors.
    pub fn totals_of(&self, filter: &CdrFilter) -> Result<Totals, Error> {
        let Way { index, by } = self.leading(filter)?;
        let Clauses { sql, values } = filter.sql();
        let sql = format!(
            "SELECT count(*) AS calls, sum(answered) AS answered, sum(talk_ms) AS talk_ms,
             sum(charge_micros) AS charge_micros FROM (SELECT answered, talk_ms, charge_micros
             FROM cdrs INDEXED BY {index} WHERE {by} AND {sql} ORDER BY start_ms DESC, call DESC LIMIT {MAX_ADDED_UP})"
        );
        self.one("add up calls", &sql, params_from_iter(values), totals).map(Option::unwrap_or_default)
    }

    /// When the latest [`MAX_ADDED_UP`] of the calls a filter names began, and to which country; whatever its limit.
    ///
    /// # Errors
    /// Database errors.
    pub fn spread(&self, filter: &CdrFilter) -> Result<Vec<(u64, Option<Country>)>, Error> {
        let Way { index, by } = self.leading(filter)?;
        let Clauses { sql, values } = filter.sql();
        let sql = format!(
            "SELECT start_ms, country FROM cdrs INDEXED BY {index} WHERE {by} AND {sql}
             ORDER BY start_ms DESC, call DESC LIMIT {MAX_ADDED_UP}"
        );
        self.all("spread calls", &sql, params_from_iter(values), |row| {
            Ok((unsigned(row, "start_ms")?, maybe_parsed(row, "country")?))
        })
    }

    /// An account's statement, the latest entry first: what changed its balance, without the holds of its calls.
    ///
    /// # Errors
    /// Database errors.
    pub fn statement(&self, account: &AccountId, limit: u32) -> Result<Vec<LedgerEntry>, Error> {
        self.all(
            "list ledger entries",
            "SELECT json FROM ledger WHERE account = ?1 AND kind NOT IN ('hold', 'release') ORDER BY seq DESC LIMIT ?2",
            params![account.as_str(), limit.min(MAX_ROWS)],
            |row| from_json(row, "json"),
        )
    }

    /// All of an account's ledger entries after one, in order.
    ///
    /// # Errors
    /// Database errors.
    pub fn ledger(&self, account: &AccountId, after_seq: u64, limit: u32) -> Result<Vec<LedgerEntry>, Error> {
        self.all(
            "list ledger entries",
            "SELECT json FROM ledger WHERE account = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
            params![account.as_str(), int(after_seq), limit.min(MAX_ROWS)],
            |row| from_json(row, "json"),
        )
    }
}

/// Sums of calls.
pub(super) fn totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    // The sum of nothing is nothing.
    let sum = |column: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.unwrap_or(0));
    let count = |column: &str| Ok::<_, rusqlite::Error>(u64::try_from(sum(column)?).unwrap_or(0));
    Ok(Totals {
        calls: count("calls")?,
        answered: count("answered")?,
        talk_ms: count("talk_ms")?,
        charge: Money::from_micros(sum("charge_micros")?),
    })
}
