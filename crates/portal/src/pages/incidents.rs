//! The incidents of an account.

use askama::Template;
use axum::response::Response;

use super::story;
use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{Badge, count};

/// Incidents listed.
const MAX_LISTED: u32 = 200;

struct Row {
    href: String,
    title: String,
    began: String,
    iso: String,
    text: String,
    state: Badge,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    f: Frame,
    rows: Vec<Row>,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let id = scope.id().clone();
    let found = scope
        .visitor
        .state
        .read(move |reader| Ok((reader.incidents(Some(&id), false, MAX_LISTED)?, reader.lines(&id)?)));
    let (incidents, lines) = found.await?;
    let rows = incidents.iter().map(|incident| {
        let kind = lines.iter().find(|row| row.line.id == incident.line).map(|row| row.line.kind);
        let began = story::began_ms(incident);
        Row {
            href: scope.path(&format!("/incidents/{}", incident.id)),
            title: story::title(incident, kind),
            began: scope.zone.in_full(began),
            iso: scope.zone.iso(began),
            text: format!(
                "{}, {}. {}",
                count(incident.calls.len(), "call"),
                scope.money(story::cost(incident)),
                story::done(incident)
            ),
            state: story::state(incident),
        }
    });
    let rows = rows.collect();
    page(&IncidentsPage { f: Frame::of_account(&scope, Tab::Incidents, "Incidents"), rows })
}
