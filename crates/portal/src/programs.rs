//! What programs ask, beside the pages for people: VOIP.MS's API, and payments that the payment system tells of.
//!
//! ```text
//! /api/v1/rest.php                    VOIP.MS's API (GET, and POST as multipart/form-data)
//! /api/v1                             the JSON API ([`crate::api`])
//! /hooks/payment                      a payment (POST, signed)
//! ```

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::payment::{self, PaymentSecret};
use crate::per_minute::PerMinute;
use crate::state::PortalState;
use crate::throttle::Throttle;
use crate::voipms;

/// The longest body of a program's request, bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Calls that one account's programs may make a minute.
const API_CALLS_A_MINUTE: u32 = 120;
/// Payments that one address may tell of a minute, signed or not.
const HOOKS_A_MINUTE: u32 = 120;

/// Why a secret is no good for a line, in a sentence; `None` if it is. The texts are what a guesser would know of it.
pub type Weakness = fn(&str, &[&str]) -> Option<String>;

/// What the configuration says of programs and to them.
#[derive(Clone, Debug)]
pub struct Programs {
    /// What payments are signed with; without any, none are taken.
    pub payment_secrets: Vec<PaymentSecret>,
    /// What a new secret of a line must withstand.
    pub weakness: Weakness,
    /// The longest registration, seconds.
    pub max_expiry_s: u32,
    /// Silence from both sides that ends a call, seconds.
    pub silence_s: u32,
    /// How long a call may ring, seconds.
    pub ring_limit_s: u32,
}

/// What all requests of programs share.
#[derive(Clone)]
pub(crate) struct ProgramState {
    pub(crate) portal: PortalState,
    pub(crate) programs: Arc<Programs>,
    /// Failed logins of programs, apart from those of people.
    pub(crate) logins: Arc<Mutex<Throttle>>,
    pub(crate) api_calls: Arc<Mutex<PerMinute<billing::AccountId>>>,
    pub(crate) hooks: Arc<Mutex<PerMinute<IpAddr>>>,
}

/// Their addresses; merge them with the pages.
pub fn programs(portal: PortalState, programs: Programs) -> Router {
    let base = portal.settings.base().to_owned();
    let state = ProgramState {
        portal,
        programs: Arc::new(programs),
        logins: Arc::default(),
        api_calls: Arc::new(Mutex::new(PerMinute::new(API_CALLS_A_MINUTE))),
        hooks: Arc::new(Mutex::new(PerMinute::new(HOOKS_A_MINUTE))),
    };
    let routes = Router::new()
        .route("/api/v1/rest.php", get(voipms::answer).post(voipms::answer))
        .route("/hooks/payment", post(payment::take));
    let api = Router::new().nest("/api/v1", crate::api::router(state.clone()));
    // As with the pages, whether or not the reverse proxy takes the path off.
    let all = if base.is_empty() { routes } else { Router::new().nest(&base, routes.clone()).merge(routes) };
    let all = all.layer(DefaultBodyLimit::max(MAX_BODY_BYTES)).with_state(state);
    if base.is_empty() { all.merge(api) } else { all.merge(Router::new().nest(&base, api.clone())).merge(api) }
}
