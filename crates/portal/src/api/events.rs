//! Server-sent events of an account: calls that run, and incidents as they are opened, change and are closed.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use store::KeyScope;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, sleep};

use super::accounts::AtAccount;
use super::client::{Client, Reach};
use super::extract::Place;
use super::fault::{Fault, Kind};
use super::shapes::{Incident, RunningCall};

/// How often the node and its tables are looked at.
const EVERY: Duration = Duration::from_millis(500);
/// Looks of one stream: after ten minutes it ends, and whoever still listens comes again.
const LOOKS: u32 = 1_200;
/// Incidents that are looked at.
const MAX_INCIDENTS: u32 = 100;

/// What a listener has been told.
struct Stream {
    reach: Reach,
    looks: u32,
    calls: Option<Vec<RunningCall>>,
    incidents: Option<BTreeMap<String, String>>,
    waiting: Vec<Event>,
    _turn: OwnedSemaphorePermit,
}

/// Events of an account: `calls` holds the calls that run, as `running` lists them, whenever they are others than before;
/// `incident` an incident that is new or has changed. The first `calls` comes at once; incidents that are open come first.
#[utoipa::path(get, path = "/accounts/{account}/events", tag = "calls", params(AtAccount),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn stream(client: Client, Place(at): Place<AtAccount>) -> Result<Response, Fault> {
    let reach = client.at(&at.account, KeyScope::Read).await?;
    let turn = reach.client.portal().streams.clone().try_acquire_owned();
    let turn = turn.map_err(|_| Fault::new(Kind::TooMany, "too many streams are open"))?;
    let begin = Stream { reach, looks: 0, calls: None, incidents: None, waiting: Vec::new(), _turn: turn };
    let events = stream::unfold(begin, |mut stream| async move {
        loop {
            if !stream.waiting.is_empty() {
                let event = stream.waiting.remove(0);
                return Some((Ok::<_, Infallible>(event), stream));
            }
            if stream.looks >= LOOKS {
                return None;
            }
            if stream.looks > 0 {
                sleep(EVERY).await;
            }
            stream.looks += 1;
            stream.look().await?;
        }
    });
    // A reverse proxy must not hold back what comes in small pieces.
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((headers, Sse::new(events).keep_alive(KeepAlive::default())).into_response())
}

impl Stream {
    /// Finds out what is new; `None` where the node is gone.
    async fn look(&mut self) -> Option<()> {
        let id = self.reach.id().clone();
        let calls = self.reach.client.calls(Some(id.clone())).await.ok()?;
        if self.calls.as_ref() != Some(&calls) {
            self.waiting.push(Event::default().event("calls").json_data(&calls).ok()?);
            self.calls = Some(calls);
        }
        let read = self.reach.client.portal().read(move |reader| reader.incidents(Some(&id), false, MAX_INCIDENTS));
        let mut now = BTreeMap::new();
        for incident in read.await.ok()?.iter().rev() {
            let text = serde_json::to_string(&Incident::from(incident)).ok()?;
            let id = incident.id.to_string();
            let is_told = match &self.incidents {
                Some(told) => told.get(&id) == Some(&text),
                None => !incident.is_open(),
            };
            if !is_told {
                self.waiting.push(Event::default().event("incident").id(id.clone()).data(text.clone()));
            }
            now.insert(id, text);
        }
        self.incidents = Some(now);
        Some(())
    }
}
