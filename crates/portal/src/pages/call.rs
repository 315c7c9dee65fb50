//! One call: everything its record holds; and the button that hangs a running one up.

use account::Change;
use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use billing::{CallId, Cdr, Decision};

use super::table::non_empty;
use crate::access::Scope;
use crate::forms::{Button, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{self, Badge, Tone};

struct Fact {
    name: &'static str,
    text: String,
}

struct Facts {
    title: &'static str,
    rows: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "call.html")]
struct CallPage {
    f: Frame,
    result: Badge,
    verdict: Badge,
    summary: String,
    reasons: Vec<String>,
    incident: Option<String>,
    groups: Vec<Facts>,
    back: String,
}

/// The page.
pub(crate) async fn show(scope: Scope, Path((_, call)): Path<(String, String)>) -> Result<Response, Problem> {
    let call: CallId = call.parse().map_err(|_| Problem::NotFound)?;
    let id = scope.id().clone();
    let cdr = scope.visitor.state.read(move |reader| reader.cdr(Some(&id), call)).await?.ok_or(Problem::NotFound)?;
    let verdict = match cdr.verdict.decision {
        Decision::Allowed => Badge::new("let through", Tone::Good),
        Decision::Refused => Badge::new("refused", Tone::Bad),
    };
    page(&CallPage {
        f: Frame::of_account(&scope, Tab::Calls, &format!("Call to {}", words::number(&cdr))),
        result: words::result(&cdr),
        verdict,
        summary: summary(&scope, &cdr),
        reasons: cdr.verdict.words().map(words::sentence).collect(),
        incident: cdr.verdict.incident.map(|incident| scope.path(&format!("/incidents/{incident}"))),
        groups: groups(&scope, &cdr),
        back: scope.path("/calls"),
    })
}

fn summary(scope: &Scope, cdr: &Cdr) -> String {
    let talk = match cdr.times.talk_ms() {
        0 => "not answered".to_owned(),
        ms => format!("talked {}", words::length(ms)),
    };
    format!("{}, {talk}, {}", scope.zone.in_full(cdr.times.start_ms), scope.money(cdr.money.charge))
}

fn fact(name: &'static str, text: impl Into<String>) -> Fact {
    Fact { name, text: text.into() }
}

fn groups(scope: &Scope, cdr: &Cdr) -> Vec<Facts> {
    vec![
        Facts { title: "Who and what", rows: parties(cdr) },
        Facts { title: "Where from", rows: source(cdr) },
        Facts { title: "When", rows: times(scope, cdr) },
        Facts { title: "Cost", rows: money(scope, cdr) },
    ]
}

fn parties(cdr: &Cdr) -> Vec<Fact> {
    let who = &cdr.who;
    let mut rows = vec![
        fact("Line", who.line.as_ref().map_or_else(|| "none: it came from outside".to_owned(), ToString::to_string)),
        fact("Direction", who.direction.as_str()),
        fact("Caller shown", non_empty(&who.caller, "hidden")),
        fact("Dialled", non_empty(&cdr.number.dialled, "nothing")),
        fact("Number", cdr.number.e164.map_or_else(|| "not a number in the world".to_owned(), |n| n.to_string())),
        fact("Destination", words::destination(cdr)),
        fact("Country", cdr.number.country.map_or("none", billing::Country::name)),
        fact("Kind of number", cdr.number.class.map_or("inside", billing::NumberClass::as_str)),
        fact("Sent to", words::route(cdr)),
    ];
    if let Some(told) = &who.told_by_pbx {
        let text = format!("extension {} from {} (told by your PBX, not proven)", told.extension, told.address);
        rows.push(fact("Behind the trunk", text));
    }
    rows
}

fn source(cdr: &Cdr) -> Vec<Fact> {
    let from = &cdr.from;
    let place = &from.place;
    vec![
        fact("Address", format!("{} port {}, {}", from.ip, from.port, from.transport)),
        fact("City", place.city.clone().unwrap_or_else(|| "unknown".to_owned())),
        fact("Country", place.country.map_or("unknown", billing::Country::name)),
        fact("Network", place.network.clone().unwrap_or_else(|| "unknown".to_owned())),
        fact("User agent", non_empty(&from.user_agent, "did not say")),
    ]
}

fn times(scope: &Scope, cdr: &Cdr) -> Vec<Fact> {
    let (times, zone) = (&cdr.times, &scope.zone);
    let maybe = |ms: Option<u64>, never: &str| ms.map_or_else(|| never.to_owned(), |ms| zone.moment(ms));
    let recovered = if cdr.result.recovered { ", settled after a restart of the node" } else { "" };
    let heard = times.heard_ms.map(|heard_ms| fact("Voice last heard", zone.moment(heard_ms)));
    let facts = vec![
        fact("Tried", zone.moment(times.start_ms)),
        fact("Rang", maybe(times.ring_ms, "never")),
        fact("Answered", maybe(times.answer_ms, "never")),
        fact("Over", zone.moment(times.end_ms)),
        fact("Talk time", words::length(times.talk_ms())),
        fact("SIP result", format!("{} {}{recovered}", cdr.result.sip_status, cdr.result.reason)),
        fact("Hung up by", words::hung_up_by(cdr)),
    ];
    facts.into_iter().chain(heard).collect()
}

fn money(scope: &Scope, cdr: &Cdr) -> Vec<Fact> {
    let (money, currency) = (&cdr.money, &scope.account.settings.currency);
    vec![
        fact("Rate", format!("{} a minute", money.per_minute.format_exact(currency))),
        fact("Connect fee", money.connect_fee.format_exact(currency)),
        fact("Billed", words::length(u64::from(money.billed_s) * 1000)),
        fact("Charge", money.charge.format_exact(currency)),
        fact("Most held at once", scope.money(money.held_peak)),
    ]
}

/// Hangs a running call up.
pub(crate) async fn hang_up(
    scope: Scope,
    Path((_, call)): Path<(String, String)>,
    Signed(Button {}): Signed<Button>,
) -> Result<Response, Problem> {
    let call: CallId = call.parse().map_err(|_| Problem::NotFound)?;
    let done = scope.change(Change::HangUp { call }).await;
    scope.visitor.then(done, &scope.page(""))
}
