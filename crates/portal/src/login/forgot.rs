//! A forgotten password: a mail with a link, to the address that is kept with the login name. What is answered does not
//! tell whether there is such a user.

use std::sync::PoisonError;

use askama::Template;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use store::{AuditRow, LetterKind};

use super::{Asking, with_token};
use crate::alone::Alone;
use crate::forms::{Signed, csrf_of};
use crate::problem::Problem;
use crate::state::{PortalState, now_ms};
use crate::throttle::network;

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage {
    a: Alone,
    csrf: String,
    /// Whether the mail is on its way.
    asked: bool,
}

/// The form.
#[derive(Deserialize)]
pub(crate) struct Forgot {
    login: String,
}

fn show(state: &PortalState, headers: &HeaderMap, token: &str, asked: bool) -> Result<Response, Problem> {
    let a = Alone::new(state, headers, "Forgotten password");
    Ok(Html(ForgotPage { a, csrf: csrf_of(token), asked }.render()?).into_response())
}

/// The form.
pub(crate) async fn form(State(state): State<PortalState>, headers: HeaderMap) -> Result<Response, Problem> {
    if !state.settings.has_mail {
        return Err(Problem::NotFound);
    }
    with_token(&state, &headers, |token| show(&state, &headers, token, false))
}

/// Queues the mail.
pub(crate) async fn ask(State(state): State<PortalState>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let asking = Asking::new(&state, request.extensions(), &headers);
    let Signed(Forgot { login }) = Signed::from_request(request, &state).await?;
    let is_one_too_many = {
        let mut resets = state.resets.lock().unwrap_or_else(PoisonError::into_inner);
        !resets.take(network(asking.ip), now_ms())
    };
    if is_one_too_many {
        return Err(Problem::Typed("too many mails were asked for from your address; wait a minute".into()));
    }
    if state.settings.has_mail {
        let (ip, now) = (asking.ip, now_ms());
        state
            .desk(move |desk| {
                let Some(user) = desk.user(login.trim())? else { return Ok(()) };
                let text = format!("Somebody at {ip} asked for it.");
                if desk.write_letter(&user.login, LetterKind::Reset, &text, now)? {
                    desk.note(&AuditRow {
                        account: user.account,
                        at_ms: now,
                        by: user.login.clone(),
                        text: format!(
                            "A mail with a link for a new password of {} was asked for from {ip}.",
                            user.login
                        ),
                        changes: Vec::new(),
                    })?;
                }
                Ok(())
            })
            .await?;
    }
    with_token(&state, &headers, |token| show(&state, &headers, token, true))
}
