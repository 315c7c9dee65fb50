//! The fraud guard: what is normal for a line, evidence in decibans, verdicts and incidents.
#![forbid(unsafe_code)]

mod evidence;
mod incident;
mod observed;

pub use evidence::{Decibans, Evidence, EvidenceKind};
pub use incident::{Action, Incident, IncidentCall, IncidentState};
pub use observed::{Cause, Ended, Observed, Origin, Registered, Screening};
