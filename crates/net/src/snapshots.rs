//! Snapshots of a node of several workers: asked of all after one durable record, put together when all have answered.

use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};

use node::{NodeState, Share};

use crate::mailbox::Postbox;

/// Gathers the shares of one snapshot at a time.
pub struct Snapshots {
    every: u64,
    workers: usize,
    out: SyncSender<NodeState>,
    gathering: Mutex<Gathering>,
}

#[derive(Default)]
struct Gathering {
    /// The record of the last snapshot that was asked for.
    lsn: u64,
    /// Whether it is being gathered.
    under_way: bool,
    shares: Vec<Share>,
}

impl Snapshots {
    /// One after every so many records; a full channel skips one.
    pub fn new(every: u64, workers: usize, out: SyncSender<NodeState>) -> Self {
        Self { every, workers, out, gathering: Mutex::default() }
    }

    /// Records up to `lsn` are durable: asks for shares if it is time.
    pub fn durable(&self, lsn: u64, boxes: &[Postbox]) {
        let mut gathering = self.gathering.lock().unwrap_or_else(PoisonError::into_inner);
        if !gathering.under_way && lsn >= gathering.lsn + self.every {
            *gathering = Gathering { lsn, under_way: true, shares: Vec::new() };
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
            let _ = self.out.try_send(state);
        }
    }
}
