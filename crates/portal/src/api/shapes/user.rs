//! Users of the portal, and where they are logged in.

use billing::AccountId;
use serde::{Deserialize, Serialize};
use store::{Role as Held, Session as HeldSession, User as HeldUser};
use utoipa::ToSchema;

use super::text::{AccountName, Email, LoginName, SessionName};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// Everything on the node.
    Admin,
    /// Everything on one account.
    Owner,
    /// Look at one account.
    Viewer,
}

impl From<Held> for Role {
    fn from(role: Held) -> Self {
        match role {
            Held::Admin => Self::Admin,
            Held::Owner => Self::Owner,
            Held::Viewer => Self::Viewer,
        }
    }
}

impl From<Role> for Held {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
            Role::Viewer => Self::Viewer,
        }
    }
}

/// Somebody who may log in to the portal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(value_type = LoginName)]
    login: String,
    name: String,
    /// May be empty.
    email: String,
    role: Role,
    /// The account of an owner or viewer.
    #[schema(value_type = Option<AccountName>)]
    account: Option<String>,
    /// Whether they have yet to choose a password.
    is_invited: bool,
    /// Whether the login asks for a second step.
    has_second_step: bool,
    created_ms: u64,
}

impl User {
    pub(crate) fn of(user: &HeldUser, has_second_step: bool) -> Self {
        Self {
            login: user.login.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role.into(),
            account: user.account.as_ref().map(ToString::to_string),
            is_invited: user.password_hash.is_empty(),
            has_second_step,
            created_ms: user.created_ms,
        }
    }
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    #[schema(value_type = LoginName)]
    pub(crate) login: String,
    #[serde(default)]
    #[schema(max_length = 100)]
    pub(crate) name: String,
    /// Needed where the node has a mail server.
    #[serde(default)]
    #[schema(value_type = Email)]
    pub(crate) email: String,
    pub(crate) role: Role,
    /// The account of an owner or viewer; that of the key where it has one.
    #[serde(default)]
    #[schema(value_type = Option<AccountName>)]
    pub(crate) account: Option<AccountId>,
}

/// What is to be different about a user; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    #[serde(default)]
    #[schema(max_length = 100)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<Email>)]
    pub(crate) email: Option<String>,
    /// Owner or viewer; an administrator stays one.
    #[serde(default)]
    pub(crate) role: Option<Role>,
}

/// A user who is to choose a password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    pub(crate) user: User,
    /// What was done, in a sentence.
    pub(crate) text: String,
    /// The link with which they choose it, once; null where it goes to them by mail.
    pub(crate) link: Option<String>,
}

/// Where a user is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Names it, and opens nothing.
    #[schema(value_type = SessionName)]
    pub(crate) id: String,
    since_ms: u64,
    /// To a few minutes.
    last_used_ms: u64,
    /// From where it was begun.
    ip: String,
    /// What the browser calls itself.
    agent: String,
}

impl From<&HeldSession> for Session {
    fn from(session: &HeldSession) -> Self {
        Self {
            id: session.name(),
            since_ms: session.created_ms,
            last_used_ms: session.last_used_ms,
            ip: session.ip.clone(),
            agent: session.agent.clone(),
        }
    }
}
