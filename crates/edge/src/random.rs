//! Everything random or unique the edge needs, from one seed: identifiers, nonces, keys.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sip::arena::Slot;
use sip::ids::Origin;

/// Mints identifiers. Each carries the run it was minted in, a mark only this run has, and a random end.
pub(crate) struct Mint {
    random: ChaCha20Rng,
    epoch: u32,
    /// Tells this run from another node's run of the same number.
    mark: u32,
    worker: u16,
    /// The last number of each kind, so that those of a kind follow each other: tables keep what does together.
    branches: u32,
    tags: u32,
    call_ids: u32,
}

impl Mint {
    /// A worker's own: all workers of a run share seed and mark, and each has a stream of its own.
    pub fn new(seed: [u8; 32], boot_epoch: u32, mark: u32, worker: u16) -> Self {
        let mut random = ChaCha20Rng::from_seed(seed);
        random.set_stream(u64::from(worker) + 1);
        Self { random, epoch: boot_epoch, mark, worker, branches: 0, tags: 0, call_ids: 0 }
    }

    /// Whose it is.
    pub fn worker(&self) -> usize {
        usize::from(self.worker)
    }

    /// The user of its Contact.
    pub fn user(&self) -> [u8; 5] {
        sip::ids::user(self.worker)
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    fn next(&mut self, count: impl FnOnce(&mut Self) -> &mut u32) -> (Origin, [u8; 8]) {
        let count = count(self);
        *count = count.wrapping_add(1);
        let slot = Slot { index: *count, generation: self.mark };
        (Origin { worker: self.worker, epoch: self.epoch, slot }, self.bytes())
    }

    /// A Via branch.
    pub fn branch(&mut self) -> String {
        let (origin, suffix) = self.next(|mint| &mut mint.branches);
        origin.branch(suffix)
    }

    /// A From or To tag.
    pub fn tag(&mut self) -> String {
        let (origin, suffix) = self.next(|mint| &mut mint.tags);
        origin.tag(suffix)
    }

    /// A Call-ID.
    pub fn call_id(&mut self) -> String {
        let (origin, suffix) = self.next(|mint| &mut mint.call_ids);
        origin.call_id(suffix)
    }

    /// Random text for a digest's cnonce.
    pub fn cnonce(&mut self) -> String {
        format!("{:016x}", u64::from_be_bytes(self.bytes()))
    }

    /// Whether a worker of this run minted the identifier: a request that carries our own branch came round to us.
    pub fn is_ours(&self, identifier: &[u8]) -> bool {
        Origin::parse(identifier)
            .is_some_and(|origin| origin.epoch == self.epoch && origin.slot.generation == self.mark)
    }

    /// Whether this run or an earlier one of a node like this minted the identifier.
    pub fn is_of_a_run_until_now(&self, identifier: &[u8]) -> bool {
        Origin::parse(identifier).is_some_and(|origin| origin.epoch <= self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_minted_is_known_and_differs() {
        let mut mint = Mint::new([1; 32], 7, 11, 0);
        let (a, b) = (mint.branch(), mint.branch());
        assert_ne!(a, b);
        assert!(mint.is_ours(a.as_bytes()));
        let other_node = Mint::new([1; 32], 7, 12, 0);
        assert!(!other_node.is_ours(a.as_bytes()));
        let mut other_worker = Mint::new([1; 32], 7, 11, 1);
        assert!(other_worker.is_ours(a.as_bytes()), "a request that came round may be read by another worker");
        assert_ne!(other_worker.branch().rsplit('-').next(), a.rsplit('-').next());
        let next_run = Mint::new([1; 32], 8, 11, 0);
        assert!(!next_run.is_ours(a.as_bytes()));
        assert!(next_run.is_of_a_run_until_now(mint.call_id().as_bytes()));
        assert!(!next_run.is_of_a_run_until_now(b"a84b4c76e66710@phone"));
    }
}
