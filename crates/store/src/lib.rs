//! The store: an append-only journal, snapshots, and the SQLite tables people query.
//!
//! The journal is the truth: a record is durable when the journal says so. The tables are projected from it and can
//! be rebuilt; the outbox states, portal users and sessions are the exception, and live in SQLite alone.
//!
//! A node at work: its worker hands records to the [`Writer`]; the writer makes them durable, says so, and passes them
//! to the [`Projection`], which turns them into rows. Now and then the worker hands its whole state to the [`Keeper`],
//! which saves it and lets go of the part of the journal nobody needs any more. A node that starts: [`Home::open`],
//! [`Journal::open`], [`recover_state`] and [`recover_tables`], then [`Threads::start`].

mod behind;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod db;
mod disk;
mod error;
mod home;
mod journal;
mod keeper;
mod link;
mod pace;
mod password;
mod projection;
mod queue;
mod recover;
mod seal;
mod snapshot;
mod threads;
mod vault;
mod writer;

pub use db::{
    AccountRow, ApiAccess, ApiKey, AuditPlace, AuditRow, CdrFilter, Changed, DeckRow, Delivery, Desk, DidRow,
    HOOK_EVENTS, HOOK_URL_RULE, HookFormat, KeyScope, LOGIN_RULE, Letter, LetterKind, LineRow, MAX_ADDED_UP,
    MAX_API_ADDRESSES, MAX_API_KEYS, MAX_LETTERS_PER_USER, MAX_ROWS, MAX_SESSIONS_PER_USER, MAX_WAITING_PAYMENTS,
    MAX_WEBHOOKS, NewDelivery, Payment, Projector, Queued, REPEATABLE_MS, Reader, Repeat, Retention, Role,
    SecondFactor, Sending, Session, Totals, Usage, UsageBy, User, Webhook, copy_database,
};
pub use disk::{Disk, FileDisk, MemoryDisk};
pub use error::Error;
pub use home::Home;
pub use journal::{Journal, MAX_RECORD_BYTES, Numbered, Numerable, Records, Recovery, SEGMENT_BYTES};
pub use keeper::Keeper;
pub use link::{Deed, INVITATION_MS, Link, RESET_MS, WARNING_LINK_MS};
pub use pace::Pace;
pub use password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, PasswordError, hash_password, verify_password};
pub use projection::{BATCH_QUEUE, Projection};
pub use queue::{QueueReceiver, QueueSender, queue};
pub use recover::{recover_state, recover_tables};
pub use seal::{Seal, rotate};
pub use snapshot::{MAX_SNAPSHOT_BYTES, SNAPSHOTS_KEPT, Snapshots};
pub use threads::{OnEvent, Parts, StoreEvent, Threads, yield_to_calls};
pub use vault::{SIGNATURE_BYTES, Vault};
pub use writer::{MAX_BATCH, QUEUE, Writer, WriterHandle};
