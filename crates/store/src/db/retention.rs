//! What is kept how long: old calls lose the last digits of their numbers, then go; closed incidents, mails and the audit log
//! go by rules of their own. Sums of calls and the ledger stay: the one cannot be worked out again, and the other is what
//! every balance is the sum of.
//!
//! It is done in small steps on the desk's connection, so that the projector never waits for long; the data path waits for
//! neither.

use billing::{Cdr, Direction};
use rusqlite::{Connection, params};

use super::Desk;
use super::calls::{self, Call, Part};
use super::row::int;
use crate::Error;

/// Rows changed in one transaction.
const STEP: usize = 500;

const DAY_MS: u64 = 86_400_000;

/// After how many days something goes; `None`: it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The last digits of the numbers of calls.
    pub numbers_days: Option<u32>,
    /// Calls, by when they began.
    pub calls_days: Option<u32>,
    /// Incidents, by when they were closed.
    pub incidents_days: Option<u32>,
    /// Mails, sent or not.
    pub mails_days: Option<u32>,
    /// Lines of the audit log.
    pub audit_days: Option<u32>,
}

impl Retention {
    /// Whether everything is kept.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Before when something goes, milliseconds since the Unix epoch.
fn before(now_ms: u64, days: Option<u32>) -> Option<i64> {
    days.map(|days| int(now_ms.saturating_sub(u64::from(days) * DAY_MS)))
}

impl Desk {
    /// Does one step of what is due; how many rows it changed. At 0 nothing is due any more.
    ///
    /// # Errors
    /// Database errors.
    pub fn expire(&self, rules: &Retention, now_ms: u64) -> Result<usize, Error> {
        let mut changed = 0;
        let gone = [
            (
                rules.incidents_days,
                "DELETE FROM incidents WHERE rowid IN (SELECT rowid FROM incidents WHERE closed_ms < ?1 LIMIT ?2)",
            ),
            (
                rules.mails_days,
                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_ms < ?1 ORDER BY id LIMIT ?2)",
            ),
            (
                rules.audit_days,
                "DELETE FROM audit WHERE rowid IN (SELECT rowid FROM audit WHERE at_ms < ?1 ORDER BY lsn LIMIT ?2)",
            ),
        ];
        let gone = gone.into_iter().chain([
            (
                rules.audit_days,
                "DELETE FROM people_audit WHERE id IN (SELECT id FROM people_audit WHERE at_ms < ?1 ORDER BY id LIMIT ?2)",
            ),
            (
                rules.mails_days,
                "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE created_ms < ?1 ORDER BY id LIMIT ?2)",
            ),
        ]);
        for (days, sql) in gone {
            if let Some(before_ms) = before(now_ms, days) {
                changed += self.run("remove what is old", sql, params![before_ms, STEP as i64])?;
            }
        }
        if let Some(before_ms) = before(now_ms, rules.calls_days) {
            changed += self.together("remove old calls", |connection| remove(connection, before_ms))?;
        }
        if let Some(before_ms) = before(now_ms, rules.numbers_days) {
            changed += self.together("mask old numbers", |connection| mask(connection, before_ms))?;
        }
        Ok(changed)
    }
}

/// Takes a call out of the list of numbers; whether it was in it.
fn unlist(connection: &Connection, call: &Call<'_>) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM numbers WHERE account = ?1 AND number = ?2 AND start_ms = ?3 AND row = ?4";
    let key = params![call.shown.account, call.shown.number, int(call.start_ms), int(call.row)];
    connection.prepare_cached(sql)?.execute(key).map(|rows| rows > 0)
}

/// Changes the next calls that began before, of the blocks for which something may be due: with what is to be in their
/// place, if anything is. How many they were, and before which block nothing is due any more.
fn change(
    connection: &Connection,
    blocks: &str,
    before_ms: i64,
    mut instead: impl FnMut(&Call<'_>) -> rusqlite::Result<Option<Vec<u8>>>,
) -> rusqlite::Result<(usize, i64)> {
    // Those that are not filed yet are as a block behind the last one.
    let sql = format!(
        "SELECT first_row, last_row FROM blocks WHERE first_ms < ?1 AND {blocks}
         UNION ALL SELECT filed + 1, calls FROM applied ORDER BY 1"
    );
    let mut due = connection.prepare_cached(&sql)?;
    let due = due.query_map([before_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut changed = 0;
    for (first_row, last_row) in due.collect::<Result<Vec<(i64, i64)>, _>>()? {
        let rows = [first_row, last_row].map(|row| u64::try_from(row).unwrap_or(0));
        for part in calls::part(rows[0])..=calls::part(rows[1]) {
            let Some(part) = Part::read(connection, part)? else { continue };
            part.change(connection, |call| {
                let is_due = (rows[0]..=rows[1]).contains(&call.row) && int(call.start_ms) < before_ms;
                if !is_due || changed == STEP {
                    return Ok(None);
                }
                let instead = instead(call)?;
                changed += usize::from(instead.is_some());
                Ok(instead)
            })?;
            if changed == STEP {
                return Ok((changed, first_row));
            }
        }
    }
    Ok((changed, i64::MAX))
}

/// Removes the next old calls; how many.
fn remove(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let (removed, done_before) = change(connection, "1", before_ms, |call| {
        unlist(connection, call)?;
        let sql = "DELETE FROM call_ids WHERE call = ?1 AND account = ?2";
        connection.prepare_cached(sql)?.execute(params![int(call.shown.call), call.shown.account])?;
        Ok(Some(Vec::new()))
    })?;
    let done = [before_ms, done_before];
    let empty = "SELECT first_row FROM blocks WHERE last_ms < ?1 AND first_row < ?2";
    connection.prepare_cached(&format!("DELETE FROM filed WHERE block IN ({empty})"))?.execute(done)?;
    connection.prepare_cached("DELETE FROM blocks WHERE last_ms < ?1 AND first_row < ?2")?.execute(done)?;
    connection
        .prepare_cached("UPDATE blocks SET first_ms = ?1 WHERE first_ms < ?1 AND first_row < ?2")?
        .execute(done)?;
    Ok(removed)
}

/// Masks the numbers of the next old calls; how many.
fn mask(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let mut list = connection.prepare_cached("INSERT INTO numbers VALUES (?1, ?2, ?3, ?4)")?;
    let (masked, done_before) = change(connection, "masked_ms < ?1 AND masked_ms <= last_ms", before_ms, |call| {
        if call.shown.is_masked {
            return Ok(None);
        }
        let (cdr, mut instead) = (without_numbers(call.cdr()?), Vec::new());
        call.masked(&cdr, &mut instead)?;
        if unlist(connection, call)? {
            list.execute(params![call.shown.account, cdr.number.dialled, int(call.start_ms), int(call.row)])?;
        }
        Ok(Some(instead))
    })?;
    connection
        .prepare_cached("UPDATE blocks SET masked_ms = ?1 WHERE first_ms < ?1 AND masked_ms < ?1 AND first_row < ?2")?
        .execute([before_ms, done_before])?;
    Ok(masked)
}

/// A call whose outside numbers have lost their last digits: what is left tells the destination and not the person.
fn without_numbers(mut cdr: Cdr) -> Cdr {
    let number = cdr.number.e164.take().map_or(cdr.number.dialled, |number| number.to_string());
    cdr.number.dialled = masked(&number);
    if cdr.who.direction == Direction::Inbound {
        cdr.who.caller = masked(&cdr.who.caller);
    }
    cdr.verdict.reasons = cdr.verdict.reasons.iter().map(|reason| masked(reason)).collect();
    cdr
}

/// The last digits of a number that are masked.
const MASKED_DIGITS: usize = 4;
/// What has fewer digits is no number of a person outside.
const LEAST_DIGITS: usize = 7;

/// A text with the last digits of each number in it masked.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let len = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let (digits, after) = number.split_at(len);
        // A number that is masked already stays as it is.
        let is_done = after.starts_with('x');
        let kept = if len < LEAST_DIGITS || is_done { len } else { len - MASKED_DIGITS };
        out.push_str(before);
        out.push_str(digits.get(..kept).unwrap_or_default());
        out.extend(std::iter::repeat_n('x', len - kept));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_last_digits_and_nothing_else_does() {
        for (text, left) in [
            ("+355691234567", "+35569123xxxx"),
            ("911", "911"),
            ("extension 101 called +4420712345678: 12 times", "extension 101 called +442071234xxxx: 12 times"),
            ("", ""),
        ] {
            assert_eq!(masked(text), left);
            assert_eq!(masked(left), left, "a second time");
        }
    }
}
