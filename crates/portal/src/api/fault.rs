//! Why a request is not done, as RFC 9457 has it: `application/problem+json`.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use node::CommandError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kept::KeptError;
use crate::problem::Problem;

/// What every `type` begins with; the rest is the kind.
const TYPE: &str = "urn:tollguard:problem:";

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is not what the document describes.
    Malformed,
    /// No key, or one that is not known.
    NoKey,
    /// The key does not reach so far.
    NotAllowed,
    /// No such thing, or none for this key: which of the two is not told.
    NotFound,
    /// The address has no such method.
    NoMethod,
    /// As things are, it cannot be done.
    Conflict,
    /// The body is too long.
    TooLong,
    /// The body is no JSON.
    NoJson,
    /// Well formed, and makes no sense.
    Wrong,
    /// Too much from this key or address.
    TooMany,
    /// A fault of ours.
    Broken,
    /// The node does not answer now.
    Unavailable,
}

impl Kind {
    const fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::NoKey => (StatusCode::UNAUTHORIZED, "no-key", "A key is needed"),
            Self::NotAllowed => (StatusCode::FORBIDDEN, "not-allowed", "This key may not do that"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, "no-method", "There is no such method here"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "As things are, this cannot be done"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too-long", "The body is too long"),
            Self::NoJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "no-json", "The body is of another type"),
            Self::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, "wrong", "This makes no sense"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "broken", "The node has made a mistake"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The node does not answer now"),
        }
    }
}

/// A problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Fault {
    /// Which kind: `urn:tollguard:problem:` and a word.
    r#type: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong this time, in a sentence.
    detail: String,
}

/// What a handler gives.
pub(crate) type Answer<T> = Result<Json<T>, Fault>;

impl Fault {
    pub(crate) fn new(kind: Kind, detail: impl AsRef<str>) -> Self {
        let (status, word, title) = kind.parts();
        let detail = crate::words::sentence(detail.as_ref());
        Self { r#type: format!("{TYPE}{word}"), title, status: status.as_u16(), detail }
    }

    pub(crate) fn not_found(what: impl AsRef<str>) -> Self {
        Self::new(Kind::NotFound, what)
    }

    pub(crate) fn wrong(detail: impl ToString) -> Self {
        Self::new(Kind::Wrong, detail.to_string())
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let kind = match &problem {
            Problem::Command(error) => return error.clone().into(),
            Problem::LoginNeeded { .. } | Problem::StaleForm => Kind::NoKey,
            Problem::NotFound => Kind::NotFound,
            Problem::NotAllowed => Kind::NotAllowed,
            Problem::Typed(_) => Kind::Wrong,
            Problem::Busy => Kind::TooMany,
            _ => {
                let source = std::error::Error::source(&problem).map(ToString::to_string);
                tracing::error!(error = %problem, source, "a request of the API failed");
                Kind::Broken
            }
        };
        Self::new(kind, problem.to_string())
    }
}

impl From<store::Error> for Fault {
    fn from(error: store::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<KeptError> for Fault {
    fn from(error: KeptError) -> Self {
        if error.is_conflict() { Self::new(Kind::Conflict, error.to_string()) } else { Problem::from(error).into() }
    }
}

impl From<CommandError> for Fault {
    fn from(error: CommandError) -> Self {
        let kind = match &error {
            CommandError::ShuttingDown | CommandError::Busy => Kind::Unavailable,
            _ => Kind::Conflict,
        };
        Self::new(kind, error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tollguard\""));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}
