//! What is new to an account, and what became of incidents.
use guard::{Action, Incident, IncidentState};

pub(in crate::render) const NEW: &str = "What is new is told and not stopped. If it was you or your people, there is \
    nothing to do.";
pub(in crate::render) const OF_INCIDENTS: &str = "The incident’s page says what was done, and what is still to do.";
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
pub(in crate::render) fn updated(incident: &Incident) -> String {
    let now = match (incident.state, incident.action) {
        (IncidentState::Theirs, _) => "was answered: that was not you",
        (IncidentState::Ours, _) => "was answered: that was you",
        (_, Action::CutInternational) => "goes further: international calling is off on all lines",
        (_, Action::CutLine) => "goes further: international calling is off on its line",
        (_, Action::Alert) => "was changed",
    };
    format!("{} {now}.", name(incident))
}
pub(in crate::render) fn closed(incident: &Incident) -> String {
    let how = match incident.state {
        IncidentState::Ours => "that was you",
        IncidentState::Theirs => "that was not you, and what was cut is back on",
        _ if incident.action > Action::Alert && !incident.shadow => "international calling is back on",
        _ => "nothing had been cut, and nothing more came up",
    };
    format!("{} is closed: {how}.", name(incident))
}
fn name(incident: &Incident) -> String {
    format!("The incident on line {}", incident.line)
}
