//! A password that a user chooses, by a link in a mail.

use askama::Template;
use axum::body::Bytes;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::{AuditRow, LetterKind, Link, MIN_PASSWORD_CHARS, User};

use crate::alone::Alone;
use crate::cookies;
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::words::sentence;

#[derive(Template)]
#[template(path = "choose_password.html")]
struct PasswordPage {
    a: Alone,
    name: String,
    login: String,
    is_first: bool,
    action: String,
    least: usize,
    problem: Option<String>,
}

/// What the form holds.
#[derive(Deserialize)]
struct Chosen {
    password: String,
    again: String,
}

/// The user whom a link lets choose, unless they have another password since.
pub(crate) async fn user_of(state: &PortalState, login: &str, stamp: [u8; 8]) -> Result<User, Problem> {
    let login = login.to_owned();
    let user = state.desk(move |desk| desk.user(&login)).await?.ok_or(Problem::LinkVoid)?;
    if Link::stamp(&user) == stamp { Ok(user) } else { Err(Problem::LinkUsed) }
}

/// The form.
pub(crate) fn show(
    state: &PortalState,
    headers: &HeaderMap,
    token: &str,
    user: &User,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let is_first = user.password_hash.is_empty();
    let title = if is_first { "Choose a password" } else { "Choose a new password" };
    let page = PasswordPage {
        a: Alone::new(state, headers, title),
        name: if user.name.is_empty() { user.login.clone() } else { user.name.clone() },
        login: user.login.clone(),
        is_first,
        action: format!("{}/once/{token}", state.settings.base()),
        least: MIN_PASSWORD_CHARS,
        problem,
    };
    Ok(Html(page.render()?).into_response())
}

/// Takes the password that was chosen.
pub(crate) async fn take(
    state: &PortalState,
    headers: &HeaderMap,
    token: &str,
    user: User,
    form: &Bytes,
    until_ms: u64,
) -> Result<Response, Problem> {
    let request = axum::http::Request::post("/")
        .header(axum::http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(form.clone()))
        .map_err(|_| Problem::Broken)?;
    let chosen = <axum::Form<Chosen> as axum::extract::FromRequest<()>>::from_request(request, &()).await;
    let axum::Form(Chosen { password, again }) =
        chosen.map_err(|_| Problem::Typed("something in the form is missing".to_owned()))?;
    let refused = |why: String| {
        let mut response = show(state, headers, token, &user, Some(why))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(response)
    };
    if password != again {
        return refused("The two passwords are not the same.".to_owned());
    }
    let hash = match hashed(state, password).await? {
        Ok(hash) => hash,
        Err(why) => return refused(sentence(&why.to_string())),
    };
    let (mark, now) = (Link::mark(token), now_ms());
    if !state.desk(move |desk| desk.use_link(&mark, now, until_ms)).await? {
        return Err(Problem::LinkUsed);
    }
    let is_first = user.password_hash.is_empty();
    let text = if is_first { "chose a first password" } else { "chose a new password by a link in a mail" };
    let row = AuditRow {
        account: user.account.clone(),
        at_ms: now,
        by: user.login.clone(),
        text: format!("{} {text}.", user.login),
        changes: Vec::new(),
    };
    state
        .desk(move |desk| {
            desk.set_password(&user.login, &hash)?;
            desk.note(&row)?;
            if !is_first {
                desk.write_letter(&user.login, LetterKind::Security, "Your password was changed.", now)?;
            }
            Ok(())
        })
        .await?;
    let mut response = Redirect::to(&format!("{}/login", state.settings.base())).into_response();
    let note = cookies::set_note(state, true, "Your password is set. Log in with it.");
    response.headers_mut().append(SET_COOKIE, note);
    Ok(response)
}

/// The hash of a password, made off the async threads and by turns.
pub(crate) async fn hashed(
    state: &PortalState,
    password: String,
) -> Result<Result<String, store::PasswordError>, Problem> {
    let turn = state.verifying.clone().acquire_owned().await.map_err(|_| Problem::Broken)?;
    let made = tokio::task::spawn_blocking(move || {
        let hash = store::hash_password(&password);
        drop(turn);
        hash
    });
    made.await.map_err(|_| Problem::Broken)
}
