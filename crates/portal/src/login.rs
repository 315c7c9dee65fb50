//! Log in and out.
//!
//! A wrong password, an unknown login and a login that must wait look the same from outside as far as they can: an
//! unknown login's password is verified too, and takes as long.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::PoisonError;

use askama::Template;
use axum::extract::{ConnectInfo, FromRequest, Query, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Session;

use crate::access::{SESSION_MS, token_hash};
use crate::forms::{Button, Signed, csrf_of, is_own_page};
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::{cookies, random};

/// The longest login name taken, bytes.
const MAX_LOGIN_BYTES: usize = 128;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    base: String,
    node: String,
    role: String,
    csrf: String,
    next: String,
    login: String,
    problem: Option<String>,
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

/// The form; a browser without a token gets one, so that the form can carry its mark.
pub(crate) async fn form(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    match cookies::token(&headers, &state) {
        Some(token) => show(&state, token, &next, "", None),
        None => {
            let token = random::token();
            let mut response = show(&state, &token, &next, "", None)?;
            response.headers_mut().append(SET_COOKIE, cookies::set_token(&state, &token));
            Ok(response)
        }
    }
}

fn show(
    state: &PortalState,
    token: &str,
    next: &str,
    login: &str,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let settings = &state.settings;
    let page = LoginPage {
        base: settings.base().to_owned(),
        node: settings.node_name.clone(),
        role: settings.role.clone(),
        csrf: csrf_of(token),
        next: next.to_owned(),
        login: login.to_owned(),
        problem,
    };
    Ok(Html(page.render()?).into_response())
}

/// The login itself.
pub(crate) async fn enter(State(state): State<PortalState>, request: Request) -> Result<Response, Problem> {
    let ip = address(request.extensions());
    let headers = request.headers().clone();
    let Signed(Login { login, password, next }) = Signed::from_request(request, &state).await?;
    let token = cookies::token(&headers, &state).ok_or(Problem::StaleForm)?;
    let again = |status: StatusCode, problem: String| {
        let mut response = show(&state, token, &next, &login, Some(problem))?;
        *response.status_mut() = status;
        Ok(response)
    };
    if login.len() > MAX_LOGIN_BYTES || password.len() > store::MAX_PASSWORD_BYTES {
        return again(StatusCode::UNAUTHORIZED, WRONG.into());
    }
    let now = now_ms();
    let tried = state.throttle.lock().unwrap_or_else(PoisonError::into_inner).try_login(ip, &login, now);
    if let Err(wait_s) = tried {
        let minutes = wait_s.div_ceil(60);
        let text =
            format!("Too many failed logins. Try again in {minutes} minute{}.", if minutes == 1 { "" } else { "s" });
        return again(StatusCode::TOO_MANY_REQUESTS, text);
    }
    if !is_right(&state, &login, password).await? {
        tracing::info!(%ip, login, "a login to the portal failed");
        return again(StatusCode::UNAUTHORIZED, WRONG.into());
    }
    state.throttle.lock().unwrap_or_else(PoisonError::into_inner).succeeded(ip, &login);
    begin(&state, login.clone(), &next, now).await
}

const WRONG: &str = "That login and password do not go together.";

async fn is_right(state: &PortalState, login: &str, password: String) -> Result<bool, Problem> {
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

/// Begins a session under a new token: one that was known before the login is worth nothing.
async fn begin(state: &PortalState, login: String, next: &str, now: u64) -> Result<Response, Problem> {
    let token = random::token();
    let session = Session {
        token_hash: token_hash(&token),
        login,
        created_ms: now,
        last_used_ms: now,
        expires_ms: now.saturating_add(SESSION_MS),
    };
    state.desk(move |desk| desk.add_session(&session)).await?;
    let home = format!("{}/", state.settings.base());
    let mut response = Redirect::to(if is_own_page(next) { next } else { &home }).into_response();
    response.headers_mut().append(SET_COOKIE, cookies::set_token(state, &token));
    Ok(response)
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

/// The browser's address; behind a reverse proxy, the proxy's.
fn address(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}
