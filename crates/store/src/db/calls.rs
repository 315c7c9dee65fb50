//! Calls in parts: one row of the table holds [`PART`] calls, one behind the other, each with what people look for and as a
//! whole.
//!
//! Calls are numbered from 1 as they are recorded (that is their row), and a call's part follows from its number, so that the
//! table is the same however the records came in batches. A call that was removed leaves its place empty. What finds a call by
//! its id is an index of its own.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use billing::{AccountId, Cdr, Country, Decision, LineId, Money, Route};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::row::int;
use crate::{Error, behind};

/// Calls in a part: few enough that one more is cheap while little happens.
const PART: u64 = 16;
/// The format of whole calls: the first byte of each.
const FORMAT: u8 = 1;
/// Bytes that say how long a call is.
const LENGTH_BYTES: usize = 4;

/// The part that a call is in; rows count from 1.
pub(super) fn part(row: u64) -> i64 {
    int(row.saturating_sub(1) / PART)
}

/// The number of a call as people look for it: in E.164, or as dialled where it is none.
pub(super) fn number(cdr: &Cdr) -> String {
    cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), |number| number.to_string())
}

/// The carrier that took a call.
pub(super) fn carrier(cdr: &Cdr) -> Option<&str> {
    match &cdr.route {
        Some(Route::Carrier(carrier)) => Some(carrier.as_str()),
        Some(Route::Line(_)) | None => None,
    }
}

/// What people look for in calls, and add up of them.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Shown<'a> {
    pub(super) call: u64,
    pub(super) account: &'a str,
    pub(super) line: Option<&'a str>,
    pub(super) number: &'a str,
    pub(super) country: Option<&'a str>,
    pub(super) carrier: Option<&'a str>,
    pub(super) ip: IpAddr,
    pub(super) incident: Option<u64>,
    pub(super) is_refused: bool,
    pub(super) is_answered: bool,
    /// Whether its number has lost its last digits (retention.rs).
    pub(super) is_masked: bool,
    pub(super) status: u16,
    pub(super) talk_ms: u64,
    pub(super) charge: Money,
}

impl<'a> Shown<'a> {
    fn of(account: &'a AccountId, cdr: &'a Cdr, number: &'a str) -> Self {
        Self {
            call: cdr.call.0,
            account: account.as_str(),
            line: cdr.who.line.as_ref().map(LineId::as_str),
            number,
            country: cdr.number.country.as_ref().map(Country::code),
            carrier: carrier(cdr),
            ip: cdr.from.ip,
            incident: cdr.verdict.incident.map(|incident| incident.0),
            is_refused: cdr.verdict.decision == Decision::Refused,
            is_answered: cdr.times.answer_ms.is_some(),
            is_masked: false,
            status: cdr.result.sip_status,
            talk_ms: cdr.times.talk_ms(),
            charge: cdr.money.charge,
        }
    }
}

/// A call as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) row: u64,
    pub(super) start_ms: u64,
    /// The time of its part, from which its own is counted.
    since_ms: u64,
    pub(super) shown: Shown<'a>,
    whole: &'a [u8],
}

impl<'a> Call<'a> {
    fn read(row: u64, since_ms: u64, bytes: &'a [u8]) -> postcard::Result<Self> {
        let ((after_ms, shown), whole) = postcard::take_from_bytes::<(i64, Shown<'a>)>(bytes)?;
        Ok(Self { row, start_ms: since_ms.saturating_add_signed(after_ms), since_ms, shown, whole })
    }

    /// All that is known of it.
    pub(super) fn cdr(&self) -> rusqlite::Result<Cdr> {
        match self.whole.split_first() {
            Some((&FORMAT, rest)) => postcard::from_bytes(rest).map_err(unreadable),
            _ => Err(unreadable(postcard::Error::DeserializeBadEncoding)),
        }
    }

    /// The same call with a number that has lost its last digits, in its place.
    pub(super) fn masked(&self, cdr: &Cdr, out: &mut Vec<u8>) -> rusqlite::Result<()> {
        let shown = Shown { number: &cdr.number.dialled, is_masked: true, ..self.shown };
        put(&shown, self.start_ms, self.since_ms, cdr, out)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
    }
}

fn unreadable(error: postcard::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error))
}

/// Adds a call: its length, what people look for, the whole.
fn put(shown: &Shown<'_>, start_ms: u64, since_ms: u64, cdr: &Cdr, out: &mut Vec<u8>) -> postcard::Result<()> {
    let at = out.len();
    out.extend_from_slice(&[0; LENGTH_BYTES]);
    let written = behind::put(&(int(start_ms) - int(since_ms), shown), out).and_then(|()| {
        out.push(FORMAT);
        behind::put(cdr, out)
    });
    if written.is_err() {
        out.truncate(at);
        return written;
    }
    let length = u32::try_from(out.len() - at - LENGTH_BYTES).map_err(|_| postcard::Error::SerializeBufferFull)?;
    out[at..at + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// A part, read.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) part: i64,
    since_ms: u64,
    bytes: Vec<u8>,
}

impl Part {
    /// Reads one; none where it has no calls.
    pub(super) fn read(connection: &Connection, part: i64) -> rusqlite::Result<Option<Self>> {
        let read = |row: &rusqlite::Row<'_>| {
            let since_ms = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
            Ok(Self { part, since_ms, bytes: row.get(1)? })
        };
        let sql = "SELECT since_ms, calls FROM cdrs WHERE part = ?1";
        connection.prepare_cached(sql)?.query_row([part], read).optional()
    }

    /// Shows those of some calls, in order; there may be others in them.
    pub(super) fn each(
        connection: &Connection,
        rows: RangeInclusive<u64>,
        mut look: impl FnMut(Self) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let sql = "SELECT part, since_ms, calls FROM cdrs WHERE part BETWEEN ?1 AND ?2 ORDER BY part";
        let mut parts = connection.prepare_cached(sql)?;
        let mut parts = parts.query([part(*rows.start()), part(*rows.end())])?;
        while let Some(row) = parts.next()? {
            let since_ms = u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
            look(Self { part: row.get(0)?, since_ms, bytes: row.get(2)? })?;
        }
        Ok(())
    }

    /// Rows and calls as they are kept; those that were removed are empty.
    fn places(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let (mut rest, first_row) = (&self.bytes[..], u64::try_from(self.part).unwrap_or(0) * PART + 1);
        let next = move || {
            let (length, behind) = rest.split_first_chunk::<LENGTH_BYTES>()?;
            let (call, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = behind;
            Some(call)
        };
        (first_row..).zip(std::iter::from_fn(next))
    }

    /// Its calls.
    pub(super) fn calls(&self) -> impl Iterator<Item = rusqlite::Result<Call<'_>>> {
        let there = self.places().filter(|(_, bytes)| !bytes.is_empty());
        there.map(|(row, bytes)| Call::read(row, self.since_ms, bytes).map_err(unreadable))
    }

    /// One of its calls, if it is still there.
    pub(super) fn call(&self, row: u64) -> rusqlite::Result<Option<Call<'_>>> {
        let place = self.places().find(|(at, _)| *at == row).filter(|(_, bytes)| !bytes.is_empty());
        place.map(|(row, bytes)| Call::read(row, self.since_ms, bytes).map_err(unreadable)).transpose()
    }

    /// Writes it anew after each call was asked about, with what is to be in its place (nothing for a call that goes; `None`
    /// where it stays). A part whose calls have all gone goes, too, but for one that is still added to.
    pub(super) fn change(
        &self,
        connection: &Connection,
        mut ask: impl FnMut(&Call<'_>) -> rusqlite::Result<Option<Vec<u8>>>,
    ) -> rusqlite::Result<()> {
        let mut anew = Vec::with_capacity(self.bytes.len());
        let (mut is_changed, mut places, mut left) = (false, 0, 0);
        for (row, bytes) in self.places() {
            places += 1;
            let call =
                if bytes.is_empty() { None } else { Some(Call::read(row, self.since_ms, bytes).map_err(unreadable)?) };
            let instead = call.map(|call| ask(&call)).transpose()?.flatten();
            is_changed |= instead.is_some();
            let before = anew.len();
            match &instead {
                Some(instead) if instead.is_empty() => anew.extend_from_slice(&[0; LENGTH_BYTES]),
                Some(instead) => anew.extend_from_slice(instead),
                None => {
                    anew.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                    anew.extend_from_slice(bytes);
                }
            }
            left += usize::from(anew.len() - before > LENGTH_BYTES);
        }
        if !is_changed {
            return Ok(());
        }
        if left == 0 && places == PART {
            return connection.prepare_cached("DELETE FROM cdrs WHERE part = ?1")?.execute([self.part]).map(drop);
        }
        let sql = "UPDATE cdrs SET calls = ?2 WHERE part = ?1";
        connection.prepare_cached(sql)?.execute(params![self.part, anew]).map(drop)
    }
}

/// The row of a call, of one account or of any; none where it is not known or was removed.
pub(super) fn row_of(connection: &Connection, account: Option<&str>, call: u64) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT row FROM call_ids WHERE call = ?1 AND (?2 IS NULL OR account = ?2) LIMIT 1";
    let row: Option<i64> =
        connection.prepare_cached(sql)?.query_row(params![int(call), account], |found| found.get(0)).optional()?;
    Ok(row.map(|row| u64::try_from(row).unwrap_or(0)))
}

/// New calls on their way into their parts, in a transaction of the caller's.
pub(super) struct NewCalls<'a> {
    /// The row of the last call.
    last_row: u64,
    /// The time of its part.
    since_ms: u64,
    /// What is not written yet of that part.
    bytes: Vec<u8>,
    list: CachedStatement<'a>,
    write: CachedStatement<'a>,
}

impl<'a> NewCalls<'a> {
    /// After so many calls.
    pub(super) fn after(connection: &'a Connection, last_row: u64) -> rusqlite::Result<Self> {
        let since_ms = Part::read(connection, part(last_row))?.map_or(0, |part| part.since_ms);
        let list = connection.prepare_cached("INSERT INTO call_ids VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
        // What is put together becomes a text, whatever it was.
        let write = connection.prepare_cached(
            "INSERT INTO cdrs VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET calls = CAST(calls || ?3 AS BLOB)",
        )?;
        Ok(Self { last_row, since_ms, bytes: Vec::new(), list, write })
    }

    /// Adds one; false where there is one of its id already.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn add(&mut self, account: &AccountId, cdr: &Cdr) -> Result<bool, Error> {
        let row = self.last_row + 1;
        let listed = self.list.execute((int(cdr.call.0), account.as_str(), int(row))).map_err(unwritten)?;
        if listed == 0 {
            return Ok(false);
        }
        let start_ms = cdr.times.start_ms;
        if part(row) != part(self.last_row) || row == 1 {
            self.since_ms = start_ms;
        }
        self.last_row = row;
        put(&Shown::of(account, cdr, &number(cdr)), start_ms, self.since_ms, cdr, &mut self.bytes)
            .map_err(|source| Error::Body { what: "call", source })?;
        if part(row + 1) != part(row) {
            self.write().map_err(unwritten)?;
        }
        Ok(true)
    }

    /// Writes what is not written yet; the row of the last call.
    pub(super) fn write(&mut self) -> rusqlite::Result<u64> {
        if !self.bytes.is_empty() {
            self.write.execute((part(self.last_row), int(self.since_ms), &self.bytes[..]))?;
            self.bytes.clear();
        }
        Ok(self.last_row)
    }
}

fn unwritten(source: rusqlite::Error) -> Error {
    Error::Database { what: "write a call", source }
}
