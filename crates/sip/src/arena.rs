//! Storage with small copyable ids: a slot number, and a generation that tells an old occupant
//! of the slot from a new one.

use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;

/// Where a value lives in an [`Arena`]. An id outlives its value harmlessly: it finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Place in the arena.
    pub index: u32,
    /// How often the place had been used before.
    pub generation: u32,
}

/// Values found by [`Slot`], places used again after removal.
#[derive(Debug)]
pub struct Arena<T> {
    places: Chunks<Place<T>>,
    free: Vec<u32>,
    len: usize,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { places: Chunks::default(), free: Vec::new(), len: 0 }
    }
}

impl<T> Arena<T> {
    /// How many values it holds.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id the next [`Arena::insert`] gives, for values that name themselves.
    pub fn next_slot(&self) -> Slot {
        let index = self.free.last().copied().unwrap_or(self.end());
        let generation = self.places.get(index as usize).map_or(0, |place| place.generation);
        Slot { index, generation }
    }

    /// Stores a value. The caller keeps the number of values bounded.
    pub fn insert(&mut self, value: T) -> Slot {
        let slot = self.next_slot();
        self.free.pop();
        match self.places.get_mut(slot.index as usize) {
            Some(place) => place.value = Some(value),
            None => self.places.push(Place { generation: 0, value: Some(value) }),
        }
        self.len += 1;
        slot
    }

    /// The value, unless it was removed.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        let place = self.places.get(slot.index as usize)?;
        if place.generation == slot.generation { place.value.as_ref() } else { None }
    }

    /// The value, unless it was removed.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let place = self.places.get_mut(slot.index as usize)?;
        if place.generation == slot.generation { place.value.as_mut() } else { None }
    }

    /// The value at a place, whichever its generation: where nothing but the place is known.
    pub fn at_mut(&mut self, index: u32) -> Option<&mut T> {
        self.places.get_mut(index as usize)?.value.as_mut()
    }

    /// Takes the value out; its id finds nothing from now on.
    pub fn remove(&mut self, slot: Slot) -> Option<T> {
        let place = self.places.get_mut(slot.index as usize)?;
        if place.generation != slot.generation {
            return None;
        }
        let value = place.value.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(slot.index);
        self.len -= 1;
        Some(value)
    }

    /// All values in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &T)> {
        (0..).zip(self.places.iter()).filter_map(|(index, place)| {
            let slot = Slot { index, generation: place.generation };
            place.value.as_ref().map(|value| (slot, value))
        })
    }

    fn end(&self) -> u32 {
        u32::try_from(self.places.len()).expect("an arena stays far below 2^32 values")
    }
}

/// Values kept beside those of an arena, found by their slots.
#[derive(Debug)]
pub struct Beside<T>(Chunks<Option<(u32, T)>>);

impl<T> Default for Beside<T> {
    fn default() -> Self {
        Self(Chunks::default())
    }
}

impl<T> Beside<T> {
    /// Sets the value beside a slot. `slot` is one of the arena's, so that there are no more places than there.
    pub fn insert(&mut self, slot: Slot, value: T) {
        let index = slot.index as usize;
        while self.0.len() <= index {
            self.0.push(None);
        }
        if let Some(place) = self.0.get_mut(index) {
            *place = Some((slot.generation, value));
        }
    }

    /// The value beside a slot.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        let (generation, value) = self.0.get(slot.index as usize)?.as_ref()?;
        (*generation == slot.generation).then_some(value)
    }

    /// Takes the value beside a slot.
    pub fn remove(&mut self, slot: Slot) -> Option<T> {
        let place = self.0.get_mut(slot.index as usize)?;
        place.take_if(|(generation, _)| *generation == slot.generation).map(|(_, value)| value)
    }

    /// All values in the order of their places.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_beside_a_value_is_not_found_with_the_next() {
        let (old, new) = (Slot { index: 3, generation: 1 }, Slot { index: 3, generation: 2 });
        let mut beside = Beside::default();
        beside.insert(old, "a");
        assert_eq!((beside.get(old), beside.get(new)), (Some(&"a"), None));
        assert_eq!(beside.remove(new), None);
        beside.insert(new, "b");
        assert_eq!((beside.get(old), beside.values().count()), (None, 1));
        assert_eq!((beside.remove(new), beside.get(new)), (Some("b"), None));
    }

    #[test]
    fn a_used_place_gets_a_new_generation() {
        let mut arena = Arena::default();
        let a = arena.insert("a");
        assert_eq!(arena.remove(a), Some("a"));
        let next = arena.next_slot();
        let b = arena.insert("b");
        assert_eq!((b, b.index), (next, a.index));
        assert_eq!((arena.get(a), arena.get(b)), (None, Some(&"b")));
        assert_eq!((arena.remove(a), arena.len()), (None, 1));
    }

    #[test]
    fn iterates_in_order_of_place() {
        let mut arena = Arena::default();
        let slots = ["a", "b", "c"].map(|value| arena.insert(value));
        arena.remove(slots[1]);
        let left: Vec<_> = arena.iter().collect();
        assert_eq!(left, [(slots[0], &"a"), (slots[2], &"c")]);
    }
}
