//! The letters between workers: bounded boxes, and what happens where one is full; how the end of all work is known.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::mailbox::{Letter, Postbox};

/// Messages of the network that may wait in front of a full box; further ones are lost, as in a full socket. Whatever
/// else waits there belongs to calls, of which there are no new ones while a box is full.
const MAX_MESSAGES_WAITING: usize = 4096;

/// One worker's way to the others.
pub struct Post {
    boxes: Arc<[Postbox]>,
    /// What found the boxes full, in order.
    waiting: Vec<VecDeque<node::Letter>>,
    pulse: Arc<Pulse>,
}

impl Post {
    pub fn new(boxes: Arc<[Postbox]>, pulse: Arc<Pulse>) -> Self {
        let waiting = boxes.iter().map(|_| VecDeque::new()).collect();
        Self { boxes, waiting, pulse }
    }

    /// Hands a letter over, or keeps it until there is room. A new call that finds none is given back.
    #[allow(clippy::result_large_err, reason = "the letter is what the caller goes on with")]
    pub fn put(&mut self, to: usize, letter: node::Letter) -> Result<(), node::Letter> {
        let (Some(postbox), Some(waiting)) = (self.boxes.get(to), self.waiting.get_mut(to)) else { return Ok(()) };
        let mut letter = letter;
        if waiting.is_empty() {
            // Counted before it can be handled.
            self.pulse.posted();
            match postbox.put(Letter::Node(letter)) {
                Ok(()) => return Ok(()),
                Err(Letter::Node(back)) => letter = back,
                Err(_) => return Ok(()),
            }
            self.pulse.handled(1);
        }
        if letter.is_refusable() {
            return Err(letter);
        }
        let is_message = matches!(letter, node::Letter::Message { .. });
        if !is_message || waiting.len() < MAX_MESSAGES_WAITING {
            self.pulse.posted();
            waiting.push_back(letter);
        }
        Ok(())
    }

    /// Hands over what waits, as far as there is room; true where something is left.
    pub fn flush(&mut self) -> bool {
        let mut is_left = false;
        for (postbox, waiting) in self.boxes.iter().zip(&mut self.waiting) {
            while let Some(letter) = waiting.pop_front() {
                if let Err(Letter::Node(back)) = postbox.put(Letter::Node(letter)) {
                    if postbox.is_orphaned() {
                        waiting.clear();
                    } else {
                        waiting.push_front(back);
                        is_left = true;
                    }
                    break;
                }
            }
        }
        is_left
    }
}

/// What the workers know of the whole node's work, so that none ends while another still needs it.
pub struct Pulse {
    posted: AtomicU64,
    handled: AtomicU64,
    idle: Box<[AtomicBool]>,
    winding_down: AtomicBool,
    over: AtomicBool,
}

impl Pulse {
    pub fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            posted: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            idle: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            winding_down: AtomicBool::new(false),
            over: AtomicBool::new(false),
        })
    }

    fn posted(&self) {
        self.posted.fetch_add(1, Ordering::SeqCst);
    }

    /// So many letters were handled, and all that followed from them was posted.
    pub fn handled(&self, letters: u64) {
        if letters > 0 {
            self.handled.fetch_add(letters, Ordering::SeqCst);
        }
    }

    /// The node takes no new calls: from now on workers tell whether they are idle.
    pub fn wind_down(&self) {
        self.winding_down.store(true, Ordering::SeqCst);
    }

    pub fn is_winding_down(&self) -> bool {
        self.winding_down.load(Ordering::SeqCst)
    }

    /// A worker tells; before it counts the letters that brought it there as handled.
    pub fn set_idle(&self, worker: usize, idle: bool) {
        if let Some(flag) = self.idle.get(worker) {
            flag.store(idle, Ordering::SeqCst);
        }
    }

    /// Whether no worker has anything to do and no letter is on its way.
    pub fn is_still(&self) -> bool {
        let posted = self.posted.load(Ordering::SeqCst);
        let no_letter = || self.handled.load(Ordering::SeqCst) == self.posted.load(Ordering::SeqCst);
        no_letter()
            && self.idle.iter().all(|idle| idle.load(Ordering::SeqCst))
            && no_letter()
            && self.posted.load(Ordering::SeqCst) == posted
    }

    /// All workers end now.
    pub fn end(&self, boxes: &[Postbox]) {
        self.over.store(true, Ordering::SeqCst);
        boxes.iter().for_each(Postbox::wake);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }
}
