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

/// Rows changed in one transaction (and what else is of the same millisecond).
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
            // The oldest are first in the index.
            (
                rules.calls_days,
                "DELETE FROM cdrs WHERE rowid IN (SELECT rowid FROM cdrs INDEXED BY cdrs_by_time WHERE start_ms < ?1
                 ORDER BY start_ms, call LIMIT ?2)",
            ),
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
        if let Some(before_ms) = before(now_ms, rules.numbers_days) {
            changed += self.together("mask old numbers", |connection| mask(connection, before_ms))?;
        }
        Ok(changed)
    }
}

/// Masks the next calls after those that are done; how many.
fn mask(connection: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    // A step and what else began in its last millisecond.
    let mut due = connection.prepare_cached(
        "SELECT rowid, start_ms, body FROM cdrs INDEXED BY cdrs_by_time
         WHERE start_ms >= (SELECT before_ms FROM masked) AND start_ms < ?1 AND start_ms <= coalesce((
             SELECT start_ms FROM cdrs INDEXED BY cdrs_by_time WHERE start_ms >= (SELECT before_ms FROM masked)
             ORDER BY start_ms LIMIT 1 OFFSET ?2), ?1) ORDER BY start_ms",
    )?;
    let rows = due.query_map(params![before_ms, STEP], |row| {
        Ok((row.get::<_, i64>("rowid")?, row.get::<_, i64>("start_ms")?, from_body::<Cdr>(row, "body")?))
    })?;
    let rows: Vec<(i64, i64, Cdr)> = rows.collect::<Result<_, _>>()?;
    let Some((_, last_ms, _)) = rows.last() else { return Ok(0) };
    let mut write = connection.prepare_cached("UPDATE cdrs SET number = ?2, body = ?3 WHERE rowid = ?1")?;
    for (rowid, _, cdr) in &rows {
        let masked = without_numbers(cdr.clone());
        let bytes = body("call", &masked).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        write.execute(params![rowid, masked.number.dialled, bytes])?;
    }
    let next_ms = last_ms + 1;
    connection.execute("UPDATE masked SET before_ms = ?1", [next_ms])?;
    Ok(rows.len())
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
