//! What is kept how long: old calls lose the last digits of their numbers, then go; closed incidents, mails and the audit log
//! go by rules of their own. Sums of calls and the ledger stay: the one cannot be worked out again, and the other is what
//! every balance is the sum of.
//!
//! It is done in small steps on the desk's connection, so that the projector never waits for long; the data path waits for
//! neither.

use billing::{Cdr, Direction};
use rusqlite::{Connection, params};

use super::Desk;
use super::row::{body, from_body, int};
use crate::Error;

/// Rows changed in one transaction.
const STEP: u32 = 500;

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
                changed += self.run("remove what is old", sql, params![before_ms, STEP])?;
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

/// An old call for which something is due, with its block.
struct Due {
    block: i64,
    row: i64,
    account: String,
    start_ms: i64,
    number: String,
}

impl Due {
    /// Takes the call out of the list of numbers; whether it was in it.
    fn unlist(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let sql = "DELETE FROM numbers WHERE account = ?1 AND number = ?2 AND start_ms = ?3 AND row = ?4";
        let key = params![self.account, self.number, self.start_ms, self.row];
        connection.prepare_cached(sql)?.execute(key).map(|rows| rows > 0)
    }
}

/// The next calls that began before; of blocks, and rows, for which something may be due.
fn due(connection: &Connection, blocks: &str, rows: &str, before_ms: i64) -> rusqlite::Result<Vec<Due>> {
    // Those that are not filed yet are as a block behind the last one.
    let sql = format!(
        "SELECT block, row, account, start_ms, number FROM (
             SELECT first_row AS block, last_row FROM blocks WHERE first_ms < ?1 AND {blocks}
             UNION ALL SELECT filed + 1, calls FROM applied
         ) CROSS JOIN cdrs ON row BETWEEN block AND last_row WHERE start_ms < ?1 AND {rows} LIMIT ?2"
    );
    let mut due = connection.prepare_cached(&sql)?;
    let due = due.query_map(params![before_ms, STEP], |row| {
        let (block, account, start_ms, number) = (row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(Due { block, row: row.get(1)?, account, start_ms, number })
    })?;
    due.collect()
}

/// Before which block nothing is due any more.
fn done_before(due: &[Due]) -> i64 {
    due.last().filter(|_| due.len() >= STEP as usize).map_or(i64::MAX, |last| last.block)
}

/// Removes the next old calls; how many.
fn remove(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let old = due(connection, "1", "1", before_ms)?;
    let mut delete = connection.prepare_cached("DELETE FROM cdrs WHERE row = ?1")?;
    for call in &old {
        call.unlist(connection)?;
        delete.execute([call.row])?;
    }
    let done = [before_ms, done_before(&old)];
    let empty = "SELECT first_row FROM blocks WHERE last_ms < ?1 AND first_row < ?2";
    connection.prepare_cached(&format!("DELETE FROM filed WHERE block IN ({empty})"))?.execute(done)?;
    connection.prepare_cached("DELETE FROM blocks WHERE last_ms < ?1 AND first_row < ?2")?.execute(done)?;
    connection
        .prepare_cached("UPDATE blocks SET first_ms = ?1 WHERE first_ms < ?1 AND first_row < ?2")?
        .execute(done)?;
    Ok(old.len())
}

/// Masks the numbers of the next old calls; how many.
fn mask(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    let old = due(connection, "masked_ms < ?1 AND masked_ms <= last_ms", "NOT is_masked", before_ms)?;
    let mut read = connection.prepare_cached("SELECT body FROM cdrs WHERE row = ?1")?;
    let mut write =
        connection.prepare_cached("UPDATE cdrs SET number = ?2, is_masked = 1, body = ?3 WHERE row = ?1")?;
    let mut list = connection.prepare_cached("INSERT INTO numbers VALUES (?1, ?2, ?3, ?4)")?;
    for call in &old {
        let cdr = without_numbers(read.query_row([call.row], |row| from_body(row, "body"))?);
        let bytes = body("call", &cdr).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        write.execute(params![call.row, cdr.number.dialled, bytes])?;
        if call.unlist(connection)? {
            list.execute(params![call.account, cdr.number.dialled, call.start_ms, call.row])?;
        }
    }
    connection
        .prepare_cached("UPDATE blocks SET masked_ms = ?1 WHERE first_ms < ?1 AND masked_ms < ?1 AND first_row < ?2")?
        .execute([before_ms, done_before(&old)])?;
    Ok(old.len())
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
