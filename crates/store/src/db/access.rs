//! Who may use an account through VOIP.MS's API: a user name, a password that Tollguard made up, and addresses.
//!
//! The password is a token of 120 random bits that nobody chooses, asked for with every call of a program. It is kept as
//! its SHA-256, as session tokens are: there is no list of likely tokens that a slow hash would have to hold off, and a
//! slow one would cost 64 MiB and a processor for each call.

use std::net::IpAddr;

use billing::AccountId;
use ipnet::IpNet;
use rusqlite::{ErrorCode, Row, params};
use sha2::{Digest, Sha256};

use super::Desk;
use super::row::{from_json, int, json, parsed, unsigned};
use crate::Error;

/// Addresses and networks that one account may allow.
pub const MAX_API_ADDRESSES: usize = 64;

/// What an account's programs log in with, and from where.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiAccess {
    /// The account.
    pub account: AccountId,
    /// The user name, an e-mail address as a rule; unique, in capitals or not.
    pub username: String,
    /// SHA-256 of the password.
    pub password_hash: [u8; 32],
    /// Where calls may come from; from nowhere where there is none.
    pub allowed: Vec<IpNet>,
    /// Whether it is on.
    pub is_on: bool,
    /// When it was made.
    pub created_ms: u64,
}

impl ApiAccess {
    /// What is kept of a password.
    #[must_use]
    pub fn hash(password: &str) -> [u8; 32] {
        Sha256::digest(password.as_bytes()).into()
    }

    /// Whether calls may come from there.
    #[must_use]
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&ip.to_canonical()))
    }
}

impl std::fmt::Debug for ApiAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiAccess({}, {}, from {:?})", self.account, self.username, self.allowed)
    }
}

impl Desk {
    /// Makes an account's access or changes it.
    ///
    /// # Errors
    /// [`Error::UserExists`] where the user name is another account's; database errors.
    pub fn put_api_access(&self, access: &ApiAccess) -> Result<(), Error> {
        let put = self.run(
            "write an API access",
            "INSERT INTO api_access VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account) DO UPDATE SET
             username = excluded.username, password_hash = excluded.password_hash, allowed = excluded.allowed,
             is_on = excluded.is_on",
            params![
                access.account.as_str(),
                access.username,
                access.password_hash,
                json("address", &access.allowed)?,
                access.is_on,
                int(access.created_ms),
            ],
        );
        match put {
            Err(Error::Database { source, .. })
                if source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
            {
                Err(Error::UserExists(access.username.clone()))
            }
            put => put.map(drop),
        }
    }

    /// The access of a user name, in capitals or not.
    ///
    /// # Errors
    /// Database errors.
    pub fn api_access(&self, username: &str) -> Result<Option<ApiAccess>, Error> {
        self.one("find an API access", "SELECT * FROM api_access WHERE username = ?1", [username], access)
    }

    /// All of them, by account.
    ///
    /// # Errors
    /// Database errors.
    pub fn api_accesses(&self) -> Result<Vec<ApiAccess>, Error> {
        self.all("list API accesses", "SELECT * FROM api_access ORDER BY account LIMIT ?1", [super::MAX_ROWS], access)
    }
}

fn access(row: &Row<'_>) -> rusqlite::Result<ApiAccess> {
    Ok(ApiAccess {
        account: parsed(row, "account")?,
        username: row.get("username")?,
        password_hash: row.get("password_hash")?,
        allowed: from_json(row, "allowed")?,
        is_on: row.get("is_on")?,
        created_ms: unsigned(row, "created_ms")?,
    })
}
