//! The fraud guard: what is normal for a line, evidence in decibans, verdicts and incidents.
//!
//! # The question
//!
//! A line asks to call abroad. Is it its owner, or somebody who has its secret? Letting a thief's call run costs its price
//! a minute until somebody stops it; refusing an owner's call costs the owner. [`Guard`] keeps, for one account, what is
//! normal, and answers each time with a [`Screening`].
//!
//! # Evidence
//!
//! Every fact is weighed as 10 log10 of P(fact | thief) / P(fact | owner): [`Decibans`], so that weights add up where
//! probabilities multiply. 10 dB make a hijack ten times likelier, -10 dB the owner. P(fact | thief) comes from the
//! published cases; P(fact | owner) from the line's own history, smoothed towards the account's other lines, smoothed
//! towards firms in general, so that it is useful on the first day and the line's own after some weeks. The smoothing is
//! everywhere the same: (k + c p) / (n + c), k of n of its own, p what the wider circle says, c how many calls that is
//! worth; for things never seen before, how often new things came before.
//!
//! Facts are not independent, and adding them up as if they were is how such systems fail. Therefore: every kind of
//! evidence ([`EvidenceKind`], a file each in `kinds/`) is bounded; what two kinds see alike (new and dear; many and
//! again) is taken off by half of the smaller weight or in full; and a kind looks at the line's whole last day at once (how many
//! fresh numbers, how many at the same time) rather than adding up call by call. A number the line calls as a habit takes
//! no evidence of the kinds that are about fresh numbers, so on a struck trunk the owner's usual calls stand out from the
//! thief's. Everything fades with a half-life stated in its file.
//!
//! # The test
//!
//! Before any evidence a call abroad is a thief's with odds of 1 : 1000 (-30 dB, derived in `decision.rs`). It is refused
//! where loss times odds of a thief exceeds cost times odds of the owner, that is where
//!
//! ```text
//! evidence >= 30 dB + 10 log10(cost of refusing / (price a minute of what runs x minutes until stopped))
//! ```
//!
//! so a call at 2 cents needs 51 dB and one at 28 cents 39.5 dB; never less than 34 dB. Where evidence has stopped growing
//! while money flows, what has already flown today on fresh numbers beyond what is usual takes the place of the minutes,
//! never below 22 dB. Five decibans above that, or at the second number refused within a day, the line is cut
//! ([`Action::CutLine`]), and running calls to fresh numbers that have evidence of their own are named as suspects. If
//! another line of the account was cut within a day, the account is ([`Action::CutInternational`]). An account of one
//! trunk has no other line: its cut of the line is its cut of all. The test is made again while a call runs, so evidence
//! that comes late (its length, the calls beside it) still counts. The whole mathematics, every kind with its range and
//! figures on simulated firms are in `docs/guard.md`.
//!
//! # Learning
//!
//! A call becomes habit six hours after its end (two days if it looked suspicious), and only if the guard did not refuse
//! it and no incident came meanwhile; where it came from counts as new until it has been used for days. So a thief does
//! not teach. The owner does: "that was us" makes numbers, destinations and origins of an incident normal at once, and
//! says so as evidence of its own. Home calls are never refused; they teach hours and wakefulness. In an account that is
//! new, little is normal yet: there novelty, bursts and dormancy say little, and price, hours and repetition are held
//! against firms in general. Without a geo database a new address counts as a new network at most.
//!
//! All arithmetic is in integers (`math.rs`), all state is ordered and bounded ([`Guard`] names the bounds): the same
//! events give the same verdicts, byte for byte.
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as guard;

mod agent;
mod attempt;
mod behind;
mod bulletin;
mod chosen;
mod decision;
mod evidence;
mod fading;
mod feedback;
mod habit;
mod incident;
mod kinds;
mod line;
mod math;
mod observed;
mod scene;
mod siege;
#[cfg(test)]
#[path = "../tests/story/mod.rs"]
mod story;
mod watch;

pub use agent::UserAgent;
pub use bulletin::{Board, Bulletin, Elsewhere, MAX_REPORTED, MAX_REPORTS, PUBLISHED_EVERY_MS, REPORTED_MS, Report};
pub use evidence::{Decibans, Evidence, EvidenceKind};
pub use feedback::{Learnt, MAX_ANSWERS};
pub use incident::{Action, Incident, IncidentCall, IncidentState, why};
pub use observed::{Cause, Ended, Failures, Observed, Origin, Registered, Screening};
pub use watch::{Guard, MAX_LINES, MAX_OPEN_CALLS};
