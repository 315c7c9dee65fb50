//! Mails to users of the portal: queued by whoever invites or asks, sent by the mailer.

use rusqlite::{Row, params};

use super::Desk;
use super::row::{int, unsigned};
use crate::Error;

/// Letters that may wait for one user at once.
pub const MAX_LETTERS_PER_USER: u32 = 5;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterKind {
    /// A user may choose a first password.
    Invitation,
    /// A user may choose another password.
    Reset,
    /// Something about the user's own login changed.
    Security,
}

impl LetterKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Security => "security",
        }
    }
}

/// A letter that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub login: String,
    /// What it is about.
    pub kind: LetterKind,
    /// What happened, in a sentence; who invites.
    pub text: String,
    /// When it was queued.
    pub created_ms: u64,
    /// Failed attempts so far.
    pub attempts: u32,
}

impl Desk {
    /// Queues a letter; false where as many wait for the user as may.
    ///
    /// # Errors
    /// Database errors.
    pub fn write_letter(&self, login: &str, kind: LetterKind, text: &str, now_ms: u64) -> Result<bool, Error> {
        let written = self.run(
            "queue a letter",
            "INSERT INTO letters (login, kind, text, created_ms, next_try_ms) SELECT login, ?2, ?3, ?4, ?4 FROM users
             WHERE login = ?1 AND email <> ''
             AND (SELECT count(*) FROM letters WHERE login = ?1 AND state = 'queued') < ?5",
            params![login, kind.as_str(), text, int(now_ms), MAX_LETTERS_PER_USER],
        )?;
        Ok(written == 1)
    }

    /// The letter that is due first, if one is.
    ///
    /// # Errors
    /// Database errors.
    pub fn next_letter(&self, now_ms: u64) -> Result<Option<Letter>, Error> {
        self.one(
            "find a letter",
            "SELECT * FROM letters WHERE state = 'queued' AND next_try_ms <= ?1 ORDER BY next_try_ms, id LIMIT 1",
            [int(now_ms)],
            letter,
        )
    }

    /// A letter was sent: what it said is needed no longer.
    ///
    /// # Errors
    /// Database errors.
    pub fn letter_sent(&self, id: i64) -> Result<(), Error> {
        self.run("mark a letter as sent", "UPDATE letters SET state = 'sent' WHERE id = ?1", [id]).map(drop)
    }

    /// A letter was not sent; it is tried again at `next_try_ms`, or given up where that is `None`.
    ///
    /// # Errors
    /// Database errors.
    pub fn letter_failed(&self, id: i64, error: &str, next_try_ms: Option<u64>) -> Result<(), Error> {
        self.run(
            "mark a letter as failed",
            "UPDATE letters SET attempts = attempts + 1, error = ?2, next_try_ms = coalesce(?3, next_try_ms),
                    state = iif(?3 IS NULL, 'failed', 'queued') WHERE id = ?1 AND state = 'queued'",
            params![id, error, next_try_ms.map(int)],
        )
        .map(drop)
    }
}

fn letter(row: &Row<'_>) -> rusqlite::Result<Letter> {
    let kind = match row.get_ref("kind")?.as_str()? {
        "invitation" => LetterKind::Invitation,
        "reset" => LetterKind::Reset,
        _ => LetterKind::Security,
    };
    Ok(Letter {
        id: row.get("id")?,
        login: row.get("login")?,
        kind,
        text: row.get("text")?,
        created_ms: unsigned(row, "created_ms")?,
        attempts: row.get("attempts")?,
    })
}
