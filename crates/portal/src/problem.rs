//! What goes wrong, and the page that says so.

use askama::Template;
use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{Html, IntoResponse, Response};
use node::CommandError;

use crate::kept::KeptError;

impl From<KeptError> for Problem {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Store(store::Error::UserExists(_)) => Self::Typed(error.to_string()),
            KeptError::Store(error) => Self::Store(error),
            error => Self::Typed(error.to_string()),
        }
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// Nobody is logged in; where to go on after the login.
    #[error("log in first")]
    LoginNeeded {
        /// The login page, with the address to go on to.
        login: String,
    },
    /// No such page, or none for this user: which of the two is not told.
    #[error("there is no such page")]
    NotFound,
    /// The user may look, not change.
    #[error("you may look at this, but not change it")]
    NotAllowed,
    /// A form without the session's token.
    #[error("this form is out of date")]
    StaleForm,
    /// A link that is none of ours, or leads to what is gone.
    #[error("this link is not valid")]
    LinkVoid,
    /// A link that has done what it does.
    #[error("this link has been used")]
    LinkUsed,
    /// A link whose time is over.
    #[error("this link has expired")]
    LinkExpired,
    /// Something a person typed.
    #[error("{0}")]
    Typed(String),
    /// The node does not do it.
    #[error("{0}")]
    Command(#[from] CommandError),
    /// The tables cannot be read.
    #[error("the database cannot be read")]
    Store(#[from] store::Error),
    /// A page cannot be written.
    #[error("the page cannot be written")]
    Template(#[from] askama::Error),
    /// As many pages are kept fresh as may be.
    #[error("too many pages are kept fresh at once")]
    Busy,
    /// A fault of ours.
    #[error("the portal has made a mistake")]
    Broken,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::LoginNeeded { .. } => StatusCode::SEE_OTHER,
            Self::NotFound | Self::LinkVoid => StatusCode::NOT_FOUND,
            Self::LinkUsed | Self::LinkExpired => StatusCode::GONE,
            Self::NotAllowed | Self::StaleForm => StatusCode::FORBIDDEN,
            Self::Typed(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy | Self::Command(CommandError::ShuttingDown) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Command(_) => StatusCode::CONFLICT,
            Self::Store(_) | Self::Template(_) | Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What to do about it.
    fn advice(&self) -> &'static str {
        match self {
            Self::NotFound => "The address may be mistyped, or it belongs to an account that is not yours.",
            Self::NotAllowed => "Ask the owner of the account to do it.",
            Self::LinkVoid => "Copy all of it from the mail, or log in instead.",
            Self::LinkUsed => "It works once. Log in to do more.",
            Self::LinkExpired => "Log in instead.",
            Self::StaleForm => "Nothing was changed. Go back, reload the page and try again.",
            Self::Typed(_) => "Nothing was changed. Go back and correct it.",
            Self::Command(CommandError::ShuttingDown) => "The node does not answer. Try again in a minute.",
            Self::Command(_) => "Nothing was changed.",
            _ => "It has been written to the node's log. Try again in a minute.",
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    base: &'a str,
    title: &'a str,
    advice: &'a str,
    status: u16,
}

/// What a page is to say; it is written where the portal's address is known.
#[derive(Clone)]
struct Said {
    title: String,
    advice: &'static str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::LoginNeeded { login } = self {
            return (status, [(LOCATION, login)]).into_response();
        }
        if status.is_server_error() {
            let source = std::error::Error::source(&self).map(ToString::to_string);
            tracing::error!(error = %self, source, "a page of the portal failed");
        }
        let said = Said { title: crate::words::sentence(&self.to_string()), advice: self.advice() };
        (status, Extension(said)).into_response()
    }
}

/// Writes the page of a problem; other answers stay as they are.
pub(crate) fn written(mut response: Response, base: &str) -> Response {
    let Some(Said { title, advice }) = response.extensions_mut().remove() else { return response };
    let status = response.status();
    let page = ProblemPage { base, title: &title, advice, status: status.as_u16() };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, title).into_response(),
    }
}
