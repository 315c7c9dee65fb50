//! Keys: made, listed, revoked. The text of a key is shown once; what is kept is its hash.

use axum::Json;
use axum::http::StatusCode;
use billing::AccountId;
use serde::{Deserialize, Serialize};
use store::KeyScope;
use utoipa::{IntoParams, ToSchema};

use super::client::Client;
use super::extract::{Body, Place};
use super::fault::{Answer, Fault, Kind};
use super::page::{Listing, Moment, Page, Paging};
use super::shapes::{AccountName, Done, Key, KeyName, Scope};
use crate::kept;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for: no more than the key that makes it.
    #[schema(min_items = 1, max_items = 6)]
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

/// Keys that this one covers.
#[utoipa::path(get, path = "/keys", tag = "keys", params(Paging), responses((status = 200, body = Page<Key>)))]
pub(super) async fn list(client: Client, listing: Listing) -> Answer<Page<Key>> {
    client.must(KeyScope::Keys)?;
    let mut keys = client.portal().desk(|desk| desk.api_keys()).await?;
    keys.retain(|key| client.covers(key.account.as_ref()));
    listing.page_of_all(keys, |key| key.id.clone(), |key| Key::from(&key))
}

/// Make a key, no stronger than the one that makes it. Its text is shown this once.
#[utoipa::path(post, path = "/keys", tag = "keys", request_body = NewKey, responses((status = 201, body = MadeKey)))]
pub(super) async fn add(client: Client, Body(new): Body<NewKey>) -> Result<(StatusCode, Json<MadeKey>), Fault> {
    client.must(KeyScope::Keys)?;
    let scopes: Vec<KeyScope> = new.scopes.into_iter().map(KeyScope::from).collect();
    let account = new.account.or_else(|| client.key.account.clone());
    if !client.covers(account.as_ref()) || !scopes.iter().all(|scope| client.key.scopes.contains(scope)) {
        return Err(Fault::new(Kind::NotAllowed, "a key makes none that is stronger than itself"));
    }
    if let Some(id) = account.clone() {
        let missing = Fault::not_found(format!("there is no account {id} for this key"));
        client.read(move |reader| reader.account(&id)).await?.ok_or(missing)?;
    }
    let expires_ms = new.expires_ms.map(|Moment(ms)| ms);
    let new = kept::NewKey { name: new.name, scopes, account, expires_ms };
    let (key, text) = client.kept(move |desk, hand| kept::make_key(desk, hand, new)).await?;
    Ok((StatusCode::CREATED, Json(MadeKey { key: Key::from(&key), text })))
}

/// Revoke a key, another than the one that asks: it is void at once.
#[utoipa::path(delete, path = "/keys/{key}", tag = "keys", params(AtKey), responses((status = 200, body = Done)))]
pub(super) async fn revoke(client: Client, Place(at): Place<AtKey>) -> Answer<Done> {
    client.must(KeyScope::Keys)?;
    let keys = client.portal().desk(|desk| desk.api_keys()).await?;
    let missing = || Fault::not_found(format!("there is no key {}", at.key));
    let key = keys.into_iter().find(|key| key.id == at.key && client.covers(key.account.as_ref()));
    let key = key.ok_or_else(missing)?;
    if key.id == client.key.id {
        return Err(Fault::new(Kind::Conflict, "a key does not revoke itself"));
    }
    let text = client.kept(move |desk, hand| kept::revoke_key(desk, hand, &key)).await?;
    Ok(Json(text.into()))
}
