//! The report of a replay as one page of HTML that needs nothing else: sums, accounts, a timeline for each incident.

mod chart;

use std::fmt::Write as _;

use billing::Money;
use guard::{Action, Evidence, IncidentState};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use replay::{Incident, Replay, Sums, Totals};

use super::summary::{money, sums};
use crate::cli::output::talk;

const STYLE: &str = include_str!("html/report.css");
/// Incidents drawn; those about most money.
const MAX_DRAWN: usize = 200;
/// Accounts listed.
const MAX_ACCOUNTS: usize = 200;

/// The page.
pub fn page(replay: &Replay, labelled: bool) -> String {
    let mut incidents = replay.incidents();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Tollguard replay</title><style>{STYLE}</style></head><body><main>"
    );
    page.push_str("<h1>What the guard would have done</h1>");
    let cuts = incidents.iter().filter(|incident| is_cut(incident)).count();
    let _ = write!(page, "<p class=\"soft\">{}</p>", span(&incidents, cuts));
    tiles(&mut page, &sums(replay), labelled);
    accounts(&mut page, replay, &incidents, labelled);
    let left_out = incidents.len().saturating_sub(MAX_DRAWN);
    if left_out > 0 {
        incidents.sort_by_key(|incident| std::cmp::Reverse(incident.cost.saturating_add(incident.saved)));
        incidents.truncate(MAX_DRAWN);
        incidents.sort_by_key(|incident| incident.facts.opened_ms);
    }
    for incident in incidents {
        card(&mut page, incident);
    }
    if left_out > 0 {
        let _ = write!(page, "<p class=\"soft\">{left_out} incidents about less money are not drawn.</p>");
    }
    page.push_str("</main></body></html>\n");
    page
}

fn is_cut(incident: &Incident) -> bool {
    incident.facts.action >= Action::CutLine
}

fn span(incidents: &[&Incident], cuts: usize) -> String {
    let (Some(first), Some(last)) = (incidents.first(), incidents.last()) else {
        return "It found nothing to refuse, hang up or cut.".to_owned();
    };
    format!(
        "{cuts} cuts and {} alerts, from {} to {}. Times are those of each account.",
        incidents.len() - cuts,
        clock(first.facts.opened_ms, first.utc_offset_min, "%-d %B %Y"),
        clock(last.facts.opened_ms, last.utc_offset_min, "%-d %B %Y")
    )
}

fn tiles(page: &mut String, totals: &Totals, labelled: bool) {
    let all = totals.honest + totals.fraud;
    page.push_str("<div class=\"tiles\">");
    let mut tile = |value: String, class: &str, what: &str| {
        let _ = write!(page, "<div class=\"tile\"><b class=\"{class}\">{value}</b><span>{what}</span></div>");
    };
    tile(all.calls.to_string(), "", "calls");
    tile(all.abroad.to_string(), "", "calls abroad");
    tile(all.refused.to_string(), "", "refused");
    tile(all.hung_up.to_string(), "", "hung up");
    if labelled {
        tile(money(totals.fraud.cost), "bad", "lost to fraud");
        tile(money(totals.fraud.saved), "good", "saved from fraud");
        tile(totals.honest.refused.to_string(), "", "honest calls refused");
    } else {
        tile(money(all.saved), "good", "not spent on refused calls");
    }
    page.push_str("</div>");
}

fn accounts(page: &mut String, replay: &Replay, incidents: &[&Incident], labelled: bool) {
    let mut rows: Vec<_> = replay
        .totals()
        .map(|(name, totals)| (name, totals, totals.honest + totals.fraud))
        .filter(|(_, totals, sums)| sums.refused + sums.hung_up + sums.skipped + totals.fraud.calls > 0)
        .collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(_, totals, sums)| std::cmp::Reverse(totals.fraud.cost.saturating_add(sums.saved)));
    rows.truncate(MAX_ACCOUNTS);
    let lost = if labelled { "Lost" } else { "Spent in incidents" };
    let _ = write!(
        page,
        "<div class=\"card\"><h2>Accounts</h2><div class=\"scroll\"><table><tr><th>Account</th><th class=\"n\">Calls</th>\
         <th class=\"n\">Abroad</th><th class=\"n\">Refused</th><th class=\"n\">Hung up</th><th class=\"n\">Cuts</th>\
         <th class=\"n\">{lost}</th><th class=\"n\">Saved</th></tr>"
    );
    for (name, totals, Sums { calls, abroad, refused, hung_up, saved, .. }) in rows {
        let own = || incidents.iter().filter(|incident| incident.facts.account == *name);
        let cuts = own().filter(|incident| is_cut(incident)).count();
        let spent = own().fold(Money::ZERO, |sum, incident| sum.saturating_add(incident.cost));
        let lost = money(if labelled { totals.fraud.cost } else { spent });
        let saved = money(saved);
        let _ = write!(page, "<tr><td>{}</td>", escape(name.as_str()));
        for cell in [calls.to_string(), abroad.to_string(), refused.to_string(), hung_up.to_string(), cuts.to_string()]
            .iter()
            .chain([&lost, &saved])
        {
            let _ = write!(page, "<td class=\"n\">{cell}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</table></div></div>");
}

fn card(page: &mut String, incident: &Incident) {
    let facts = &incident.facts;
    let (class, action) = match facts.action {
        Action::Alert => ("tag", "alert"),
        Action::CutLine => ("tag cut", "line cut"),
        Action::CutInternational => ("tag cut", "account cut"),
    };
    let _ = write!(
        page,
        "<section class=\"card\" id=\"{}\"><div class=\"head\"><h2>{}, line {}</h2><span class=\"{class}\">{action}</span></div>",
        facts.id,
        escape(facts.account.as_str()),
        escape(facts.line.as_str()),
    );
    let when = clock(incident.at_ms(), incident.utc_offset_min, "%A, %-d %B %Y, %H:%M:%S");
    let closed = match facts.state {
        IncidentState::Open => "never answered",
        IncidentState::Theirs | IncidentState::Lifted => "lifted by the owner, who changed the secrets",
        IncidentState::Ours => "answered by the owner: that was us",
    };
    let _ = write!(page, "<p class=\"soft\">{when}; {} dB of evidence; {closed}.</p>", facts.score);
    for (ip, place) in &facts.origins {
        let _ = write!(page, "<p>Calls from <b>{ip}</b>, {}</p>", escape(&place.describe()));
    }
    let _ = write!(
        page,
        "<p><b class=\"bad\">{}</b> spent, <b class=\"good\">{}</b> saved; {} calls refused.</p>",
        money(incident.cost),
        money(incident.saved),
        incident.refused
    );
    page.push_str("<div class=\"sides\"><div>");
    page.push_str(&chart::timeline(incident));
    page.push_str(
        "<div class=\"key\"><span><i class=\"dot refused\"></i>refused</span><span><i class=\"dot hungup\"></i>hung up</span>\
         <span><i class=\"dot carried\"></i>carried</span><span><i class=\"spent\"></i>money spent</span>\
         <span><i class=\"saved\"></i>money saved</span></div>",
    );
    page.push_str("</div><div><h3>Evidence</h3><ul class=\"facts\">");
    for Evidence { kind, weight, text } in &facts.evidence {
        let _ = write!(
            page,
            "<li><i class=\"{}\"></i><span class=\"n\">{weight}</span><span>{} <span class=\"soft\">({kind})</span></span></li>",
            chart::colour(*kind),
            escape(text)
        );
    }
    page.push_str("</ul></div></div>");
    calls(page, incident);
    page.push_str("</section>");
}

fn calls(page: &mut String, incident: &Incident) {
    let _ = write!(
        page,
        "<details><summary>{} calls</summary><div class=\"scroll\"><table><tr><th>Time</th><th>Line</th><th>Number</th>\
         <th>Destination</th><th>Result</th><th class=\"n\">Talk</th><th class=\"n\">Spent</th><th class=\"n\">Saved</th></tr>",
        incident.calls.len()
    );
    for call in &incident.calls {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            clock(call.at_ms, incident.utc_offset_min, "%a %H:%M:%S"),
            escape(call.line.as_str()),
            call.number,
            escape(&call.destination),
            chart::fate(call).1,
            talk(call.carried_ms),
            money(call.cost),
            money(call.saved)
        );
    }
    page.push_str("</table></div></details>");
}

/// A moment on an account's clock.
fn clock(at_ms: u64, utc_offset_min: i16, format: &str) -> String {
    let offset = Offset::from_seconds(i32::from(utc_offset_min) * 60).unwrap_or(Offset::UTC);
    let at = i64::try_from(at_ms).ok().and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    at.map_or_else(String::new, |at| at.to_zoned(TimeZone::fixed(offset)).strftime(format).to_string())
}

/// Text as HTML.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
