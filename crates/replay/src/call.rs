//! A call of a replay: what is known of it from the start, and what the guard has said of it since.

use std::sync::Arc;

use billing::{CallId, IncidentId, LineId, Money, charge};
use guard::{Decibans, EvidenceKind, Observed, Screening};

use crate::event::Fate;
use crate::incident::ListedCall;
use crate::numbers::Looked;
use crate::verdict::{MAX_REASONS, Slot};
use crate::{Outcome, Verdict};

/// A call when it is placed.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) id: Box<str>,
    pub(crate) at_ms: u64,
    /// As the guard sees it.
    pub(crate) seen: Observed,
    pub(crate) looked: Arc<Looked>,
    pub(crate) fate: Fate,
    /// Whether it is labelled as fraud.
    pub(crate) fraud: bool,
}

/// What the guard has said of a call: the highest score it ever had, with its reasons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) score: Decibans,
    pub(crate) reasons: Vec<String>,
    pub(crate) weights: Vec<(EvidenceKind, Decibans)>,
}

/// A call that runs under the guard's eyes.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) placed: Placed,
    pub(crate) slot: Slot,
    pub(crate) answered_ms: Option<u64>,
    pub(crate) said: Said,
    pub(crate) incident: Option<IncidentId>,
}

impl Said {
    /// Keeps what was said if no higher score was there before.
    pub(crate) fn note(&mut self, screening: Screening) {
        if !self.weights.is_empty() && screening.score <= self.score {
            return;
        }
        self.score = screening.score;
        self.weights = screening.evidence.iter().map(|evidence| (evidence.kind, evidence.weight)).collect();
        self.reasons = screening.evidence.into_iter().take(MAX_REASONS).map(|evidence| evidence.text).collect();
    }
}

impl Placed {
    /// Our number of the call.
    pub(crate) const fn call(&self) -> CallId {
        self.seen.call
    }

    /// The line that places it.
    pub(crate) const fn line(&self) -> &LineId {
        &self.seen.line
    }

    /// What a talk of so long costs.
    pub(crate) fn cost(&self, talk_ms: u64) -> Money {
        charge(&self.looked.rate, talk_ms)
    }

    /// Its verdict.
    pub(crate) fn verdict(&self, outcome: Outcome, carried_ms: u64, said: Said) -> Verdict {
        Verdict { id: self.id.clone(), outcome, carried_ms, score: said.score, reasons: said.reasons }
    }

    /// The call as an incident lists it.
    pub(crate) fn listed(&self, outcome: Outcome, carried_ms: u64, hung_up: bool, said: &Said) -> ListedCall {
        let cost = self.cost(carried_ms);
        ListedCall {
            id: self.id.clone(),
            at_ms: self.at_ms,
            line: self.line().clone(),
            number: self.looked.number,
            destination: self.looked.destination.name(self.looked.number),
            outcome,
            carried_ms,
            hung_up,
            cost,
            saved: self.cost(self.fate.talk_ms).saturating_sub(cost),
            weights: said.weights.clone(),
            call: self.call(),
        }
    }
}
