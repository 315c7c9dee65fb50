//! Requests that may be sent twice and are done once: `Idempotency-Key`.
//!
//! What was answered is kept for a day, sealed with the API key and the Idempotency-Key, neither of which is kept: an answer
//! may hold a secret that is shown once. What was refused is not kept, since nothing was done: it may be tried again.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use sha2::{Digest, Sha256};
use store::Repeat;

use super::fault::{Fault, Kind};
use super::{ApiState, MAX_BODY_BYTES, client};
use crate::random;
use crate::state::now_ms;

/// The header.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest Idempotency-Key, characters.
const MAX_CHARS: usize = 128;
/// The longest answer that is kept, bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
const NONCE_BYTES: usize = 12;

/// One request and the names it is kept under.
struct Sent {
    /// Under this it is found.
    key: [u8; 32],
    /// What it was.
    request: [u8; 32],
    /// With this its answer is sealed.
    seal: ChaCha20Poly1305,
}

fn digest(about: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new().chain_update(about);
    for part in parts {
        digest = digest.chain_update((part.len() as u64).to_be_bytes()).chain_update(part);
    }
    digest.finalize().into()
}

/// The Idempotency-Key of a request that changes something.
fn wanted(method: &Method, headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(value) = headers.get(&HEADER).filter(|_| !method.is_safe()) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim_matches('"');
    if text.is_empty() || text.len() > MAX_CHARS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("Idempotency-Key has 1 to {MAX_CHARS} characters and no spaces");
        return Err(Fault::new(Kind::Malformed, detail));
    }
    Ok(Some(text.to_owned()))
}

/// Lets a request through once.
pub(super) async fn once(State(api): State<ApiState>, request: Request, next: Next) -> Response {
    let wanted = match wanted(request.method(), request.headers()) {
        Ok(wanted) => wanted,
        Err(fault) => return fault.into_response(),
    };
    // Without a key nothing is done, and there is nothing to keep.
    let token = client::token(request.headers()).map(str::to_owned);
    let Some((wanted, token)) = wanted.zip(token) else { return next.run(request).await };
    match run(&api, &wanted, &token, request, next).await {
        Ok(response) => response,
        Err(fault) => fault.into_response(),
    }
}

async fn run(api: &ApiState, wanted: &str, token: &str, request: Request, next: Next) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| Fault::new(Kind::TooLong, error.to_string()))?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let both = [token.as_bytes(), wanted.as_bytes()];
    let sent = Sent {
        key: digest("tollguard request", &both),
        request: digest("", &[parts.method.as_str().as_bytes(), path.as_bytes(), &body]),
        seal: ChaCha20Poly1305::new(&Key::from(digest("tollguard answer", &both))),
    };
    let (key, asked) = (sent.key, sent.request);
    match api.portal().desk(move |desk| desk.begin_request(&key, &asked, now_ms())).await? {
        Repeat::New => {}
        Repeat::UnderWay => return Err(Fault::new(Kind::Conflict, "this request is being done")),
        Repeat::Other => {
            return Err(Fault::wrong("this Idempotency-Key was used for another request"));
        }
        Repeat::Done { status, answer } => return sent.replay(status, &answer),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(api, &sent, response).await
}

/// Keeps the answer of what was done, and forgets what was not.
async fn keep(api: &ApiState, sent: &Sent, response: Response) -> Result<Response, Fault> {
    let key = sent.key;
    if !response.status().is_success() {
        api.portal().desk(move |desk| desk.forget_request(&key)).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let broken = |_| Fault::new(Kind::Broken, "the answer is too long");
    let body: Bytes = to_bytes(body, MAX_ANSWER_BYTES).await.map_err(broken)?;
    let (status, answer) = (parts.status.as_u16(), sent.sealed(&body)?);
    api.portal().desk(move |desk| desk.end_request(&key, status, &answer)).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

impl Sent {
    fn sealed(&self, body: &[u8]) -> Result<Vec<u8>, Fault> {
        let nonce = random::bytes::<NONCE_BYTES>();
        let sealed = self.seal.encrypt(&Nonce::from(nonce), body);
        let sealed = sealed.map_err(|_| Fault::new(Kind::Broken, "the answer cannot be kept"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn replay(&self, status: u16, answer: &[u8]) -> Result<Response, Fault> {
        let broken = || Fault::new(Kind::Broken, "the answer that was kept cannot be read");
        let (nonce, sealed) = answer.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
        let body = self.seal.decrypt(&Nonce::from(*nonce), sealed).map_err(|_| broken())?;
        let status = StatusCode::from_u16(status).map_err(|_| broken())?;
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (REPLAYED, HeaderValue::from_static("true")),
        ];
        Ok((status, headers, body).into_response())
    }
}
