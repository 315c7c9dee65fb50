//! Who asks, and what they may see: the logged-in user, and the account in the page's address.

use std::ops::Deref;

use account::{Actor, Change};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use billing::AccountId;
use node::{Command, CommandReply};
use sha2::{Digest, Sha256};
use store::{AccountRow, Desk, Role, User};
use tokio::time::{Duration, sleep};

use crate::cookies;
use crate::forms::csrf_of;
use crate::kept::{Hand, KeptError};
use crate::login::escaped;
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::words::sentence;
use crate::zone::Zone;

/// A session ends when it was not used for so long, milliseconds.
pub(crate) const SESSION_MS: u64 = 12 * 60 * 60 * 1000;
/// How often the use of a session is noted, milliseconds: a page view is not worth a write to the disk each.
const NOTED_EVERY_MS: u64 = 5 * 60 * 1000;
/// How often and how long a page waits for its own change to reach the tables.
const LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A logged-in user.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) state: PortalState,
    pub(crate) user: User,
    pub(crate) csrf: String,
    /// The session's name in the store.
    pub(crate) session: [u8; 32],
    pub(crate) note: Option<(bool, String)>,
    /// Whether the lock-out is theirs to see: the node is, or the account is the only one on it.
    pub(crate) sees_lockout: bool,
}

/// A session's name in the store.
pub(crate) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Visitor {
    async fn of(headers: &HeaderMap, state: &PortalState) -> Result<Option<Self>, Problem> {
        let Some(token) = cookies::token(headers, state) else { return Ok(None) };
        let (hash, now) = (token_hash(token), now_ms());
        let found = state.desk(move |desk| {
            let found = desk.session(&hash, now)?;
            if let Some((session, _)) = &found
                && session.is_whole
                && now >= session.last_used_ms.saturating_add(NOTED_EVERY_MS)
            {
                desk.touch_session(&hash, now, now.saturating_add(SESSION_MS))?;
            }
            Ok(found)
        });
        let Some((_, user)) = found.await?.filter(|(session, _)| session.is_whole) else { return Ok(None) };
        let mut sees_lockout = user.role == Role::Admin;
        if let Some(own) = user.account.clone() {
            let accounts = state.read(|reader| reader.accounts()).await?;
            sees_lockout |= accounts.len() == 1 && accounts.iter().all(|account| account.id == own);
        }
        let note = cookies::note(headers);
        Ok(Some(Self { state: state.clone(), user, csrf: csrf_of(token), session: hash, note, sees_lockout }))
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.user.role == Role::Admin
    }

    /// Refuses those who may only look.
    pub(crate) fn may_change(&self) -> Result<(), Problem> {
        if self.user.role == Role::Viewer { Err(Problem::NotAllowed) } else { Ok(()) }
    }

    pub(crate) fn is_allowed_to_change(&self) -> bool {
        self.may_change().is_ok()
    }

    pub(crate) fn may_see(&self, account: &AccountId) -> bool {
        self.is_admin() || self.user.account.as_ref() == Some(account)
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::User(self.user.login.clone())
    }

    /// Changes what is kept beside the journal, as this user.
    pub(crate) async fn kept<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk, &Hand) -> Result<T, KeptError> + Send + 'static,
    ) -> Result<T, Problem> {
        let hand = Hand { by: self.user.login.clone(), at_ms: now_ms() };
        Ok(self.state.kept(move |desk| work(desk, &hand)).await??)
    }

    /// What others know the user as.
    pub(crate) fn name(&self) -> &str {
        if self.user.name.is_empty() { &self.user.login } else { &self.user.name }
    }

    /// The path of a page.
    pub(crate) fn path(&self, page: &str) -> String {
        format!("{}{page}", self.state.settings.base())
    }

    /// Sends a command and gives the sentence that says what it did.
    pub(crate) async fn command(&self, command: Command) -> Result<String, Problem> {
        match self.state.control.send(command).await? {
            CommandReply::Done(done) => Ok(done.text),
            _ => Err(Problem::Broken),
        }
    }

    /// Goes to a page with a note of what was done, or why not. Other problems get their own page.
    pub(crate) fn then(&self, done: Result<String, Problem>, page: &str) -> Result<Response, Problem> {
        let (good, text) = match done {
            Ok(text) => (true, text),
            Err(problem @ (Problem::Command(_) | Problem::Typed(_))) => (false, sentence(&problem.to_string())),
            Err(problem) => return Err(problem),
        };
        let mut response = axum::response::Redirect::to(&self.path(page)).into_response();
        response.headers_mut().append(axum::http::header::SET_COOKIE, cookies::set_note(&self.state, good, &text));
        Ok(response)
    }
}

impl FromRequestParts<PortalState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &PortalState) -> Result<Self, Problem> {
        match Self::of(&parts.headers, state).await? {
            Some(visitor) => Ok(visitor),
            None => Err(Problem::LoginNeeded { login: login_path(parts, state) }),
        }
    }
}

/// The login page that leads on to the page asked for, where asking for it again changes nothing.
fn login_path(parts: &Parts, state: &PortalState) -> String {
    let base = state.settings.base();
    let wanted = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let page = wanted.path_and_query().map_or("/", |page| page.as_str());
    if parts.method != axum::http::Method::GET || page.trim_end_matches('/') == base {
        return format!("{base}/login");
    }
    format!("{base}/login?next={}", escaped(page))
}

/// An administrator; for everybody else there is no such page.
pub(crate) struct Admin(Visitor);

impl Admin {
    pub(crate) fn visitor(&self) -> Visitor {
        self.0.clone()
    }
}

impl Deref for Admin {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.0
    }
}

impl FromRequestParts<PortalState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &PortalState) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        if visitor.is_admin() { Ok(Self(visitor)) } else { Err(Problem::NotFound) }
    }
}

/// A user at an account they may see.
pub(crate) struct Scope {
    pub(crate) visitor: Visitor,
    pub(crate) account: AccountRow,
    pub(crate) zone: Zone,
}

impl FromRequestParts<PortalState> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &PortalState) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::NotFound)?;
        let named = params.iter().find(|(key, _)| *key == "account").map(|(_, value)| value);
        let id: AccountId = named.and_then(|text| text.parse().ok()).ok_or(Problem::NotFound)?;
        Self::of(visitor, id).await
    }
}

impl Scope {
    /// Not found where there is no such account, or it is somebody else's.
    pub(crate) async fn of(visitor: Visitor, id: AccountId) -> Result<Self, Problem> {
        if !visitor.may_see(&id) {
            return Err(Problem::NotFound);
        }
        let account = visitor.state.read(move |reader| reader.account(&id)).await?.ok_or(Problem::NotFound)?;
        let zone = Zone::named(&account.settings.time_zone);
        Ok(Self { visitor, account, zone })
    }

    pub(crate) fn id(&self) -> &AccountId {
        &self.account.id
    }

    /// The path of a page of this account.
    pub(crate) fn path(&self, page: &str) -> String {
        self.visitor.path(&self.page(page))
    }

    /// The same without the base: for [`Visitor::then`].
    pub(crate) fn page(&self, page: &str) -> String {
        format!("/accounts/{}{page}", self.account.id)
    }

    pub(crate) fn money(&self, amount: billing::Money) -> String {
        amount.format(&self.account.settings.currency)
    }

    /// Changes the account and waits until the tables show it, so that the next page does.
    pub(crate) async fn change(&self, change: Change) -> Result<String, Problem> {
        self.visitor.may_change()?;
        let (state, id, by) = (&self.visitor.state, self.account.id.clone(), self.visitor.actor());
        let audit = |limit: u32| {
            let id = id.clone();
            state.read(move |reader| reader.audit(Some(&id), limit))
        };
        let before = audit(1).await?.into_iter().next();
        let command = Command::Account { account: id.clone(), by: by.clone(), change };
        let text = self.visitor.command(command).await?;
        for _ in 0..LOOKS {
            let rows = audit(16).await?;
            let mut new = rows.iter().take_while(|row| Some(*row) != before.as_ref());
            if new.any(|row| row.by == by.name() && row.text == text) {
                break;
            }
            sleep(LOOK_AGAIN).await;
        }
        Ok(text)
    }
}
