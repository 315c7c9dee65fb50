//! What is new to an account, and what became of its incidents: notices that follow from rows.
//!
//! A country is new when a call to it is answered for the first time, a network when a line is seen at it for the first
//! time. What comes up in the first days is how things are, and told to nobody.

use std::collections::{BTreeMap, BTreeSet};

use account::{Line, Notice};
use billing::{AccountId, Cdr, Country, Direction};
use geo::Place;
use guard::Incident;
use rusqlite::{OptionalExtension, params};

use super::account::Rows;
use super::run;
use crate::Error;
use crate::db::row::int;

/// So long after the first sight of an account or line everything is taken as usual, milliseconds.
pub(super) const QUIET_MS: u64 = 7 * 86_400_000;

/// Accounts and countries that are kept in mind; with more of them all are forgotten.
const MAX_IN_MIND: usize = 65_536;

/// Countries that are known not to be new to an account, so that the table need not be asked at each call.
#[derive(Debug, Default)]
pub(in crate::db) struct Seen {
    countries: BTreeMap<AccountId, BTreeSet<Country>>,
    count: usize,
}

impl Seen {
    fn has(&self, account: &AccountId, country: Country) -> bool {
        self.countries.get(account).is_some_and(|countries| countries.contains(&country))
    }

    fn keep_in_mind(&mut self, account: &AccountId, country: Country) {
        if self.count >= MAX_IN_MIND {
            *self = Self::default();
        }
        self.count += usize::from(self.countries.entry(account.clone()).or_default().insert(country));
    }
}

impl Rows<'_, '_> {
    /// After a call was written: whether its country is new to the account.
    pub(super) fn news_of_call(&mut self, cdr: &Cdr) -> Result<(), Error> {
        let is_out = cdr.who.direction == Direction::Outbound && cdr.times.answer_ms.is_some();
        let (Some(country), Some(line), true) = (&cdr.number.country, &cdr.who.line, is_out) else { return Ok(()) };
        if self.seen.has(self.account, *country) {
            return Ok(());
        }
        self.seen.keep_in_mind(self.account, *country);
        if !self.is_new("", "country", country.code(), cdr.times.start_ms)? {
            return Ok(());
        }
        let number = cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), |number| number.to_string());
        self.notice(&Notice::NewCountry { line: line.clone(), country: country.code().to_owned(), number })
    }

    /// Before a line is written: whether it is seen at a network that is new to it.
    pub(super) fn news_of_line(&mut self, line: &Line) -> Result<(), Error> {
        let Some((at_ms, ip, place)) = &line.last_seen else { return Ok(()) };
        let Some(network) = named(place) else { return Ok(()) };
        if !self.is_new(line.id.as_str(), "network", &network, *at_ms)? {
            return Ok(());
        }
        self.notice(&Notice::NewNetwork { line: line.id.clone(), ip: *ip, place: place.describe().to_string() })
    }

    /// Before an incident is written: whether it goes further or ends.
    pub(super) fn news_of_incident(&mut self, incident: &Incident) -> Result<(), Error> {
        let sql = "SELECT json FROM incidents WHERE incident = ?1";
        let before: Option<String> = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row([incident.id.to_string()], |row| row.get(0)).optional())
            .map_err(|source| Error::Database { what: "find an incident", source })?;
        let Some(before) = before else { return Ok(()) };
        let before: Incident =
            serde_json::from_str(&before).map_err(|source| Error::Json { what: "incident", source })?;
        if before.closed_ms.is_none() && incident.closed_ms.is_some() {
            return self.notice(&Notice::IncidentClosed(Box::new(incident.clone())));
        }
        if before.action != incident.action || before.state != incident.state {
            return self.notice(&Notice::IncidentUpdated(Box::new(incident.clone())));
        }
        Ok(())
    }

    /// Notes that something was seen; whether it is news.
    fn is_new(&self, line: &str, kind: &str, what: &str, at_ms: u64) -> Result<bool, Error> {
        let account = self.account.as_str();
        let added = run(
            self.transaction,
            "note what was seen",
            "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            params![account, line, kind, what, int(at_ms)],
        )?;
        if added == 0 {
            return Ok(false);
        }
        let sql = "SELECT min(at_ms) FROM seen WHERE account = ?1 AND line = ?2 AND kind = ?3";
        let first: i64 = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut find| find.query_row(params![account, line, kind], |row| row.get(0)))
            .map_err(|source| Error::Database { what: "find what was seen", source })?;
        Ok(int(at_ms).saturating_sub(first) > int(QUIET_MS))
    }
}

/// What tells a network from others: the operator's own name, or its number.
fn named(place: &Place) -> Option<String> {
    let named = place.named.as_ref().map(|name| format!("named {name}"));
    named.or_else(|| place.asn.map(|asn| format!("AS{asn}")))
}
