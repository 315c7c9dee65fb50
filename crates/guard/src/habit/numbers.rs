//! The numbers a line or an account calls, by their last nine digits, the latest last.

use serde::{Deserialize, Serialize};

use crate::attempt::Suffix;

/// Numbers that are compared at once.
const LANES: usize = 16;

/// Numbers that were called and settled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    latest_last: Vec<Suffix>,
}

impl Numbers {
    /// Whether the number is a habit.
    pub(crate) fn knows(&self, suffix: Suffix) -> bool {
        // Asked for every call, of a thousand numbers: compared without a branch between, so that the compiler takes several
        // at once.
        let (lanes, rest) = self.latest_last.as_chunks::<LANES>();
        let holds = |lane: &[Suffix]| lane.iter().fold(false, |found, &known| found | (known == suffix));
        lanes.iter().any(|lane| holds(lane)) || holds(rest)
    }

    /// Makes it the latest; above `most` the one not called for longest is evicted. Says whether it was known.
    pub(crate) fn learn(&mut self, suffix: Suffix, most: usize) -> bool {
        let known = self.knows(suffix).then(|| self.latest_last.iter().rposition(|&known| known == suffix)).flatten();
        if let Some(at) = known {
            self.latest_last.remove(at);
        } else if self.latest_last.len() >= most {
            self.latest_last.remove(0);
        }
        self.latest_last.push(suffix);
        known.is_some()
    }

    /// Is no habit any more.
    pub(crate) fn forget(&mut self, suffix: Suffix) {
        self.latest_last.retain(|known| *known != suffix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_not_called_for_longest_makes_room() {
        let mut numbers = Numbers::default();
        for n in [1, 2, 1, 3] {
            numbers.learn(Suffix(n), 2);
        }
        assert!(numbers.knows(Suffix(1)) && numbers.knows(Suffix(3)) && !numbers.knows(Suffix(2)));
    }
}
