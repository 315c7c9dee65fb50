//! Carriers known by a name: the first worker says which names are wanted, and tells all workers where they lead.

use std::collections::BTreeSet;
use std::sync::Arc;

use edge::{Carrier, Directory, Located};
use sip::locate::{Destination, Server};

use crate::{Output, Worker};

/// The names that these carriers are known by.
fn wanted(directory: &Directory) -> BTreeSet<Destination> {
    directory.carriers.values().filter_map(Carrier::destination).collect()
}

/// What is known of names, without what no carrier is known by any more.
pub(crate) fn still_wanted(directory: &Directory) -> Located {
    let wanted = wanted(directory);
    let known = directory.located.iter().filter(|(destination, _)| wanted.contains(destination));
    known.map(|(destination, servers)| (destination.clone(), Arc::clone(servers))).collect()
}

impl Worker {
    /// Where a name leads from now on ([`Output::Locate`] asked for it); told to the first worker.
    pub fn located(&mut self, now_ms: u64, destination: Destination, servers: Vec<Server>) {
        if self.registry.is_some() && wanted(&self.directory).contains(&destination) {
            let mut next = (*self.directory).clone();
            next.located.insert(destination, servers.into());
            self.publish(now_ms, Arc::new(next));
        }
        self.drive(now_ms);
    }

    /// Says which names are to be looked up.
    pub(crate) fn ask_located(&mut self, directory: &Directory) {
        if self.registry.is_some() {
            self.outputs.push_back(Output::Locate(wanted(directory).into_iter().collect()));
        }
    }
}
