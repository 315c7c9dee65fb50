//! What is new to an account, and what became of incidents.
use guard::{Action, IncidentState};

pub(in crate::render) const LEAD: &str = "Nothing of this was stopped. If it was you or your people, there is \
    nothing to do.";
pub(in crate::render) fn subject(title: &str) -> String {
    format!("Tollguard: {title}")
}
pub(in crate::render) fn title(count: usize) -> String {
    format!("{count} things are new on your account")
}
pub(in crate::render) fn heading(zone: &str) -> String {
    format!("What is new (times in {zone})")
}
pub(in crate::render) fn country(line: &str, country: &str, number: &str) -> String {
    format!("Line {line} called {country} ({number}), where the account had never called before.")
}
pub(in crate::render) fn network(line: &str, ip: &str, place: &str) -> String {
    format!("Line {line} was used from a network that is new to it: {ip}, {place}.")
}
pub(in crate::render) fn updated(id: &str, action: Action, state: IncidentState) -> String {
    let now = match (state, action) {
        (IncidentState::Theirs, _) => "was answered: that was not you",
        (IncidentState::Ours, _) => "was answered: that was you",
        (_, Action::CutInternational) => "goes further: international calling is off on all lines",
        (_, Action::CutLine) => "goes further: international calling is off on its line",
        (_, Action::Alert) => "was changed",
    };
    format!("Incident {id} {now}.")
}
pub(in crate::render) fn closed(id: &str, state: IncidentState) -> String {
    let how = match state {
        IncidentState::Ours => "that was you",
        IncidentState::Theirs => "that was not you",
        _ => "international calling is back on, or the signs have passed",
    };
    format!("Incident {id} is closed: {how}.")
}
