//! Questions about calls and money.

use std::collections::BTreeMap;

use billing::{AccountId, CallId, CarrierId, Cdr, Country, Money};
use rusqlite::Row;

use super::filter::CdrFilter;
use super::find::Order;
use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::calls::{self, Call, Part, Shown};

/// The most calls that are read one by one to be added up.
pub const MAX_ADDED_UP: u32 = 2_000;

/// When a call began, milliseconds since the Unix epoch, and to which country.
pub type Begun = (u64, Option<Country>);

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

impl Totals {
    fn of(call: &Call<'_>) -> Self {
        let Shown { is_answered, talk_ms, charge, .. } = call.shown;
        Self { calls: 1, answered: u64::from(is_answered), talk_ms, charge }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            calls: self.calls + more.calls,
            answered: self.answered + more.answered,
            talk_ms: self.talk_ms + more.talk_ms,
            charge: self.charge.saturating_add(more.charge),
        }
    }
}

impl Reader {
    /// How a carrier's last calls ended: SIP status, and how many of at most `of` calls; the most frequent first.
    ///
    /// # Errors
    /// Database errors.
    pub fn answers_of(&self, carrier: &CarrierId, of: u32) -> Result<Vec<(u16, u64)>, Error> {
        let filter = CdrFilter { carrier: Some(carrier.clone()), ..CdrFilter::default() };
        let calls = (&filter, Order::Latest, None);
        let statuses =
            self.find("count the answers of a carrier", calls, of.min(MAX_ROWS), |call| Ok(call.shown.status))?;
        let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
        statuses.into_iter().for_each(|status| *counts.entry(status).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
        Ok(counts)
    }

    /// Calls, the latest first; of one moment, those first that ended last.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs(&self, filter: &CdrFilter) -> Result<Vec<Cdr>, Error> {
        self.whole((filter, Order::Latest, filter.before))
    }

    /// Calls after one (its beginning and id), the oldest first; the filter's own page is left aside.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdrs_after(&self, filter: &CdrFilter, after: Option<(u64, CallId)>) -> Result<Vec<Cdr>, Error> {
        self.whole((filter, Order::Oldest, after))
    }

    fn whole(&self, calls: (&CdrFilter, Order, Option<(u64, CallId)>)) -> Result<Vec<Cdr>, Error> {
        self.find("list calls", calls, calls.0.limit.min(MAX_ROWS), |call| call.cdr())
    }

    /// One call, of one account or of any.
    ///
    /// # Errors
    /// Database errors.
    pub fn cdr(&self, account: Option<&AccountId>, call: CallId) -> Result<Option<Cdr>, Error> {
        self.with("find a call", |connection| {
            let now = connection.unchecked_transaction()?;
            let Some(row) = calls::row_of(&now, account.map(AccountId::as_str), call.0)? else { return Ok(None) };
            let part = Part::read(&now, calls::part(row))?;
            part.as_ref().map(|part| part.call(row)).transpose()?.flatten().map(|call| call.cdr()).transpose()
        })
    }

    /// The latest [`MAX_ADDED_UP`] of the calls a filter names, whatever its limit, added up; of one account, for accounts
    /// differ in currency. For whole days, [`Reader::totals_of_days`] knows the sum of all.
    ///
    /// # Errors
    /// Database errors.
    pub fn totals_of(&self, filter: &CdrFilter) -> Result<Totals, Error> {
        let calls = (filter, Order::Latest, filter.before);
        let calls = self.find("add up calls", calls, MAX_ADDED_UP, |call| Ok(Totals::of(call)))?;
        Ok(calls.into_iter().fold(Totals::default(), Totals::plus))
    }

    /// The same, and when each of them began and to which country: both of one look at the calls.
    ///
    /// # Errors
    /// Database errors.
    pub fn spread(&self, filter: &CdrFilter) -> Result<(Totals, Vec<Begun>), Error> {
        let calls = (filter, Order::Latest, filter.before);
        let found = self.find("spread calls", calls, MAX_ADDED_UP, |call| {
            let country = call.shown.country.and_then(|code| code.parse().ok());
            Ok((Totals::of(call), (call.start_ms, country)))
        })?;
        let (sums, calls): (Vec<Totals>, Vec<_>) = found.into_iter().unzip();
        Ok((sums.into_iter().fold(Totals::default(), Totals::plus), calls))
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
