//! Who asks: the key that a request carries, what it may be used for, and how far it reaches.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::PoisonError;

use account::{Actor, Change, Done};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use billing::AccountId;
use node::{Command, CommandReply};
use store::{AccountRow, ApiKey, Desk, KeyScope, Reader};

use super::ApiState;
use super::accounts::AtAccount;
use super::extract::Place;
use super::fault::{Fault, Kind};
use crate::caller::caller;
use crate::kept::{Hand, KeptError, MARK};
use crate::state::{PortalState, now_ms};
use crate::throttle::network;

/// The longest key looked at, bytes.
const MAX_KEY_BYTES: usize = 128;
/// How often the use of a key is noted, milliseconds.
const NOTED_EVERY_MS: u64 = 5 * 60 * 1000;

/// A program with a key.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) api: ApiState,
    pub(super) key: ApiKey,
}

/// A client at an account that its key reaches.
pub(super) struct Reach {
    pub(super) client: Client,
    pub(super) account: AccountRow,
}

/// What a request needs its key to be for.
pub(super) trait Need: Send {
    /// The scope.
    const SCOPE: KeyScope;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl Need for $name {
            const SCOPE: KeyScope = KeyScope::$name;
        }
    )+};
}

needs! {
    /// Looks at something.
    Read
    /// Changes something.
    Write
    /// Books a payment.
    Money
}

/// The account in the address, which the key reaches and is for.
pub(super) struct At<N>(Reach, PhantomData<N>);

/// The whole node, which the key reaches and is for.
pub(super) struct AtNode<N>(Client, PhantomData<N>);

impl<N> Deref for At<N> {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl<N> Deref for AtNode<N> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl<N: Need> FromRequestParts<ApiState> for At<N> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Fault> {
        let client = Client::from_request_parts(parts, api).await?;
        let Place(at) = Place::<AtAccount>::from_request_parts(parts, api).await?;
        Ok(Self(client.at(&at.account, N::SCOPE).await?, PhantomData))
    }
}

impl<N: Need> FromRequestParts<ApiState> for AtNode<N> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Fault> {
        let client = Client::from_request_parts(parts, api).await?;
        client.must_reach_node(N::SCOPE)?;
        Ok(Self(client, PhantomData))
    }
}

/// The key in a request's header.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    let is_key = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(MARK) && token.len() <= MAX_KEY_BYTES;
    is_key.then_some(token)
}

impl FromRequestParts<ApiState> for Client {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &ApiState) -> Result<Self, Fault> {
        let Some(token) = token(&parts.headers) else {
            return Err(Fault::new(Kind::NoKey, "send a key: `Authorization: Bearer tg_...`"));
        };
        let (hash, now) = (ApiKey::hash(token), now_ms());
        let found = api.portal().desk(move |desk| {
            let key = desk.api_key(&hash, now)?;
            if let Some(key) = &key
                && key.last_used_ms.is_none_or(|used_ms| now >= used_ms.saturating_add(NOTED_EVERY_MS))
            {
                desk.touch_api_key(&key.id, now)?;
            }
            Ok(key)
        });
        let Some(key) = found.await? else {
            let ip = caller(&parts.extensions, &parts.headers, &api.base.portal.settings.proxies);
            // Nobody guesses 160 bits; who tries is told to stop, and the right key goes on.
            let mut strangers = api.strangers.lock().unwrap_or_else(PoisonError::into_inner);
            if !strangers.take(network(ip), now) {
                return Err(Fault::new(Kind::TooMany, "too many unknown keys came from this address"));
            }
            tracing::info!(%ip, "an unknown API key was sent");
            return Err(Fault::new(Kind::NoKey, "this key is not known, was revoked or has ended"));
        };
        if !api.requests.lock().unwrap_or_else(PoisonError::into_inner).take(key.id.clone(), now) {
            return Err(Fault::new(Kind::TooMany, "this key has made too many requests within a minute"));
        }
        Ok(Self { api: api.clone(), key })
    }
}

impl Client {
    pub(super) fn portal(&self) -> &PortalState {
        self.api.portal()
    }

    /// Who changes something, in ledger and audit log. No login name of the portal holds a space.
    pub(super) fn actor(&self) -> Actor {
        Actor::User(format!("API key {}", self.key.id))
    }

    /// Changes what is kept beside the journal, as this key.
    pub(super) async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk, &Hand) -> Result<T, KeptError> + Send + 'static,
    ) -> Result<T, Fault> {
        let hand = Hand { by: self.actor().name().to_owned(), at_ms: now_ms() };
        Ok(self.portal().kept(move |desk| work(desk, &hand)).await??)
    }

    /// Whether something of an account, or of the node, is within the key's reach.
    pub(super) fn covers(&self, account: Option<&AccountId>) -> bool {
        self.key.account.is_none() || self.key.account.as_ref() == account
    }

    /// Refuses where the key is not for that.
    pub(super) fn must(&self, scope: KeyScope) -> Result<(), Fault> {
        if self.key.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Fault::new(Kind::NotAllowed, format!("this needs a key with the scope `{scope}`")))
    }

    pub(super) fn is_of_node(&self) -> bool {
        self.key.account.is_none()
    }

    /// Refuses keys of accounts.
    pub(super) fn must_reach_node(&self, scope: KeyScope) -> Result<(), Fault> {
        self.must(scope)?;
        if self.is_of_node() {
            return Ok(());
        }
        Err(Fault::new(Kind::NotAllowed, "this needs a key of the whole node"))
    }

    /// An account that the key reaches.
    pub(super) async fn at(self, id: &AccountId, scope: KeyScope) -> Result<Reach, Fault> {
        self.must(scope)?;
        let missing = || Fault::not_found(format!("there is no account {id} for this key"));
        if self.key.account.as_ref().is_some_and(|own| own != id) {
            return Err(missing());
        }
        let asked = id.clone();
        let account = self.portal().read(move |reader| reader.account(&asked)).await?.ok_or_else(missing)?;
        Ok(Reach { client: self, account })
    }

    /// Asks the tables.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        Ok(self.portal().read(question).await?)
    }

    /// Sends a command.
    pub(super) async fn send(&self, command: Command) -> Result<CommandReply, Fault> {
        Ok(self.portal().control.send(command).await?)
    }

    /// Sends a command that does something; what it did.
    pub(super) async fn done(&self, command: Command) -> Result<Done, Fault> {
        match self.send(command).await? {
            CommandReply::Done(done) => Ok(done),
            _ => Err(Fault::new(Kind::Broken, "the node gave another answer than was asked for")),
        }
    }
}

impl Reach {
    pub(super) fn id(&self) -> &AccountId {
        &self.account.id
    }

    /// Asks the tables about the account.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader, &AccountId) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        let id = self.account.id.clone();
        self.client.read(move |reader| question(reader, &id)).await
    }

    /// Changes the account, as the portal's pages do.
    pub(super) async fn change(&self, change: Change) -> Result<Done, Fault> {
        let command = Command::Account { account: self.account.id.clone(), by: self.client.actor(), change };
        self.client.done(command).await
    }
}
