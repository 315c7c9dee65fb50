//! Look-up by text that peers choose: a hash map whose hash has a secret key, so that nobody outside can make texts collide.
//!
//! It offers no iteration: its order would be another in each run, and decisions must replay.
#![allow(clippy::disallowed_types, reason = "a map that cannot be iterated")]

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

/// The key of a node's hashes: unguessable, and the same for a whole run. It is kept as the hasher that has read it.
#[derive(Clone, Default)]
pub struct HashKey(DefaultHasher);

impl HashKey {
    /// From 16 bytes of a secure source.
    pub fn new(bytes: [u8; 16]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        Self(hasher)
    }
}

impl std::fmt::Debug for HashKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashKey")
    }
}

impl BuildHasher for HashKey {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        self.0.clone()
    }
}

/// A map that is only looked into. The caller bounds it.
#[derive(Debug)]
pub struct Keyed<K, V>(HashMap<K, V, HashKey>);

impl<K: Hash + Eq, V> Keyed<K, V> {
    /// An empty one.
    pub fn new(key: HashKey) -> Self {
        Self(HashMap::with_hasher(key))
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// Whether there is a value.
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Sets a value; the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes a value out.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_found_and_the_key_decides_about_the_hash() {
        let mut map = Keyed::new(HashKey::new([7; 16]));
        assert_eq!((map.insert("a".to_owned(), 1), map.insert("a".to_owned(), 2)), (None, Some(1)));
        assert_eq!((map.get("a"), map.contains_key("b"), map.len()), (Some(&2), false, 1));
        assert_eq!((map.remove("a"), map.remove("a"), map.is_empty()), (Some(2), None, true));
        let hash = |byte| HashKey::new([byte; 16]).hash_one("text");
        assert!(hash(1) != hash(2) && hash(1) == hash(1));
        assert_eq!(format!("{:?}", HashKey::new([9; 16])), "HashKey");
    }
}
