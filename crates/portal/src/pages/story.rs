//! An incident in words.

use account::LineKind;
use billing::Money;
use guard::{Action, Incident, IncidentState};

use crate::words::{Badge, Tone, count, line_name, whereabouts};

/// When it began: with its first call.
pub(crate) fn began_ms(incident: &Incident) -> u64 {
    incident.calls.iter().map(|call| call.start_ms).min().unwrap_or(incident.opened_ms).min(incident.opened_ms)
}

/// The line as people call it; its kind is not known any more once it was removed.
pub(crate) fn line(incident: &Incident, kind: Option<LineKind>) -> String {
    kind.map_or_else(|| format!("Line {}", incident.line), |kind| line_name(kind, incident.line.as_str()))
}

/// "Extension 107 may have been hijacked".
pub(crate) fn title(incident: &Incident, kind: Option<LineKind>) -> String {
    let line = line(incident, kind);
    match incident.state {
        IncidentState::Ours => format!("{line}: unusual calls that were yours"),
        _ if incident.action == Action::Alert => format!("{line}: a call that is not like you"),
        _ => format!("{line} may have been hijacked"),
    }
}

/// What was done, in a sentence.
pub(crate) fn done(incident: &Incident) -> &'static str {
    match (incident.shadow, incident.action) {
        (true, _) => "The guard only watches here: nothing was stopped.",
        (false, Action::Alert) => "The call was refused. Nothing else was stopped.",
        (false, Action::CutLine) => "International calling was turned off on this line.",
        (false, Action::CutInternational) => "International calling was turned off on the whole account.",
    }
}

/// Where it stands.
pub(crate) fn state(incident: &Incident) -> Badge {
    match incident.state {
        IncidentState::Open => Badge::new("open", Tone::Bad),
        IncidentState::Lifted => Badge::new("put right", Tone::Good),
        IncidentState::Ours => Badge::new("that was us", Tone::Plain),
        IncidentState::Theirs if incident.is_open() => Badge::new("open: that was not us", Tone::Bad),
        IncidentState::Theirs => Badge::new("put right: that was not us", Tone::Good),
    }
}

/// What its calls cost so far.
pub(crate) fn cost(incident: &Incident) -> Money {
    incident.calls.iter().filter_map(|call| call.charge).fold(Money::ZERO, Money::saturating_add)
}

/// What happened: "Extension 107 placed 3 calls to Albania mobile, from Khan Yunis, Palestine; 1 was answered."
pub(crate) fn what_happened(incident: &Incident, kind: Option<LineKind>, cost: &str) -> String {
    let mut destinations: Vec<&str> = Vec::new();
    for call in &incident.calls {
        if !destinations.contains(&call.destination.as_str()) {
            destinations.push(&call.destination);
        }
    }
    let shown = match destinations.as_slice() {
        [] => "an unusual destination".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {}", count(rest.len(), "other destination")),
    };
    let mut towns: Vec<String> = Vec::new();
    for (ip, place) in &incident.origins {
        let place = whereabouts(*ip, place);
        if !towns.contains(&place) {
            towns.push(place);
        }
    }
    let from = match towns.as_slice() {
        [] => String::new(),
        [one] => format!(", from {one}"),
        [one, rest @ ..] => format!(", from {one} and {}", count(rest.len(), "other place")),
    };
    let answered = incident.calls.iter().filter(|call| is_answered(&call.result)).count();
    let answered = match answered {
        0 => "None of them was answered".to_owned(),
        1 => "One was answered".to_owned(),
        many => format!("{many} were answered"),
    };
    let calls = count(incident.calls.len().max(1), "call");
    format!("{} placed {calls} to {shown}{from}. {answered}; they cost {cost}.", line(incident, kind))
}

/// Whether a call's result, which is told in words, is that of a call that talked.
pub(crate) fn is_answered(result: &str) -> bool {
    result.starts_with("answered") || result.starts_with("hung up by the guard after")
}

/// The colour of a call's result.
pub(crate) fn result_tone(result: &str) -> Tone {
    match result {
        "refused" => Tone::Good,
        "running" => Tone::Bad,
        result if is_answered(result) => Tone::Warn,
        _ => Tone::Plain,
    }
}
