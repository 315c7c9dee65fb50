//! The portal's users and their sessions.

use std::fmt;
use std::str::FromStr;

use billing::AccountId;
use rusqlite::{ErrorCode, Row, params};

use super::Desk;
use super::row::{int, maybe_parsed, parsed, unsigned};
use crate::Error;

/// Sessions one user may have at once; a further one ends the one unused for longest.
pub const MAX_SESSIONS_PER_USER: u32 = 32;

/// The longest login name, characters.
const MAX_LOGIN_CHARS: usize = 64;
/// What a login name may be, in a sentence.
pub const LOGIN_RULE: &str = "a login name has 1 to 64 characters and no spaces";

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything on the node.
    Admin,
    /// Everything on one account.
    Owner,
    /// Look at one account.
    Viewer,
}

impl Role {
    /// What it is, for people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Admin => "administrator",
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }

    /// The word for it in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let mut roles = [Self::Admin, Self::Owner, Self::Viewer].into_iter();
        roles.find(|role| role.as_str() == word).ok_or_else(|| Error::NoRole(word.to_owned()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A portal user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Login name, unique; case matters.
    pub login: String,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The account of an owner or viewer.
    pub account: Option<AccountId>,
    /// The password's hash, as a PHC string.
    pub password_hash: String,
    /// When the user was added.
    pub created_ms: u64,
}

impl User {
    /// Whether a text may be a login name.
    #[must_use]
    pub fn is_login(text: &str) -> bool {
        let is_sign = |c: char| !c.is_whitespace() && !c.is_control();
        (1..=MAX_LOGIN_CHARS).contains(&text.chars().count()) && text.chars().all(is_sign)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {}, account {:?})", self.login, self.role, self.account)
    }
}

/// A logged-in browser, or one that has yet to show the second factor. The token itself is known to the browser alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Whose it is.
    pub login: String,
    /// When it was begun.
    pub created_ms: u64,
    /// When it was last used.
    pub last_used_ms: u64,
    /// When it ends.
    pub expires_ms: u64,
    /// From where it was begun.
    pub ip: String,
    /// What the browser calls itself.
    pub agent: String,
    /// Whether everything asked for was shown: until then it opens nothing but the question for the second factor.
    pub is_whole: bool,
}

impl Session {
    /// What names it without opening anything: the hash of its token, in hexadecimal.
    #[must_use]
    pub fn name(&self) -> String {
        self.token_hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Desk {
    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::UserExists`]; database errors.
    pub fn add_user(&self, user: &User) -> Result<(), Error> {
        let added = self.run(
            "add a user",
            "INSERT INTO users VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                user.login,
                user.name,
                user.email,
                user.role.as_str(),
                user.account.as_ref().map(AccountId::as_str),
                user.password_hash,
                int(user.created_ms),
            ],
        );
        match added {
            Err(Error::Database { source, .. })
                if source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
            {
                Err(Error::UserExists(user.login.clone()))
            }
            added => added.map(drop),
        }
    }

    /// All users, by login name.
    ///
    /// # Errors
    /// Database errors.
    pub fn users(&self) -> Result<Vec<User>, Error> {
        self.all("list users", "SELECT * FROM users ORDER BY login LIMIT ?1", [super::MAX_ROWS], user)
    }

    /// One user.
    ///
    /// # Errors
    /// Database errors.
    pub fn user(&self, login: &str) -> Result<Option<User>, Error> {
        self.one("find a user", "SELECT * FROM users WHERE login = ?1", [login], user)
    }

    /// Gives a user another password (none where the hash is empty) and ends all their sessions.
    ///
    /// # Errors
    /// [`Error::NoUser`]; database errors.
    pub fn set_password(&self, login: &str, password_hash: &str) -> Result<(), Error> {
        let changed = self.together("change a password", |connection| {
            connection.execute("DELETE FROM sessions WHERE login = ?1", [login])?;
            connection.execute("UPDATE users SET password_hash = ?2 WHERE login = ?1", [login, password_hash])
        })?;
        found(changed, login)
    }

    /// Removes a user with all their sessions.
    ///
    /// # Errors
    /// [`Error::NoUser`]; database errors.
    pub fn remove_user(&self, login: &str) -> Result<(), Error> {
        let removed = self.run("remove a user", "DELETE FROM users WHERE login = ?1", [login])?;
        found(removed, login)
    }

    /// Begins a session; sessions that have ended, and the user's beyond [`MAX_SESSIONS_PER_USER`], are removed.
    ///
    /// # Errors
    /// [`Error::NoUser`]; database errors.
    pub fn add_session(&self, session: &Session) -> Result<(), Error> {
        let added = self.together("begin a session", |connection| {
            connection.execute("DELETE FROM sessions WHERE expires_ms <= ?1", [int(session.created_ms)])?;
            connection.execute(
                "DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE login = ?1
                 ORDER BY last_used_ms DESC LIMIT -1 OFFSET ?2)",
                params![session.login, MAX_SESSIONS_PER_USER - 1],
            )?;
            connection.execute(
                "INSERT INTO sessions SELECT ?1, login, ?3, ?4, ?5, ?6, ?7, ?8 FROM users WHERE login = ?2",
                params![
                    session.token_hash,
                    session.login,
                    int(session.created_ms),
                    int(session.last_used_ms),
                    int(session.expires_ms),
                    session.ip,
                    session.agent,
                    session.is_whole,
                ],
            )
        })?;
        found(added, &session.login)
    }

    /// A user's sessions that have not ended, the last used first.
    ///
    /// # Errors
    /// Database errors.
    pub fn sessions_of(&self, login: &str, now_ms: u64) -> Result<Vec<Session>, Error> {
        self.all(
            "list sessions",
            "SELECT *, created_ms AS begun_ms FROM sessions WHERE login = ?1 AND expires_ms > ?2 AND is_whole
             ORDER BY last_used_ms DESC",
            params![login, int(now_ms)],
            session,
        )
    }

    /// Ends all sessions of a user but one; how many.
    ///
    /// # Errors
    /// Database errors.
    pub fn end_other_sessions(&self, login: &str, but: &[u8; 32]) -> Result<usize, Error> {
        self.run("end sessions", "DELETE FROM sessions WHERE login = ?1 AND token_hash <> ?2", params![login, but])
    }

    /// Changes a user's name, address and role.
    ///
    /// # Errors
    /// [`Error::NoUser`]; database errors.
    pub fn change_user(&self, login: &str, name: &str, email: &str, role: Role) -> Result<(), Error> {
        let sql = "UPDATE users SET name = ?2, email = ?3, role = ?4 WHERE login = ?1";
        found(self.run("change a user", sql, params![login, name, email, role.as_str()])?, login)
    }

    /// The session of a token that has not ended, with its user; whole or not.
    ///
    /// # Errors
    /// Database errors.
    pub fn session(&self, token_hash: &[u8; 32], now_ms: u64) -> Result<Option<(Session, User)>, Error> {
        self.one(
            "find a session",
            "SELECT token_hash, sessions.created_ms AS begun_ms, last_used_ms, expires_ms, ip, agent, is_whole, users.*
             FROM sessions JOIN users USING (login) WHERE token_hash = ?1 AND expires_ms > ?2",
            params![token_hash, int(now_ms)],
            |row| Ok((session(row)?, user(row)?)),
        )
    }

    /// Notes that a session is used, and when it ends now.
    ///
    /// # Errors
    /// Database errors.
    pub fn touch_session(&self, token_hash: &[u8; 32], now_ms: u64, expires_ms: u64) -> Result<(), Error> {
        self.run(
            "note the use of a session",
            "UPDATE sessions SET last_used_ms = ?2, expires_ms = ?3 WHERE token_hash = ?1",
            params![token_hash, int(now_ms), int(expires_ms)],
        )
        .map(drop)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Database errors.
    pub fn remove_session(&self, token_hash: &[u8; 32]) -> Result<(), Error> {
        self.run("end a session", "DELETE FROM sessions WHERE token_hash = ?1", [token_hash]).map(drop)
    }
}

fn found(rows: usize, login: &str) -> Result<(), Error> {
    if rows == 0 { Err(Error::NoUser(login.to_owned())) } else { Ok(()) }
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        login: row.get("login")?,
        name: row.get("name")?,
        email: row.get("email")?,
        role: parsed(row, "role")?,
        account: maybe_parsed(row, "account")?,
        password_hash: row.get("password_hash")?,
        created_ms: unsigned(row, "created_ms")?,
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        token_hash: row.get("token_hash")?,
        login: row.get("login")?,
        created_ms: unsigned(row, "begun_ms")?,
        last_used_ms: unsigned(row, "last_used_ms")?,
        expires_ms: unsigned(row, "expires_ms")?,
        ip: row.get("ip")?,
        agent: row.get("agent")?,
        is_whole: row.get("is_whole")?,
    })
}
