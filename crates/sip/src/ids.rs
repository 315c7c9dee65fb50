//! Branches, tags and Call-IDs that say where the thing they name is kept, so that a message
//! carrying one finds its worker and slot without a look-up by text.
//!
//! The place is a hint, not a proof: whoever follows it compares the whole identifier, whose
//! random end an outsider cannot guess (RFC 3261 section 19.3).

use crate::arena::Slot;
use crate::hex::Short;
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
        let mut text = [b'-'; MAX_BYTES];
        let mut end = 0;
        let mut push = |part: &[u8], hyphens: usize| {
            text[end..end + part.len()].copy_from_slice(part);
            end += part.len() + hyphens;
        };
        push(start.as_bytes(), 0);
        for number in [u32::from(worker), epoch, index, generation] {
            push(Short::of(&number.to_be_bytes()).without_zeros(), 1);
        }
        push(Short::of(&suffix).as_bytes(), 0);
        str::from_utf8(&text[..end]).expect("digits and hyphens are ASCII").to_owned()
    }

    /// Reads the origin out of a branch, tag or Call-ID; `None` if it is not one of ours.
    pub fn parse(identifier: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(identifier).ok()?;
        let mut parts = text.strip_prefix(BRANCH_COOKIE).unwrap_or(text).split('-');
        let mut next = |digits| parts.next().and_then(|part| number(part, digits));
        let worker = u16::try_from(next(4)?).ok()?;
        let epoch = u32::try_from(next(8)?).ok()?;
        let index = u32::try_from(next(8)?).ok()?;
        let generation = u32::try_from(next(8)?).ok()?;
        next(16)?;
        if parts.next().is_some() {
            return None;
        }
        Some(Self { worker, epoch, slot: Slot { index, generation } })
    }
}

/// Up to `max_digits` lower-case hexadecimal digits.
fn number(text: &str, max_digits: usize) -> Option<u64> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = (1..=max_digits).contains(&text.len()) && text.bytes().all(is_digit);
    if fits { u64::from_str_radix(text, 16).ok() } else { None }
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
            }
        }

        #[test]
        fn foreign_identifiers_do_no_harm(text: Vec<u8>) {
            Origin::parse(&text);
        }
    }

    #[test]
    fn what_we_would_not_mint_is_not_ours() {
        for text in ["", "z9hG4bK", "1-2-3-4", "1-2-3-4-5-6", "+1-2-3-4-5", "12345-2-3-4-5", "1--3-4-5"] {
            assert_eq!(Origin::parse(text.as_bytes()), None, "{text}");
        }
    }
}
