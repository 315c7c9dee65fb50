//! What programs prove themselves to the JSON API with: keys, of which a hash alone is kept.

use std::fmt;
use std::str::FromStr;

use billing::AccountId;
use rusqlite::{Row, params};
use sha2::{Digest, Sha256};

use super::Desk;
use super::row::{int, maybe_parsed, maybe_unsigned, unsigned};
use crate::Error;

/// Keys that one account, or the node itself, may have at once.
pub const MAX_API_KEYS: u32 = 100;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyScope {
    /// Look at everything that its reach covers.
    Read,
    /// Change lines, limits, incidents, bans and the like.
    Write,
    /// Book payments.
    Money,
    /// Ask about calls and report on them.
    Screen,
    /// Make and revoke keys, none stronger than itself.
    Keys,
    /// Invite, change and remove users, who may then do what their role allows.
    People,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Read, Self::Write, Self::Money, Self::Screen, Self::Keys, Self::People];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Money => "money",
            Self::Screen => "screen",
            Self::Keys => "keys",
            Self::People => "people",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for KeyScope {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or_else(|| Error::NoScope(word.to_owned()))
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id, which is no secret: "k7qm2xv9d3ntg".
    pub id: String,
    /// The account it reaches; the whole node where `None`.
    pub account: Option<AccountId>,
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it may be used for, in order.
    pub scopes: Vec<KeyScope>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ms: u64,
    /// When it ends; never where `None`.
    pub expires_ms: Option<u64>,
    /// When it was last used, to a few minutes.
    pub last_used_ms: Option<u64>,
}

impl ApiKey {
    /// What is kept of a key's text. It holds 160 random bits, so that there is no list of likely ones that a slow hash would
    /// have to hold off.
    #[must_use]
    pub fn hash(text: &str) -> [u8; 32] {
        Sha256::digest(text.as_bytes()).into()
    }

    /// "read, write".
    #[must_use]
    pub fn scopes_in_words(&self) -> String {
        self.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Desk {
    /// Keeps a new key; false where there are [`MAX_API_KEYS`] of that account already. Keys that have ended are removed.
    ///
    /// # Errors
    /// Database errors.
    pub fn add_api_key(&self, key: &ApiKey, hash: &[u8; 32]) -> Result<bool, Error> {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        self.together("keep an API key", |connection| {
            connection.execute("DELETE FROM api_keys WHERE expires_ms <= ?1", [int(key.created_ms)])?;
            let account = key.account.as_ref().map(AccountId::as_str);
            let count: u32 =
                connection
                    .query_row("SELECT count(*) FROM api_keys WHERE account IS ?1", [account], |row| row.get(0))?;
            if count >= MAX_API_KEYS {
                return Ok(false);
            }
            connection.execute(
                "INSERT INTO api_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
                params![
                    key.id,
                    hash,
                    account,
                    key.name,
                    scopes.join(" "),
                    key.created_by,
                    int(key.created_ms),
                    key.expires_ms.map(int),
                ],
            )?;
            Ok(true)
        })
    }

    /// The key whose text has this hash, if it has not ended.
    ///
    /// # Errors
    /// Database errors.
    pub fn api_key(&self, hash: &[u8; 32], now_ms: u64) -> Result<Option<ApiKey>, Error> {
        self.one(
            "find an API key",
            "SELECT * FROM api_keys WHERE hash = ?1 AND (expires_ms IS NULL OR expires_ms > ?2)",
            params![hash, int(now_ms)],
            key,
        )
    }

    /// Notes that a key is used.
    ///
    /// # Errors
    /// Database errors.
    pub fn touch_api_key(&self, id: &str, now_ms: u64) -> Result<(), Error> {
        let sql = "UPDATE api_keys SET last_used_ms = ?2 WHERE key = ?1";
        self.run("note the use of an API key", sql, params![id, int(now_ms)]).map(drop)
    }

    /// All keys, by id.
    ///
    /// # Errors
    /// Database errors.
    pub fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        self.all("list API keys", "SELECT * FROM api_keys ORDER BY key LIMIT ?1", [super::MAX_ROWS], key)
    }

    /// Takes a key away; false where there is none.
    ///
    /// # Errors
    /// Database errors.
    pub fn remove_api_key(&self, id: &str) -> Result<bool, Error> {
        self.run("revoke an API key", "DELETE FROM api_keys WHERE key = ?1", [id]).map(|removed| removed > 0)
    }
}

fn key(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    let scopes: String = row.get("scopes")?;
    Ok(ApiKey {
        id: row.get("key")?,
        account: maybe_parsed(row, "account")?,
        name: row.get("name")?,
        // A word that this version does not know allows nothing.
        scopes: scopes.split(' ').filter_map(|word| word.parse().ok()).collect(),
        created_by: row.get("created_by")?,
        created_ms: unsigned(row, "created_ms")?,
        expires_ms: maybe_unsigned(row, "expires_ms")?,
        last_used_ms: maybe_unsigned(row, "last_used_ms")?,
    })
}
