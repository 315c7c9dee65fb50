//! Payments that the operator's payment system tells of: `POST /hooks/payment`, signed.
//!
//! Whatever is well formed and signed is kept on the disk before anything else, then booked as an automatic payment. What the
//! account does not take now (an incident is open, the day's limit is reached, automatic payments are off) waits here and
//! is tried again until it is booked, by itself or by hand under the same reference; the answer is then 202, so that nobody
//! sends it again. No payment that was made is turned away for a reason that may pass.
//!
//! | answer | when | the payment system should |
//! |---|---|---|
//! | 200 | it is booked, now or before | be content |
//! | 202 | it is kept and waits; the body says for what | be content |
//! | 400 | the body or the signature's header cannot be read | not send it again |
//! | 401 | the signature is wrong, or older than five minutes | not send it again so |
//! | 404 | no secret is configured here | not send it again |
//! | 409 | the reference is known with another amount | not send it again |
//! | 413 | the body is too long | not send it again |
//! | 422 | no such account, another currency, no amount, a bad reference | not send it again |
//! | 429 | too many came from this address | send it again later |
//! | 503 | it could not be kept | send it again later |

mod book;
mod message;
mod signature;

use std::sync::PoisonError;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::Payment;

use crate::caller::caller;
use crate::programs::ProgramState;
use crate::state::now_ms;
use crate::throttle::network;
use book::Booked;
use message::Message;

pub use book::WaitingPayments;
pub use signature::{PaymentSecret, SecretError};

/// What a payment system is told to wait before it sends something again, seconds.
const RETRY_AFTER_S: &str = "60";

/// Why a payment is not kept.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("this node takes no payments: no secret is configured")]
    Off,
    #[error("too many payments came from this address within a minute")]
    TooMany,
    #[error("the body cannot be read")]
    Body(BytesRejection),
    #[error(transparent)]
    Signature(#[from] signature::Wrong),
    #[error(transparent)]
    Message(#[from] message::Wrong),
    #[error("reference {0} is known with another amount")]
    OtherAmount(String),
    #[error("too many payments wait")]
    Full,
    #[error("the payment could not be kept")]
    Broken(#[from] crate::problem::Problem),
}

impl Refusal {
    fn code(&self) -> StatusCode {
        match self {
            Self::Off => StatusCode::NOT_FOUND,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Body(rejection) => rejection.status(),
            Self::Signature(signature::Wrong::Header) | Self::Message(message::Wrong::NoJson) => {
                StatusCode::BAD_REQUEST
            }
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::Message(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::OtherAmount(_) => StatusCode::CONFLICT,
            Self::Full | Self::Broken(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Takes a payment.
pub(crate) async fn take(State(state): State<ProgramState>, request: Request) -> Response {
    let ip = caller(request.extensions(), request.headers(), &state.portal.settings.proxies);
    let mut response = match keep(&state, request, ip).await {
        Ok((payment, Booked::Now)) => said(StatusCode::OK, "booked", &payment, "the payment is in the ledger"),
        Ok((payment, Booked::Waits(why))) => said(StatusCode::ACCEPTED, "waiting", &payment, &why),
        Err(refusal) => {
            let code = refusal.code();
            let source = std::error::Error::source(&refusal).map(ToString::to_string);
            tracing::warn!(%ip, code = code.as_u16(), error = %refusal, source, "a payment was not taken");
            (code, Json(json!({"status": "refused", "reason": refusal.to_string()}))).into_response()
        }
    };
    let code = response.status();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    if code == StatusCode::SERVICE_UNAVAILABLE || code == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(RETRY_AFTER, axum::http::HeaderValue::from_static(RETRY_AFTER_S));
    }
    response
}

fn said(code: StatusCode, status: &str, payment: &Payment, reason: &str) -> Response {
    let body = json!({
        "status": status, "account": payment.account, "reference": payment.reference, "reason": reason,
    });
    (code, Json(body)).into_response()
}

async fn keep(state: &ProgramState, request: Request, ip: std::net::IpAddr) -> Result<(Payment, Booked), Refusal> {
    let now = now_ms();
    if state.programs.payment_secrets.is_empty() {
        return Err(Refusal::Off);
    }
    if !state.hooks.lock().unwrap_or_else(PoisonError::into_inner).take(network(ip), now) {
        return Err(Refusal::TooMany);
    }
    let headers = request.headers().clone();
    let body = Bytes::from_request(request, &()).await.map_err(Refusal::Body)?;
    signature::verify(&state.programs.payment_secrets, &headers, &body, now)?;
    let message = Message::read(&body)?;
    let id = message.account.clone();
    let account = state.portal.read(move |reader| reader.account(&id)).await?;
    let payment = message.payment(account.as_ref(), now)?;
    let asked = payment.clone();
    let kept = state.portal.desk(move |desk| desk.take_payment(&asked)).await?.ok_or(Refusal::Full)?;
    if kept.amount != payment.amount {
        return Err(Refusal::OtherAmount(kept.reference));
    }
    let booked = match kept.booked_ms {
        Some(_) => Booked::Now,
        // Kept as it is, it is tried again: whatever becomes of this try, it is not lost.
        None => book::book(&state.portal, &kept).await,
    };
    Ok((kept, booked))
}
