//! The audit log: who changed what, with what was there before and after.
//!
//! Changes of accounts and of the node are projected from the journal, and what was before is read from the rows that
//! they replace; changes of people are written by whoever makes them.

use std::collections::BTreeMap;

use billing::AccountId;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::row::{from_json, int, json, maybe_parsed, unsigned};
use super::{Desk, MAX_ROWS, Reader};
use crate::Error;

/// The most differences kept of one change.
const MAX_CHANGES: usize = 64;
/// The longest value kept, characters.
const MAX_VALUE_CHARS: usize = 200;

/// The place of a row of the audit log: its time, and its rank among those of that time.
pub type AuditPlace = (u64, u64);

/// One thing that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// What: "settings.max_calls".
    pub what: String,
    /// What it was; empty where there was nothing.
    pub before: String,
    /// What it is; empty where there is nothing.
    pub after: String,
}

/// A line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The account changed; `None` where it was the node.
    pub account: Option<AccountId>,
    /// When.
    pub at_ms: u64,
    /// Who: a login name, or "the command line".
    pub by: String,
    /// What, in words.
    pub text: String,
    /// What is different.
    pub changes: Vec<Changed>,
}

impl Reader {
    /// The audit log of one account, or of all and the node, the latest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn audit(&self, account: Option<&AccountId>, limit: u32) -> Result<Vec<AuditRow>, Error> {
        self.all(
            "list the audit log",
            "SELECT * FROM (
                 SELECT * FROM (SELECT account, at_ms, by, text, changes, lsn AS a, n AS b FROM audit
                     WHERE ?1 IS NULL OR account = ?1 ORDER BY lsn DESC, n DESC LIMIT ?2)
                 UNION ALL
                 SELECT * FROM (SELECT account, at_ms, by, text, changes, id AS a, 0 AS b FROM people_audit
                     WHERE ?1 IS NULL OR account = ?1 ORDER BY id DESC LIMIT ?2))
             ORDER BY at_ms DESC, a DESC, b DESC LIMIT ?2",
            params![account.map(AccountId::as_str), limit.min(MAX_ROWS)],
            audit_row,
        )
    }
}

impl Reader {
    /// The audit log of one account, or of all and the node, the latest first, each row with its place; those before a
    /// place.
    ///
    /// # Errors
    /// Database errors.
    pub fn audit_before(
        &self,
        account: Option<&AccountId>,
        before: AuditPlace,
        limit: u32,
    ) -> Result<Vec<(AuditPlace, AuditRow)>, Error> {
        self.all(
            "list the audit log",
            "SELECT * FROM (
                 SELECT account, at_ms, by, text, changes, (lsn * 1000 + n) * 2 AS rank FROM audit
                 WHERE ?1 IS NULL OR account = ?1
                 UNION ALL
                 SELECT account, at_ms, by, text, changes, id * 2 + 1 AS rank FROM people_audit
                 WHERE ?1 IS NULL OR account = ?1)
             WHERE (at_ms, rank) < (?3, ?4) ORDER BY at_ms DESC, rank DESC LIMIT ?2",
            params![account.map(AccountId::as_str), limit.min(MAX_ROWS), int(before.0), int(before.1)],
            |row| Ok(((unsigned(row, "at_ms")?, unsigned(row, "rank")?), audit_row(row)?)),
        )
    }
}

impl Desk {
    /// Writes what somebody changed that does not go through the journal; without an account where it is the node's.
    ///
    /// # Errors
    /// Database errors.
    pub fn note(&self, row: &AuditRow) -> Result<(), Error> {
        self.run(
            "write the audit log",
            "INSERT INTO people_audit (account, at_ms, by, text, changes) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                row.account.as_ref().map(AccountId::as_str),
                int(row.at_ms),
                row.by,
                row.text,
                json("change", &row.changes)?
            ],
        )
        .map(drop)
    }
}

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        account: maybe_parsed(row, "account")?,
        at_ms: unsigned(row, "at_ms")?,
        by: row.get("by")?,
        text: row.get("text")?,
        changes: from_json(row, "changes")?,
    })
}

/// What differs between two values of ours, by path; either may be missing.
///
/// # Errors
/// [`Error::Json`] where one cannot be written.
pub(super) fn differences_of<T: Serialize>(
    name: &str,
    before: Option<&T>,
    after: Option<&T>,
) -> Result<Vec<Changed>, Error> {
    let value = |of: &T| serde_json::to_value(of).map_err(|source| Error::Json { what: "change", source });
    let (before, after) = (before.map(value).transpose()?, after.map(value).transpose()?);
    Ok(differences(name, before.as_ref(), after.as_ref()))
}

/// What differs between two values, by path; either may be missing.
pub(super) fn differences(name: &str, before: Option<&Value>, after: Option<&Value>) -> Vec<Changed> {
    let flat = |value: Option<&Value>| {
        let mut leaves = BTreeMap::new();
        if let Some(value) = value {
            flatten(name, value, &mut leaves);
        }
        leaves
    };
    let (before, mut after) = (flat(before), flat(after));
    let mut changes = Vec::new();
    for (what, before) in before {
        let now = after.remove(&what).unwrap_or_default();
        if now != before {
            changes.push(Changed { what, before, after: now });
        }
    }
    changes.extend(after.into_iter().map(|(what, after)| Changed { what, before: String::new(), after }));
    changes.sort_by(|a, b| a.what.cmp(&b.what));
    changes.truncate(MAX_CHANGES);
    changes
}

/// The leaves of a value; a list of plain values is one leaf.
fn flatten(path: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    let is_plain = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{path}.{name}"), value, leaves);
            }
        }
        Value::Array(items) if !items.iter().all(is_plain) => {
            for (n, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{}]", n + 1), item, leaves);
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(plain).collect();
            leaves.insert(path.to_owned(), shortened(texts.join(", ")));
        }
        value => {
            leaves.insert(path.to_owned(), shortened(plain(value)));
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn shortened(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(MAX_VALUE_CHARS) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_told_by_its_path() {
        let before = json!({"name": "Law", "numbers": ["+1", "+2"], "terms": {"markup_bp": 0, "note": null}});
        let after = json!({"name": "Law", "numbers": ["+1"], "terms": {"markup_bp": 5, "note": null}, "new": true});
        let changed = |what: &str, before: &str, after: &str| Changed {
            what: what.into(),
            before: before.into(),
            after: after.into(),
        };
        assert_eq!(
            differences("account", Some(&before), Some(&after)),
            [
                changed("account.new", "", "true"),
                changed("account.numbers", "+1, +2", "+1"),
                changed("account.terms.markup_bp", "0", "5"),
            ]
        );
        assert_eq!(differences("x", None, Some(&json!("a"))), [changed("x", "", "a")]);
        assert_eq!(differences("x", Some(&json!([{"a": 1}])), None), [changed("x[1].a", "1", "")]);
        assert_eq!(differences("x", Some(&before), Some(&before)), []);
    }
}
