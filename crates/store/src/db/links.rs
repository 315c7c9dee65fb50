//! The portal's key, and the links that have done what they do.

use rusqlite::params;

use super::Desk;
use super::row::int;
use crate::Error;

const KEY: &str = "portal";

impl Desk {
    /// The portal's key, sealed; `new` becomes it where there is none.
    pub(crate) fn key_or(&self, new: &[u8]) -> Result<Vec<u8>, Error> {
        self.together("keep a key", |connection| {
            connection.execute("INSERT INTO keys VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![KEY, new])?;
            connection.query_row("SELECT sealed FROM keys WHERE name = ?1", [KEY], |row| row.get(0))
        })
    }

    /// The portal's key, sealed.
    pub(crate) fn key(&self) -> Result<Option<Vec<u8>>, Error> {
        self.one("find a key", "SELECT sealed FROM keys WHERE name = ?1", [KEY], |row| row.get(0))
    }

    /// Keeps the portal's key, sealed anew.
    pub(crate) fn put_key(&self, sealed: &[u8]) -> Result<(), Error> {
        self.run("keep a key", "UPDATE keys SET sealed = ?2 WHERE name = ?1", params![KEY, sealed]).map(drop)
    }

    /// Whether a link has done what it does.
    ///
    /// # Errors
    /// Database errors.
    pub fn is_used(&self, mark: &[u8; 32]) -> Result<bool, Error> {
        let found = self.one("find a link", "SELECT used_ms FROM used_links WHERE mark = ?1", [mark], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Uses a link; false where it was used before. Used links that have expired are forgotten.
    ///
    /// # Errors
    /// Database errors.
    pub fn use_link(&self, mark: &[u8; 32], now_ms: u64, expires_ms: u64) -> Result<bool, Error> {
        self.together("use a link", |connection| {
            connection.execute("DELETE FROM used_links WHERE expires_ms < ?1", [int(now_ms)])?;
            let sql = "INSERT INTO used_links VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            Ok(connection.execute(sql, params![mark, int(now_ms), int(expires_ms)])? == 1)
        })
    }

    /// A link could not do what it does: it may be used again.
    ///
    /// # Errors
    /// Database errors.
    pub fn give_link_back(&self, mark: &[u8; 32]) -> Result<(), Error> {
        self.run("give a link back", "DELETE FROM used_links WHERE mark = ?1", [mark]).map(drop)
    }
}
