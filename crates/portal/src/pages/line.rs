//! One line: where it is registered, what it may do, and the buttons to change that.

use account::{Binding, Change, Line, LineKind, LockView};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::LineId;
use node::{Command, CommandReply};
use serde::Deserialize;
use store::{CdrFilter, LineRow};

use super::lines::{flags, kind, last_seen, state};
use super::table::{CallTable, non_empty};
use crate::access::Scope;
use crate::forms::{Back, Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::state::now_ms;
use crate::words::{self, Badge};

/// Calls shown.
const LAST_CALLS: u32 = 10;

struct Place {
    contact: String,
    address: String,
    town: String,
    network: String,
    user_agent: String,
    since: String,
    until: String,
}

struct CutWords {
    since: String,
    incident: String,
}

/// An address that an incident locked out of the line.
struct Lock {
    ip: String,
    place: String,
    incident: String,
}

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    f: Frame,
    name: String,
    state: Badge,
    /// Names and texts.
    facts: Vec<(&'static str, String)>,
    international: bool,
    cut: Option<CutWords>,
    account_cut: bool,
    locks: Vec<Lock>,
    flags: Vec<Badge>,
    places: Vec<Place>,
    has_secret: bool,
    may_change: bool,
    here: String,
    lines: String,
    calls: CallTable,
}

pub(super) async fn find(scope: &Scope, line: &str) -> Result<LineRow, Problem> {
    let line: LineId = line.parse().map_err(|_| Problem::NotFound)?;
    let id = scope.id().clone();
    scope.visitor.state.read(move |reader| reader.line(&id, &line)).await?.ok_or(Problem::NotFound)
}

/// The page.
pub(crate) async fn show(scope: Scope, Path((_, line)): Path<(String, String)>) -> Result<Response, Problem> {
    let row = find(&scope, &line).await?;
    let (id, of_line) = (scope.id().clone(), row.line.id.clone());
    let found = scope.visitor.state.read(move |reader| {
        let filter =
            CdrFilter { account: Some(id.clone()), line: Some(of_line), limit: LAST_CALLS, ..CdrFilter::default() };
        Ok((reader.dids(Some(&id))?, reader.cdrs(&filter)?))
    });
    let (dids, cdrs) = found.await?;
    let ringing = dids.iter().filter(|row_of_did| row_of_did.did.lines.contains(&row.line.id));
    let dids: Vec<String> = ringing.map(|row_of_did| row_of_did.did.number.to_string()).collect();
    let line = &row.line;
    let title = words::line_name(line.kind, line.id.as_str());
    let locks = locks(&scope, &line.id).await;
    let now = now_ms();
    page(&LinePage {
        f: Frame::of_account(&scope, Tab::Lines, &title),
        name: line.name.clone(),
        state: state(&scope, line),
        facts: facts(&scope, &row, dids),
        international: line.international,
        cut: line.cut.map(|cut| CutWords {
            since: scope.zone.in_full(cut.since_ms),
            incident: scope.path(&format!("/incidents/{}", cut.incident)),
        }),
        account_cut: scope.account.cut.is_some(),
        locks,
        flags: flags(line, now),
        places: line.bindings.iter().filter(|b| b.until_ms > now).map(|b| place(&scope, b)).collect(),
        has_secret: line.auth_name.is_some(),
        may_change: scope.visitor.is_allowed_to_change(),
        here: scope.path(&format!("/lines/{}", line.id)),
        lines: scope.path("/lines"),
        calls: CallTable::of(&scope, &cdrs, "This line has placed no calls yet."),
    })
}

/// Which addresses are locked out of a line; none where the node does not answer.
async fn locks(scope: &Scope, line: &LineId) -> Vec<Lock> {
    let command = Command::Locks { account: scope.id().clone() };
    let Ok(CommandReply::Locks(locks)) = scope.visitor.state.control.send(command).await else { return Vec::new() };
    let view = |lock: LockView| {
        let place = scope.visitor.state.places.locate(lock.ip);
        Lock {
            ip: lock.ip.to_canonical().to_string(),
            place: words::town_and_network(&place),
            incident: scope.path(&format!("/incidents/{}", lock.incident)),
        }
    };
    locks.into_iter().filter(|lock| lock.line == *line).map(view).collect()
}

fn facts(scope: &Scope, row: &LineRow, dids: Vec<String>) -> Vec<(&'static str, String)> {
    let line = &row.line;
    vec![
        ("Kind", kind(line).to_owned()),
        ("User name", line.auth_name.as_deref().unwrap_or("none: it is known by its address").to_owned()),
        ("Secret", changes(row.secret_version)),
        ("May come from", addresses(line)),
        ("Shows the number", caller_id(scope, line)),
        ("Rings for", if dids.is_empty() { "no number from outside".to_owned() } else { dids.join(", ") }),
        ("Last seen", seen(scope, line)),
        ("Limits", limits(scope, line)),
        ("A hijack can cost", at_most(scope, line)),
    ]
}

/// What the owner allows on the line, and on the account.
fn limits(scope: &Scope, line: &Line) -> String {
    let settings = &scope.account.settings;
    let mut words = line.limits.in_words(&settings.currency);
    words.extend(line.max_calls.map(|most| format!("at most {most} outside calls at once")));
    words.extend(settings.limits.in_words(&settings.currency).iter().map(|limit| format!("{limit} (the account's)")));
    if words.is_empty() { "none but the guard's".to_owned() } else { words.join("; ") }
}

/// The most that whoever has the line's secret can spend, by the limits and the ceiling.
fn at_most(scope: &Scope, line: &Line) -> String {
    let settings = &scope.account.settings;
    if !line.international || !settings.international {
        return "nothing abroad: it may not call there".to_owned();
    }
    let ceiling = settings.exposure_ceiling;
    match line.limits.money_a_day.or(settings.limits.money_a_day) {
        Some(limit) if limit < ceiling => format!("{} a day, by the limit", scope.money(limit)),
        _ => format!("{} a day at destinations that are not the account's own, by its ceiling", scope.money(ceiling)),
    }
}

fn changes(version: Option<u32>) -> String {
    match version {
        None => "none".to_owned(),
        Some(0 | 1) => "never changed".to_owned(),
        Some(2) => "changed once".to_owned(),
        Some(version) => format!("changed {} times", version - 1),
    }
}

fn addresses(line: &Line) -> String {
    let texts: Vec<String> = line.addresses.iter().map(ToString::to_string).collect();
    match (texts.is_empty(), line.kind) {
        (false, _) => texts.join(", "),
        (true, LineKind::Extension) => "anywhere, with its secret".to_owned(),
        (true, LineKind::Trunk) => "anywhere, with its user name and secret".to_owned(),
    }
}

fn caller_id(scope: &Scope, line: &Line) -> String {
    let default = scope.account.settings.numbers.first();
    match (line.caller_id, default) {
        (Some(number), _) => number.to_string(),
        (None, Some(number)) => format!("{number} (the account's)"),
        (None, None) => "none".to_owned(),
    }
}

fn seen(scope: &Scope, line: &Line) -> String {
    match last_seen(scope, line) {
        (never, _) if line.last_seen.is_none() => never,
        (when, place) => format!("{when} from {place}"),
    }
}

fn place(scope: &Scope, binding: &Binding) -> Place {
    Place {
        contact: binding.contact.clone(),
        address: binding.flow.remote.to_string(),
        town: words::town(&binding.place),
        network: words::network(&binding.place),
        user_agent: non_empty(&binding.user_agent, "did not say"),
        since: scope.zone.short(binding.since_ms),
        until: scope.zone.time(binding.until_ms),
    }
}

/// A binding to drop.
#[derive(Deserialize)]
pub(crate) struct Dropped {
    contact: String,
}

/// Drops a binding.
pub(crate) async fn drop_binding(
    scope: Scope,
    Path((_, line)): Path<(String, String)>,
    back: Back,
    Signed(Dropped { contact }): Signed<Dropped>,
) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line.id;
    let back = back.or(scope.page(&format!("/lines/{line}")));
    let done = scope.change(Change::DropBinding { line, contact }).await;
    scope.visitor.then(done, &back)
}

/// Whether a line may call abroad at all.
#[derive(Deserialize)]
pub(crate) struct Abroad {
    allowed: bool,
}

/// Allows or forbids international calling on a line.
pub(crate) async fn international(
    scope: Scope,
    Path((_, line)): Path<(String, String)>,
    back: Back,
    Signed(Abroad { allowed }): Signed<Abroad>,
) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line;
    let back = back.or(scope.page(&format!("/lines/{}", line.id)));
    // Without digests: the machine keeps those it has.
    let changed = Line { international: allowed, secrets: None, ..line };
    let done = scope.change(Change::PutLine(changed)).await;
    scope.visitor.then(done, &back)
}

/// Turns international calling back on after a cut.
pub(crate) async fn lift(
    scope: Scope,
    Path((_, line)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let line = find(&scope, &line).await?.line.id;
    let back = scope.page(&format!("/lines/{line}"));
    let done = scope.change(Change::LiftCut { line: Some(line) }).await;
    scope.visitor.then(done, &back)
}
