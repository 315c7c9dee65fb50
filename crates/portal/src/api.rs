//! The JSON API: the same things as the pages, for programs. `docs/api.md` is its guide, `docs/openapi.json` its document,
//! which is made of this code.
//!
//! Programs prove themselves with keys (`client`), which reach an account or the whole node and are for some scopes. What is
//! changed goes as a [`node::Command`] to the running node, as from the pages; it may be sent twice and is done once
//! (`repeat`). What goes wrong is `application/problem+json` (`fault`).

mod accounts;
mod audit;
mod calls;
mod carriers;
mod client;
mod decks;
mod dids;
mod document;
mod events;
mod extract;
mod fault;
mod incidents;
mod keys;
mod lines;
mod lockout;
mod money;
mod node;
mod page;
mod repeat;
mod screen;
mod shapes;
mod usage;
mod users;
mod webhooks;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract::Request};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::per_minute::PerMinute;
use crate::programs::ProgramState;
use crate::state::PortalState;
use fault::{Fault, Kind};

pub use document::openapi;
pub(crate) use shapes::{Health, text};
pub(crate) mod shown {
    //! The shapes, for the command line.
    pub(crate) use super::shapes::{
        Account, AuditEntry, Ban, BlockList, Call, Carrier, Deck, Delivery, Did, Exposure, Guessed, Incident, Key,
        Line, Lockout, Rate, RunningCall, Session, User, Webhook,
    };
}

/// The longest body, bytes: a rate table is the largest.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Requests that one key may make a minute.
const REQUESTS_A_MINUTE: u32 = 12_000;
/// Unknown keys that are looked at from one network a minute.
const STRANGERS_A_MINUTE: u32 = 600;

/// What all requests share.
#[derive(Clone)]
pub(crate) struct ApiState {
    base: ProgramState,
    requests: Arc<Mutex<PerMinute<String>>>,
    strangers: Arc<Mutex<PerMinute<IpAddr>>>,
    document: Arc<str>,
}

impl ApiState {
    fn portal(&self) -> &PortalState {
        &self.base.portal
    }
}

/// All addresses with their handlers, and what the document says of them.
fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::show, accounts::change))
        .routes(routes!(accounts::exposure))
        .routes(routes!(audit::list))
        .routes(routes!(audit::of_node))
        .routes(routes!(lines::list, lines::add))
        .routes(routes!(lines::show, lines::change, lines::remove))
        .routes(routes!(lines::secret))
        .routes(routes!(lines::drop_binding))
        .routes(routes!(lines::lift))
        .routes(routes!(calls::list))
        .routes(routes!(calls::show))
        .routes(routes!(calls::running))
        .routes(routes!(calls::hang_up))
        .routes(routes!(usage::list))
        .routes(routes!(dids::list))
        .routes(routes!(dids::route, dids::remove))
        .routes(routes!(incidents::list))
        .routes(routes!(incidents::show))
        .routes(routes!(incidents::lift))
        .routes(routes!(incidents::ours))
        .routes(routes!(incidents::theirs))
        .routes(routes!(incidents::take_back))
        .routes(routes!(money::ledger))
        .routes(routes!(money::pay))
        .routes(routes!(decks::prices))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(users::list, users::invite))
        .routes(routes!(users::show, users::change, users::remove))
        .routes(routes!(users::new_password))
        .routes(routes!(users::second_step_off))
        .routes(routes!(users::sessions, users::log_out))
        .routes(routes!(users::end_session))
        .routes(routes!(events::stream))
        .routes(routes!(screen::ask))
        .routes(routes!(screen::show))
        .routes(routes!(screen::answered))
        .routes(routes!(screen::end))
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::revoke))
        .routes(routes!(lockout::show, lockout::set))
        .routes(routes!(lockout::bans, lockout::ban))
        .routes(routes!(lockout::lift))
        .routes(routes!(lockout::guessed))
        .routes(routes!(lockout::block_lists))
        .routes(routes!(lockout::locks))
        .routes(routes!(decks::list))
        .routes(routes!(decks::rates))
        .routes(routes!(decks::preview))
        .routes(routes!(decks::import, decks::remove))
        .routes(routes!(carriers::list))
        .routes(routes!(carriers::show, carriers::put, carriers::remove))
        .routes(routes!(node::health))
}

/// Everything below `/api/v1`.
pub(crate) fn router(base: ProgramState) -> Router {
    let (router, document) = routes().split_for_parts();
    let document = document::finished(document, base.portal.settings.base());
    let state = ApiState {
        base,
        requests: Arc::new(Mutex::new(PerMinute::new(REQUESTS_A_MINUTE))),
        strangers: Arc::new(Mutex::new(PerMinute::new(STRANGERS_A_MINUTE))),
        document: document.into(),
    };
    router
        .route_layer(middleware::from_fn_with_state(state.clone(), repeat::once))
        .route("/openapi.json", get(document_of))
        .route("/{*rest}", axum::routing::any(nothing))
        .method_not_allowed_fallback(no_method)
        .layer(middleware::from_fn(headers))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}

async fn document_of(State(api): State<ApiState>) -> Response {
    ([(CONTENT_TYPE, "application/json")], api.document.to_string()).into_response()
}

async fn nothing() -> Fault {
    Fault::not_found("nothing is at this address")
}

async fn no_method() -> Fault {
    Fault::new(Kind::NoMethod, "this address has no such method")
}

/// What every answer says of itself: nobody keeps it, nobody takes it for something else.
async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
