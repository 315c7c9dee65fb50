//! Requests that wait for an answer from outside the machine. Nearly all are answered in the order in which they asked.

use std::collections::VecDeque;

/// What waits, by tokens that grow. The caller bounds it.
pub(crate) struct Waiting<T> {
    /// The first first.
    entries: VecDeque<(u64, T)>,
    next_token: u64,
}

impl<T> Waiting<T> {
    /// Nothing; tokens begin at `first_token`.
    pub const fn new(first_token: u64) -> Self {
        Self { entries: VecDeque::new(), next_token: first_token }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The token that the next one gets.
    pub const fn next_token(&self) -> u64 {
        self.next_token
    }

    /// One more waits; the token that it is taken with.
    pub fn put(&mut self, value: T) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.entries.push_back((token, value));
        token
    }

    /// Takes what waits with a token.
    pub fn take(&mut self, token: u64) -> Option<T> {
        let at = self.entries.binary_search_by_key(&token, |(own, _)| *own).ok()?;
        self.entries.remove(at).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_whatever_the_order() {
        let mut waiting = Waiting::new(7);
        let tokens = ["a", "b", "c"].map(|value| waiting.put(value));
        assert_eq!((tokens, waiting.next_token()), ([7, 8, 9], 10));
        assert_eq!((waiting.take(8), waiting.take(8)), (Some("b"), None));
        assert_eq!((waiting.take(9), waiting.take(7), waiting.take(10)), (Some("c"), Some("a"), None));
        assert!(waiting.is_empty());
    }
}
