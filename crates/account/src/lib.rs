//! The account machine: one account's balance, holds, permissions, bindings and guard; it screens and settles.
//!
//! Everything that changes an account is an [`Input`]; [`Account::handle`] answers with an [`Answer`]: effects, which
//! are journalled and become rows, and replies, which go back to the call machine or the person who asked. The same
//! inputs at the same times give the same account, effects and replies: a restarted node replays its journal.
#![forbid(unsafe_code)]

mod binding;
mod call;
mod caller_id;
mod cdr;
mod certificate;
mod change;
mod exposure;
mod extend;
mod feedback;
#[cfg(test)]
mod fixture;
mod guarding;
mod incident;
mod lease;
mod lift;
mod limiting;
mod limits;
mod lines;
mod lock;
mod look_ups;
mod machine;
mod message;
mod number;
#[cfg(test)]
mod property;
mod refresh;
mod register;
mod running;
mod screen;
mod settings;
mod settle;
mod spending;
mod state;
#[cfg(test)]
mod story;
mod terms;
mod usage;

pub use binding::{Binding, Latest, VOUCHED_MS};
pub use call::{Facts, PricedNumber, RunningCall};
pub use certificate::{CertificateName, NoCertificateName};
pub use change::{MAX_CALLS, MAX_DID_LINES, MAX_DIDS, MAX_LINES, MAX_PAYMENTS};
pub use exposure::{OWN_DAYS, OWN_WINDOW_DAYS};
pub use guard::{Cause, Elsewhere, Failures};
pub use incident::{ALERT_REPORT_AFTER_MS, MAX_INCIDENT_CALLS, REPORT_WITHIN_MS};
pub use lease::{CHECK_BEFORE_S, GRACE_S, LEASE_S, next_check_s};
pub use limits::{Hours, Limits, MAX_COUNTRIES, MAX_SPANS, NotHours};
pub use lock::LockView;
pub use look_ups::Prices;
pub use message::{
    Actor, Answer, Attempt, CallEnd, Caller, Change, ChangeError, Done, Effect, HungUpBy, Input, Lease, LookUps,
    Notice, Party, Permit, Refusal, RefusalCode, Registration, RegistrationChange, Reply, Settlement, Told, Verdict,
    Via,
};
pub use number::{UNPRICED_PER_MINUTE, UNPRICED_STEP_S, unpriced};
pub use register::MAX_BINDINGS;
pub use settings::{Contact, Cut, Did, Flow, GuardMode, Line, LineKind, Secrets, Settings, Transport};
pub use state::{Account, ExposureBound, ExposureView, GroundView};
pub use terms::Terms;
