//! Calls added up by day, line, country and carrier: sums that are kept, so that a month's report reads no call.

use std::ops::Range;

use billing::{AccountId, Money};
use rusqlite::{Row, params_from_iter, types::Value};

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::unsigned;

/// What calls are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// The account that pays.
    Account,
    /// The account's calendar day, counted from the Unix epoch.
    Day,
    /// The line that placed them.
    Line,
    /// The country called.
    Country,
    /// The carrier that took them.
    Carrier,
}

impl UsageBy {
    fn column(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Day => "day",
            Self::Line => "line",
            Self::Country => "country",
            Self::Carrier => "carrier",
        }
    }
}

/// Calls added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// What they have in common: an account, line, country code or carrier, or the day as a number; blank for none.
    pub of: String,
    /// Attempts.
    pub calls: u64,
    /// Of which answered.
    pub answered: u64,
    /// Talk time, milliseconds.
    pub talk_ms: u64,
    /// Seconds billed.
    pub billed_s: u64,
    /// Charged.
    pub charge: Money,
    /// What the carriers ask, as far as it is known.
    pub cost: Money,
}

impl Reader {
    /// Calls of some days (of the account's calendar, counted from the Unix epoch), added up; of one account or of all,
    /// whose currencies may differ.
    ///
    /// # Errors
    /// Database errors.
    pub fn usage(&self, account: Option<&AccountId>, days: Range<u32>, by: UsageBy) -> Result<Vec<Usage>, Error> {
        let column = by.column();
        let mut values: Vec<Value> = vec![days.start.into(), days.end.into()];
        let mut of = "";
        if let Some(account) = account {
            of = "AND account = ?3";
            values.push(account.as_str().to_owned().into());
        }
        let sql = format!(
            "SELECT CAST({column} AS TEXT) AS \"of\", sum(calls) AS calls, sum(answered) AS answered,
             sum(talk_ms) AS talk_ms, sum(billed_s) AS billed_s, sum(charge_micros) AS charge_micros,
             sum(cost_micros) AS cost_micros
             FROM usage WHERE day >= ?1 AND day < ?2 {of} GROUP BY {column} ORDER BY {column} LIMIT {MAX_ROWS}"
        );
        self.all("add up calls", &sql, params_from_iter(values), usage)
    }
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        of: row.get("of")?,
        calls: unsigned(row, "calls")?,
        answered: unsigned(row, "answered")?,
        talk_ms: unsigned(row, "talk_ms")?,
        billed_s: unsigned(row, "billed_s")?,
        charge: Money::from_micros(row.get("charge_micros")?),
        cost: Money::from_micros(row.get("cost_micros")?),
    })
}
