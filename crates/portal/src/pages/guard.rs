//! Whether the guard of an account acts or only watches.

use account::{Change, GuardMode};
use axum::response::Response;

use super::ask::AskPage;
use crate::access::Scope;
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;

fn other(scope: &Scope) -> GuardMode {
    match scope.account.settings.guard {
        GuardMode::Active => GuardMode::Shadow,
        GuardMode::Shadow => GuardMode::Active,
    }
}

/// The page that asks.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let (lead, effects, button, is_grave) = match other(&scope) {
        GuardMode::Active => (
            "The guard only watches now. If you let it act:",
            vec![
                "Calls that look like a hijack are refused, and suspicious calls that run are hung up.",
                "International calling is cut on a hijacked line until you turn it back on.",
                "Home calls and emergency calls always go on.",
            ],
            "Let the guard act",
            false,
        ),
        GuardMode::Shadow => (
            "The guard acts now. If you let it only watch:",
            vec![
                "It writes down what it would have done, and still tells you.",
                "It stops nothing: a hijacked line can spend until the balance ends.",
            ],
            "Let the guard only watch",
            true,
        ),
    };
    page(&AskPage {
        f: Frame::of_account(&scope, Tab::Overview, "The guard"),
        lead: lead.to_owned(),
        effects: effects.into_iter().map(str::to_owned).collect(),
        action: scope.path(if is_grave { "/guard/watch" } else { "/guard/act" }),
        button,
        is_grave,
        back: scope.path(""),
        may_change: scope.visitor.is_allowed_to_change(),
    })
}

/// Lets it act.
pub(crate) async fn act(scope: Scope, Signed(Button {}): Signed<Button>) -> Result<Response, Problem> {
    set(&scope, GuardMode::Active).await
}

/// Lets it only watch.
pub(crate) async fn watch(scope: Scope, Signed(Button {}): Signed<Button>) -> Result<Response, Problem> {
    set(&scope, GuardMode::Shadow).await
}

async fn set(scope: &Scope, mode: GuardMode) -> Result<Response, Problem> {
    let done = scope.change(Change::Guard(mode)).await;
    scope.visitor.then(done, &scope.page(""))
}
