//! Forms: a POST counts only with the token of the session it was shown in.

use std::convert::Infallible;

use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::cookies;
use crate::problem::Problem;
use crate::state::PortalState;

/// The longest form, bytes: an allow-list of a thousand prefixes is the largest.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// A form whose token is right.
pub(crate) struct Signed<T>(pub(crate) T);

/// A form that holds the token alone: a button.
#[derive(Deserialize)]
pub(crate) struct Button {}

#[derive(Deserialize)]
struct Token {
    csrf: String,
}

/// The token that forms of a session carry: nobody can make it who does not know the session's own.
pub(crate) fn csrf_of(session_token: &str) -> String {
    let digest = Sha256::new().chain_update(b"tollguard form ").chain_update(session_token).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a form is of the session that it comes with.
pub(crate) fn is_signed(headers: &HeaderMap, state: &PortalState, csrf: &str) -> bool {
    let Some(token) = cookies::token(headers, state) else { return false };
    bool::from(csrf_of(token).as_bytes().ct_eq(csrf.as_bytes()))
}

impl<T: DeserializeOwned> FromRequest<PortalState> for Signed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &PortalState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let too_long = |_| Problem::Typed("the form is too long".into());
        let bytes: Bytes = axum::body::to_bytes(body, MAX_FORM_BYTES).await.map_err(too_long)?;
        let again = || Request::from_parts(parts.clone(), Body::from(bytes.clone()));
        let Form(Token { csrf }) = Form::from_request(again(), state).await.map_err(|_| Problem::StaleForm)?;
        if !is_signed(&parts.headers, state, &csrf) {
            return Err(Problem::StaleForm);
        }
        let Form(fields) = Form::<T>::from_request(again(), state)
            .await
            .map_err(|_| Problem::Typed("something in the form is missing or not as it should be".into()))?;
        Ok(Self(fields))
    }
}

/// The page to go back to once a form is done, where the page it was shown on is not the usual one (`?back=/...`).
pub(crate) struct Back(Option<String>);

impl Back {
    /// It, or the usual one; without the base.
    pub(crate) fn or(self, usual: String) -> String {
        self.0.unwrap_or(usual)
    }

    /// Whether it leads to another page than the usual one.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

impl FromRequestParts<PortalState> for Back {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &PortalState) -> Result<Self, Infallible> {
        #[derive(Deserialize)]
        struct Wanted {
            back: String,
        }
        let wanted = Query::<Wanted>::try_from_uri(&parts.uri).ok();
        Ok(Self(wanted.map(|Query(Wanted { back })| back).filter(|back| is_own_page(back))))
    }
}

/// Whether an address to go on to is a page of ours: "/x", not "//elsewhere".
pub(crate) fn is_own_page(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%?&=+".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::is_own_page;

    #[test]
    fn a_login_leads_on_to_our_own_pages_alone() {
        for (next, own) in [
            ("/accounts/law/calls?line=107&verdict=refused", true),
            ("", false),
            ("//evil.example/", false),
            ("/\\evil.example/", false),
            ("https://evil.example/", false),
            ("/a\r\nSet-Cookie: x=y", false),
        ] {
            assert_eq!(is_own_page(next), own, "{next}");
        }
    }
}
