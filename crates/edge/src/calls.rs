//! The calls that run, by their ids.
#![allow(clippy::disallowed_types, reason = "a map that is looked into; what goes through all of it does so in order")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use billing::CallId;

use crate::call::Call;

/// Calls of one worker, bounded by the most that the node may have. Their ids are our own count, so that nobody outside can
/// make them collide.
#[derive(Default)]
pub(crate) struct Calls(HashMap<CallId, Box<Call>, BuildHasherDefault<InOrder>>);

impl Calls {
    pub fn get(&self, id: CallId) -> Option<&Call> {
        self.0.get(&id).map(|call| &**call)
    }

    pub fn get_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.0.get_mut(&id).map(|call| &mut **call)
    }

    pub fn insert(&mut self, call: Box<Call>) {
        self.0.insert(call.id, call);
    }

    pub fn remove(&mut self, id: CallId) {
        self.0.remove(&id);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, the oldest first.
    pub fn in_order(&self) -> Vec<&Call> {
        let mut calls: Vec<&Call> = self.0.values().map(|call| &**call).collect();
        calls.sort_unstable_by_key(|call| call.id);
        calls
    }
}

/// Calls that began together stand together, and are looked for together; what a map tells its neighbours apart by, the
/// upmost bits, differs from one to the next.
#[derive(Clone, Copy, Debug, Default)]
struct InOrder(u64);

impl Hasher for InOrder {
    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number ^ number << 57;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
