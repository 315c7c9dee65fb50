//! Which calls are asked for, and which index finds them.
//!
//! Where calls have one thing in common, its index has them in order of time, and no other call is looked at: within an
//! account, and of all. Of several things the one leads of which there are no more than [`FEW`] calls, which are then
//! sorted. Where each of them is common, the calls of the account or of all are read in order of time until enough fit,
//! which then is soon; so it is for numbers with a common beginning, which an index cannot have in order of time.

use std::net::IpAddr;

use billing::{AccountId, CallId, CarrierId, Country, Decision, IncidentId, LineId};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::Reader;
use crate::Error;
use crate::db::row::int;

/// So many calls are found and sorted within milliseconds.
const FEW: u32 = 10_000;
/// The index of numbers.
const BY_NUMBER: &str = "cdrs_of_account_by_number";
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
    /// None yet.
    fn all() -> Self {
        Self { sql: "1".to_owned(), values: Vec::new() }
    }

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
        let mut calls = Clauses::all();
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

/// A thing that calls may have in common, and how they are found by it.
struct Lead {
    index: &'static str,
    calls: Clauses,
    /// Whether the index has them in order of time.
    is_in_order: bool,
}

/// An index, and what a question must say besides what it asks for it to serve.
pub(super) struct Way {
    pub(super) index: &'static str,
    pub(super) by: &'static str,
}

/// The index of numbers begins with the account: one of all is gone through account by account.
const OF_EACH_ACCOUNT: &str = "account IN (SELECT account FROM accounts)";

impl CdrFilter {
    /// What may lead, the rarest in general first.
    fn leads(&self) -> Vec<Lead> {
        let within = |of_one: &'static str, of_all: &'static str| if self.account.is_some() { of_one } else { of_all };
        let equal = [
            (within("cdrs_of_account_by_ip", "cdrs_by_ip"), "ip = ?", self.ip.map(|ip| ip.to_string())),
            (
                within("cdrs_of_account_by_country", "cdrs_by_country"),
                "country = ?",
                self.country.map(|country| country.code().to_owned()),
            ),
            (
                within("cdrs_of_account_by_carrier", "cdrs_by_carrier"),
                "carrier = ?",
                self.carrier.as_ref().map(ToString::to_string),
            ),
        ];
        let lead = |index, clause: &str, values: Vec<Value>, is_in_order| {
            let mut calls = Clauses::all();
            calls.and_if("account = ?", self.account.as_ref().map(ToString::to_string));
            calls.and(clause, values);
            Lead { index, calls, is_in_order }
        };
        let mut leads = Vec::new();
        if let Some(prefix) = &self.number_prefix {
            let values = vec![prefix.clone().into(), prefix.clone().into()];
            let mut numbers = lead(BY_NUMBER, NUMBER, values, false);
            if self.account.is_none() {
                numbers.calls.and(OF_EACH_ACCOUNT, []);
            }
            leads.push(numbers);
        }
        for (index, clause, value) in equal {
            leads.extend(value.map(|value| lead(index, clause, vec![value.into()], true)));
        }
        if self.verdict == Some(Decision::Refused) {
            let index = within("cdrs_of_account_refused", "cdrs_refused");
            leads.push(lead(index, "verdict = 'refused'", Vec::new(), true));
        }
        if let (Some(_), Some(line)) = (&self.account, &self.line) {
            leads.push(lead("cdrs_of_account_by_line", "line = ?", vec![line.to_string().into()], true));
        }
        leads
    }
}

impl Reader {
    /// The way to the calls of a filter.
    pub(super) fn leading(&self, filter: &CdrFilter) -> Result<Way, Error> {
        let index = self.leading_index(filter)?;
        let by = if index == BY_NUMBER && filter.account.is_none() { OF_EACH_ACCOUNT } else { "1" };
        Ok(Way { index, by })
    }

    fn leading_index(&self, filter: &CdrFilter) -> Result<&'static str, Error> {
        if filter.incident.is_some() {
            return Ok("cdrs_by_incident");
        }
        let leads = filter.leads();
        if let [Lead { index, is_in_order: true, .. }] = leads.as_slice() {
            return Ok(index);
        }
        for Lead { index, calls, .. } in &leads {
            if self.are_few(index, calls)? {
                return Ok(index);
            }
        }
        let in_order = leads.iter().find(|lead| lead.is_in_order).map(|lead| lead.index);
        Ok(match (&filter.account, &filter.line, &filter.carrier) {
            // It has everything but line and carrier.
            (Some(_), None, None) => "cdrs_of_account",
            (Some(_), ..) => in_order.unwrap_or("cdrs_of_account"),
            (None, ..) => in_order.unwrap_or("cdrs_by_time"),
        })
    }

    /// Whether no more than [`FEW`] calls have this in common.
    fn are_few(&self, index: &str, Clauses { sql, values }: &Clauses) -> Result<bool, Error> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM cdrs INDEXED BY {index} WHERE {sql} LIMIT {})", FEW + 1);
        let count: Option<u32> = self.one("count calls", &sql, params_from_iter(values), |row| row.get(0))?;
        Ok(count.unwrap_or(0) <= FEW)
    }
}
