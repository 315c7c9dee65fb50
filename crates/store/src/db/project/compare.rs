//! What a person's change makes different in the rows of an account, for the audit log.

use account::{Cut, Effect, Line};
use rusqlite::{OptionalExtension, Params, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::account::Rows;
use crate::Error;
use crate::db::audit::differences;

impl Rows<'_, '_> {
    /// Compares an effect with the row that it is about to replace.
    pub(super) fn compare(&mut self, effect: &Effect) -> Result<(), Error> {
        if self.changes.is_none() {
            return Ok(());
        }
        let account = self.account.as_str();
        let (name, before, after) = match effect {
            Effect::Settings(settings) => {
                let sql = "SELECT settings FROM accounts WHERE account = ?1";
                ("account".to_owned(), self.row(sql, [account])?, Some(value(settings)?))
            }
            Effect::Line(line) => {
                (format!("line {}", line.id), self.line_before(line.id.as_str())?, Some(of_line(line)?))
            }
            Effect::LineRemoved(id) => (format!("line {id}"), self.line_before(id.as_str())?, None),
            Effect::Did(did) => {
                let number = did.number.to_string();
                let before =
                    self.row("SELECT json FROM dids WHERE number = ?1 AND account = ?2", params![number, account])?;
                (format!("number {number}"), before, Some(value(did)?))
            }
            Effect::DidRemoved(number) => {
                let number = number.to_string();
                let before =
                    self.row("SELECT json FROM dids WHERE number = ?1 AND account = ?2", params![number, account])?;
                (format!("number {number}"), before, None)
            }
            Effect::AccountCut(cut) => {
                let sql = "SELECT cut_incident FROM accounts WHERE account = ?1 AND cut_incident IS NOT NULL";
                let before: Option<String> = self.one(sql, [account])?;
                (
                    "cut".to_owned(),
                    before.map(Value::String),
                    cut.map(|cut: Cut| Value::String(cut.incident.to_string())),
                )
            }
            Effect::Incident(incident) => {
                let state = |incident: &guard::Incident| json!({"state": incident.state, "action": incident.action});
                let sql = "SELECT json FROM incidents WHERE incident = ?1";
                let before: Option<String> = self.one(sql, [incident.id.to_string()])?;
                let before = before.map(|text| serde_json::from_str::<guard::Incident>(&text).map_err(unwritten));
                let before = before.transpose()?.as_ref().map(state);
                (format!("incident {}", incident.id), before, Some(state(incident)))
            }
            _ => return Ok(()),
        };
        if let Some(changes) = &mut self.changes {
            changes.extend(differences(&name, before.as_ref(), after.as_ref()));
        }
        Ok(())
    }

    fn line_before(&self, id: &str) -> Result<Option<Value>, Error> {
        let sql = "SELECT json FROM lines WHERE account = ?1 AND line = ?2";
        let text: Option<String> = self.one(sql, params![self.account.as_str(), id])?;
        let sql = "SELECT secret_version FROM lines WHERE account = ?1 AND line = ?2";
        let version: Option<Option<u32>> = self.one(sql, params![self.account.as_str(), id])?;
        let Some(text) = text else { return Ok(None) };
        let line: Line = serde_json::from_str(&text).map_err(unwritten)?;
        shown_line(&line, version.flatten()).map(Some)
    }

    fn row(&self, sql: &str, values: impl Params) -> Result<Option<Value>, Error> {
        let text: Option<String> = self.one(sql, values)?;
        text.map(|text| serde_json::from_str(&text).map_err(unwritten)).transpose()
    }

    fn one<T: rusqlite::types::FromSql>(&self, sql: &str, values: impl Params) -> Result<Option<T>, Error> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)).optional())
            .map_err(|source| Error::Database { what: "find what was before", source })
    }
}

fn unwritten(source: serde_json::Error) -> Error {
    Error::Json { what: "change", source }
}

fn value(of: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(of).map_err(unwritten)
}

fn of_line(line: &Line) -> Result<Value, Error> {
    shown_line(line, line.secrets.as_ref().map(|secrets| secrets.version))
}

/// A line without the digests of its secret, and without what no person changes.
fn shown_line(line: &Line, version: Option<u32>) -> Result<Value, Error> {
    let mut shown = value(&Line { secrets: None, last_seen: None, bindings: Vec::new(), ..line.clone() })?;
    let contacts: Vec<&str> = line.bindings.iter().map(|binding| binding.contact.as_str()).collect();
    if let Value::Object(fields) = &mut shown {
        for unchanged in ["secrets", "last_seen", "shut_out_ms"] {
            fields.remove(unchanged);
        }
        fields.insert("bindings".to_owned(), json!(contacts));
        fields.insert("secret_version".to_owned(), json!(version));
    }
    Ok(shown)
}
