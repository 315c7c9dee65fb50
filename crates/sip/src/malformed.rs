//! The one error of the small readers: a value that does not follow the grammar.

/// A value of a message does not follow the grammar of RFC 3261 section 25; `what` names the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}")]
pub struct Malformed {
    /// The part that could not be read, in a few words.
    pub what: &'static str,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str) -> Malformed {
        Malformed { what }
    }
}
