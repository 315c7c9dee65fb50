//! API keys, without their texts.

use serde::{Deserialize, Serialize};
use store::{ApiKey, KeyScope};
use utoipa::ToSchema;

use super::text::{AccountName, KeyName};

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Scope)]
pub(crate) enum Scope {
    /// Look at everything that the key reaches.
    Read,
    /// Change lines, limits, incidents, bans and the like.
    Write,
    /// Book payments; of keys of the whole node alone.
    Money,
    /// Ask about calls and report on them.
    Screen,
    /// Make and revoke keys, none stronger than itself.
    Keys,
    /// Invite, change and remove users, who may then do what their role allows.
    People,
}

impl From<KeyScope> for Scope {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::Write => Self::Write,
            KeyScope::Money => Self::Money,
            KeyScope::Screen => Self::Screen,
            KeyScope::Keys => Self::Keys,
            KeyScope::People => Self::People,
        }
    }
}

impl From<Scope> for KeyScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Money => Self::Money,
            Scope::Screen => Self::Screen,
            Scope::Keys => Self::Keys,
            Scope::People => Self::People,
        }
    }
}

/// A key, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Key {
    #[schema(value_type = KeyName)]
    id: String,
    /// The account it reaches; null: the whole node.
    #[schema(value_type = Option<AccountName>)]
    account: Option<String>,
    name: String,
    scopes: Vec<Scope>,
    created_by: String,
    created_ms: u64,
    /// Null: it does not end by itself.
    expires_ms: Option<u64>,
    /// To a few minutes.
    last_used_ms: Option<u64>,
}

impl From<&ApiKey> for Key {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.clone(),
            account: key.account.as_ref().map(ToString::to_string),
            name: key.name.clone(),
            scopes: key.scopes.iter().copied().map(Scope::from).collect(),
            created_by: key.created_by.clone(),
            created_ms: key.created_ms,
            expires_ms: key.expires_ms,
            last_used_ms: key.last_used_ms,
        }
    }
}
