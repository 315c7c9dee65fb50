//! The lines of an account: who they are, where they are registered, whether they are cut.

use account::Line;
use askama::Template;
use axum::response::Response;

use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{self, Badge, Tone, count};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// A line that was not used for so long is a spare one: nobody misses its secret.
const SPARE_MS: u64 = 60 * DAY_MS;
/// A secret that old should be changed.
const OLD_MS: u64 = 365 * DAY_MS;

struct Row {
    href: String,
    id: String,
    kind: &'static str,
    name: String,
    registered: String,
    seen: String,
    seen_where: String,
    state: Badge,
    flags: Vec<Badge>,
}

#[derive(Template)]
#[template(path = "lines.html")]
struct LinesPage {
    f: Frame,
    rows: Vec<Row>,
    account_cut: bool,
    limits: String,
    ceiling: String,
    new_line: String,
    numbers: String,
    may_change: bool,
}

/// The page.
pub(crate) async fn show(scope: Scope) -> Result<Response, Problem> {
    let id = scope.id().clone();
    let rows = scope.visitor.state.read(move |reader| reader.lines(&id)).await?;
    let account_cut = scope.account.cut.is_some();
    page(&LinesPage {
        f: Frame::of_account(&scope, Tab::Lines, "Lines"),
        rows: rows.iter().map(|row| view(&scope, &row.line)).collect(),
        account_cut,
        limits: scope.path("/limits"),
        new_line: scope.path("/new-line"),
        numbers: scope.path("/numbers"),
        may_change: scope.visitor.is_allowed_to_change(),
        ceiling: scope.money(scope.account.settings.exposure_ceiling),
    })
}

fn view(scope: &Scope, line: &Line) -> Row {
    let (seen, seen_where) = last_seen(scope, line);
    Row {
        href: scope.path(&format!("/lines/{}", line.id)),
        id: line.id.to_string(),
        kind: kind(line),
        name: line.name.clone(),
        registered: registered(line),
        seen,
        seen_where,
        state: state(scope, line),
        flags: flags(line, now_ms()),
    }
}

/// What an owner should look at before a thief does.
pub(super) fn flags(line: &Line, now_ms: u64) -> Vec<Badge> {
    let mut flags = Vec::new();
    if line.auth_name.is_some() {
        match line.last_seen.as_ref().map(|(at_ms, _, _)| now_ms.saturating_sub(*at_ms)) {
            None => flags.push(Badge::new("spare: never used", Tone::Warn)),
            Some(idle_ms) if idle_ms > SPARE_MS => {
                flags.push(Badge::new(format!("spare: not used for {} days", idle_ms / DAY_MS), Tone::Warn));
            }
            Some(_) => {}
        }
        if line.shut_out_ms > 0 && now_ms.saturating_sub(line.shut_out_ms) > OLD_MS {
            let days = now_ms.saturating_sub(line.shut_out_ms) / DAY_MS;
            flags.push(Badge::new(format!("secret is {days} days old"), Tone::Warn));
        }
    }
    flags
}

pub(super) fn kind(line: &Line) -> &'static str {
    match line.kind {
        account::LineKind::Extension => "extension",
        account::LineKind::Trunk => "trunk",
    }
}

/// Whether it may call abroad.
pub(super) fn state(scope: &Scope, line: &Line) -> Badge {
    if line.cut.is_some() || scope.account.cut.is_some() {
        Badge::new("cut", Tone::Bad)
    } else if line.international {
        Badge::new("may call abroad", Tone::Good)
    } else {
        Badge::new("home calls only", Tone::Plain)
    }
}

fn registered(line: &Line) -> String {
    let now = now_ms();
    let mut live = line.bindings.iter().filter(|binding| binding.until_ms > now);
    match (live.next(), live.count()) {
        (None, _) if line.auth_name.is_none() => "known by its address".to_owned(),
        (None, _) => "nowhere".to_owned(),
        (Some(one), 0) => words::town(&one.place),
        (Some(one), more) => format!("{} and {}", words::town(&one.place), count(more, "other place")),
    }
}

/// When and where a line was last seen.
pub(super) fn last_seen(scope: &Scope, line: &Line) -> (String, String) {
    match &line.last_seen {
        None => ("never".to_owned(), "never used".to_owned()),
        Some((at_ms, ip, place)) => (scope.zone.short(*at_ms), format!("{}, {ip}", words::town(place))),
    }
}
