//! The calls that run: allowed and not settled yet.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use billing::{CallId, Direction};
use serde::{Deserialize, Serialize};

use crate::RunningCall;

/// Running calls, and which of them come from outside: who forwards is looked for among those alone, for each call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// Boxed, since a map moves its entries about.
    calls: BTreeMap<CallId, Box<RunningCall>>,
    inbound: BTreeSet<CallId>,
}

impl Running {
    pub(crate) fn insert(&mut self, id: CallId, call: RunningCall) {
        if call.facts.direction == Direction::Inbound {
            self.inbound.insert(id);
        }
        self.calls.insert(id, Box::new(call));
    }

    pub(crate) fn remove(&mut self, id: CallId) -> Option<Box<RunningCall>> {
        self.inbound.remove(&id);
        self.calls.remove(&id)
    }

    pub(crate) fn get_mut(&mut self, id: CallId) -> Option<&mut RunningCall> {
        self.calls.get_mut(&id).map(|call| &mut **call)
    }

    /// Those from outside, in the order of their ids.
    pub(crate) fn inbound(&self) -> impl Iterator<Item = &RunningCall> {
        self.inbound.iter().filter_map(|id| self.calls.get(id)).map(|call| &**call)
    }
}

impl Deref for Running {
    type Target = BTreeMap<CallId, Box<RunningCall>>;

    fn deref(&self) -> &Self::Target {
        &self.calls
    }
}
