//! The calls that run now: on the page, and as events for the script that keeps the page fresh.

use std::convert::Infallible;

use askama::Template;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use edge::CallView;
use futures_util::stream;
use node::{Command, CommandReply};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, sleep};

use super::MAX_BANNERS;
use crate::access::Scope;
use crate::pages::table::non_empty;
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::length;

/// How often the node is asked.
const EVERY: Duration = Duration::from_secs(2);
/// Looks of one stream: then the browser asks anew, and whether it still may is looked at again.
const LOOKS: u32 = 30;

/// A running call.
struct Running {
    call: String,
    hang_up: String,
    line: String,
    callee: String,
    state: String,
}

/// The list of them, or words where there is none.
#[derive(Template)]
#[template(path = "running.html")]
pub(super) struct RunningCalls {
    /// `None` where the node does not answer.
    running: Option<Vec<Running>>,
    /// For the buttons of those who may hang up.
    csrf: Option<String>,
}

impl RunningCalls {
    /// Asks the node.
    pub(super) async fn of(scope: &Scope) -> Self {
        let command = Command::Calls { account: Some(scope.id().clone()) };
        let running = match scope.visitor.state.control.send(command).await {
            Ok(CommandReply::Calls(calls)) => Some(calls.iter().map(|call| view(scope, call)).collect()),
            _ => None,
        };
        let csrf = scope.visitor.is_allowed_to_change().then(|| scope.visitor.csrf.clone());
        Self { running, csrf }
    }
}

fn view(scope: &Scope, call: &CallView) -> Running {
    let now = now_ms();
    Running {
        call: call.call.to_string(),
        hang_up: scope.path(&format!("/calls/{}/hangup", call.call)),
        line: call.line.as_ref().map_or_else(|| non_empty(&call.caller, "outside"), ToString::to_string),
        callee: non_empty(&call.callee, "unknown"),
        state: match call.answer_ms {
            Some(answer_ms) => format!("talking for {}", length(now.saturating_sub(answer_ms))),
            None => format!("ringing for {}", length(now.saturating_sub(call.start_ms))),
        },
    }
}

struct Stream {
    scope: Scope,
    sent: u32,
    _turn: OwnedSemaphorePermit,
}

/// Server-sent events: `incidents` with the number of open ones and `calls` with the list as HTML, by turns.
pub(crate) async fn live(scope: Scope) -> Result<Response, Problem> {
    let turn = scope.visitor.state.streams.clone().try_acquire_owned().map_err(|_| Problem::Busy)?;
    let events = stream::unfold(Stream { scope, sent: 0, _turn: turn }, |stream| async move {
        let event = look(&stream.scope, stream.sent).await?;
        Some((Ok::<_, Infallible>(event), Stream { sent: stream.sent + 1, ..stream }))
    });
    Ok(Sse::new(events).into_response())
}

/// The next event; none where the stream has ended, or the node.
async fn look(scope: &Scope, sent: u32) -> Option<Event> {
    if sent >= 2 * LOOKS {
        return None;
    }
    if sent % 2 == 1 {
        let calls = RunningCalls::of(scope).await;
        calls.running.as_ref()?;
        return Some(Event::default().event("calls").data(calls.render().ok()?));
    }
    if sent > 0 {
        sleep(EVERY).await;
    }
    let id = scope.id().clone();
    let open = scope.visitor.state.read(move |reader| reader.incidents(Some(&id), true, MAX_BANNERS)).await.ok()?;
    Some(Event::default().event("incidents").data(open.len().to_string()))
}
