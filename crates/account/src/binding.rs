//! Where a line is registered now, as far as it is written down, and what its phone said last, which is not.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use geo::Place;
use serde::{Deserialize, Serialize};

use crate::{Flow, Registration};

/// How much longer than its phone asked a record vouches for a binding, milliseconds: a phone that stays where it is and
/// registers again within that time is remembered in memory alone.
pub const VOUCHED_MS: u64 = 10 * 60 * 1_000;

/// Where a line is registered now (RFC 3261 section 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Contact URI as the phone gave it.
    pub contact: String,
    /// Where the REGISTER came from: requests to the phone go back there (RFC 3581, RFC 5626).
    pub flow: Flow,
    /// Its user agent.
    pub user_agent: Arc<str>,
    /// What is known of the source address.
    pub place: Place,
    /// First registered.
    pub since_ms: u64,
    /// When it ends at the latest, unless it is written anew: at most [`VOUCHED_MS`] after its phone's own time. A node that
    /// comes back after a crash keeps it until then.
    pub until_ms: u64,
    /// What its phone said last.
    #[serde(skip)]
    pub latest: Latest,
}

/// What the latest REGISTER of a binding said. It is in memory alone, so nothing that is written may depend on it: it says
/// which REGISTER comes too late, what the phone is told and when [`crate::Input::Lapse`] is due.
#[derive(Clone, Copy, Debug)]
pub struct Latest {
    /// Stands for the Call-ID; 0 where it is not known.
    call: u64,
    cseq: u32,
    /// When the binding lapses.
    expires_ms: u64,
}

impl Binding {
    /// When it lapses as things stand.
    pub fn lapses_ms(&self) -> u64 {
        self.latest.expires_ms.min(self.until_ms)
    }
}

impl Latest {
    pub(crate) fn of(registration: &Registration, expires_ms: u64) -> Self {
        Self { call: mark(&registration.call_id), cseq: registration.cseq, expires_ms }
    }

    /// Whether another request comes after this one, or is of another registration altogether (RFC 3261 section 10.3
    /// step 7).
    pub(crate) fn precedes(&self, next: &Latest) -> bool {
        next.cseq > self.cseq || self.call != next.call
    }

    /// The same request, for a binding that lapses then.
    pub(crate) fn lapsing(self, expires_ms: u64) -> Self {
        Self { expires_ms, ..self }
    }
}

impl Default for Latest {
    /// Nothing is known of it: after a restart, or for a binding that does not come from a REGISTER.
    fn default() -> Self {
        Self { call: 0, cseq: 0, expires_ms: u64::MAX }
    }
}

/// What is not written makes no difference between an account and its replay.
impl PartialEq for Latest {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Latest {}

/// A number for a Call-ID. One registration in 2^64 is taken for another one's and refused until its phone counts on.
fn mark(call_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    call_id.hash(&mut hasher);
    hasher.finish()
}
