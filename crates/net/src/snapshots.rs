//! Snapshots of a node of several workers: asked of all after one durable record, put together when all have answered.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use node::{NodeState, Share};

use crate::mailbox::Postbox;

/// After so long one is taken however little has happened, so that the journal keeps what is old no longer than a few times
/// that.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Gathers the shares of one snapshot at a time.
pub struct Snapshots {
    every: u64,
    workers: usize,
    gathering: Mutex<Gathering>,
}

struct Gathering {
    /// `None` once the node ends: whoever receives must see that no more comes.
    out: Option<SyncSender<NodeState>>,
    /// The record of the last snapshot that was asked for, and when.
    lsn: u64,
    asked: Instant,
    /// Whether it is being gathered.
    under_way: bool,
    shares: Vec<Share>,
}

impl Snapshots {
    /// One after every so many records, and with the first record after a day; a full channel skips one.
    pub fn new(every: u64, workers: usize, out: SyncSender<NodeState>) -> Self {
        let gathering =
            Gathering { out: Some(out), lsn: 0, asked: Instant::now(), under_way: false, shares: Vec::new() };
        Self { every, workers, gathering: Mutex::new(gathering) }
    }

    /// Records up to `lsn` are durable: asks for shares if it is time.
    pub fn durable(&self, lsn: u64, boxes: &[Postbox]) {
        let mut gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = lsn >= gathering.lsn + self.every || gathering.asked.elapsed() >= LONGEST;
        if !gathering.under_way && is_due {
            (gathering.lsn, gathering.asked, gathering.under_way) = (lsn, Instant::now(), true);
            boxes.iter().for_each(Postbox::want_share);
        }
    }

    /// A worker's share.
    pub fn put(&self, share: Share) {
        let mut gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        gathering.shares.push(share);
        if gathering.shares.len() == self.workers {
            gathering.under_way = false;
            let state = NodeState::gather(gathering.lsn, std::mem::take(&mut gathering.shares));
            if let Some(out) = &gathering.out {
                let _ = out.try_send(state);
            }
        }
    }

    /// The node ends.
    pub fn close(&self) {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner).out = None;
    }
}
