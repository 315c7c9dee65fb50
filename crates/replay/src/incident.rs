//! Incidents of a replay: opened when the guard acts, fed with their calls, lifted by the owner.
//!
//! They follow the rules of the account machine: a line has one open incident at most, one that cuts nothing takes up
//! further calls for a day, and calls of the same line and address in the day before belong to it.

use std::fmt::Write as _;
use std::net::IpAddr;

use billing::{CallId, E164, IncidentId, LineId, Money};
use geo::Place;
use guard::{Action, Decibans, Evidence, EvidenceKind, IncidentCall, IncidentState};

use crate::Outcome;
use crate::event::rfc3339;
use crate::verdict::push_json;

/// Calls listed in an incident; its sums count all.
pub const MAX_CALLS: usize = account::MAX_INCIDENT_CALLS;
/// Addresses listed in an incident.
const MAX_ORIGINS: usize = 16;

/// One call of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCall {
    /// Its id in the file.
    pub id: Box<str>,
    /// When it was tried.
    pub at_ms: u64,
    /// The line that placed it.
    pub line: LineId,
    /// The number called.
    pub number: E164,
    /// Country and kind in words.
    pub destination: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Milliseconds it talked.
    pub carried_ms: u64,
    /// Whether the guard hung it up.
    pub hung_up: bool,
    /// What it cost.
    pub cost: Money,
    /// What it would have cost beyond that, had nobody stopped it.
    pub saved: Money,
    /// The evidence by kind when it was highest, strongest first.
    pub weights: Vec<(EvidenceKind, Decibans)>,
    /// Our own number of the call.
    pub(crate) call: CallId,
}

/// One incident, as the replay tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The incident as the guard knows it; its own list of calls is empty, see [`Incident::calls`].
    pub facts: guard::Incident,
    /// The account's clock, minutes east of UTC.
    pub utc_offset_min: i16,
    /// When it first cut something; `None` for an alert.
    pub cut_ms: Option<u64>,
    /// Its calls, at most [`MAX_CALLS`], in the order of time.
    pub calls: Vec<ListedCall>,
    /// What its calls cost, listed or not.
    pub cost: Money,
    /// What they would have cost beyond that.
    pub saved: Money,
    /// Calls it refused, listed or not.
    pub refused: u64,
}

impl Incident {
    pub(crate) fn open(facts: guard::Incident, utc_offset_min: i16) -> Self {
        Self {
            facts,
            utc_offset_min,
            cut_ms: None,
            calls: Vec::new(),
            cost: Money::ZERO,
            saved: Money::ZERO,
            refused: 0,
        }
    }

    pub(crate) fn id(&self) -> IncidentId {
        self.facts.id
    }

    /// When its action was taken: the first cut, or the alert.
    #[must_use]
    pub fn at_ms(&self) -> u64 {
        self.cut_ms.unwrap_or(self.facts.opened_ms)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.facts.state == IncidentState::Open
    }

    /// The guard wants this now; true where something is cut for the first time.
    pub(crate) fn raise(&mut self, now_ms: u64, action: Action, score: Decibans, evidence: &[Evidence]) -> bool {
        if action > self.facts.action {
            self.facts.action = action;
            self.facts.acted_ms = now_ms;
            self.facts.score = score;
            self.facts.evidence = evidence.to_vec();
        }
        let first_cut = action >= Action::CutLine && self.cut_ms.is_none();
        if first_cut {
            self.cut_ms = Some(now_ms);
        }
        first_cut
    }

    /// Lists a call that has ended or was refused, and counts what it cost.
    pub(crate) fn list(&mut self, call: ListedCall, ip: IpAddr, place: &Place) {
        self.cost = self.cost.saturating_add(call.cost);
        self.saved = self.saved.saturating_add(call.saved);
        self.refused += u64::from(call.outcome == Outcome::Refused);
        let origins = &mut self.facts.origins;
        if origins.len() < MAX_ORIGINS && !origins.iter().any(|(known, _)| *known == ip) {
            origins.push((ip, place.clone()));
        }
        // Calls end in another order than they began.
        let at = self.calls.partition_point(|listed| listed.call < call.call);
        if self.calls.len() < MAX_CALLS {
            self.calls.insert(at, call);
        }
    }

    /// The incident with its calls, as the guard reads it when the owner owns to it.
    pub(crate) fn told(&self) -> guard::Incident {
        let calls = self.calls.iter().map(|call| IncidentCall {
            call: call.call,
            start_ms: call.at_ms,
            number: call.number,
            destination: call.destination.clone(),
            result: call.outcome.name().to_owned(),
            charge: Some(call.cost),
        });
        guard::Incident { calls: calls.collect(), ..self.facts.clone() }
    }
}

/// The name of an action in the format.
#[must_use]
pub const fn action_name(action: Action) -> &'static str {
    match action {
        Action::Alert => "alert",
        Action::CutLine => "cut-line",
        Action::CutInternational => "cut-international",
    }
}

impl Incident {
    /// Adds its row of `incidents.jsonl`, with the line's end.
    pub fn write_row(&self, out: &mut String) {
        write_incident_row(out, &self.facts, self.at_ms(), self.calls.iter().map(|call| &*call.id));
    }
}

/// Adds a row of `incidents.jsonl`, with the line's end: the incident, when its action was taken, the ids of its calls.
pub fn write_incident_row(
    out: &mut String,
    facts: &guard::Incident,
    at_ms: u64,
    calls: impl Iterator<Item = impl AsRef<str>>,
) {
    // Writing into a string cannot fail.
    let _ = write!(out, "{{\"id\":\"{}\",\"at\":\"{}\",\"account\":", facts.id, rfc3339(at_ms));
    push_json(out, facts.account.as_str());
    out.push_str(",\"line\":");
    push_json(out, facts.line.as_str());
    let action = action_name(facts.action);
    let _ = write!(out, ",\"action\":\"{action}\",\"score_db\":{},\"evidence\":[", facts.score);
    for (at, Evidence { kind, weight, text }) in facts.evidence.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(out, "{comma}{{\"kind\":\"{kind}\",\"db\":{weight},\"text\":");
        push_json(out, text);
        out.push('}');
    }
    out.push_str("],\"calls\":[");
    for (at, id) in calls.enumerate() {
        if at > 0 {
            out.push(',');
        }
        push_json(out, id.as_ref());
    }
    out.push_str("]}\n");
}
