//! The guard on recorded events: what it would have refused, cut and hung up, and what that would have saved.
//!
//! A [`Replay`] runs the guard of every account, unchanged, over events in the order of their time ([`Event`], the format
//! of version 1). It simulates what a node does around the guard: the dial rule of the format, the deck, the place of
//! each address, failed authentications, cuts by line and account, calls that are answered, looked at again at the times
//! a lease names and hung up by a cut. Emergencies and calls in the house are not the guard's business here either. What
//! becomes of a call is known to the file, and told to the guard when it happens.
//!
//! With a [`Truth`] (labels) the owner is simulated, who answers every cut after two hours.
//!
//! It is pure and bounded: the running calls and the verdicts that wait for them ([`MAX_WAITING`]), the incidents, and
//! each account's guard within its own bounds.
#![forbid(unsafe_code)]

mod agenda;
mod call;
mod event;
mod firm;
mod incident;
mod located;
mod numbers;
mod owner;
mod remembered;
mod replay;
mod totals;
mod verdict;

pub use event::{
    AccountRow, CallResult, CallRow, Event, Fate, Kind, MAX_ACCOUNTS, MAX_RING_S, MAX_TALK_S, RegisterRow, RowError,
    Who, rfc3339,
};
pub use incident::{Incident, ListedCall, MAX_CALLS, action_name, write_incident_row};
pub use owner::{ANSWERS_AFTER_MS, MAX_LABELS, Truth};
pub use replay::Replay;
pub use totals::{Sums, Totals};
pub use verdict::{MAX_REASONS, MAX_WAITING, Outcome, Slot, Verdict, Verdicts};
