//! Mutations by chance, without a fuzzer: every run from the same seed makes the same ones.

/// Bytes that mean something in a protocol of lines.
const TELLING: &[u8] = b"\r\n \t:;,<>\"\\=@%[]?&$/0129\0\xff";
/// The most bytes taken out or doubled at once.
const MAX_PIECE: usize = 40;
/// The most bytes brought from elsewhere at once.
const MAX_BROUGHT: usize = 80;

/// Makes mutations (xorshift).
#[derive(Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// From a seed other than 0.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.draw() % bound).unwrap_or(0)
    }

    /// So many times a byte changed, some taken out, doubled, or brought from another input.
    pub fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8], times: usize) {
        for _ in 0..times {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(MAX_PIECE)).min(bytes.len());
            match self.below(4) {
                0 if !bytes.is_empty() => bytes[at] = TELLING[self.below(TELLING.len())],
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
                _ => {
                    let from = self.below(other.len());
                    let to = (from + self.below(MAX_BROUGHT)).min(other.len());
                    bytes.splice(at..at, other[from..to].iter().copied());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_differ_and_come_again_from_the_same_seed() {
        let mutations = |seed| {
            let mut mutator = Mutator::new(seed);
            let mutation = || {
                let mut bytes = b"OPTIONS sip:a@b SIP/2.0".to_vec();
                mutator.mutate(&mut bytes, b"other", 3);
                bytes
            };
            std::iter::repeat_with(mutation).take(50).collect::<Vec<_>>()
        };
        assert_eq!(mutations(1), mutations(1));
        assert_ne!(mutations(1), mutations(2));
    }

    #[test]
    fn nothing_can_be_mutated_and_brought() {
        let mut mutator = Mutator::new(9);
        for _ in 0..1_000 {
            mutator.mutate(&mut Vec::new(), b"", 5);
        }
    }
}
