//! One incident, told in order, with the steps that put it right.

use account::LineKind;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::{IncidentId, LineId};
use guard::{Incident, IncidentState};
use store::{AuditRow, LineRow};

use super::story;
use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{self, Badge, Tone, line_in_full};

/// Changes by people looked at.
const MAX_AUDIT: u32 = 200;

struct Fact {
    name: &'static str,
    weight: String,
    /// Of 100.
    width: u32,
    for_owner: bool,
    text: String,
}

struct Call {
    href: String,
    when: String,
    iso: String,
    number: String,
    destination: String,
    result: Badge,
    charge: String,
}

struct Source {
    ip: String,
    town: String,
    network: String,
}

struct Event {
    at_ms: u64,
    when: String,
    class: &'static str,
    text: String,
}

/// What the steps need to know.
struct Steps {
    is_open: bool,
    is_trunk: bool,
    line: String,
    secret_href: Option<String>,
    secret_changed: Option<String>,
    lockout_on: bool,
    lockout_href: Option<String>,
    lift_href: String,
    is_cut: bool,
    /// Answers that can be given, each with its page.
    ours_href: Option<String>,
    theirs_href: Option<String>,
    take_back_href: Option<String>,
    may_change: bool,
}

/// What happened, in short.
struct Told {
    state: Badge,
    began: String,
    what: String,
    done: &'static str,
    /// The sentence that SIP answers, call records and mails give.
    why: String,
    still: &'static str,
    shadow: bool,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    f: Frame,
    incidents: String,
    short: Told,
    score: String,
    odds: String,
    facts: Vec<Fact>,
    sources: Vec<Source>,
    told: Vec<String>,
    calls: Vec<Call>,
    cost: String,
    events: Vec<Event>,
    times: Vec<String>,
    steps: Steps,
    printed: String,
}

/// An incident of the account, with its line if there still is one.
pub(super) async fn find(scope: &Scope, incident: &str) -> Result<(Incident, Option<LineRow>), Problem> {
    let incident: IncidentId = incident.parse().map_err(|_| Problem::NotFound)?;
    let id = scope.id().clone();
    let found = scope.visitor.state.read(move |reader| {
        let incident = reader.incident(incident)?.filter(|incident| incident.account == id);
        let line = match &incident {
            Some(incident) => reader.line(&id, &incident.line)?,
            None => None,
        };
        Ok((incident, line))
    });
    let (incident, line) = found.await?;
    Ok((incident.ok_or(Problem::NotFound)?, line))
}

/// What has to be lifted to undo the incident's cuts: the account (`None`) with all its lines, or its line.
pub(super) fn lifts(scope: &Scope, incident: &Incident, line: Option<&LineRow>) -> Vec<Option<LineId>> {
    if scope.account.cut.is_some_and(|cut| cut.incident == incident.id) {
        return vec![None];
    }
    let line = line.filter(|row| row.line.cut.is_some_and(|cut| cut.incident == incident.id));
    line.map(|row| Some(row.line.id.clone())).into_iter().collect()
}

/// The page.
pub(crate) async fn show(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, line) = find(&scope, &incident).await?;
    let id = scope.id().clone();
    let found = scope.visitor.state.read(move |reader| Ok((reader.audit(Some(&id), MAX_AUDIT)?, reader.lockout()?)));
    let (audit, lockout) = found.await?;
    let audit: Vec<AuditRow> = audit.into_iter().filter(|row| during(&incident, row.at_ms)).collect();
    page(&view(&scope, &incident, line.as_ref(), &audit, lockout.enabled))
}

/// Whether something was done while the incident was open.
fn during(incident: &Incident, at_ms: u64) -> bool {
    at_ms >= incident.opened_ms && incident.closed_ms.is_none_or(|closed_ms| at_ms <= closed_ms)
}

fn view(
    scope: &Scope,
    incident: &Incident,
    line: Option<&LineRow>,
    audit: &[AuditRow],
    lockout_on: bool,
) -> IncidentPage {
    let kind = line.map(|row| row.line.kind);
    let cost = scope.money(story::cost(incident));
    let zone = &scope.zone;
    IncidentPage {
        f: Frame::of_account(scope, Tab::Incidents, &story::title(incident, kind)),
        incidents: scope.path("/incidents"),
        short: Told {
            state: story::state(incident),
            began: zone.in_full(story::began_ms(incident)),
            what: story::what_happened(incident, kind, &cost),
            done: story::done(incident),
            why: words::sentence(&incident.why()),
            still: if incident.shadow { "" } else { "Calls at home and emergency calls still work." },
            shadow: incident.shadow,
        },
        score: incident.score.to_string(),
        odds: odds(incident.score.tenths()),
        facts: facts(incident),
        sources: incident.origins.iter().map(|(ip, place)| source(*ip, place)).collect(),
        told: incident.told.clone(),
        calls: incident.calls.iter().map(|call| view_call(scope, call)).collect(),
        cost,
        events: events(scope, incident, audit),
        times: incident.calls.iter().map(|call| zone.moment(call.start_ms)).collect(),
        steps: steps(scope, incident, line, audit, lockout_on),
        printed: zone.in_full(crate::state::now_ms()),
    }
}

fn source(ip: std::net::IpAddr, place: &geo::Place) -> Source {
    Source { ip: ip.to_string(), town: words::town(place), network: words::network(place) }
}

/// What so many decibans mean: "about 12,000 times".
fn odds(tenths: i32) -> String {
    let exact = 10_f64.powf(f64::from(tenths.clamp(0, 900)) / 100.0);
    // Two digits are all such a number can bear.
    let mut size = 1_u32;
    while exact / f64::from(size) >= 100.0 {
        size *= 10;
    }
    let rounded = (exact / f64::from(size)).round() as u64;
    let digits = rounded.saturating_mul(u64::from(size)).to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn facts(incident: &Incident) -> Vec<Fact> {
    let most = incident.evidence.iter().map(|fact| fact.weight.tenths().unsigned_abs()).max().unwrap_or(1).max(1);
    let fact = |evidence: &guard::Evidence| Fact {
        name: evidence.kind.name(),
        weight: evidence.weight.to_string(),
        width: evidence.weight.tenths().unsigned_abs().saturating_mul(100) / most,
        for_owner: evidence.weight.tenths() < 0,
        text: words::sentence(&evidence.text),
    };
    incident.evidence.iter().map(fact).collect()
}

fn view_call(scope: &Scope, call: &guard::IncidentCall) -> Call {
    Call {
        href: scope.path(&format!("/calls/{}", call.call)),
        when: scope.zone.short(call.start_ms),
        iso: scope.zone.iso(call.start_ms),
        number: call.number.to_string(),
        destination: call.destination.clone(),
        result: Badge::new(call.result.clone(), story::result_tone(&call.result)),
        charge: call.charge.map_or_else(|| "not known yet".to_owned(), |charge| scope.money(charge)),
    }
}

fn events(scope: &Scope, incident: &Incident, audit: &[AuditRow]) -> Vec<Event> {
    let event = |at_ms: u64, tone: Tone, text: String| Event {
        at_ms,
        when: scope.zone.moment(at_ms),
        class: tone.class(),
        text,
    };
    let mut events: Vec<Event> = incident
        .calls
        .iter()
        .map(|call| {
            let text = format!("Call to {} ({}): {}", call.number, call.destination, call.result);
            event(call.start_ms, Tone::Plain, text)
        })
        .collect();
    let opened = format!("The evidence was enough: {} decibans. {}", incident.score, story::done(incident));
    events.push(event(incident.acted_ms, Tone::Bad, opened));
    events.extend(audit.iter().map(|row| event(row.at_ms, Tone::Good, format!("{}: {}", row.by, row.text))));
    if let Some(closed_ms) = incident.closed_ms {
        let text = match incident.state {
            IncidentState::Ours => "Closed: the owner knows these calls.",
            _ => "Closed.",
        };
        events.push(event(closed_ms, Tone::Good, text.to_owned()));
    }
    events.sort_by_key(|event| event.at_ms);
    events
}

fn steps(scope: &Scope, incident: &Incident, line: Option<&LineRow>, audit: &[AuditRow], lockout_on: bool) -> Steps {
    let visitor = &scope.visitor;
    let answer = |word: &str| scope.path(&format!("/incidents/{}/{word}", incident.id));
    let answered = matches!(incident.state, IncidentState::Ours | IncidentState::Theirs);
    let line_path = format!("/lines/{}", incident.line);
    let has_secret = line.is_some_and(|row| row.line.auth_name.is_some());
    let name = line.map_or_else(|| format!("Line {}", incident.line), |row| line_in_full(&row.line));
    let start = line.map(|row| format!("{} has a new secret", words::line_name(row.line.kind, row.line.id.as_str())));
    let changed = audit.iter().rev().find(|row| start.as_ref().is_some_and(|start| row.text.starts_with(start)));
    Steps {
        is_open: incident.is_open(),
        is_trunk: line.is_some_and(|row| row.line.kind == LineKind::Trunk),
        line: name,
        secret_href: has_secret.then(|| scope.path(&format!("{line_path}/secret"))),
        secret_changed: changed.map(|row| scope.zone.in_full(row.at_ms)),
        lockout_on,
        lockout_href: visitor.sees_lockout.then(|| visitor.path("/lockout")),
        lift_href: scope.path(&format!("/incidents/{}/lift", incident.id)),
        is_cut: !lifts(scope, incident, line).is_empty(),
        ours_href: (incident.state != IncidentState::Ours).then(|| answer("ours")),
        theirs_href: (incident.state != IncidentState::Theirs).then(|| answer("theirs")),
        take_back_href: answered.then(|| answer("take-back")),
        may_change: visitor.is_allowed_to_change(),
    }
}

#[cfg(test)]
mod tests {
    use super::odds;

    #[test]
    fn odds_are_round_numbers() {
        for (tenths, words) in [(0, "1"), (100, "10"), (413, "13,000"), (545, "280,000"), (600, "1,000,000")] {
            assert_eq!(odds(tenths), words, "{tenths}");
        }
    }
}
