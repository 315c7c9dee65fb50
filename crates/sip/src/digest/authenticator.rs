//! The server's side as a whole: challenges, and the judgement of what comes back.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::challenge::Prepared;
use super::ha1::Signed;
use super::{Algorithm, Authorization, Ha1Set, NonceCheck, NonceCounts, NonceMint};
use crate::hex::Short;

/// What became of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Right, with a fresh nonce whose count is new.
    Accepted,
    /// The secret is right but the nonce is too old, used before, or not one of ours (a restart): challenge again with
    /// stale=true. Not a failed authentication.
    Stale,
    /// The response was not made with the secret: a failed authentication.
    Wrong,
}

/// Challenges for one realm and judges the answers. Its memory is `NonceCounts`, and bounded by it. Clones share that
/// memory: a nonce count that one has accepted the others refuse.
#[derive(Debug, Clone)]
pub struct Authenticator {
    realm: String,
    /// What is offered, and how.
    algorithms: Vec<(Algorithm, Prepared)>,
    mint: NonceMint,
    counts: Arc<Mutex<NonceCounts>>,
    latest: LatestHa2,
}

/// What the request that was judged last asked and where: phones of one domain register at one URI.
#[derive(Clone, Default)]
struct LatestHa2 {
    method: Vec<u8>,
    uri: Vec<u8>,
    /// Under which algorithm, once there was one.
    ha2: Option<(Algorithm, Short)>,
}

impl LatestHa2 {
    fn of(&mut self, signed: &Signed<'_>, algorithm: Algorithm) -> Short {
        if let Some((known, ha2)) = self.ha2
            && known == algorithm
            && self.uri == signed.uri
            && self.method == signed.method
        {
            return ha2;
        }
        let ha2 = signed.ha2(algorithm);
        for (kept, now) in [(&mut self.method, signed.method), (&mut self.uri, signed.uri)] {
            kept.clear();
            kept.extend_from_slice(now);
        }
        self.ha2 = Some((algorithm, ha2));
        ha2
    }
}

impl fmt::Debug for LatestHa2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LatestHa2")
    }
}

impl Authenticator {
    /// For `realm`, offering `algorithms` in that order.
    pub fn new(realm: &str, algorithms: &[Algorithm], mint: NonceMint) -> Authenticator {
        let offered = algorithms.iter().map(|algorithm| (*algorithm, Prepared::new(realm, *algorithm)));
        Authenticator {
            realm: realm.to_owned(),
            algorithms: offered.collect(),
            mint,
            counts: Arc::default(),
            latest: LatestHa2::default(),
        }
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of the WWW-Authenticate (or Proxy-Authenticate) headers of one challenge, in order. `salt` is random.
    pub fn challenge(&self, now_ms: u64, salt: [u8; 8], stale: bool) -> Vec<Vec<u8>> {
        let mut values = Vec::new();
        self.challenge_parts(now_ms, salt, stale, |parts| values.push(parts.concat()));
        values
    }

    /// The same, each value in parts that stand one behind the other.
    pub fn challenge_parts(&self, now_ms: u64, salt: [u8; 8], stale: bool, mut each: impl FnMut(&[&[u8]])) {
        let nonce = self.mint.mint(now_ms, salt);
        self.algorithms.iter().for_each(|(_, prepared)| each(&prepared.parts(nonce.as_bytes(), stale)));
    }

    /// Judges credentials on a request of `method`. Nonces made before `secret_changed_ms` (when the line's secret last
    /// changed; 0 if never) are void.
    ///
    /// For a name that does not exist pass an HA1 of random bytes: the work is the same, and the answer is `Wrong`. The
    /// response is checked whatever the nonce is, so that a guess counts as one with any nonce. Credentials for another
    /// realm or an algorithm that was not offered are `Wrong`.
    pub fn judge(
        &mut self,
        credentials: &Authorization<'_>,
        ha1: &Ha1Set,
        method: &[u8],
        secret_changed_ms: u64,
        now_ms: u64,
    ) -> Judgement {
        let signed = credentials.signed(method);
        let ha2 = self.latest.of(&signed, credentials.algorithm);
        let right = credentials.is_response(&signed.response_with(credentials.algorithm, ha1, &ha2));
        let offered = self.algorithms.iter().any(|(algorithm, _)| *algorithm == credentials.algorithm);
        if !right || !offered || credentials.realm.as_ref() != self.realm.as_bytes() {
            return Judgement::Wrong;
        }
        let NonceCheck::Fresh(nonce) = self.mint.check(&credentials.nonce, now_ms) else {
            return Judgement::Stale;
        };
        // Held for two look-ups. A panic elsewhere leaves the counts whole.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.expire(now_ms.saturating_sub(self.mint.validity_ms()));
        if nonce.minted_ms < secret_changed_ms || !counts.accept(nonce, credentials.nonce_count()) {
            return Judgement::Stale;
        }
        Judgement::Accepted
    }
}
