//! Which address is which page, and how they are served.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use crate::login::{code, forgot};
use crate::pages::{
    account, ask, audit, call, calls, carriers, decks, guard, health, incident, incidents, keys, limits, line, lines,
    lockout, me, money, new_line, node, numbers, people, prices, secret, settings, webhooks,
};
use crate::problem::Problem;
use crate::state::PortalState;
use crate::{headers, login, once};

/// The longest body of a request, bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The one style sheet.
const STYLE: &str = include_str!("../static/portal.css");
/// The one script: without it every page works, and stands still.
const SCRIPT: &str = include_str!("../static/live.js");
/// The sign in the browser's tab.
const ICON: &str = include_str!("../static/icon.svg");

/// All pages.
///
/// Where the portal's address has a path, the pages are found below that path and without it, whether or not the
/// reverse proxy takes it off.
pub fn router(state: PortalState) -> Router {
    let pages = pages();
    let base = state.settings.base().to_owned();
    let all = if base.is_empty() {
        pages
    } else {
        Router::new().route(&format!("{base}/"), get(node::overview)).nest(&base, pages.clone()).merge(pages)
    };
    all.fallback(|| async { Problem::NotFound })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), headers::secure))
        .with_state(state)
}

fn pages() -> Router<PortalState> {
    Router::new()
        .route("/", get(node::overview))
        .route("/login", get(login::form).post(login::enter))
        .route("/login/code", get(code::form).post(code::enter))
        .route("/forgot", get(forgot::form).post(forgot::ask))
        .route("/logout", post(login::leave))
        .route("/once/{token}", get(once::ask).post(once::act))
        .nest("/me", own_pages())
        .merge(circle_pages())
        .route("/portal.css", get(style))
        .route("/icon.svg", get(icon))
        .route("/live.js", get(script))
        .merge(node_pages())
        .route("/lockout", get(lockout::show).post(lockout::set))
        .route("/lockout/switch", post(lockout::switch))
        .route("/lockout/ban", post(lockout::ban))
        .route("/lockout/lift", post(lockout::lift))
        .nest("/accounts/{account}", account_pages())
}

/// A user's own login.
fn own_pages() -> Router<PortalState> {
    Router::new()
        .route("/", get(me::show))
        .route("/password", post(me::change_password))
        .route("/second-factor", get(me::factor::show).post(me::factor::confirm))
        .route("/second-factor/begin", post(me::factor::begin))
        .route("/second-factor/off", post(me::factor::turn_off))
        .route("/sessions/end", post(me::end_session))
        .route("/sessions/end-others", post(me::end_others))
}

/// What administrators see beside accounts.
fn node_pages() -> Router<PortalState> {
    let tables = post(decks::put).layer(DefaultBodyLimit::max(decks::MAX_TABLE_BYTES));
    Router::new()
        .route("/health", get(health::show))
        .route("/carriers", get(carriers::list).post(carriers::add))
        .route("/carriers/{carrier}", get(carriers::show).post(carriers::change))
        .route("/carriers/{carrier}/remove", post(carriers::remove))
        .route("/decks", get(decks::list).merge(tables))
        .route("/decks/price", post(decks::price_account))
        .route("/decks/{deck}", get(decks::show))
        .route("/decks/{deck}/remove", post(decks::remove))
}

/// What an account and the node have alike.
fn circle_pages() -> Router<PortalState> {
    Router::new()
        .route("/audit", get(audit::show))
        .route("/keys", get(keys::show).post(keys::make))
        .route("/keys/revoke", post(keys::revoke))
        .route("/people", get(people::show))
        .route("/people/invite", post(people::invite))
        .route("/people/change", post(people::change))
        .route("/people/remove", post(people::remove))
        .route("/people/reset", post(people::reset))
        .route("/people/factor-off", post(people::factor_off))
}

fn account_pages() -> Router<PortalState> {
    Router::new()
        .merge(circle_pages())
        .route("/webhooks", get(webhooks::show).post(webhooks::add))
        .route("/webhooks/switch", post(webhooks::switch))
        .route("/webhooks/remove", post(webhooks::remove))
        .route("/webhooks/test", post(webhooks::test))
        .route("/webhooks/again", post(webhooks::again))
        .route("/settings", get(settings::show).post(settings::set_contacts))
        .route("/", get(account::overview))
        .route("/live", get(account::live))
        .route("/calls", get(calls::show))
        .route("/calls.csv", get(calls::sheet))
        .route("/calls/{call}", get(call::show))
        .route("/calls/{call}/hangup", post(call::hang_up))
        .route("/limits", get(limits::show_account).post(limits::set_account))
        .route("/lines", get(lines::show))
        .route("/numbers", get(numbers::show).post(numbers::set))
        .route("/new-line", get(new_line::show).post(new_line::add))
        .route("/lines/{line}", get(line::show))
        .route("/lines/{line}/secret", get(secret::ask).post(secret::change))
        .route("/lines/{line}/binding", post(line::drop_binding))
        .route("/lines/{line}/international", post(line::international))
        .route("/lines/{line}/lift", post(line::lift))
        .route("/lines/{line}/limits", get(limits::show_line).post(limits::set_line))
        .route("/incidents", get(incidents::show))
        .route("/incidents/{incident}", get(incident::show))
        .route("/incidents/{incident}/calls.csv", get(incident::sheet))
        .route("/incidents/{incident}/lift", get(ask::lift).post(ask::lifted))
        .route("/incidents/{incident}/ours", get(ask::ours).post(ask::were_ours))
        .route("/incidents/{incident}/theirs", get(ask::theirs).post(ask::were_theirs))
        .route("/incidents/{incident}/take-back", get(ask::take_back).post(ask::taken_back))
        .route("/money", get(money::show))
        .route("/money/topup", post(money::top_up))
        .route("/money/terms", post(money::set_terms))
        .route("/prices", get(prices::show))
        .route("/guard", get(guard::show))
        .route("/guard/act", post(guard::act))
        .route("/guard/watch", post(guard::watch))
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")], STYLE)
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "public, max-age=3600")], SCRIPT)
}

async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "public, max-age=86400")], ICON)
}

/// Serves the pages until `shutdown` is done; open requests are ended in order.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}
