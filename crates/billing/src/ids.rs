//! The names of accounts, lines, carriers, decks, calls and incidents.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::Error;
use crate::error::short;

/// The most characters a name may have.
const MAX_NAME_CHARS: usize = 64;

fn is_name(text: &str, upper: bool) -> bool {
    (1..=MAX_NAME_CHARS).contains(&text.len())
        && text.bytes().all(|b| match b {
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => true,
            b'A'..=b'Z' => upper,
            _ => false,
        })
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, upper: $upper:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// [`Error::Id`] unless it is 1 to 64 of the characters allowed.
            pub fn new(text: &str) -> Result<Self, Error> {
                if is_name(text, $upper) {
                    Ok(Self(text.into()))
                } else {
                    let allowed = if $upper {
                        "a-z, A-Z, 0-9, `.`, `_` and `-`"
                    } else {
                        "a-z, 0-9, `.`, `_` and `-`"
                    };
                    Err(Error::Id { kind: $kind, allowed, text: short(text) })
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// So that a map keyed by the id can be asked with a `&str`.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(ParseVisitor::<Self>::new($kind))
            }
        }
    };
}

name_id! {
    /// The name of a paying customer, unique on the node; lower case.
    AccountId, "account name", upper: false
}
name_id! {
    /// The authentication name of a line, unique on the node; case is kept and matters.
    LineId, "line name", upper: true
}
name_id! {
    /// The name of a carrier, unique on the node; lower case.
    CarrierId, "carrier name", upper: false
}
name_id! {
    /// The name of a rate table, unique on the node; lower case.
    DeckId, "deck name", upper: false
}

/// Crockford's base 32 alphabet in lower case: no i, l, o or u.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 13 characters of 5 bits hold 64 bits.
const NUMERIC_CHARS: usize = 13;

fn encode_crockford(value: u64) -> [u8; NUMERIC_CHARS] {
    let mut text = [b'0'; NUMERIC_CHARS];
    for (i, c) in text.iter_mut().rev().enumerate() {
        *c = CROCKFORD[(value >> (5 * i)) as usize & 31];
    }
    text
}

/// Reads what [`encode_crockford`] wrote; the exact text only, so that an id has one spelling.
fn decode_crockford(text: &str) -> Option<u64> {
    if text.len() != NUMERIC_CHARS {
        return None;
    }
    let mut value: u64 = 0;
    for b in text.bytes() {
        let digit = CROCKFORD.iter().position(|&c| c == b)?;
        value = value.checked_mul(32)?.checked_add(digit as u64)?;
    }
    Some(value)
}

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                text.strip_prefix($prefix)
                    .and_then(decode_crockford)
                    .map(Self)
                    .ok_or_else(|| Error::NumericId { kind: $kind, prefix: $prefix, text: short(text) })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                use fmt::Write as _;
                f.write_char($prefix)?;
                for b in encode_crockford(self.0) {
                    f.write_char(char::from(b))?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_u64(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(ParseVisitor::<Self>::new($kind))
                } else {
                    u64::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

numeric_id! {
    /// Our own id of one call attempt; written as `c` and 13 characters.
    CallId, 'c', "call id"
}
numeric_id! {
    /// Our own id of an incident; written as `i` and 13 characters.
    IncidentId, 'i', "incident id"
}

/// Reads any type that has a `FromStr` from a string.
pub(crate) struct ParseVisitor<T> {
    kind: &'static str,
    made: std::marker::PhantomData<T>,
}

impl<T> ParseVisitor<T> {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self { kind, made: std::marker::PhantomData }
    }
}

impl<T: FromStr<Err = Error>> Visitor<'_> for ParseVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "text that is a {}", self.kind)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_keep_to_their_characters() {
        assert_eq!(AccountId::new("law-000").unwrap().as_str(), "law-000");
        assert_eq!(LineId::new("Front.Desk_1").unwrap().to_string(), "Front.Desk_1");
        for bad in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            assert!(LineId::new(bad).is_err(), "{bad}");
        }
        let error = AccountId::new("Law").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`Law` is not a valid account name: use 1 to 64 characters of a-z, 0-9, `.`, `_` and `-`"
        );
        assert!(LineId::new(&"x".repeat(64)).is_ok());
    }

    #[test]
    fn numeric_ids_have_one_spelling() {
        assert_eq!(CallId(0).to_string(), "c0000000000000");
        assert_eq!(CallId(u64::MAX).to_string(), "cfzzzzzzzzzzzz");
        assert_eq!(IncidentId(32).to_string(), "i0000000000010");
        for bad in ["", "c", "c000000000000", "i0000000000000", "cg000000000000", "c000000000000O"] {
            assert!(bad.parse::<CallId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_text_in_json_and_compact_in_postcard() {
        assert_eq!(serde_json::to_string(&CallId(7)).unwrap(), "\"c0000000000007\"");
        assert_eq!(postcard::to_stdvec(&CallId(7)).unwrap(), [7]);
        assert_eq!(serde_json::from_str::<LineId>("\"101\"").unwrap().as_str(), "101");
        assert!(serde_json::from_str::<LineId>("\"1 1\"").is_err());
        let bytes = postcard::to_stdvec(&LineId::new("101").unwrap()).unwrap();
        assert_eq!(bytes, b"\x03101");
        assert_eq!(postcard::from_bytes::<LineId>(&bytes).unwrap().as_str(), "101");
    }

    proptest! {
        #[test]
        fn numeric_ids_round_trip(value: u64) {
            prop_assert_eq!(CallId(value).to_string().parse::<CallId>().unwrap(), CallId(value));
        }

        #[test]
        fn numeric_ids_sort_as_text(a: u64, b: u64) {
            prop_assert_eq!(CallId(a).cmp(&CallId(b)), CallId(a).to_string().cmp(&CallId(b).to_string()));
        }
    }
}
