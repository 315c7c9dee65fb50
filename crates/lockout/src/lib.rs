//! Lock-out: failed authentications counted by address, network and name, and the bans that follow.
//!
//! Pure. The driver asks [`Lockout::before_parse`] for every datagram; whoever verifies a password asks
//! [`Lockout::reserve`] first and settles the [`Ticket`] with [`Lockout::failed`], [`Lockout::succeeded`] or
//! [`Lockout::released`]. Only verifications count: a challenge, a retransmission and a stale nonce do not. A name that
//! does not exist counts as one that does, so the counters tell a stranger nothing.
//!
//! # What a guess counts under
//!
//! | counter | holds | when it is full |
//! |---|---|---|
//! | burst of an address (IPv6: /64) | `failures` within `window_s`, exact | the address is banned |
//! | address | `address_day` | the address is banned, however slowly it guesses |
//! | network (IPv4 /24, IPv6 /48) | `network_day` | the network is banned |
//! | autonomous system, where known | `asn_day` | names new to an address in it must wait |
//! | name, from networks it never logged in from | `line_day` | strangers to the name must wait |
//! | name, from other addresses of networks it has logged in from | `line_day` | those must wait |
//! | name, at each address it has logged in from, with a former secret too | `line_day` | that name must wait at that address |
//! | exact flow of a live binding, when the one before is full | `line_day` | that flow must wait |
//!
//! Turning lock-out on begins the counts of names anew. An address that only a name of another secret has logged in from is
//! new again and counts as such, but under the name there instead of everywhere: guesses elsewhere do not make the name's
//! own phone wait for its new secret.
//!
//! All but the burst are leaky buckets that drain their size in a day. A guess from an address that the name has logged
//! in from within [`KNOWN_DAYS`] counts under the last two alone; every other one under the rest. So an office is known by
//! its successes: a phone with an old password, or a guesser among its neighbours, costs that name its bucket there and no
//! colleague anything; a ban of the office's address stops only names that are new there.
//!
//! An account may be stricter about its own lines ([`OwnSettings`]): failures from one address where the line is new, and
//! failures at one line from everywhere new, each in a leaky bucket of its own. What is beyond these is answered as a name
//! that does not exist ([`Admission::Blind`]), and counts at the node as if it were one.
//!
//! # The bound
//!
//! Whoever guesses at one line from anywhere, over as many addresses as they like and for as long as they like, has at
//! most 2 `line_day` passwords verified on the first day and `line_day` on each later one (40, then 20, with the
//! defaults); as many more from the networks the line logs in from, and as many more at each address it logs in from (at
//! most [`MAX_KNOWN_ADDRESSES`]). One address has at most 2 `address_day` verified on its first day whatever names it
//! tries, a network 2 `network_day`. `tests/simulation.rs` checks these numbers.
//!
//! # Memory
//!
//! All state is bounded: [`MAX_BANS`], [`MAX_LISTS`] of [`MAX_LIST_PREFIXES`], [`MAX_FLOWS`], [`MAX_KNOWN_NAMES`] times [`MAX_KNOWN_ADDRESSES`],
//! [`Settings::max_tracked_addresses`] (and six counters for each), [`MAX_NAMES_TRIED`] for a source, [`MAX_ANSWERED`]; `bounded.rs` says
//! what is forgotten first. Counters live in memory only; bans and how often they were repeated outlive a restart through
//! [`Lockout::restore`], where lines logged in from through [`Lockout::remember`].
#![forbid(unsafe_code)]

mod admission;
mod ban;
mod bans;
mod bounded;
mod bucket;
mod facts;
mod flows;
mod in_flight;
mod known;
mod lists;
mod lockout;
mod operator;
mod outward;
mod own;
mod prefixes;
mod pressed;
mod settings;
mod source;
mod strangers;
mod tally;
mod tracker;

pub use admission::{Admission, Attempt, Ticket};
pub use ban::{Ban, BanChange, BanError, BanReason, shortest};
pub use bans::MAX_BANS;
pub use facts::{FailureFacts, RUN_MEMORY_MS, Run};
pub use flows::MAX_FLOWS;
pub use known::{KNOWN_DAYS, MAX_KNOWN_ADDRESSES, MAX_KNOWN_NAMES};
pub use lists::{BlockList, MAX_LIST_PREFIXES, MAX_LISTS};
pub use lockout::{Gate, Lockout};
pub use own::{MAX_OWN_ALLOW_LIST, Own, OwnMistake, OwnSettings};
pub use pressed::{MAX_PRESSED, Pressed, Target};
pub use settings::{
    MAX_ALLOW_LIST, MAX_BAN_S, MAX_DAY_FAILURES, MAX_FAILURES, MAX_STRANGERS_S, MAX_TRACKED_ADDRESSES, MAX_WINDOW_S,
    Settings, SettingsMistake,
};
pub use source::{MAX_NAME_BYTES, MAX_TEXT_BYTES};
pub use strangers::{ANSWER_WINDOW_MS, MAX_ANSWERED, Strangers};
pub use tally::MAX_TALLY_ADDRESSES;
pub use tracker::MAX_NAMES_TRIED;
