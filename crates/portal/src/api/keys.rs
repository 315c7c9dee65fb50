//! Keys: made, listed, revoked. The text of a key is shown once; what is kept is its hash.

use axum::Json;
use axum::http::StatusCode;
use billing::AccountId;
use serde::{Deserialize, Serialize};
use store::{ApiKey, KeyScope, MAX_API_KEYS};
use utoipa::{IntoParams, ToSchema};

use super::client::{Client, MARK};
use super::extract::{Asked, Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Moment, Page, Paging};
use super::shapes::{AccountName, Done, KeyName};
use crate::random;
use crate::state::now_ms;

/// The longest name of a key, characters.
const MAX_NAME_CHARS: usize = 80;
/// Characters of a key's id beside its first.
const ID_CHARS: usize = 12;
/// Characters of a key's secret: 160 bits.
const SECRET_CHARS: usize = 32;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Scope)]
pub(super) enum Scope {
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
}

impl From<KeyScope> for Scope {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::Write => Self::Write,
            KeyScope::Money => Self::Money,
            KeyScope::Screen => Self::Screen,
            KeyScope::Keys => Self::Keys,
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
        }
    }
}

/// A key, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Key {
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

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// What it may be used for: no more than the key that makes it.
    #[schema(min_items = 1, max_items = 5)]
    scopes: Vec<Scope>,
    /// The account it reaches; that of the key that makes it where it has one.
    #[serde(default)]
    #[schema(value_type = Option<AccountName>)]
    account: Option<AccountId>,
    /// When it ends.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    expires_ms: Option<Moment>,
}

/// A key with its text, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeKey {
    key: Key,
    /// Send it as `Authorization: Bearer ...`.
    text: String,
}

/// A key's id in an address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct AtKey {
    /// The key.
    #[param(value_type = KeyName)]
    key: String,
}

/// A new key's id and its text.
#[must_use]
pub fn new_key() -> (String, String) {
    let id = format!("k{}", random::signs(ID_CHARS));
    let text = format!("{MARK}{id}_{}", random::signs(SECRET_CHARS));
    (id, text)
}

impl Client {
    /// Whether another key reaches no further than this one.
    fn covers(&self, account: Option<&AccountId>) -> bool {
        self.key.account.is_none() || self.key.account.as_ref() == account
    }
}

/// Keys that this one covers.
#[utoipa::path(get, path = "/keys", tag = "keys", params(Paging), responses((status = 200, body = Page<Key>)))]
pub(super) async fn list(client: Client, Asked(paging): Asked<Paging>) -> Answer<Page<Key>> {
    client.must(KeyScope::Keys)?;
    let mut keys = client.portal().desk(|desk| desk.api_keys()).await?;
    keys.retain(|key| client.covers(key.account.as_ref()));
    Ok(Json(paging.of(keys, |key| key.id.clone(), |key| Key::from(&key))))
}

/// Make a key, no stronger than the one that makes it. Its text is shown this once.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = NewKey, responses((status = 201, body = MadeKey)))]
pub(super) async fn add(client: Client, Body(new): Body<NewKey>) -> Result<(StatusCode, Json<MadeKey>), Fault> {
    client.must(KeyScope::Keys)?;
    let now = now_ms();
    let mut scopes: Vec<KeyScope> = new.scopes.into_iter().map(KeyScope::from).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let account = new.account.or_else(|| client.key.account.clone());
    let is_name = (1..=MAX_NAME_CHARS).contains(&new.name.chars().count()) && !new.name.chars().any(char::is_control);
    if !is_name || scopes.is_empty() {
        return Err(Fault::wrong("a key has a name of 1 to 80 characters, and a scope"));
    }
    if !client.covers(account.as_ref()) || !scopes.iter().all(|scope| client.key.scopes.contains(scope)) {
        return Err(Fault::new(Kind::NotAllowed, "a key makes none that is stronger than itself"));
    }
    if account.is_some() && scopes.contains(&KeyScope::Money) {
        return Err(Fault::wrong("only a key of the whole node can have the scope `money`"));
    }
    let expires_ms = new.expires_ms.map(|Moment(ms)| ms);
    if expires_ms.is_some_and(|at_ms| at_ms <= now) {
        return Err(Fault::wrong("expires_ms is over already"));
    }
    if let Some(id) = account.clone() {
        let missing = Fault::not_found(format!("there is no account {id} for this key"));
        client.portal().read(move |reader| reader.account(&id)).await?.ok_or(missing)?;
    }
    let (id, text) = new_key();
    let created_by = client.actor().name().to_owned();
    let last_used_ms = None;
    let key = ApiKey { id, account, name: new.name, scopes, created_by, created_ms: now, expires_ms, last_used_ms };
    let (kept, hash) = (key.clone(), ApiKey::hash(&text));
    if !client.portal().desk(move |desk| desk.add_api_key(&kept, &hash)).await? {
        return Err(Fault::new(Kind::Conflict, format!("there are {MAX_API_KEYS} keys already: revoke one")));
    }
    tracing::info!(key = key.id, by = key.created_by, account = ?key.account, "an API key was made");
    Ok((StatusCode::CREATED, Json(MadeKey { key: Key::from(&key), text })))
}

/// Revoke a key, another than the one that asks: it is void at once.
#[utoipa::path(delete, path = "/keys/{key}", tag = "keys", params(AtKey), responses((status = 200, body = Done)))]
pub(super) async fn revoke(client: Client, Place(at): Place<AtKey>) -> Answer<Done> {
    client.must(KeyScope::Keys)?;
    let keys = client.portal().desk(|desk| desk.api_keys()).await?;
    let missing = || Fault::not_found(format!("there is no key {}", at.key));
    let key = keys.into_iter().find(|key| key.id == at.key && client.covers(key.account.as_ref()));
    let id = key.ok_or_else(missing)?.id;
    if id == client.key.id {
        return Err(Fault::new(Kind::Conflict, "a key does not revoke itself"));
    }
    let removed = id.clone();
    client.portal().desk(move |desk| desk.remove_api_key(&removed)).await?;
    tracing::info!(key = id, by = client.actor().name(), "an API key was revoked");
    Ok(Json(::account::Done { text: format!("Key {id} is revoked.") }.into()))
}
