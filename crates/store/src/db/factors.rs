//! Second factors of users (RFC 6238) and the codes that stand in for a lost phone.

use rusqlite::{OptionalExtension, Row, params};

use super::Desk;
use super::row::{int, maybe_unsigned, unsigned};
use crate::Error;

/// What makes a user's codes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret, sealed with the portal's key.
    pub secret: Vec<u8>,
    /// Since when it is asked for; `None` while it is being set up.
    pub since_ms: Option<u64>,
    /// The time step of the last code that was taken: none is taken twice.
    pub last_step: u64,
    /// Recovery codes that are left.
    pub codes_left: u32,
}

impl std::fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecondFactor(since {:?}, {} codes)", self.since_ms, self.codes_left)
    }
}

impl Desk {
    /// A user's second factor, asked for or being set up.
    ///
    /// # Errors
    /// Database errors.
    pub fn second_factor(&self, login: &str) -> Result<Option<SecondFactor>, Error> {
        self.one(
            "find a second factor",
            "SELECT *, (SELECT count(*) FROM recovery_codes AS codes WHERE codes.login = second_factors.login) AS left
             FROM second_factors WHERE login = ?1",
            [login],
            factor,
        )
    }

    /// Begins to set one up, unless one is asked for already.
    ///
    /// # Errors
    /// Database errors.
    pub fn begin_second_factor(&self, login: &str, secret: &[u8]) -> Result<(), Error> {
        self.run(
            "begin a second factor",
            "INSERT INTO second_factors SELECT login, ?2, NULL, 0 FROM users WHERE login = ?1
             ON CONFLICT DO UPDATE SET secret = excluded.secret WHERE since_ms IS NULL",
            params![login, secret],
        )
        .map(drop)
    }

    /// From now on it is asked for; these recovery codes stand in for it. The user's other sessions end.
    ///
    /// # Errors
    /// Database errors.
    pub fn confirm_second_factor(
        &self,
        login: &str,
        now_ms: u64,
        code_hashes: &[[u8; 32]],
        session: &[u8; 32],
    ) -> Result<(), Error> {
        self.together("confirm a second factor", |connection| {
            connection
                .execute("UPDATE second_factors SET since_ms = ?2 WHERE login = ?1", params![login, int(now_ms)])?;
            connection
                .execute("DELETE FROM sessions WHERE login = ?1 AND token_hash <> ?2", params![login, session])?;
            connection.execute("DELETE FROM recovery_codes WHERE login = ?1", [login])?;
            let mut insert = connection.prepare_cached("INSERT INTO recovery_codes VALUES (?1, ?2)")?;
            code_hashes.iter().try_for_each(|hash| insert.execute(params![login, hash]).map(drop))
        })
    }

    /// Takes the code of a time step, once; false where it or a later one was taken before.
    ///
    /// # Errors
    /// Database errors.
    pub fn take_step(&self, login: &str, step: u64) -> Result<bool, Error> {
        let sql = "UPDATE second_factors SET last_step = ?2 WHERE login = ?1 AND last_step < ?2";
        Ok(self.run("take a code", sql, params![login, int(step)])? == 1)
    }

    /// Takes a recovery code, once.
    ///
    /// # Errors
    /// Database errors.
    pub fn take_recovery_code(&self, login: &str, code_hash: &[u8; 32]) -> Result<bool, Error> {
        let sql = "DELETE FROM recovery_codes WHERE login = ?1 AND code_hash = ?2";
        Ok(self.run("take a recovery code", sql, params![login, code_hash])? == 1)
    }

    /// It is asked for no longer. Whether it was.
    ///
    /// # Errors
    /// Database errors.
    pub fn remove_second_factor(&self, login: &str) -> Result<bool, Error> {
        self.together("remove a second factor", |connection| {
            connection.execute("DELETE FROM recovery_codes WHERE login = ?1", [login])?;
            let sql = "DELETE FROM second_factors WHERE login = ?1 RETURNING since_ms";
            let since: Option<Option<i64>> = connection.query_row(sql, [login], |row| row.get(0)).optional()?;
            Ok(since.flatten().is_some())
        })
    }
}

fn factor(row: &Row<'_>) -> rusqlite::Result<SecondFactor> {
    Ok(SecondFactor {
        secret: row.get("secret")?,
        since_ms: maybe_unsigned(row, "since_ms")?,
        last_step: unsigned(row, "last_step")?,
        codes_left: row.get("left")?,
    })
}
