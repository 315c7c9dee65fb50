//! What a node's durable records become: the rows people query, as far as a world needs them.

use std::collections::{BTreeMap, VecDeque};

use account::{Effect, Notice};
use billing::{AccountId, Cdr, IncidentId};
use guard::Incident;
use node::{Body, Record};

/// The rows of one node. Like its tables they survive a crash, since they follow only what is durable.
#[derive(Debug, Default)]
pub struct Rows {
    lsn: u64,
    /// Call detail records in order.
    pub cdrs: Vec<Cdr>,
    /// The outbox: when, for whom, what.
    pub notices: Vec<(u64, AccountId, Notice)>,
    /// Incidents as they stand.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// Records that the checks have not yet seen.
    pub(crate) fresh: VecDeque<Record>,
}

impl Rows {
    /// The last record in them.
    pub fn lsn(&self) -> u64 {
        self.lsn
    }

    /// Incidents that were opened and acted upon (not only watched), in order.
    pub fn acted(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().filter(|incident| !incident.shadow)
    }

    pub(super) fn apply(&mut self, record: &Record) {
        self.lsn = record.lsn;
        self.fresh.push_back(record.clone());
        let Body::Account { account, effects, .. } = &record.body else { return };
        for effect in effects {
            match effect {
                Effect::Cdr(cdr) => self.cdrs.push(cdr.clone()),
                Effect::Notice(notice) => self.notices.push((record.at_ms, account.clone(), notice.clone())),
                Effect::Incident(incident) => {
                    self.incidents.insert(incident.id, incident.clone());
                }
                _ => {}
            }
        }
    }
}
