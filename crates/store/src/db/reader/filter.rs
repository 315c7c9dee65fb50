//! Which calls are asked for, and which index finds them.
//!
//! What few calls have in common leads: a number, an address, a country or a carrier of which there are no more than
//! [`FEW`]. Where all are common, the calls of the account, of the line or of all are read in order of time until enough
//! fit, which then is soon.

use std::net::IpAddr;

use billing::{AccountId, CallId, CarrierId, Country, Decision, IncidentId, LineId};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Reader;
use crate::Error;
use crate::db::row::int;

/// So many calls are found and sorted within milliseconds.
const FEW: u32 = 10_000;
/// A range, so that an index serves it; `{` comes after the digits and after the `x` of a masked one.
const NUMBER: &str = "number >= ? AND number < ? || '{'";

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

/// Conditions on calls, as SQL, and the values in them.
pub(super) struct Clauses {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Clauses {
    /// One more.
    pub(super) fn and(&mut self, clause: &str, with: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(clause);
        self.values.extend(with);
    }

    fn and_if(&mut self, clause: &str, with: Option<impl Into<Value>>) {
        if let Some(value) = with {
            self.and(clause, [value.into()]);
        }
    }
}

impl CdrFilter {
    /// What the calls it names have in common.
    pub(super) fn sql(&self) -> Clauses {
        let mut calls = Clauses { sql: "1".to_owned(), values: Vec::new() };
        let equal = [
            ("account = ?", self.account.as_ref().map(ToString::to_string)),
            ("line = ?", self.line.as_ref().map(ToString::to_string)),
            ("country = ?", self.country.map(|country| country.code().to_owned())),
            ("ip = ?", self.ip.map(|ip| ip.to_string())),
            ("carrier = ?", self.carrier.as_ref().map(ToString::to_string)),
            ("incident = ?", self.incident.map(|incident| incident.to_string())),
        ];
        for (clause, value) in equal {
            calls.and_if(clause, value);
        }
        if let Some(prefix) = &self.number_prefix {
            calls.and(NUMBER, [prefix.clone().into(), prefix.clone().into()]);
        }
        match self.verdict {
            // Written out, as the indexes of refused calls want it.
            Some(Decision::Refused) => calls.and("verdict = 'refused'", []),
            Some(Decision::Allowed) => calls.and("verdict = 'allowed'", []),
            None => {}
        }
        calls.and_if("start_ms >= ?", self.since_ms.map(int));
        calls.and_if("start_ms < ?", self.until_ms.map(int));
        if let Some((start_ms, call)) = self.before {
            calls.and("(start_ms, call) < (?, ?)", [int(start_ms).into(), int(call.0).into()]);
        }
        calls
    }
}

impl Reader {
    /// The index that leads to the calls of a filter.
    pub(super) fn leading(&self, filter: &CdrFilter) -> Result<&'static str, Error> {
        if filter.incident.is_some() {
            return Ok("cdrs_by_incident");
        }
        let ip = filter.ip.map(|ip| ("cdrs_by_ip", "ip = ?", ip.to_string()));
        let country = filter.country.map(|country| ("cdrs_by_country", "country = ?", country.code().to_owned()));
        let carrier = filter.carrier.as_ref().map(|carrier| ("cdrs_by_carrier", "carrier = ?", carrier.to_string()));
        let number = filter.number_prefix.clone().map(|prefix| ("cdrs_by_number", NUMBER, prefix));
        for (index, clause, value) in [number, ip, country, carrier.clone()].into_iter().flatten() {
            if self.are_few(index, clause, value)? {
                return Ok(index);
            }
        }
        let refused = filter.verdict == Some(Decision::Refused);
        Ok(match (&filter.account, &filter.line, refused) {
            (Some(_), _, true) => "cdrs_refused_by_account",
            (Some(_), Some(_), false) => "cdrs_by_line",
            (Some(_), None, false) => "cdrs_by_account",
            (None, _, true) => "cdrs_refused",
            (None, _, false) if filter.ip.is_some() => "cdrs_by_ip",
            (None, _, false) if filter.country.is_some() => "cdrs_by_country",
            (None, _, false) if carrier.is_some() => "cdrs_by_carrier",
            (None, _, false) => "cdrs_by_time",
        })
    }

    /// Whether no more than [`FEW`] calls have this in common.
    fn are_few(&self, index: &str, clause: &str, value: String) -> Result<bool, Error> {
        let sql =
            format!("SELECT count(*) FROM (SELECT 1 FROM cdrs INDEXED BY {index} WHERE {clause} LIMIT {})", FEW + 1);
        let places = clause.matches('?').count();
        let values = std::iter::repeat_n(value, places);
        let count: Option<u32> = self.one("count calls", &sql, params_from_iter(values), |row| row.get(0))?;
        Ok(count.unwrap_or(0) <= FEW)
    }
}
