//! What a relay tells the workers: to the one whose call it is, again and again until its box has room.

use std::sync::Arc;

use media::RelayEvent;

use crate::mailbox::{Letter, Postbox};

/// The workers' boxes, and what found no room in them.
pub struct Reports {
    boxes: Arc<[Postbox]>,
    unsent: Vec<RelayEvent>,
}

impl Reports {
    pub const fn new(boxes: Arc<[Postbox]>) -> Self {
        Self { boxes, unsent: Vec::new() }
    }

    pub fn put(&mut self, event: RelayEvent) {
        // Silence is found again at the next look; everything else waits for room.
        let repeats = matches!(event, RelayEvent::Silent { .. });
        let worker = node::worker_of_relay(event.relay());
        if let Some(postbox) = self.boxes.get(worker)
            && let Err(Letter::Relay(event)) = postbox.put(Letter::Relay(event))
            && !repeats
            && !postbox.is_orphaned()
        {
            self.unsent.push(event);
        }
    }

    /// Tries once more what found no room.
    pub fn put_again(&mut self) {
        for event in std::mem::take(&mut self.unsent) {
            self.put(event);
        }
    }
}
