//! Lock-out: failed authentications counted by source and by line name, and the bans that follow.
//!
//! Pure. The driver asks [`Lockout::before_parse`] for every datagram; whoever verifies a password asks
//! [`Lockout::reserve`] first and tells the outcome with [`Lockout::failed`], [`Lockout::succeeded`] or
//! [`Lockout::released`]. Only verifications count: a challenge, a retransmission and a stale nonce do not. A name that
//! does not exist counts as one that does, so the counters tell a stranger nothing.
//!
//! A source is one IPv4 address or one IPv6 /64. All state is bounded: [`MAX_BANS`], [`MAX_FLOWS`],
//! [`Settings::max_tracked_addresses`] (and as many line names), [`MAX_NAMES_TRIED`] for a source; `bounded.rs` says
//! what is forgotten first. Counters live in memory only; bans and how often they were repeated outlive a restart
//! through [`Lockout::restore`].
#![forbid(unsafe_code)]

mod ban;
mod bans;
mod bounded;
mod facts;
mod flows;
mod lockout;
mod operator;
mod settings;
mod source;
mod tracker;

pub use ban::{Ban, BanChange, BanError, BanReason};
pub use bans::MAX_BANS;
pub use facts::{FailureFacts, Run};
pub use flows::MAX_FLOWS;
pub use lockout::{Admission, Gate, Lockout};
pub use settings::{
    MAX_ALLOW_LIST, MAX_BAN_S, MAX_FAILURES, MAX_TRACKED_ADDRESSES, MAX_WINDOW_S, Settings, SettingsMistake,
};
pub use source::{MAX_NAME_BYTES, MAX_TEXT_BYTES};
pub use tracker::{MAX_LINE_SOURCES, MAX_NAMES_TRIED};
