//! Seeded chance: every random choice of a simulation comes from one of these, so that a seed tells the same story again.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A seeded source of choices.
#[derive(Clone, Debug)]
pub struct Dice {
    rng: ChaCha8Rng,
}

impl Dice {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice { rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Dice of their own for a part of the simulation, so that one part's choices do not shift another's.
    #[must_use]
    pub fn fork(&mut self) -> Dice {
        Dice::new(self.rng.next_u64())
    }

    /// Any number: a seed for something else.
    pub fn seed(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// From 0 to `end` - 1; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is 2^-40 for the numbers used here.
        self.rng.next_u64().checked_rem(end).unwrap_or(0)
    }

    /// From `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first.saturating_add(self.below(last.saturating_sub(first).saturating_add(1)))
    }

    /// True in `permille` of a thousand throws.
    pub fn chance(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// One of several; `None` of none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = usize::try_from(self.below(items.len() as u64)).ok()?;
        items.get(at)
    }

    /// Bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    /// Sixteen hexadecimal digits.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_choices_and_forks_are_their_own() {
        let (mut a, mut b) = (Dice::new(7), Dice::new(7));
        assert_eq!(a.token(), b.token());
        let (mut fork, _) = (a.fork(), b.fork());
        fork.token();
        assert_eq!(a.token(), b.token());
    }

    #[test]
    fn choices_stay_in_their_bounds() {
        let mut dice = Dice::new(1);
        assert_eq!((dice.below(0), dice.pick::<u8>(&[])), (0, None));
        for _ in 0..1_000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
            assert!(dice.chance(1_000) && !dice.chance(0));
        }
    }
}
