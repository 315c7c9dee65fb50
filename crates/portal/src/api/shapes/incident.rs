//! Incidents: what the guard noticed, on which evidence, and what it did.

use guard::{Action, IncidentState};
use serde::Serialize;
use utoipa::ToSchema;

use super::Place;
use super::text::{AccountName, CallName, IncidentName, LineName, Number};

/// One incident.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incident {
    #[schema(value_type = IncidentName)]
    pub(crate) id: String,
    #[schema(value_type = AccountName)]
    account: String,
    /// The line whose evidence crossed the line.
    #[schema(value_type = LineName)]
    line: String,
    opened_ms: u64,
    /// When it was lifted or answered.
    closed_ms: Option<u64>,
    /// The strongest action taken: alert, cut-line or cut-international.
    action: &'static str,
    /// Whether the guard only watched: nothing was stopped.
    shadow: bool,
    /// open, lifted, ours or theirs; theirs stays open until the cut is lifted.
    state: &'static str,
    is_open: bool,
    /// The evidence together, in tenths of a deciban.
    score_tenth_db: i32,
    /// Why, in a sentence.
    why: String,
    /// The strongest first.
    evidence: Vec<Evidence>,
    /// Where the calls came from.
    origins: Vec<Origin>,
    /// What the customer's PBX told of extension and address behind the calls; not proven.
    told: Vec<String>,
    calls: Vec<IncidentCall>,
}

/// One fact.
#[derive(Debug, Serialize, ToSchema)]
struct Evidence {
    /// In tenths of a deciban; below zero where it speaks for the owner.
    weight_tenth_db: i32,
    text: String,
}

/// An address and its place.
#[derive(Debug, Serialize, ToSchema)]
struct Origin {
    ip: String,
    place: Place,
}

/// One call of an incident.
#[derive(Debug, Serialize, ToSchema)]
struct IncidentCall {
    #[schema(value_type = CallName)]
    call: String,
    start_ms: u64,
    #[schema(value_type = Number)]
    number: String,
    destination: String,
    /// In words.
    result: String,
    /// Null while it runs.
    charge_micros: Option<i64>,
}

impl From<&guard::Incident> for Incident {
    fn from(incident: &guard::Incident) -> Self {
        let evidence = incident.evidence.iter();
        let calls = incident.calls.iter();
        Self {
            id: incident.id.to_string(),
            account: incident.account.to_string(),
            line: incident.line.to_string(),
            opened_ms: incident.opened_ms,
            closed_ms: incident.closed_ms,
            action: match incident.action {
                Action::Alert => "alert",
                Action::CutLine => "cut-line",
                Action::CutInternational => "cut-international",
            },
            shadow: incident.shadow,
            state: match incident.state {
                IncidentState::Open => "open",
                IncidentState::Lifted => "lifted",
                IncidentState::Ours => "ours",
                IncidentState::Theirs => "theirs",
            },
            is_open: incident.is_open(),
            score_tenth_db: incident.score.tenths(),
            why: incident.why(),
            evidence: evidence
                .map(|fact| Evidence { weight_tenth_db: fact.weight.tenths(), text: fact.text.clone() })
                .collect(),
            origins: incident
                .origins
                .iter()
                .map(|(ip, place)| Origin { ip: ip.to_canonical().to_string(), place: Place::from(place) })
                .collect(),
            told: incident.told.clone(),
            calls: calls
                .map(|call| IncidentCall {
                    call: call.call.to_string(),
                    start_ms: call.start_ms,
                    number: call.number.to_string(),
                    destination: call.destination.clone(),
                    result: call.result.clone(),
                    charge_micros: call.charge.map(billing::Money::micros),
                })
                .collect(),
        }
    }
}
