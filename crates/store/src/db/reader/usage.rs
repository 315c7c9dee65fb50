//! Calls added up by day, line, country and carrier: sums that are kept, so that a month's report reads no call, and that
//! stay when the calls have been removed by age.

use std::ops::Range;

use billing::{AccountId, LineId, Money};
use rusqlite::{Row, params};

use super::cdrs::totals;
use super::{MAX_ROWS, Reader, Totals};
use crate::Error;
use crate::db::project::sums::OF_NODE;
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
    /// Which of the sums to read, and by what of them to add up; of one account or of the node. Of what is in all of them,
    /// the carriers' are fewest.
    const fn columns(self, is_of_account: bool) -> (&'static str, &'static str) {
        match self {
            Self::Account if is_of_account => ("carrier", "account"),
            Self::Account => ("account", "of"),
            Self::Day => ("carrier", "day"),
            Self::Line => ("line", "of"),
            Self::Country => ("country", "of"),
            Self::Carrier => ("carrier", "of"),
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

/// Sums of the days from `?1` to before `?2`, by `?3`, of the account `?4` (of the node: blank).
const OF_DAYS: &str = "FROM usage WHERE by = ?3 AND account = ?4 AND day >= ?1 AND day < ?2";

impl Reader {
    /// Calls of some days (of the account's calendar, counted from the Unix epoch), added up; of one account or of all,
    /// whose currencies may differ. Lines are added up within an account: of all there is no sum by line.
    ///
    /// # Errors
    /// Database errors.
    pub fn usage(&self, account: Option<&AccountId>, days: Range<u32>, by: UsageBy) -> Result<Vec<Usage>, Error> {
        let (by, column) = by.columns(account.is_some());
        let sql = format!(
            "SELECT CAST({column} AS TEXT) AS name, sum(calls) AS calls, sum(answered) AS answered,
             sum(talk_ms) AS talk_ms, sum(billed_s) AS billed_s, sum(charge_micros) AS charge_micros,
             sum(cost_micros) AS cost_micros {OF_DAYS} GROUP BY {column} ORDER BY {column} LIMIT {MAX_ROWS}"
        );
        let values = params![days.start, days.end, by, account.map_or(OF_NODE, AccountId::as_str)];
        self.all("add up calls", &sql, values, usage)
    }

    /// All calls of some of an account's days added up, or those of one of its lines.
    ///
    /// # Errors
    /// Database errors.
    pub fn totals_of_days(
        &self,
        account: &AccountId,
        line: Option<&LineId>,
        days: Range<u32>,
    ) -> Result<Totals, Error> {
        let (by, line) = line.map_or(("carrier", None), |line| ("line", Some(line.as_str())));
        let sql = format!(
            "SELECT sum(calls) AS calls, sum(answered) AS answered, sum(talk_ms) AS talk_ms,
             sum(charge_micros) AS charge_micros {OF_DAYS} AND (?5 IS NULL OR of = ?5)"
        );
        let values = params![days.start, days.end, by, account.as_str(), line];
        self.one("add up calls", &sql, values, totals).map(Option::unwrap_or_default)
    }
}

fn usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        of: row.get("name")?,
        calls: unsigned(row, "calls")?,
        answered: unsigned(row, "answered")?,
        talk_ms: unsigned(row, "talk_ms")?,
        billed_s: unsigned(row, "billed_s")?,
        charge: Money::from_micros(row.get("charge_micros")?),
        cost: Money::from_micros(row.get("cost_micros")?),
    })
}
