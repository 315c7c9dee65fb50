//! Questions about calls and money.

use std::net::IpAddr;

use billing::{AccountId, CallId, CarrierId, Cdr, Country, Decision, IncidentId, LedgerEntry, LineId, Money};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_body, from_json, int, unsigned};

/// Which calls; what is `None` does not restrict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrFilter {
    /// Of one account.
    pub account: Option<AccountId>,
    /// Placed by one line.
    pub line: Option<LineId>,
    /// Begun at or after.
    pub since_ms: Option<u64>,
    /// Begun before.
    pub until_ms: Option<u64>,
    /// Whose number begins so: in E.164 with its `+`, or digits as dialled for what is no number.
    pub number_prefix: Option<String>,
    /// To this country.
    pub country: Option<Country>,
    /// Placed from this address.
    pub ip: Option<IpAddr>,
    /// Taken by this carrier.
    pub carrier: Option<CarrierId>,
    /// Let through or refused.
    pub verdict: Option<Decision>,
    /// Of one incident.
    pub incident: Option<IncidentId>,
    /// The page after this call (its beginning and id), which was the last one of the page before.
    pub before: Option<(u64, CallId)>,
    /// How many at most ([`MAX_ROWS`] at the most).
    pub limit: u32,
}

impl Default for CdrFilter {
    fn default() -> Self {
        Self {
            account: None,
            line: None,
            since_ms: None,
            until_ms: None,
            number_prefix: None,
            country: None,
            ip: None,
            carrier: None,
            verdict: None,
            incident: None,
            before: None,
            limit: 100,
        }
    }
}

impl CdrFilter {
    /// What to ask of the calls it names, as SQL, and the values in it.
    fn sql(&self, what: &str) -> (String, Vec<Value>) {
        let mut sql = format!("SELECT {what} FROM cdrs WHERE 1");
        let mut values: Vec<Value> = Vec::new();
        let mut and = |clause: &str, with: Vec<Value>| {
            sql.push_str(" AND ");
            sql.push_str(clause);
            values.extend(with);
        };
        if let Some(account) = &self.account {
            and("account = ?", vec![account.as_str().to_owned().into()]);
        }
        if let Some(line) = &self.line {
            and("line = ?", vec![line.as_str().to_owned().into()]);
        }
        if let Some(since_ms) = self.since_ms {
            and("start_ms >= ?", vec![int(since_ms).into()]);
        }
        if let Some(until_ms) = self.until_ms {
            and("start_ms < ?", vec![int(until_ms).into()]);
        }
        if let Some(prefix) = &self.number_prefix {
            // A range, so that an index serves it; `:` comes after the digits.
            and("number >= ? AND number < ? || ':'", vec![prefix.clone().into(), prefix.clone().into()]);
        }
        if let Some(country) = &self.country {
            and("country = ?", vec![country.code().to_owned().into()]);
        }
        if let Some(ip) = &self.ip {
            and("ip = ?", vec![ip.to_string().into()]);
        }
        if let Some(carrier) = &self.carrier {
            and("carrier = ?", vec![carrier.as_str().to_owned().into()]);
        }
        if let Some(verdict) = self.verdict {
            and("verdict = ?", vec![verdict.as_str().to_owned().into()]);
        }
        if let Some(incident) = self.incident {
            and("incident = ?", vec![incident.to_string().into()]);
        }
        if let Some((start_ms, call)) = self.before {
            and("(start_ms, call) < (?, ?)", vec![int(start_ms).into(), call.to_string().into()]);
        }
        (sql, values)
    }
}

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
    /// Calls, the latest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs(&self, filter: &CdrFilter) -> Result<Vec<Cdr>, Error> {
        let (mut sql, mut values) = filter.sql("body");
        sql.push_str(" ORDER BY start_ms DESC, call DESC LIMIT ?");
        values.push(i64::from(filter.limit.min(MAX_ROWS)).into());
        self.all("list calls", &sql, params_from_iter(values), |row| from_body(row, "body"))
    }

    /// Calls after one (its beginning and id), the oldest first; the filter's own page is left aside.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs_after(&self, filter: &CdrFilter, after: Option<(u64, CallId)>) -> Result<Vec<Cdr>, Error> {
        let (mut sql, mut values) = filter.sql("body");
        if let Some((start_ms, call)) = after {
            sql.push_str(" AND (start_ms, call) > (?, ?)");
            values.extend([int(start_ms).into(), call.to_string().into()]);
        }
        sql.push_str(" ORDER BY start_ms, call LIMIT ?");
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
            params![call.to_string(), account.map(AccountId::as_str)],
            |row| from_body(row, "body"),
        )
    }

    /// An account's calls begun at or after a time, added up (today: since midnight in the account's zone).
    ///
    /// # Errors
    /// Database errors.
    pub fn totals(&self, account: &AccountId, since_ms: u64) -> Result<Totals, Error> {
        self.totals_of(&CdrFilter { account: Some(account.clone()), since_ms: Some(since_ms), ..CdrFilter::default() })
    }

    /// All calls a filter names, whatever its limit, added up; of one account, for accounts differ in currency.
    ///
    /// # Errors
    /// Database errors.
    pub fn totals_of(&self, filter: &CdrFilter) -> Result<Totals, Error> {
        let (sql, values) = filter.sql(
            "count(*) AS calls, coalesce(sum(answered), 0) AS answered, coalesce(sum(talk_ms), 0) AS talk_ms,
             coalesce(sum(charge_micros), 0) AS charge_micros",
        );
        let totals = self.one("add up calls", &sql, params_from_iter(values), |row| {
            Ok(Totals {
                calls: unsigned(row, "calls")?,
                answered: unsigned(row, "answered")?,
                talk_ms: unsigned(row, "talk_ms")?,
                charge: Money::from_micros(row.get("charge_micros")?),
            })
        })?;
        Ok(totals.unwrap_or_default())
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
