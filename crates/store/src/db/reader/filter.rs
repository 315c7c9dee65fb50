//! Which calls are asked for: as conditions on rows, and as the things that the calls have in common.

use std::net::IpAddr;

use billing::{AccountId, CallId, CarrierId, Country, Decision, IncidentId, LineId};
use rusqlite::types::Value;

use crate::db::filing::{ALL, REFUSED, beginning, thing};
use crate::db::row::int;

/// A range, so that the list of numbers serves it; `{` comes after the digits and after the `x` of a masked one.
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

    /// A number that begins so.
    pub(super) fn number(prefix: &str) -> Self {
        let mut calls = Self::all();
        calls.and(NUMBER, [prefix.to_owned().into(), prefix.to_owned().into()]);
        calls
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
    /// Kinds of things, and what is asked for of each; what is rare in general first.
    fn equal(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("incident", self.incident.map(|incident| incident.to_string())),
            ("ip", self.ip.map(|ip| ip.to_string())),
            ("line", self.line.as_ref().map(ToString::to_string)),
            ("country", self.country.map(|country| country.code().to_owned())),
            ("carrier", self.carrier.as_ref().map(ToString::to_string)),
            ("account", self.account.as_ref().map(ToString::to_string)),
        ]
    }

    /// What the calls it names have in common, as far as they are filed by it.
    pub(super) fn things(&self) -> Vec<String> {
        let equal = self.equal().into_iter().filter_map(|(kind, of)| Some(thing(kind, &of?)));
        let refused = (self.verdict == Some(Decision::Refused)).then(|| REFUSED.to_owned());
        let number = self.number_prefix.as_deref().and_then(beginning);
        let mut things: Vec<String> = equal.chain(refused).chain(number).collect();
        if things.is_empty() {
            things.push(ALL.to_owned());
        }
        things
    }

    /// What the calls it names have in common, but for its page.
    pub(super) fn sql(&self) -> Clauses {
        let mut calls = self.number_prefix.as_deref().map_or_else(Clauses::all, Clauses::number);
        for (kind, of) in self.equal() {
            calls.and_if(&format!("{kind} = ?"), of);
        }
        calls.and_if("verdict = ?", self.verdict.map(|verdict| verdict.as_str().to_owned()));
        calls.and_if("start_ms >= ?", self.since_ms.map(int));
        calls.and_if("start_ms < ?", self.until_ms.map(int));
        calls
    }
}
