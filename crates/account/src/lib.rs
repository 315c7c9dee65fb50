//! The account machine: one account's balance, holds, permissions, bindings and guard; it screens and settles.
//!
//! Everything that changes an account is an [`Input`]; the machine answers with [`Outcome`]s: effects, which are
//! journalled and become rows, and replies, which go back to the call machine or the person who asked.
#![forbid(unsafe_code)]

mod message;
mod settings;

pub use message::{
    Actor, Answer, Attempt, CallEnd, Caller, Change, ChangeError, Done, Effect, HungUpBy, Input, Lease, LookUps,
    Notice, Party, Permit, Refusal, RefusalCode, Registration, RegistrationChange, Reply, Settlement, Told, Verdict,
    Via,
};
pub use settings::{Binding, Contact, Cut, Did, Flow, GuardMode, Line, LineKind, Secrets, Settings, Transport};
