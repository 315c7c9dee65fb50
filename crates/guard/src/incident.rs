//! The incident: what the guard opened, on which evidence, what was done, and where it stands.

use billing::{AccountId, CallId, E164, IncidentId, LineId, Money};
use geo::Place;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

use crate::{Decibans, Evidence, Report};

/// What the guard does beyond refusing one call, by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Action {
    /// Tell the owner; stop nothing but the call.
    Alert,
    /// Stop the cut class on the line.
    CutLine,
    /// Stop the cut class on the whole account.
    CutInternational,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IncidentState {
    /// Open; what was cut is still cut.
    Open,
    /// The owner turned international calling back on.
    Lifted,
    /// The owner answered "that was us".
    Ours,
    /// The owner answered "that was not us". It stays open until what was cut is turned back on.
    Theirs,
}

/// One call of an incident, as the owner reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCall {
    /// The call.
    pub call: CallId,
    /// When it was tried.
    pub start_ms: u64,
    /// The number called.
    pub number: E164,
    /// Country and kind in words ("Albania mobile").
    pub destination: String,
    /// Result in words: "answered 31 s", "refused", "busy", "no answer", "hung up by the guard after 12 s", "running".
    pub result: String,
    /// What it cost; `None` while it runs.
    pub charge: Option<Money>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The account.
    pub account: AccountId,
    /// The line whose evidence crossed the line.
    pub line: LineId,
    /// When it was opened.
    pub opened_ms: u64,
    /// When it was closed (lifted or answered), if it was.
    pub closed_ms: Option<u64>,
    /// The strongest action taken so far.
    pub action: Action,
    /// When it was taken: when the incident was opened, or later where an alert became a cut.
    pub acted_ms: u64,
    /// Whether the guard only watches (shadow mode): nothing was stopped.
    pub shadow: bool,
    /// Where it stands.
    pub state: IncidentState,
    /// Sum of evidence when that was done.
    pub score: Decibans,
    /// The evidence, strongest first.
    pub evidence: Vec<Evidence>,
    /// Where the calls came from, as seen by this node.
    pub origins: Vec<(IpAddr, Place)>,
    /// What the customer's PBX told of the extension and address behind the calls, not proven (at most 8).
    pub told: Vec<String>,
    /// The calls, in order (at most 100).
    pub calls: Vec<IncidentCall>,
    /// What other accounts of the node should know of.
    pub report: Report,
}

impl Incident {
    /// Whether it is not closed; what was cut is still cut.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closed_ms.is_none()
    }

    /// Why, in one sentence: the same on every surface, see [`why`]. A guard that only watches has stopped nothing.
    #[must_use]
    pub fn why(&self) -> String {
        because(if self.shadow { "noticed" } else { "stopped" }, self.score, &self.evidence)
    }

    /// What a call is refused with that this incident's cut stops.
    #[must_use]
    pub fn refusal(&self) -> String {
        format!("international calls are cut by incident {}: {}", self.id, self.why())
    }
}

/// Why the guard stops something, in one sentence: the sum of the evidence, and the strongest fact. SIP answers, call
/// records, mails, pages and the command line all say this.
#[must_use]
pub fn why(score: Decibans, evidence: &[Evidence]) -> String {
    because("stopped", score, evidence)
}

fn because(done: &str, score: Decibans, evidence: &[Evidence]) -> String {
    let strongest = evidence.first().map_or("", |fact| fact.text.as_str());
    format!("{done} by the guard at {score} dB: {strongest}")
}
