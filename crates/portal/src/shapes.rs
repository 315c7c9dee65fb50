//! Things as the API shows them, for the command line's `--json`: one shape for each, wherever a program reads it.

use serde::Serialize;

use crate::api::shown;

/// Makes a function of a shape.
macro_rules! shape {
    ($($(#[$doc:meta])* $name:ident: $of:ty => $shape:ty;)+) => {$(
        $(#[$doc])*
        pub fn $name(of: &$of) -> impl Serialize + use<> {
            <$shape>::from(of)
        }
    )+};
}

shape! {
    /// An account.
    account: store::AccountRow => shown::Account;
    /// The most an account can lose.
    exposure: account::ExposureView => shown::Exposure;
    /// A number of an account.
    did: store::DidRow => shown::Did;
    /// An incident.
    incident: guard::Incident => shown::Incident;
    /// A call that runs.
    running: edge::CallView => shown::RunningCall;
    /// An API key, without its text.
    key: store::ApiKey => shown::Key;
    /// A webhook.
    webhook: store::Webhook => shown::Webhook;
    /// An event that was sent to a webhook.
    delivery: store::Delivery => shown::Delivery;
    /// Where a user is logged in.
    session: store::Session => shown::Session;
    /// A line of the audit log.
    audit: store::AuditRow => shown::AuditEntry;
    /// The lock-out's settings.
    lockout: lockout::Settings => shown::Lockout;
    /// Something that is guessed at.
    guessed: lockout::Pressed => shown::Guessed;
    /// A price.
    rate: billing::Rate => shown::Rate;
}

/// A line, with its registrations at a time (milliseconds since the Unix epoch).
pub fn line(row: &store::LineRow, now_ms: u64) -> impl Serialize + use<> {
    shown::Line::of(row, now_ms)
}

/// The record of a call.
pub fn call(cdr: &billing::Cdr, currency: &billing::Currency) -> impl Serialize + use<> {
    shown::Call::of(cdr, currency)
}

/// A ban, with where the address is.
pub fn ban(ban: &lockout::Ban, places: &geo::Places) -> impl Serialize + use<> {
    shown::Ban::of(ban, places)
}

/// All carriers, with what is known of them: id, whether usable, one sentence; and with how their last calls ended.
///
/// # Errors
/// Database errors.
pub fn carriers(
    reader: &store::Reader,
    states: &[(billing::CarrierId, bool, String)],
) -> Result<impl Serialize + use<>, store::Error> {
    shown::Carrier::all(reader, states)
}

/// A user, with whether they have a second step.
pub fn user(user: &store::User, has_second_step: bool) -> impl Serialize + use<> {
    shown::User::of(user, has_second_step)
}

/// All decks, with who uses them.
///
/// # Errors
/// Database errors.
pub fn decks(reader: &store::Reader) -> Result<impl Serialize + use<>, store::Error> {
    shown::Deck::all(reader)
}

/// A block list: its name, and how many addresses and ranges it holds.
pub fn block_list(name: &str, entries: usize) -> impl Serialize + use<> {
    shown::BlockList::from((name.to_owned(), entries))
}
