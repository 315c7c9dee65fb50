//! Branches, tags and Call-IDs that say where the thing they name is kept, so that a message
//! carrying one finds its worker and slot without a look-up by text; and the user of our Contact,
//! which tells the worker at the front of each request of a dialog.
//!
//! The place is a hint, not a proof: whoever follows it compares the whole identifier, whose
//! random end an outsider cannot guess (RFC 3261 section 19.3).

use crate::arena::Slot;
use crate::hex::{self, Short};
use crate::via::BRANCH_COOKIE;

/// Random bytes at the end of each identifier; the caller draws them from a secure source.
pub type Suffix = [u8; 8];

/// The longest: the cookie of a branch, four numbers with a hyphen behind each, the random end.
const MAX_BYTES: usize = 7 + (4 + 1) + 3 * (8 + 1) + 2 * size_of::<Suffix>();

/// Where an identifier was minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The worker.
    pub worker: u16,
    /// Which run of the node: two runs must not share one.
    pub epoch: u32,
    /// The place within the worker.
    pub slot: Slot,
}

impl Origin {
    /// A Via branch.
    pub fn branch(self, suffix: Suffix) -> String {
        self.text(BRANCH_COOKIE, suffix)
    }

    /// A From or To tag.
    pub fn tag(self, suffix: Suffix) -> String {
        self.text("", suffix)
    }

    /// A Call-ID. It names no host: the other side need not learn our addresses.
    pub fn call_id(self, suffix: Suffix) -> String {
        self.text("", suffix)
    }

    fn text(self, start: &str, suffix: Suffix) -> String {
        let Self { worker, epoch, slot: Slot { index, generation } } = self;
        let numbers = u128::from(epoch) << 64 | u128::from(index) << 32 | u128::from(generation);
        let mut bytes = [0; 22];
        let [head, middle, tail] = [(0..2), (2..14), (14..22)];
        bytes[head].copy_from_slice(&worker.to_be_bytes());
        bytes[middle].copy_from_slice(&numbers.to_be_bytes()[4..]);
        bytes[tail].copy_from_slice(&suffix);
        let digits = Short::of(&bytes);
        let digits = digits.as_bytes();
        // Four digits, thrice eight, and sixteen, with hyphens between them.
        let mut text = [b'-'; MAX_BYTES - BRANCH_COOKIE.len()];
        text[0..4].copy_from_slice(&digits[0..4]);
        text[5..13].copy_from_slice(&digits[4..12]);
        text[14..22].copy_from_slice(&digits[12..20]);
        text[23..31].copy_from_slice(&digits[20..28]);
        text[32..48].copy_from_slice(&digits[28..44]);
        [start, std::str::from_utf8(&text).expect("digits and hyphens are ASCII")].concat()
    }

    /// Reads the origin out of a branch, tag or Call-ID; `None` if it is not one of ours.
    pub fn parse(identifier: &[u8]) -> Option<Self> {
        let text = identifier.strip_prefix(BRANCH_COOKIE.as_bytes()).unwrap_or(identifier);
        let text: &[u8; MAX_BYTES - BRANCH_COOKIE.len()] = text.try_into().ok()?;
        if [text[4], text[13], text[22], text[31]] != [b'-'; 4] {
            return None;
        }
        let number = |digits: &[u8]| hex::decode(digits).map(u32::from_be_bytes);
        let [epoch, index, generation] = [number(&text[5..13])?, number(&text[14..22])?, number(&text[23..31])?];
        hex::decode::<{ size_of::<Suffix>() }>(&text[32..])?;
        let worker = u16::from_be_bytes(hex::decode(&text[..4])?);
        Some(Self { worker, epoch, slot: Slot { index, generation } })
    }
}

/// The user of a worker's Contact: `w` and the worker's number. Requests within a dialog begin with it, in their Request-URI.
pub fn user(worker: u16) -> [u8; 5] {
    let mut user = *b"w0000";
    user[1..].copy_from_slice(Short::of(&worker.to_be_bytes()).as_bytes());
    user
}

/// The place of an identifier and its random end; `None` of what has none.
pub(crate) fn place_and_end(identifier: &[u8]) -> Option<(u32, u64)> {
    let (rest, end) = identifier.split_last_chunk::<16>()?;
    let (rest, place) = rest.split_last_chunk::<{ 8 + 10 }>()?;
    let [place @ .., b'-', _, _, _, _, _, _, _, _, b'-'] = place else { return None };
    rest.ends_with(b"-").then_some(())?;
    Some((u32::from_be_bytes(hex::decode(place)?), u64::from_be_bytes(hex::decode(end)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_identifier_tells_its_origin(
            worker: u16, epoch: u32, index: u32, generation: u32, suffix: Suffix,
        ) {
            let origin = Origin { worker, epoch, slot: Slot { index, generation } };
            for text in [origin.branch(suffix), origin.tag(suffix), origin.call_id(suffix)] {
                prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
                prop_assert_eq!(Origin::parse(text.as_bytes()), Some(origin));
                let end = u64::from_be_bytes(suffix);
                prop_assert_eq!(super::place_and_end(text.as_bytes()), Some((index, end)));
            }
        }

        #[test]
        fn foreign_identifiers_do_no_harm(text: Vec<u8>) {
            Origin::parse(&text);
            super::place_and_end(&text);
        }
    }

    #[test]
    fn a_contact_tells_its_worker() {
        assert_eq!(user(0), *b"w0000");
        assert_eq!(user(0x12ab), *b"w12ab");
    }

    #[test]
    fn what_we_would_not_mint_is_not_ours() {
        let ours = "0001-00000002-00000003-00000004-0000000000000005";
        assert!(Origin::parse(ours.as_bytes()).is_some());
        for at in 0..ours.len() {
            let mut text = ours.to_owned();
            text.replace_range(at..=at, "+");
            assert_eq!(Origin::parse(text.as_bytes()), None, "{text}");
        }
        for text in ["", "z9hG4bK", "1-2-3-4-5", &ours[1..], &format!("{ours}0"), &format!("z9hG4bKz9hG4bK{ours}")] {
            assert_eq!(Origin::parse(text.as_bytes()), None, "{text}");
        }
    }
}
