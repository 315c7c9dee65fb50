//! Ledger entries in parts: one row holds up to [`PART`] entries of an account, one behind the other, as few bytes each.
//!
//! An entry's part follows from its number, so that the rows are the same however the records came in batches.

use std::collections::BTreeMap;

use billing::{AccountId, Book, CallId, EntryKind, LedgerEntry, Money};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::row::{int, unsigned};
use crate::{Error, behind};

/// Entries in a part.
const PART: u64 = 64;

/// The part that an entry is in; entries count from 1.
pub(super) fn part(seq: u64) -> i64 {
    int(seq.saturating_sub(1) / PART)
}

/// An entry as it is kept; its time is counted from its part's.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    seq: u64,
    after_ms: u64,
    kind: EntryKind,
    amount: Money,
    from: Book,
    to: Book,
    balance: Money,
    call: Option<CallId>,
    note: &'a str,
    by: &'a str,
}

/// The entries of a part, in order: of the columns `since_ms` and `entries`.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Vec<LedgerEntry>> {
    let since_ms = unsigned(row, "since_ms")?;
    let mut rest = row.get_ref("entries")?.as_blob()?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (kept, behind) = postcard::take_from_bytes::<Kept<'_>>(rest).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
        })?;
        let Kept { seq, after_ms, kind, amount, from, to, balance, call, note, by } = kept;
        let (at_ms, note, by) = (since_ms.wrapping_add(after_ms), note.to_owned(), by.to_owned());
        entries.push(LedgerEntry { seq, at_ms, kind, amount, from, to, balance, call, note, by });
        rest = behind;
    }
    Ok(entries)
}

/// The entries of a batch.
#[derive(Default)]
pub(super) struct Entries<'a>(BTreeMap<&'a AccountId, Vec<&'a LedgerEntry>>);

impl<'a> Entries<'a> {
    pub(super) fn add(&mut self, account: &'a AccountId, entry: &'a LedgerEntry) {
        self.0.entry(account).or_default().push(entry);
    }

    /// Writes them, in the batch's transaction.
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        for (account, entries) in &self.0 {
            let known = last(transaction, account)
                .map_err(|source| Error::Database { what: "find the last ledger entry", source })?;
            let (mut last_seq, mut since_ms) = known.unwrap_or_default();
            let new: Vec<&LedgerEntry> =
                entries.iter().copied().filter(|entry| follows(account, entry, &mut last_seq)).collect();
            let known_part = known.map(|(seq, _)| part(seq));
            for entries in new.chunk_by(|one, next| part(one.seq) == part(next.seq)) {
                if known_part != Some(part(entries[0].seq)) {
                    since_ms = entries[0].at_ms;
                }
                write_part(transaction, account, since_ms, entries)?;
            }
        }
        Ok(())
    }
}

/// Whether an entry is new. A second one of one number would be a fault of the account machine; the first one, which people
/// may have seen, stays.
fn follows(account: &AccountId, entry: &LedgerEntry, last_seq: &mut u64) -> bool {
    if entry.seq <= *last_seq {
        tracing::error!(%account, seq = entry.seq, "a second ledger entry of one number is ignored");
        return false;
    }
    *last_seq = entry.seq;
    true
}

/// The number of an account's last entry, and the time from which its part counts.
fn last(transaction: &Transaction<'_>, account: &AccountId) -> rusqlite::Result<Option<(u64, u64)>> {
    let sql = "SELECT last_seq, since_ms FROM ledger WHERE account = ?1 ORDER BY part DESC LIMIT 1";
    let read = |row: &Row<'_>| Ok((unsigned(row, "last_seq")?, unsigned(row, "since_ms")?));
    transaction.prepare_cached(sql)?.query_row([account.as_str()], read).optional()
}

/// Adds entries to their part.
fn write_part(
    transaction: &Transaction<'_>,
    account: &AccountId,
    since_ms: u64,
    entries: &[&LedgerEntry],
) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let (mut first_ms, mut last_ms, mut last_seq) = (u64::MAX, 0, 0);
    let (mut charged, mut by_people) = (Money::ZERO, 0);
    for entry in entries {
        let &&LedgerEntry { seq, at_ms, kind, amount, from, to, balance, call, ref note, ref by } = entry;
        let kept =
            Kept { seq, after_ms: at_ms.wrapping_sub(since_ms), kind, amount, from, to, balance, call, note, by };
        behind::put(&kept, &mut bytes).map_err(|source| Error::Body { what: "ledger entry", source })?;
        (first_ms, last_ms, last_seq) = (at_ms.min(first_ms), at_ms.max(last_ms), seq);
        match kind {
            EntryKind::Capture => charged = charged.saturating_add(amount),
            EntryKind::TopUp | EntryKind::Adjustment => by_people += 1,
            EntryKind::Hold | EntryKind::Release => {}
        }
    }
    // What is put together becomes a text, whatever it was.
    let sql = "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET last_seq = ?3,
               first_ms = min(first_ms, ?5), last_ms = max(last_ms, ?6), charged_micros = charged_micros + ?7,
               by_people = by_people + ?8, entries = CAST(entries || ?9 AS BLOB)";
    let (of, part, times) = (account.as_str(), part(last_seq), [since_ms, first_ms, last_ms].map(int));
    let values = params![of, part, int(last_seq), times[0], times[1], times[2], charged.micros(), by_people, bytes];
    let written = transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
    written.map(drop).map_err(|source| Error::Database { what: "write ledger entries", source })
}
