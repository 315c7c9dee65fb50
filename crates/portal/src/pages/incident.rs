//! One incident, told in order, with the steps that put it right.

mod cost;
mod map;
mod steps;
mod timeline;

use account::{LockView, Notice};
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::{Cdr, IncidentId, LineId};
use guard::{Incident, IncidentState};
use lockout::Ban;
use node::{Command, CommandReply};
use store::{AuditRow, LineRow, Sending};

use super::story;
use super::table::non_empty;
use crate::access::Scope;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{self, Badge, Tone};

/// Changes by people looked at.
const MAX_AUDIT: u32 = 200;
/// Notices looked at.
const MAX_NOTICES: u32 = 200;

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
    /// From where, as far as its record is written.
    from: String,
    town: String,
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

/// The owner's answer: those that can be given, each with its page.
struct Answers {
    ours_href: Option<String>,
    theirs_href: Option<String>,
    take_back_href: Option<String>,
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

/// Why we think so.
struct Why {
    score: String,
    odds: String,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    f: Frame,
    incidents: String,
    sheet: String,
    short: Told,
    bill: cost::Bill,
    timeline: Option<timeline::Timeline>,
    map: Option<map::WorldMap>,
    why: Why,
    sources: Vec<Source>,
    told: Vec<String>,
    calls: Vec<Call>,
    events: Vec<Event>,
    answers: Option<Answers>,
    steps: Vec<steps::Step>,
    printed: String,
}

/// An incident with all that is shown of it.
struct Case {
    incident: Incident,
    line: Option<LineRow>,
    /// The account's lines.
    lines: Vec<LineRow>,
    /// Records of its calls that have ended, the oldest first.
    cdrs: Vec<Cdr>,
    /// What people did since it was opened, the latest first.
    audit: Vec<AuditRow>,
    /// When its mails were sent.
    mailed_ms: Vec<u64>,
    lockout_on: bool,
    bans: Vec<Ban>,
    locks: Vec<LockView>,
}

impl Case {
    async fn read(scope: &Scope, incident: Incident, line: Option<LineRow>) -> Result<Self, Problem> {
        let id = scope.id().clone();
        let case = scope.visitor.state.read(move |reader| {
            let mut cdrs = Vec::new();
            for call in &incident.calls {
                cdrs.extend(reader.cdr(Some(&id), call.call)?);
            }
            cdrs.sort_by_key(|cdr| (cdr.times.start_ms, cdr.call));
            let mut audit = reader.audit(Some(&id), MAX_AUDIT)?;
            audit.retain(|row| row.at_ms >= incident.opened_ms);
            let notices = reader.outbox(Some(&id), MAX_NOTICES)?;
            let mailed = notices.iter().filter_map(|(queued, sending)| match (&queued.notice, sending) {
                (Notice::Incident(told), Sending::Sent { at_ms }) if told.id == incident.id => Some(*at_ms),
                _ => None,
            });
            let mailed_ms = mailed.collect();
            let (lines, lockout_on) = (reader.lines(&id)?, reader.lockout()?.enabled);
            Ok(Self { incident, line, lines, cdrs, audit, mailed_ms, lockout_on, bans: Vec::new(), locks: Vec::new() })
        });
        let mut case = case.await?;
        let asked = scope.visitor.state.control.send(Command::Locks { account: scope.id().clone() });
        if let Ok(CommandReply::Locks(locks)) = asked.await {
            case.locks = locks;
        }
        if scope.visitor.sees_lockout
            && let Ok(CommandReply::Bans(bans)) = scope.visitor.state.control.send(Command::Bans).await
        {
            let now = crate::state::now_ms();
            case.bans = bans.into_iter().filter(|ban| ban.until_ms > now).collect();
        }
        Ok(case)
    }
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
    let case = Case::read(&scope, incident, line).await?;
    page(&view(&scope, &case))
}

/// Its calls, as a file to keep.
pub(crate) async fn sheet(scope: Scope, Path((_, incident)): Path<(String, String)>) -> Result<Response, Problem> {
    let (incident, line) = find(&scope, &incident).await?;
    let case = Case::read(&scope, incident, line).await?;
    Ok(super::sheet::of_calls(&scope, &case.cdrs, &format!("incident-{}", case.incident.id)))
}

fn view(scope: &Scope, case: &Case) -> IncidentPage {
    let incident = &case.incident;
    let kind = case.line.as_ref().map(|row| row.line.kind);
    let zone = &scope.zone;
    IncidentPage {
        f: Frame::of_account(scope, Tab::Incidents, &story::title(incident, kind)),
        incidents: scope.path("/incidents"),
        sheet: scope.path(&format!("/incidents/{}/calls.csv", incident.id)),
        short: Told {
            state: story::state(incident),
            began: zone.in_full(story::began_ms(incident)),
            what: story::what_happened(incident, kind, &scope.money(story::cost(incident))),
            done: story::done(incident),
            why: words::sentence(&incident.why()),
            still: if incident.shadow { "" } else { "Calls at home and emergency calls still work." },
            shadow: incident.shadow,
        },
        bill: cost::bill(scope, case),
        timeline: timeline::draw(scope, case),
        map: map::draw(scope, case),
        why: Why { score: incident.score.to_string(), odds: odds(incident.score.tenths()), facts: facts(incident) },
        sources: incident.origins.iter().map(|(ip, place)| source(*ip, place)).collect(),
        told: incident.told.clone(),
        calls: incident.calls.iter().map(|call| view_call(scope, case, call)).collect(),
        events: events(scope, case),
        answers: scope.visitor.is_allowed_to_change().then(|| answers(scope, incident)),
        steps: steps::all(scope, case),
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
    // What is not remarkable has no words.
    incident.evidence.iter().filter(|evidence| !evidence.text.is_empty()).map(fact).collect()
}

fn view_call(scope: &Scope, case: &Case, call: &guard::IncidentCall) -> Call {
    let cdr = case.cdrs.iter().find(|cdr| cdr.call == call.call);
    Call {
        href: scope.path(&format!("/calls/{}", call.call)),
        when: scope.zone.short(call.start_ms),
        iso: scope.zone.iso(call.start_ms),
        number: call.number.to_string(),
        destination: call.destination.clone(),
        result: Badge::new(call.result.clone(), story::result_tone(&call.result)),
        charge: call.charge.map_or_else(|| "not known yet".to_owned(), |charge| scope.money(charge)),
        from: cdr.map_or_else(|| "still running".to_owned(), |cdr| cdr.from.ip.to_string()),
        town: cdr.map(|cdr| words::call_town(&cdr.from.place)).unwrap_or_default(),
    }
}

fn events(scope: &Scope, case: &Case) -> Vec<Event> {
    let Case { incident, audit, .. } = case;
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
    let contacts: Vec<&str> = scope.account.settings.contacts.iter().map(|contact| contact.email.as_str()).collect();
    let mailed = format!("Mail sent to {}.", non_empty(&contacts.join(", "), "nobody: the account has no contact"));
    events.extend(case.mailed_ms.iter().map(|at_ms| event(*at_ms, Tone::Plain, mailed.clone())));
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

fn answers(scope: &Scope, incident: &Incident) -> Answers {
    let answer = |word: &str| scope.path(&format!("/incidents/{}/{word}", incident.id));
    let answered = matches!(incident.state, IncidentState::Ours | IncidentState::Theirs);
    Answers {
        ours_href: (incident.state != IncidentState::Ours).then(|| answer("ours")),
        theirs_href: (incident.state != IncidentState::Theirs).then(|| answer("theirs")),
        take_back_href: answered.then(|| answer("take-back")),
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
