//! Nonces without memory: when and by which key a nonce was made is written in it, under a keyed hash.

use std::fmt;

use siphasher::sip128::SipHasher24;
use subtle::ConstantTimeEq;

use crate::hex::{self, Short};

/// Bytes of the keyed hash that a nonce carries: SipHash-2-4 of 128 bits, which is made for short messages.
const MAC_BYTES: usize = 16;
/// Key number, six bytes of milliseconds, salt.
const HEAD_BYTES: usize = 1 + 6 + 8;
const NONCE_BYTES: usize = HEAD_BYTES + MAC_BYTES;

/// Which nonce: no two are alike while the salts of one millisecond differ. Older ones sort first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonceId {
    /// When it was made, milliseconds since the Unix epoch.
    pub minted_ms: u64,
    salt: [u8; 8],
}

/// What is known of a nonce that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonceCheck {
    /// Ours and young enough. Whether its count is new is for `NonceCounts`.
    Fresh(NonceId),
    /// Ours, but too old.
    Stale,
    /// Not ours: made up, damaged, or made with a key we no longer have (before a restart).
    Unknown,
}

/// Makes nonces and knows them again. Two keys are held: the one in use, and the one before.
#[derive(Clone)]
pub struct NonceMint {
    key: SipHasher24,
    previous: Option<SipHasher24>,
    /// Number of the key in use, wrapping; written into each nonce so that one hash is enough to check it.
    epoch: u8,
    validity_ms: u64,
}

impl NonceMint {
    /// With a random `key`; nonces are good for `validity_ms`.
    pub fn new(key: [u8; 16], validity_ms: u64) -> NonceMint {
        NonceMint { key: SipHasher24::new_with_key(&key), previous: None, epoch: 0, validity_ms }
    }

    /// Takes a new random key into use. Nonces of the key before it stay good, those of older keys do not.
    pub fn rotate(&mut self, key: [u8; 16]) {
        self.previous = Some(std::mem::replace(&mut self.key, SipHasher24::new_with_key(&key)));
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// How long a nonce is good, in milliseconds.
    pub fn validity_ms(&self) -> u64 {
        self.validity_ms
    }

    /// A nonce for one challenge. `salt` is random, and differs from call to call: nonce counts are kept by it.
    pub(super) fn mint(&self, now_ms: u64, salt: [u8; 8]) -> Short {
        let [_, _, t0, t1, t2, t3, t4, t5] = now_ms.to_be_bytes();
        let [s0, s1, s2, s3, s4, s5, s6, s7] = salt;
        let head = [self.epoch, t0, t1, t2, t3, t4, t5, s0, s1, s2, s3, s4, s5, s6, s7];
        let mut nonce = [0; NONCE_BYTES];
        let (to_head, to_mac) = nonce.split_at_mut(HEAD_BYTES);
        to_head.copy_from_slice(&head);
        to_mac.copy_from_slice(&self.key.hash(&head).as_bytes());
        Short::of(&nonce)
    }

    /// Looks at a nonce that came back.
    pub fn check(&self, nonce: &[u8], now_ms: u64) -> NonceCheck {
        let Some(bytes) = hex::decode::<NONCE_BYTES>(nonce) else { return NonceCheck::Unknown };
        let (head, tag) = bytes.split_at(HEAD_BYTES);
        let [epoch, t0, t1, t2, t3, t4, t5, salt @ ..] = head else { return NonceCheck::Unknown };
        let key = match self.epoch.wrapping_sub(*epoch) {
            0 => Some(&self.key),
            1 => self.previous.as_ref(),
            _ => None,
        };
        let (Some(key), Ok(salt)) = (key, salt.try_into()) else { return NonceCheck::Unknown };
        if !bool::from(key.hash(head).as_bytes().ct_eq(tag)) {
            return NonceCheck::Unknown;
        }
        let minted_ms = u64::from_be_bytes([0, 0, *t0, *t1, *t2, *t3, *t4, *t5]);
        if now_ms.saturating_sub(minted_ms) > self.validity_ms {
            return NonceCheck::Stale;
        }
        NonceCheck::Fresh(NonceId { minted_ms, salt })
    }
}

impl fmt::Debug for NonceMint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceMint").field("epoch", &self.epoch).field("validity_ms", &self.validity_ms).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_then_stale() {
        let mint = NonceMint::new([7; 16], 60_000);
        let nonce = mint.mint(1_000_000, [1; 8]);
        assert_eq!(nonce.as_bytes().len(), NONCE_BYTES * 2);
        let NonceCheck::Fresh(id) = mint.check(nonce.as_bytes(), 1_060_000) else { panic!("must be fresh") };
        assert_eq!(id.minted_ms, 1_000_000);
        assert_eq!(mint.check(nonce.as_bytes(), 1_060_001), NonceCheck::Stale);
        assert!(matches!(mint.check(nonce.as_bytes(), 0), NonceCheck::Fresh(_)), "a clock step is no forgery");
    }

    #[test]
    fn no_changed_bit_passes() {
        let mint = NonceMint::new([7; 16], 60_000);
        let nonce = mint.mint(1_000_000, [1; 8]);
        for i in 0..nonce.as_bytes().len() {
            let mut changed = nonce.as_bytes().to_vec();
            changed[i] = if changed[i] == b'0' { b'1' } else { b'0' };
            assert_eq!(mint.check(&changed, 1_000_000), NonceCheck::Unknown, "digit {i}");
        }
        assert_eq!(mint.check(b"", 0), NonceCheck::Unknown);
        assert_eq!(NonceMint::new([8; 16], 60_000).check(nonce.as_bytes(), 1_000_000), NonceCheck::Unknown);
    }

    #[test]
    fn the_key_before_still_counts_and_no_other() {
        let mut mint = NonceMint::new([1; 16], 60_000);
        let nonce = mint.mint(5, [0; 8]);
        mint.rotate([2; 16]);
        assert!(matches!(mint.check(nonce.as_bytes(), 5), NonceCheck::Fresh(_)));
        mint.rotate([3; 16]);
        assert_eq!(mint.check(nonce.as_bytes(), 5), NonceCheck::Unknown);
    }
}
