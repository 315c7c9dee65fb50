//! Questions about accounts, their lines, DIDs and incidents.

use account::{Cut, Did, Line, Settings};
use billing::{AccountId, IncidentId, LineId, Money};
use guard::Incident;
use rusqlite::{Row, params};

use super::{MAX_ROWS, Reader};
use crate::Error;
use crate::db::row::{from_json, maybe_parsed, maybe_unsigned, parsed, unsigned};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// Its settings.
    pub settings: Settings,
    /// Paid in less captured.
    pub balance: Money,
    /// Of which set aside for running calls.
    pub held: Money,
    /// The cut class turned off on all its lines.
    pub cut: Option<Cut>,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// Its account.
    pub account: AccountId,
    /// The line, without the digests of its secret, which no table holds.
    pub line: Line,
    /// How often the secret was changed; `None` where there is none.
    pub secret_version: Option<u32>,
}

/// A DID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DidRow {
    /// Its account.
    pub account: AccountId,
    /// The DID.
    pub did: Did,
}

impl Reader {
    /// All accounts, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, Error> {
        self.all("list accounts", "SELECT * FROM accounts ORDER BY account LIMIT ?1", [MAX_ROWS], account_row)
    }

    /// How many registrations there are, of all lines.
    ///
    /// # Errors
    /// Database errors.
    pub fn registrations(&self) -> Result<u64, Error> {
        let sql = "SELECT coalesce(sum(bindings), 0) AS many FROM lines";
        Ok(self.one("count registrations", sql, [], |row| unsigned(row, "many"))?.unwrap_or(0))
    }

    /// One account.
    ///
    /// # Errors
    /// Database errors.
    pub fn account(&self, id: &AccountId) -> Result<Option<AccountRow>, Error> {
        self.one("find an account", "SELECT * FROM accounts WHERE account = ?1", [id.as_str()], account_row)
    }

    /// An account's lines, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn lines(&self, account: &AccountId) -> Result<Vec<LineRow>, Error> {
        self.all(
            "list lines",
            "SELECT * FROM lines WHERE account = ?1 ORDER BY line LIMIT ?2",
            params![account.as_str(), MAX_ROWS],
            line_row,
        )
    }

    /// One line of an account.
    ///
    /// # Errors
    /// Database errors.
    pub fn line(&self, account: &AccountId, line: &LineId) -> Result<Option<LineRow>, Error> {
        self.one(
            "find a line",
            "SELECT * FROM lines WHERE account = ?1 AND line = ?2",
            params![account.as_str(), line.as_str()],
            line_row,
        )
    }

    /// DIDs of one account, or of all, by number.
    ///
    /// # Errors
    /// Database errors.
    pub fn dids(&self, account: Option<&AccountId>) -> Result<Vec<DidRow>, Error> {
        self.all(
            "list DIDs",
            "SELECT * FROM dids WHERE ?1 IS NULL OR account = ?1 ORDER BY number LIMIT ?2",
            params![account.map(AccountId::as_str), MAX_ROWS],
            |row| Ok(DidRow { account: parsed(row, "account")?, did: from_json(row, "json")? }),
        )
    }

    /// Incidents of one account, or of all, the latest first; only open ones on request.
    ///
    /// # Errors
    /// Database errors.
    pub fn incidents(&self, account: Option<&AccountId>, open_only: bool, limit: u32) -> Result<Vec<Incident>, Error> {
        self.all(
            "list incidents",
            "SELECT json FROM incidents WHERE (?1 IS NULL OR account = ?1) AND (NOT ?2 OR closed_ms IS NULL)
             ORDER BY opened_ms DESC, incident DESC LIMIT ?3",
            params![account.map(AccountId::as_str), open_only, limit.min(MAX_ROWS)],
            |row| from_json(row, "json"),
        )
    }

    /// One incident.
    ///
    /// # Errors
    /// Database errors.
    pub fn incident(&self, id: IncidentId) -> Result<Option<Incident>, Error> {
        self.one("find an incident", "SELECT json FROM incidents WHERE incident = ?1", [id.to_string()], |row| {
            from_json(row, "json")
        })
    }
}

fn account_row(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    let incident = maybe_parsed(row, "cut_incident")?;
    let since_ms = maybe_unsigned(row, "cut_since_ms")?;
    Ok(AccountRow {
        id: parsed(row, "account")?,
        settings: from_json(row, "settings")?,
        balance: Money::from_micros(row.get("balance_micros")?),
        held: Money::from_micros(row.get("held_micros")?),
        cut: incident.zip(since_ms).map(|(incident, since_ms)| Cut { incident, since_ms }),
    })
}

fn line_row(row: &Row<'_>) -> rusqlite::Result<LineRow> {
    Ok(LineRow {
        account: parsed(row, "account")?,
        line: from_json(row, "json")?,
        secret_version: row.get("secret_version")?,
    })
}
