//! Calls that end from outside: by their account, for their line, with their connection, with the node.

use std::collections::BTreeSet;

use account::CallEnd;
use billing::{AccountId, CallId, LineId};

use super::Edge;
use crate::call::Ending;

impl Edge {
    pub(super) fn hang_up_line(&mut self, account: &AccountId, line: &LineId, end: CallEnd) {
        let concerned = self.calls.in_order().into_iter().filter(|call| call.concerns(account, line));
        let mut ids: Vec<CallId> = concerned.map(|call| call.id).collect();
        ids.extend(self.remotes.of_line(account, line));
        for id in ids {
            self.hang_up(id, end);
        }
    }

    /// A connection is gone: requests on it fail, and who waited on it for an answer can get none any more.
    pub(super) fn flow_failed(&mut self, flow: sip::Flow) {
        self.core.certificates.ended(flow.connection);
        let invited =
            self.core.transactions.servers_on(flow).filter_map(|key| self.core.invites.get(key.slot()).copied());
        let ids: BTreeSet<CallId> = invited.collect();
        self.core.transactions.flow_failed(flow, self.core.now_ms);
        for id in ids {
            self.with_call(id, |call, core| {
                if call.waits_on(flow) {
                    call.finish(core, Ending::cancelled(), None);
                }
            });
        }
    }

    pub(super) fn hang_up(&mut self, id: CallId, end: CallEnd) {
        self.remotes.hang_up(&mut self.core, id, end);
        self.with_call(id, |call, core| call.finish(core, Ending::of(end), None));
    }

    pub(super) fn shut_down(&mut self) {
        self.core.closing = true;
        let ids: Vec<CallId> = self.calls.in_order().into_iter().map(|call| call.id).collect();
        for id in ids {
            self.hang_up(id, CallEnd::Shutdown);
        }
        self.remotes.end_all(&mut self.core, CallEnd::Shutdown);
    }
}
