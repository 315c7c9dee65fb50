//! The fraud guard: what is normal for a line, evidence in decibans, verdicts and incidents.
#![forbid(unsafe_code)]

mod attempt;
mod decision;
mod evidence;
mod fading;
mod guard;
mod habit;
mod incident;
mod kinds;
mod line;
mod math;
mod observed;
mod scene;

pub use evidence::{Decibans, Evidence, EvidenceKind};
pub use guard::{Guard, MAX_LINES, MAX_OPEN_CALLS};
pub use incident::{Action, Incident, IncidentCall, IncidentState};
pub use observed::{Cause, Ended, Observed, Origin, Registered, Screening};
