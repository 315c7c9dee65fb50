//! Some of a line's attempts, chosen once and looked at often.

use crate::attempt::Attempt;
use crate::line::MAX_RECENT;

/// A set of the attempts that a line remembers, a bit each in their order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chosen(u64);

const _: () = assert!(MAX_RECENT <= u64::BITS as usize);

impl Chosen {
    /// Those of `recent` that are to be chosen.
    pub(crate) fn of(recent: &[Attempt], keep: impl Fn(&Attempt) -> bool) -> Self {
        Self(recent.iter().rev().fold(0, |chosen, attempt| chosen << 1 | u64::from(keep(attempt))))
    }

    /// Those of them that are to be kept.
    pub(crate) fn filter(self, recent: &[Attempt], keep: impl Fn(&Attempt) -> bool) -> Self {
        self.places().filter(|at| recent.get(*at).is_some_and(&keep)).fold(Self(0), |kept, at| Self(kept.0 | 1 << at))
    }

    /// Those that are not among the others.
    pub(crate) const fn but(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// How many there are.
    pub(crate) const fn count(self) -> u64 {
        self.0.count_ones() as u64
    }

    /// The attempts themselves, oldest first.
    pub(crate) fn among(self, recent: &[Attempt]) -> impl Iterator<Item = &Attempt> {
        self.places().filter_map(|at| recent.get(at))
    }

    fn places(self) -> impl Iterator<Item = usize> {
        let left = |bits: &u64| Some(bits & bits.wrapping_sub(1)).filter(|bits| *bits != 0);
        std::iter::successors(Some(self.0).filter(|bits| *bits != 0), left).map(|bits| bits.trailing_zeros() as usize)
    }
}
