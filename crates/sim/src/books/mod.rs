//! Random interleavings of calls, payments, price changes and crashes on a real journal, against a model that keeps its
//! own books.
//!
//! Each case is a node's durable state with two accounts, a journal on a disk in memory, and some sixty steps drawn from a
//! seed: calls begin, are answered, go on, end; money comes in and is corrected; decks, mark-ups and limits change; the
//! disk syncs, runs full, and loses power with a torn, missing or spoilt last write, after which the state is recovered as
//! the program recovers it and what ran is settled. After every step the model, which has its own prices and sums, is held
//! against the accounts.

mod case;
mod cast;
mod model;

pub use case::{Case, Tally};

use crate::Violation;

/// Plays one case.
///
/// # Errors
/// The promise that does not hold.
pub fn play(seed: u64) -> Result<Tally, Violation> {
    Case::new(seed)?.play()
}

#[cfg(test)]
mod tests {
    /// More are played by `cargo xtask books`.
    #[test]
    fn books_hold_under_random_interleavings() {
        let mut sum = super::Tally::default();
        for seed in 0..300 {
            match super::play(seed) {
                Ok(tally) => sum.add(tally),
                Err(violation) => panic!("seed {seed}: {violation}"),
            }
        }
        // A check that never meets what it checks proves nothing.
        assert!(sum.crashes > 400 && sum.torn > 100 && sum.recovered > 100 && sum.full > 100, "{sum:?}");
        assert!(sum.charged > 500 && sum.price_changes > 500 && sum.refused > 300, "{sum:?}");
    }
}
