//! Finding calls: which may fit is known from lists of blocks, of which as many are opened as it takes, and each is then
//! looked at, in order of time, until there are enough.
//!
//! A list never lacks a call, and may name some that have been removed or do not fit: what counts is what the call says.

use std::collections::BinaryHeap;

use rusqlite::{Connection, Row, params};

use super::Reader;
use super::filter::CdrFilter;
use crate::Error;
use crate::db::calls::{self, Call, Part};
use crate::db::filing::{self, Place};
use crate::db::row::{int, unsigned};

/// So many calls to numbers with a common beginning are read from the list of numbers, whenever they were; of more of them
/// the latest come soon among all calls.
const FEW_NUMBERS: u32 = 10_000;

/// In which order calls are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The latest first; before a call, if one is named.
    Latest,
    /// The oldest first; after a call, if one is named.
    Oldest,
}

impl Order {
    /// The greater, the sooner it is wanted.
    fn rank(self, Place { start_ms, row }: Place) -> (u64, u64) {
        match self {
            Self::Latest => (start_ms, row),
            Self::Oldest => (!start_ms, !row),
        }
    }

    fn row((_, row): (u64, u64), order: Self) -> u64 {
        if order == Self::Latest { row } else { !row }
    }
}

/// A block that is not opened yet.
struct Block {
    first_row: i64,
    /// Of when the first of its calls that is wanted can be, as in [`Order::rank`].
    soonest: u64,
}

struct Finder<'a> {
    connection: &'a Connection,
    filter: &'a CdrFilter,
    order: Order,
    things: Vec<String>,
    /// Only calls that come after this one.
    after: Option<(u64, u64)>,
    /// Only calls that began from the first to the second moment.
    time_ms: (u64, u64),
    /// Calls to look at.
    candidates: BinaryHeap<(u64, u64)>,
    /// The next one is last.
    blocks: Vec<Block>,
}

impl Reader {
    /// The calls of a filter in an order, after a call (its beginning and id) if one is named; so many at most.
    pub(super) fn find<T>(
        &self,
        what: &'static str,
        (filter, order, after): (&CdrFilter, Order, Option<(u64, billing::CallId)>),
        limit: u32,
        mut read: impl FnMut(&Call<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.with(what, |connection| {
            // Blocks and calls as they are at one moment.
            let now = connection.unchecked_transaction()?;
            let mut finder = Finder::new(&now, filter, order, after)?;
            let (mut found, mut last): (_, Option<Part>) = (Vec::new(), None);
            while found.len() < limit as usize
                && let Some(row) = finder.next()?
            {
                let part = calls::part(row);
                if last.as_ref().is_none_or(|last| last.part != part) {
                    last = Part::read(&now, part)?;
                }
                let call = last.as_ref().map(|last| last.call(row)).transpose()?.flatten();
                if let Some(call) = call.filter(|call| finder.fits(call)) {
                    found.push(read(&call)?);
                }
            }
            Ok(found)
        })
    }
}

impl<'a> Finder<'a> {
    fn new(
        connection: &'a Connection,
        filter: &'a CdrFilter,
        order: Order,
        after: Option<(u64, billing::CallId)>,
    ) -> rusqlite::Result<Self> {
        let mut time_ms = (filter.since_ms.unwrap_or(0), filter.until_ms.unwrap_or(u64::MAX));
        let after = after.map(|(start_ms, call)| {
            // Where it is of two accounts, pages must not stand still.
            let sql = match order {
                Order::Latest => "SELECT coalesce(min(row), 0) FROM call_ids WHERE call = ?",
                Order::Oldest => "SELECT coalesce(max(row), 9223372036854775807) FROM call_ids WHERE call = ?",
            };
            match order {
                Order::Latest => time_ms.1 = time_ms.1.min(start_ms),
                Order::Oldest => time_ms.0 = time_ms.0.max(start_ms),
            }
            let row: i64 = connection.prepare_cached(sql)?.query_row([int(call.0)], |found| found.get(0))?;
            Ok::<_, rusqlite::Error>(order.rank(Place { start_ms, row: u64::try_from(row).unwrap_or(0) }))
        });
        let (after, things, candidates, blocks) = (after.transpose()?, filter.things(), BinaryHeap::new(), Vec::new());
        let mut finder = Self { connection, filter, order, things, after, time_ms, candidates, blocks };
        finder.look_through_unfiled()?;
        if !finder.look_up_number()? {
            finder.list_blocks()?;
        }
        Ok(finder)
    }

    /// Whether a call is wanted.
    fn fits(&self, call: &Call<'_>) -> bool {
        let rank = self.order.rank(Place { start_ms: call.start_ms, row: call.row });
        self.after.is_none_or(|after| rank < after) && self.filter.fits(call)
    }

    fn look_through_unfiled(&mut self) -> rusqlite::Result<()> {
        let (filed, calls): (i64, i64) = self
            .connection
            .prepare_cached("SELECT filed, calls FROM applied")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let [filed, calls] = [filed, calls].map(|row| u64::try_from(row).unwrap_or(0));
        Part::each(self.connection, filed + 1..=calls, |part| {
            for call in part.calls() {
                let call = call?;
                if call.row > filed && self.fits(&call) {
                    self.candidates.push(self.order.rank(Place { start_ms: call.start_ms, row: call.row }));
                }
            }
            Ok(())
        })
    }

    /// Whether the list of numbers has told all calls that may fit.
    fn look_up_number(&mut self) -> rusqlite::Result<bool> {
        let Some(prefix) = &self.filter.number_prefix else { return Ok(false) };
        // A range; `{` comes after the digits and after the `x` of a masked one.
        let sql = "SELECT start_ms, row FROM numbers WHERE number >= ?1 AND number < ?1 || '{'
                   AND account IN (SELECT ?2 UNION ALL SELECT account FROM accounts WHERE ?2 IS NULL) LIMIT ?3";
        let mut asked = self.connection.prepare_cached(sql)?;
        let number = |row: &Row<'_>, column: usize| row.get(column).map(|value: i64| u64::try_from(value).unwrap_or(0));
        let read = |row: &Row<'_>| Ok(Place { start_ms: number(row, 0)?, row: number(row, 1)? });
        let account = self.filter.account.as_ref().map(billing::AccountId::as_str);
        let places = asked.query_map(params![prefix, account, FEW_NUMBERS + 1], read)?;
        let places: Vec<Place> = places.collect::<Result<_, _>>()?;
        if places.len() > FEW_NUMBERS as usize {
            return Ok(false);
        }
        self.candidates.extend(places.into_iter().map(|place| self.order.rank(place)));
        Ok(true)
    }

    fn list_blocks(&mut self) -> rusqlite::Result<()> {
        let sql = "SELECT first_row, first_ms, last_ms FROM blocks WHERE last_ms >= ?1 AND first_ms <= ?2";
        let soonest_ms = if self.order == Order::Latest { "last_ms" } else { "first_ms" };
        let mut blocks = self.connection.prepare_cached(sql)?;
        let blocks = blocks.query_map([int(self.time_ms.0), int(self.time_ms.1)], |row| {
            let soonest = Place { start_ms: unsigned(row, soonest_ms)?, row: 0 };
            Ok(Block { first_row: row.get(0)?, soonest: self.order.rank(soonest).0 })
        })?;
        self.blocks = blocks.collect::<Result<_, _>>()?;
        self.blocks.sort_by_key(|block| (block.soonest, block.first_row));
        Ok(())
    }

    /// The row of the next call to look at.
    fn next(&mut self) -> rusqlite::Result<Option<u64>> {
        let may_be_sooner = |block: &mut Block, top: Option<&(u64, u64)>| top.is_none_or(|top| block.soonest >= top.0);
        while let Some(block) = self.blocks.pop_if(|block| may_be_sooner(block, self.candidates.peek())) {
            self.open(block.first_row)?;
        }
        Ok(self.candidates.pop().map(|rank| Order::row(rank, self.order)))
    }

    /// Takes in the calls of a block that have all things in common.
    fn open(&mut self, first_row: i64) -> rusqlite::Result<()> {
        let mut list = self.connection.prepare_cached("SELECT calls FROM filed WHERE block = ?1 AND thing = ?2")?;
        let mut common: Option<Vec<u64>> = None;
        for thing in &self.things {
            let mut calls = list.query((first_row, thing))?;
            let Some(calls) = calls.next()? else { return Ok(()) };
            let calls = filing::read(calls.get_ref(0)?.as_blob()?);
            match &mut common {
                Some(common) => filing::keep_common(common, calls),
                None => common = Some(calls.collect()),
            }
        }
        let codes = common.into_iter().flatten();
        let places = codes.map(|code| filing::place(code, u64::try_from(first_row).unwrap_or(0)));
        let (since_ms, until_ms) = self.time_ms;
        let wanted = places.filter(|place| (since_ms..=until_ms).contains(&place.start_ms));
        self.candidates.extend(wanted.map(|place| self.order.rank(place)));
        Ok(())
    }
}
