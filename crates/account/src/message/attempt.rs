//! A call attempt as the account is asked about it: who, where from, to what, with the look-ups made for it.

use std::sync::Arc;

use billing::{CallId, CarrierId, Destination, Dialled, E164, LineId, NotDiallable, Rate, RateSource};
use geo::{Place, Places};
use guard::{Cause, Elsewhere, Failures};
use serde::{Deserialize, Serialize};

use crate::Flow;

/// Who places a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Party {
    /// A line of this account.
    Line(LineId),
    /// A carrier, calling one of the account's DIDs.
    Carrier(CarrierId),
}

/// Where a request came from, for binding, CDR and guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Via {
    /// The exact flow.
    pub flow: Flow,
    /// User-Agent (at most 128 bytes).
    pub user_agent: Arc<str>,
    /// What is known of the address.
    pub place: Place,
    /// Failed authentications before this success.
    pub failures_before: Failures,
}

/// What the customer's PBX tells about a call on its trunk, not proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The extension behind the trunk.
    pub extension: String,
    /// The address it calls from, in the PBX's words ("203.0.113.9, Khan Yunis, Palestine").
    pub address: String,
    /// What is known of that address.
    pub place: Place,
}

impl Told {
    /// Looks the address up, where it is one, and puts its place beside it in words.
    pub fn locate(&mut self, places: &Places) {
        if let Ok(ip) = self.address.parse() {
            self.place = places.locate(ip);
            self.address = format!("{ip}, {}", self.place.describe());
        }
    }
}

/// Look-ups made outside the machine for an attempt, journalled with it so that a replay needs no deck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookUps {
    /// What the digits mean by the account's dial plan.
    pub dialled: Dialled,
    /// Country and class, for a number.
    pub destination: Option<Destination>,
    /// The deck's row with the account's mark-up; `None` where the deck has no price (then `Rate` defaults of the node
    /// apply: 0.40 a minute).
    pub rate: Option<Rate>,
    /// Where that row was found.
    pub source: Option<RateSource>,
    /// What the account's carriers ask for the number, where their decks tell.
    pub costs: Vec<(CarrierId, Rate)>,
    /// Nothing can be written down at the moment: calls that cost money have to wait.
    pub disk_full: bool,
    /// The account's offset from UTC now, minutes.
    pub utc_offset_min: i16,
    /// What the node's bulletin says of the number and the address.
    pub elsewhere: Elsewhere,
}

impl LookUps {
    /// The number called, if it is one.
    pub fn number(&self) -> Option<billing::E164> {
        match self.dialled {
            Dialled::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl LookUps {
    /// Before anything was looked up.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            dialled: Dialled::Invalid(NotDiallable::Empty),
            destination: None,
            rate: None,
            source: None,
            costs: Vec::new(),
            disk_full: false,
            elsewhere: Elsewhere::NOTHING,
            utc_offset_min: 0,
        }
    }
}

/// One call attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Our id of it.
    pub call: CallId,
    /// Who places it.
    pub from: Party,
    /// Digits or user part as dialled.
    pub dialled: String,
    /// The caller ID the caller claims (user part of From or P-Asserted-Identity) and display name.
    pub caller: Caller,
    /// Where it came from.
    pub via: Via,
    /// Forwarded or transferred.
    pub cause: Option<Cause>,
    /// What the customer's PBX told.
    pub told: Option<Told>,
    /// Look-ups.
    pub look_ups: LookUps,
}

/// A caller as shown to the callee.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// User part: a number or an extension.
    pub user: String,
    /// Display name, may be empty.
    pub name: String,
    /// Whether the caller asked for privacy (RFC 3323).
    pub private: bool,
    /// The account's own number at which the caller arrived, where that call is being forwarded (invariant 12). No
    /// message sets it: it comes from the call machine or from a live call from outside.
    pub diverted: Option<E164>,
}
