//! The question for the second factor, after the right password.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use store::Session;

use super::{Asking, Next, begin, succeeded, try_login};
use crate::access::token_hash;
use crate::alone::Alone;
use crate::forms::{Signed, csrf_of};
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::{cookies, factor};

const WRONG: &str = "That code is wrong, or was used before. Wait for the next one.";

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    a: Alone,
    csrf: String,
    next: String,
    problem: Option<String>,
}

/// The code form.
#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
    #[serde(default)]
    next: String,
}

/// The session that waits for its second factor, with its token.
async fn half<'a>(state: &PortalState, headers: &'a HeaderMap) -> Result<Option<(&'a str, Session)>, Problem> {
    let Some(token) = cookies::token(headers, state) else { return Ok(None) };
    let hash = token_hash(token);
    let found = state.desk(move |desk| desk.session(&hash, now_ms())).await?;
    Ok(found.map(|(session, _)| session).filter(|session| !session.is_whole).map(|session| (token, session)))
}

fn to_login(state: &PortalState) -> Response {
    Redirect::to(&format!("{}/login", state.settings.base())).into_response()
}

fn show(
    state: &PortalState,
    headers: &HeaderMap,
    token: &str,
    next: &str,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let a = Alone::new(state, headers, "The second step");
    let page = CodePage { a, csrf: csrf_of(token), next: next.to_owned(), problem };
    Ok(Html(page.render()?).into_response())
}

/// The form.
pub(crate) async fn form(
    State(state): State<PortalState>,
    headers: HeaderMap,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    match half(&state, &headers).await? {
        Some((token, _)) => show(&state, &headers, token, &next, None),
        None => Ok(to_login(&state)),
    }
}

/// Takes the code.
pub(crate) async fn enter(State(state): State<PortalState>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let asking = Asking::new(&state, request.extensions(), &headers);
    let Signed(Code { code, next }) = Signed::from_request(request, &state).await?;
    let Some((token, session)) = half(&state, &headers).await? else { return Ok(to_login(&state)) };
    let again = |status: StatusCode, problem: String| {
        let mut response = show(&state, &headers, token, &next, Some(problem))?;
        *response.status_mut() = status;
        Ok(response)
    };
    if let Err(wait) = try_login(&state, asking.ip, &session.login) {
        return again(StatusCode::TOO_MANY_REQUESTS, wait);
    }
    let (vault, login) = (Arc::clone(&state.vault), session.login.clone());
    let taken = state.desk(move |desk| factor::takes_any(desk, &vault, &login, &code, now_ms())).await?;
    if !taken {
        tracing::info!(ip = %asking.ip, login = session.login, "a second factor of the portal was wrong");
        return again(StatusCode::UNAUTHORIZED, WRONG.into());
    }
    succeeded(&state, asking.ip, &session.login);
    let hash = session.token_hash;
    state.desk(move |desk| desk.remove_session(&hash)).await?;
    begin(&state, session.login, &Asking { next, ..asking }, true).await
}
