//! Finding calls: which may fit is known from lists of blocks, of which as many are opened as it takes, and each is then
//! looked at, in order of time, until there are enough.
//!
//! A list never lacks a call, and may name some that have been removed or do not fit: what counts is what the rows say.

use std::collections::BinaryHeap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::Reader;
use super::filter::{CdrFilter, Clauses};
use crate::Error;
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
    order: Order,
    things: Vec<String>,
    clauses: Clauses,
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
        (columns, limit): (&str, u32),
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.with(what, |connection| {
            // Blocks and rows as they are at one moment.
            let now = connection.unchecked_transaction()?;
            let mut finder = Finder::new(&now, filter, order, after)?;
            let mut found = Vec::new();
            let sql = format!("SELECT {columns} FROM cdrs WHERE {} AND row = ?", finder.clauses.sql);
            let mut look = now.prepare_cached(&sql)?;
            let mut values = finder.clauses.values.clone();
            values.push(Value::Null);
            while found.len() < limit as usize
                && let Some(row) = finder.next()?
            {
                values.pop();
                values.push(int(row).into());
                found.extend(look.query_row(params_from_iter(&values), &mut read).optional()?);
            }
            Ok(found)
        })
    }
}

impl<'a> Finder<'a> {
    fn new(
        connection: &'a Connection,
        filter: &CdrFilter,
        order: Order,
        after: Option<(u64, billing::CallId)>,
    ) -> rusqlite::Result<Self> {
        let mut clauses = filter.sql();
        let mut time_ms = (filter.since_ms.unwrap_or(0), filter.until_ms.unwrap_or(u64::MAX));
        if let Some((start_ms, call)) = after {
            // Where it is of two accounts, pages must not stand still.
            let (sql, sign) = match order {
                Order::Latest => ("SELECT coalesce(min(row), 0) FROM cdrs WHERE call = ?", "<"),
                Order::Oldest => ("SELECT coalesce(max(row), 9223372036854775807) FROM cdrs WHERE call = ?", ">"),
            };
            let row: i64 = connection.prepare_cached(sql)?.query_row([int(call.0)], |found| found.get(0))?;
            clauses.and(&format!("(start_ms, row) {sign} (?, ?)"), [int(start_ms).into(), row.into()]);
            match order {
                Order::Latest => time_ms.1 = time_ms.1.min(start_ms),
                Order::Oldest => time_ms.0 = time_ms.0.max(start_ms),
            }
        }
        let (things, candidates, blocks) = (filter.things(), BinaryHeap::new(), Vec::new());
        let mut finder = Self { connection, order, things, clauses, time_ms, candidates, blocks };
        finder.look_through_unfiled()?;
        if !finder.look_up_number(filter)? {
            finder.list_blocks()?;
        }
        Ok(finder)
    }

    fn look_through_unfiled(&mut self) -> rusqlite::Result<()> {
        let Clauses { sql, values } = &self.clauses;
        let sql = format!("SELECT start_ms, row FROM cdrs WHERE {sql} AND row > (SELECT filed FROM applied)");
        let places = places(self.connection, &sql, values)?;
        self.candidates.extend(places.into_iter().map(|place| self.order.rank(place)));
        Ok(())
    }

    /// Whether the list of numbers has told all calls that may fit.
    fn look_up_number(&mut self, filter: &CdrFilter) -> rusqlite::Result<bool> {
        let Some(prefix) = &filter.number_prefix else { return Ok(false) };
        let mut numbers = Clauses::number(prefix);
        match &filter.account {
            Some(account) => numbers.and("account = ?", [account.to_string().into()]),
            None => numbers.and("account IN (SELECT account FROM accounts)", []),
        }
        let Clauses { sql, values } = &numbers;
        let sql = format!("SELECT start_ms, row FROM numbers WHERE {sql} LIMIT {}", FEW_NUMBERS + 1);
        let places = places(self.connection, &sql, values)?;
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

fn places(connection: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Vec<Place>> {
    let mut asked = connection.prepare_cached(sql)?;
    let number = |row: &Row<'_>, column: usize| row.get(column).map(|value: i64| u64::try_from(value).unwrap_or(0));
    let read = |row: &Row<'_>| Ok(Place { start_ms: number(row, 0)?, row: number(row, 1)? });
    asked.query_map(params_from_iter(values), read)?.collect()
}
