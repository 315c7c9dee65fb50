//! Rows from an account's effects.

use account::{Actor, Cut, Did, Effect, Line, LineKind, Notice, Settings};
use billing::{AccountId, Cdr, E164, LineId};
use guard::{Action, Incident};
use node::Record;
use rusqlite::{Transaction, params};

use super::news::Seen;
use super::run;
use super::sums::Sums;
use crate::Error;
use crate::db::audit::Changed;
use crate::db::calls::NewCalls;
use crate::db::row::{int, json};

/// How long news waits for more of it, milliseconds.
const NEWS_WAIT_MS: u64 = 10 * 60_000;

/// The effects of one record on their way into tables.
pub(in crate::db) struct Rows<'a, 'b> {
    pub(in crate::db) transaction: &'a Transaction<'a>,
    pub(in crate::db) record: &'a Record,
    pub(in crate::db) account: &'a AccountId,
    /// What is written at the end of the batch.
    pub(in crate::db) sums: &'b mut Sums<'a>,
    pub(in crate::db) calls: &'b mut NewCalls<'a>,
    pub(in crate::db) seen: &'b mut Seen,
    /// Rows of this record so far that have no number of their own.
    pub(in crate::db) n: i64,
    /// What a person's change made different, for its line in the audit log; `None` where nobody changed anything.
    pub(in crate::db) changes: Option<Vec<Changed>>,
}

impl<'a> Rows<'a, '_> {
    /// One effect.
    pub(in crate::db) fn apply(&mut self, effect: &'a Effect) -> Result<(), Error> {
        self.compare(effect)?;
        match effect {
            Effect::Cdr(cdr) => {
                self.cdr(cdr)?;
                self.news_of_call(cdr)
            }
            Effect::Ledger(entry) => {
                self.sums.entries.add(self.account, entry);
                Ok(())
            }
            Effect::Settings(settings) => self.settings(settings),
            Effect::Line(line) => {
                self.news_of_line(line)?;
                self.line(line)
            }
            Effect::LineRemoved(line) => self.line_removed(line),
            Effect::Did(did) => self.did(did),
            Effect::DidRemoved(number) => self.did_removed(*number),
            Effect::Incident(incident) => {
                self.news_of_incident(incident)?;
                self.incident(incident)
            }
            Effect::AccountCut(cut) => self.account_cut(*cut),
            Effect::Balance { balance, held } => {
                self.sums.balance(self.account, *balance, *held);
                Ok(())
            }
            Effect::Notice(notice) => self.notice(notice),
            Effect::Audit { by, text } => self.audit(by, text),
        }
    }

    fn cdr(&mut self, cdr: &'a Cdr) -> Result<(), Error> {
        if self.calls.add(self.account, cdr)? {
            self.sums.call(self.account, cdr);
        } else {
            // A second one would be a fault of the account machine; the first one, which people may have seen, stays.
            let (lsn, account) = (self.record.lsn, self.account);
            tracing::error!(lsn, %account, "a second call detail record of one number is ignored");
        }
        Ok(())
    }

    fn settings(&self, settings: &Settings) -> Result<(), Error> {
        run(
            self.transaction,
            "write an account",
            "INSERT INTO accounts (account, name, settings) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET name = excluded.name, settings = excluded.settings",
            params![self.account.as_str(), settings.name, json("account", settings)?],
        )
        .map(drop)
    }

    fn account_cut(&self, cut: Option<Cut>) -> Result<(), Error> {
        run(
            self.transaction,
            "write a cut",
            "UPDATE accounts SET cut_incident = ?2, cut_since_ms = ?3 WHERE account = ?1",
            params![self.account.as_str(), cut.map(|cut| cut.incident.to_string()), cut.map(|cut| int(cut.since_ms)),],
        )
        .map(drop)
    }

    fn line(&self, line: &Line) -> Result<(), Error> {
        // Tables are read by many and copied about: they hold no digest of a secret.
        let shown = Line { secrets: None, ..line.clone() };
        run(
            self.transaction,
            "write a line",
            "INSERT OR REPLACE INTO lines VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                self.account.as_str(),
                line.id.as_str(),
                match line.kind {
                    LineKind::Extension => "extension",
                    LineKind::Trunk => "trunk",
                },
                line.name,
                line.auth_name.as_deref(),
                line.secrets.as_ref().map(|secrets| secrets.version),
                line.cut.map(|cut| cut.incident.to_string()),
                line.last_seen.as_ref().map(|(at_ms, _, _)| int(*at_ms)),
                line.last_seen.as_ref().map(|(_, ip, _)| ip.to_string()),
                line.bindings.len() as i64,
                json("line", &shown)?,
            ],
        )
        .map(drop)
    }

    fn line_removed(&self, line: &LineId) -> Result<(), Error> {
        run(
            self.transaction,
            "remove a line",
            "DELETE FROM lines WHERE account = ?1 AND line = ?2",
            params![self.account.as_str(), line.as_str()],
        )
        .map(drop)
    }

    fn did(&self, did: &Did) -> Result<(), Error> {
        run(
            self.transaction,
            "write a DID",
            "INSERT OR REPLACE INTO dids VALUES (?1, ?2, ?3)",
            params![did.number.to_string(), self.account.as_str(), json("DID", did)?],
        )
        .map(drop)
    }

    fn did_removed(&self, number: E164) -> Result<(), Error> {
        run(
            self.transaction,
            "remove a DID",
            "DELETE FROM dids WHERE number = ?1 AND account = ?2",
            params![number.to_string(), self.account.as_str()],
        )
        .map(drop)
    }

    fn incident(&self, incident: &Incident) -> Result<(), Error> {
        run(
            self.transaction,
            "write an incident",
            "INSERT OR REPLACE INTO incidents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                incident.id.to_string(),
                self.account.as_str(),
                incident.line.as_str(),
                int(incident.opened_ms),
                incident.closed_ms.map(int),
                match incident.action {
                    Action::Alert => "alert",
                    Action::CutLine => "cut-line",
                    Action::CutInternational => "cut-international",
                },
                incident.shadow,
                json("incident", incident)?,
            ],
        )
        .map(drop)
    }

    pub(super) fn notice(&mut self, notice: &Notice) -> Result<(), Error> {
        self.n += 1;
        let (at_ms, is_news) = (int(self.record.at_ms), notice.is_news());
        let first_ms = if is_news { at_ms.saturating_add(int(NEWS_WAIT_MS)) } else { at_ms };
        run(
            self.transaction,
            "queue a notice",
            "INSERT INTO outbox (lsn, n, account, created_ms, notice, is_news, next_try_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                int(self.record.lsn),
                self.n,
                self.account.as_str(),
                at_ms,
                json("notice", notice)?,
                is_news,
                first_ms
            ],
        )
        .map(drop)
    }

    fn audit(&mut self, by: &Actor, text: &str) -> Result<(), Error> {
        self.n += 1;
        run(
            self.transaction,
            "write the audit log",
            "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                int(self.record.lsn),
                self.n,
                self.account.as_str(),
                int(self.record.at_ms),
                by.name(),
                text,
                json("change", &self.changes.take().unwrap_or_default())?,
            ],
        )
        .map(drop)
    }
}
