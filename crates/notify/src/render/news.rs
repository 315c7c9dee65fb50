//! The mail about what is new to an account, and what became of its incidents: one for all that came up within minutes.

use account::Notice;
use billing::Country;

use super::context::{MailContext, clean};
use super::document::{Block, Document, Step, Tone};
use super::incident::step;
use super::local::Local;
use super::words::{self, news, steps};

/// Writes it; each with the time it was queued at.
pub(super) fn document(told: &[(u64, &Notice)], context: &MailContext) -> Document {
    let settings = context.settings();
    let local = Local::new(&settings.time_zone);
    let name = clean(&settings.name);
    let sentences: Vec<(u64, String)> = told.iter().map(|(at_ms, notice)| (*at_ms, sentence(notice))).collect();
    let zone = local.zone(told.first().map_or(0, |(at_ms, _)| *at_ms));
    let rows = sentences.iter().map(|(at_ms, text)| (local.day_and_clock_s(*at_ms), text.clone()));
    let title = match sentences.as_slice() {
        [(_, one)] => one.trim_end_matches('.').to_owned(),
        more => news::title(more.len()),
    };
    let is_about_an_incident = told.iter().any(|(_, notice)| notice.incident().is_some());
    Document {
        subject: news::subject(&title),
        tone: if is_about_an_incident { Tone::Warning } else { Tone::Notice },
        kicker: words::kicker(&name),
        title,
        lead: lead(told),
        blocks: vec![
            Block::Facts { heading: news::heading(&zone), rows: rows.collect() },
            Block::Steps { heading: words::WHAT_TO_DO.into(), steps: to_do(told, context) },
        ],
        footer: words::footer(&name, &context.node).into(),
    }
}

/// What to make of it.
fn lead(told: &[(u64, &Notice)]) -> Vec<String> {
    let of_incidents = told.iter().any(|(_, notice)| notice.incident().is_some());
    let is_new = told.iter().any(|(_, notice)| notice.incident().is_none());
    let said = [(is_new, news::NEW), (of_incidents, news::OF_INCIDENTS)];
    said.into_iter().filter(|(is, _)| *is).map(|(_, text)| text.to_owned()).collect()
}

fn to_do(told: &[(u64, &Notice)], context: &MailContext) -> Vec<Step> {
    let (portal, account) = (&context.portal, &context.account);
    let incident = told.iter().rev().find_map(|(_, notice)| notice.incident());
    let incident = incident.map(|incident| step(steps::SEE_INCIDENT, portal.incident(account, incident.id)));
    let is_new = |notice: &Notice| notice.incident().is_none();
    let calls = told.iter().any(|(_, notice)| is_new(notice)).then(|| step(steps::SEE_CALLS, portal.calls(account)));
    incident.into_iter().chain(calls).collect()
}

/// What a notice says, in one sentence.
fn sentence(notice: &Notice) -> String {
    match notice {
        Notice::NewCountry { line, country, number } => {
            let name = country.parse::<Country>().map_or_else(|_| country.clone(), |country| country.name().to_owned());
            news::country(line.as_str(), &name, &clean(number))
        }
        Notice::NewNetwork { line, ip, place } => news::network(line.as_str(), &ip.to_string(), &clean(place)),
        Notice::IncidentUpdated(incident) => news::updated(incident),
        Notice::IncidentClosed(incident) => news::closed(incident),
        Notice::Incident(_) | Notice::Emergency { .. } | Notice::LowBalance { .. } => String::new(),
    }
}
