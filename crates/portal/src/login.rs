//! Log in and out.
//!
//! A wrong password, an unknown login and a login that must wait look the same from outside as far as they can: an
//! unknown login's password is verified too, and takes as long.

pub(crate) mod code;
pub(crate) mod forgot;

use std::net::IpAddr;
use std::sync::PoisonError;

use askama::Template;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Session;

use crate::access::{SESSION_MS, token_hash};
use crate::alone::Alone;
use crate::caller::caller;
use crate::forms::{Button, Signed, csrf_of, is_own_page};
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::{cookies, random};

/// The longest login name taken, bytes.
const MAX_LOGIN_BYTES: usize = 128;
/// The longest name of a browser kept with a session, characters.
const MAX_AGENT_CHARS: usize = 200;
/// How long the question for the second factor waits, milliseconds.
const HALF_SESSION_MS: u64 = 5 * 60 * 1000;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    a: Alone,
    csrf: String,
    next: String,
    login: String,
    problem: Option<String>,
    has_mail: bool,
}

/// Where to go on.
#[derive(Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// The login form.
#[derive(Deserialize)]
pub(crate) struct Login {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// The form.
pub(crate) async fn form(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    with_token(&state, &headers, |token| show(&state, &headers, token, (&next, ""), None))
}

/// Makes a page with a form; a browser without a token gets one, so that the form can carry its mark.
fn with_token(
    state: &PortalState,
    headers: &HeaderMap,
    page: impl FnOnce(&str) -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    if let Some(token) = cookies::token(headers, state) {
        return page(token);
    }
    let token = random::token();
    let mut response = page(&token)?;
    response.headers_mut().append(SET_COOKIE, cookies::set_token(state, &token));
    Ok(response)
}

fn show(
    state: &PortalState,
    headers: &HeaderMap,
    token: &str,
    (next, login): (&str, &str),
    problem: Option<String>,
) -> Result<Response, Problem> {
    let page = LoginPage {
        a: Alone::new(state, headers, "Log in"),
        csrf: csrf_of(token),
        next: next.to_owned(),
        login: login.to_owned(),
        problem,
        has_mail: state.settings.has_mail,
    };
    Ok(Html(page.render()?).into_response())
}

/// Whoever asks: address, browser, and where they want to go on.
struct Asking {
    ip: IpAddr,
    agent: String,
    next: String,
}

impl Asking {
    fn new(state: &PortalState, extensions: &Extensions, headers: &HeaderMap) -> Self {
        let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self {
            ip: caller(extensions, headers, &state.settings.proxies),
            agent: agent.chars().take(MAX_AGENT_CHARS).collect(),
            next: String::new(),
        }
    }
}

/// Takes one try of somebody; `Err`: the sentence that says how long to wait.
fn try_login(state: &PortalState, ip: IpAddr, login: &str) -> Result<(), String> {
    let tried = state.throttle.lock().unwrap_or_else(PoisonError::into_inner).try_login(ip, login, now_ms());
    tried.map_err(|wait_s| {
        let minutes = wait_s.div_ceil(60);
        format!("Too many failed logins. Try again in {minutes} minute{}.", if minutes == 1 { "" } else { "s" })
    })
}

fn succeeded(state: &PortalState, ip: IpAddr, login: &str) {
    state.throttle.lock().unwrap_or_else(PoisonError::into_inner).succeeded(ip, login);
}

/// The login itself.
pub(crate) async fn enter(State(state): State<PortalState>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let asking = Asking::new(&state, request.extensions(), &headers);
    let Signed(Login { login, password, next }) = Signed::from_request(request, &state).await?;
    let token = cookies::token(&headers, &state).ok_or(Problem::StaleForm)?;
    let again = |status: StatusCode, problem: String| {
        let mut response = show(&state, &headers, token, (&next, &login), Some(problem))?;
        *response.status_mut() = status;
        Ok(response)
    };
    if login.len() > MAX_LOGIN_BYTES || password.len() > store::MAX_PASSWORD_BYTES {
        return again(StatusCode::UNAUTHORIZED, WRONG.into());
    }
    if let Err(wait) = try_login(&state, asking.ip, &login) {
        return again(StatusCode::TOO_MANY_REQUESTS, wait);
    }
    if !is_right(&state, &login, password).await? {
        tracing::info!(ip = %asking.ip, login, "a login to the portal failed");
        return again(StatusCode::UNAUTHORIZED, WRONG.into());
    }
    let asking = Asking { next, ..asking };
    let asked = login.clone();
    let factor = state.desk(move |desk| desk.second_factor(&asked)).await?;
    if factor.is_some_and(|factor| factor.since_ms.is_some()) {
        // The tries count as failed until the code is right, too.
        return begin(&state, login, &asking, false).await;
    }
    succeeded(&state, asking.ip, &login);
    begin(&state, login, &asking, true).await
}

const WRONG: &str = "That login and password do not go together.";

/// Whether this is the password of a user.
pub(crate) async fn is_right(state: &PortalState, login: &str, password: String) -> Result<bool, Problem> {
    let login = login.to_owned();
    let user = state.desk(move |desk| desk.user(&login)).await?;
    let hash = user.map(|user| user.password_hash);
    let turn = state.verifying.clone().acquire_owned().await.map_err(|_| Problem::Broken)?;
    let verified = tokio::task::spawn_blocking(move || {
        let right = store::verify_password(hash.as_deref(), &password);
        drop(turn);
        right
    });
    verified.await.map_err(|_| Problem::Broken)
}

/// Begins a session under a new token: one that was known before the login is worth nothing. One that is not whole goes on
/// to the question for the second factor.
async fn begin(state: &PortalState, login: String, asking: &Asking, is_whole: bool) -> Result<Response, Problem> {
    let (token, now) = (random::token(), now_ms());
    let session = Session {
        token_hash: token_hash(&token),
        login,
        created_ms: now,
        last_used_ms: now,
        expires_ms: now.saturating_add(if is_whole { SESSION_MS } else { HALF_SESSION_MS }),
        ip: asking.ip.to_string(),
        agent: asking.agent.clone(),
        is_whole,
    };
    state.desk(move |desk| desk.add_session(&session)).await?;
    let base = state.settings.base();
    let next = if is_own_page(&asking.next) { asking.next.clone() } else { format!("{base}/") };
    let on = if is_whole { next } else { format!("{base}/login/code?next={}", escaped(&next)) };
    let mut response = Redirect::to(&on).into_response();
    response.headers_mut().append(SET_COOKIE, cookies::set_token(state, &token));
    Ok(response)
}

/// A page's address as a value in another's.
pub(crate) fn escaped(page: &str) -> String {
    let mut text = String::new();
    for byte in page.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Ends the session.
pub(crate) async fn leave(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    if let Some(token) = cookies::token(&headers, &state) {
        let hash = token_hash(token);
        state.desk(move |desk| desk.remove_session(&hash)).await?;
    }
    let mut response = Redirect::to(&format!("{}/login", state.settings.base())).into_response();
    response.headers_mut().append(SET_COOKIE, cookies::clear_token(&state));
    Ok(response)
}
