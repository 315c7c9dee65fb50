//! Look-up by text that peers choose: by its print, 128 bits of a hash with a secret key, so that nobody outside can make
//! texts collide, and none needs to be kept to be found again.
//!
//! By chance a look-up among a million texts finds the wrong one once in 2^108 times. The map offers no iteration: its
//! order would be another in each run, and decisions must replay.
#![allow(clippy::disallowed_types, reason = "a map that cannot be iterated")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::ids;

/// The key of a node's prints: unguessable, and the same for a whole run. It is kept as the hasher that has read it.
#[derive(Clone, Default)]
pub struct HashKey(SipHasher13);

impl HashKey {
    /// From 16 bytes of a secure source.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(&bytes))
    }

    /// The print of texts in this order. None may hold a line end, as no part of a header can, unless its length is always
    /// the same.
    pub fn print(&self, texts: &[&[u8]]) -> Print {
        let mut reader = Reader { hasher: self.0, lines: [0; LINES_BYTES], len: 0, is_long: false };
        texts.iter().for_each(|text| reader.line(text));
        reader.finish()
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}

/// What stands for a text: what says best where a map keeps it, and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print(u64, u64);

impl Print {
    /// The print of an identifier that was minted here (`sip::ids`): its place, and its random end, which nobody can guess
    /// who was not told it. `None` of what was not. Places are given one after the other, and what was minted together is
    /// mostly looked for together: it stands together in a map.
    pub fn of_minted(identifier: &[u8]) -> Option<Self> {
        let (place, end) = ids::place_and_end(identifier)?;
        Some(Self(u64::from(place) | end & !LOW, end))
    }

    /// The print of one of several things that one text stands for.
    pub(crate) const fn of_kind(self, kind: u8) -> Self {
        Self(self.0, self.1 ^ kind as u64)
    }

    /// Which part of a map has it: neighbours have the same.
    const fn part(self) -> usize {
        (self.0 >> NEIGHBOURS) as usize % PARTS
    }

    /// Where in its part it stands: what tells the parts apart is left out, since all of a part have it in common.
    const fn place(self) -> u64 {
        let near = self.0 & ((1 << NEIGHBOURS) - 1);
        let far = (self.0 & LOW) >> (NEIGHBOURS + PARTS.ilog2()) << NEIGHBOURS;
        self.0 & !LOW | far | near
    }

    /// One of `count` equal shares, the same for a print at each time; 0 of none.
    pub fn share(self, count: usize) -> usize {
        (self.0 as usize).checked_rem(count).unwrap_or(0)
    }
}

impl From<u128> for Print {
    fn from(hash: u128) -> Self {
        Self(hash as u64, (hash >> 64) as u64)
    }
}

impl Hash for Print {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.place());
    }
}

/// Usual texts fit in; they are hashed in one go.
const LINES_BYTES: usize = 256;

/// Gathers texts for the hash, each with a line end.
struct Reader {
    hasher: SipHasher13,
    lines: [u8; LINES_BYTES],
    len: usize,
    is_long: bool,
}

impl Reader {
    fn line(&mut self, mut text: &[u8]) {
        loop {
            let room = self.lines.get_mut(self.len..).unwrap_or_default();
            if let Some((to, end)) = room.split_at_mut_checked(text.len())
                && let [end, ..] = end
            {
                to.copy_from_slice(text);
                *end = b'\n';
                self.len += text.len() + 1;
                return;
            }
            let (now, rest) = text.split_at(room.len().min(text.len()));
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            self.hasher.write(&self.lines);
            (self.len, self.is_long, text) = (0, true, rest);
        }
    }

    fn finish(mut self) -> Print {
        let lines = self.lines.get(..self.len).unwrap_or_default();
        if !self.is_long {
            return u128::from(self.hasher.hash(lines)).into();
        }
        self.hasher.write(lines);
        u128::from(self.hasher.finish128()).into()
    }
}

/// A print is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Parts of a map: as one of them grows, the others stay as they are.
const PARTS: usize = 64;
/// The bits of a place.
const LOW: u64 = u32::MAX as u64;
/// So many of the lowest bits of prints tell neighbours apart.
const NEIGHBOURS: u32 = 10;

/// A map by prints that is only looked into. The caller bounds it.
#[derive(Debug)]
pub struct Keyed<V>([HashMap<Print, V, BuildHasherDefault<AsItIs>>; PARTS]);

impl<V> Default for Keyed<V> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| HashMap::default()))
    }
}

impl<V> Keyed<V> {
    /// The value of a text.
    pub fn get(&self, print: Print) -> Option<&V> {
        self.0[print.part()].get(&print)
    }

    /// Sets a value; the one before.
    pub fn insert(&mut self, print: Print, value: V) -> Option<V> {
        self.0[print.part()].insert(print, value)
    }

    /// Takes a value out.
    pub fn remove(&mut self, print: Print) -> Option<V> {
        self.0[print.part()].remove(&print)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::arena::Slot;
    use crate::ids::Origin;

    #[test]
    fn what_is_put_in_is_found_and_the_key_decides_about_the_print() {
        let key = HashKey::new([7; 16]);
        let (a, b) = (key.print(&[b"a"]), key.print(&[b"b"]));
        let mut map = Keyed::default();
        assert_eq!((map.insert(a, 1), map.insert(a, 2)), (None, Some(1)));
        assert_eq!((map.get(a), map.get(b)), (Some(&2), None));
        assert_eq!((map.remove(a), map.remove(a)), (Some(2), None));
        let print = |byte| HashKey::new([byte; 16]).print(&[b"text"]);
        assert!(print(1) != print(2) && print(1) == print(1));
        assert_eq!(format!("{:?}", HashKey::new([9; 16])), "HashKey");
    }

    #[test]
    fn what_is_minted_together_stands_together_and_no_two_in_one_place() {
        let print = |index| {
            let origin = Origin { worker: 0, epoch: 1, slot: Slot { index, generation: 2 } };
            Print::of_minted(origin.tag([9; 8]).as_bytes()).unwrap()
        };
        let stands = |index| (print(index).part(), print(index).place() & LOW);
        for index in 1..1 << NEIGHBOURS {
            let (part, place) = stands(index - 1);
            assert_eq!(stands(index), (part, place + 1));
        }
        let indices = 0..(4 * PARTS as u32) << NEIGHBOURS;
        let places: BTreeSet<_> = indices.clone().map(stands).collect();
        assert_eq!(places.len(), indices.len());
        assert_eq!(places.last(), Some(&(PARTS - 1, (4 << NEIGHBOURS) - 1)), "and none is left free");
    }

    #[test]
    fn shares_are_about_equal() {
        let key = HashKey::new([3; 16]);
        let mut shares = [0; 4];
        (0..4_000_u32).for_each(|n| shares[key.print(&[&n.to_string().into_bytes()]).share(4)] += 1);
        assert!(shares.iter().all(|share| (900..1_100).contains(share)), "{shares:?}");
        assert_eq!(key.print(&[]).share(0), 0);
    }

    proptest! {
        #[test]
        fn texts_have_one_print_if_they_are_the_same(
            a in proptest::collection::vec("[a-z]{0,300}", 0..4), b in proptest::collection::vec("[a-z]{0,300}", 0..4),
        ) {
            let key = HashKey::new([5; 16]);
            let print = |texts: &[String]| key.print(&texts.iter().map(String::as_bytes).collect::<Vec<_>>());
            prop_assert_eq!(print(&a) == print(&b), a == b);
            // However the text is cut for the hash, it is hashed as one.
            let mut whole = SipHasher13::new_with_key(&[5; 16]);
            a.iter().for_each(|text| whole.write(format!("{text}\n").as_bytes()));
            prop_assert_eq!(print(&a), Print::from(u128::from(whole.finish128())));
        }
    }
}
