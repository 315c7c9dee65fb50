//! The transaction table: finds the machine for each message, keeps their timers, and collects
//! what they ask for (RFC 3261 section 17, RFC 6026).

mod clients;
mod servers;
#[cfg(test)]
mod tests;
mod types;

use std::collections::VecDeque;

use self::clients::Client;
use self::servers::Server;
pub use self::types::{
    Answer, ClientKey, Incoming, MAX_CLIENTS, MAX_HEAD_BYTES, MAX_SERVERS, Output, SendError, ServerKey,
};
use super::side::Side;
use super::timer::earliest;
use super::{Action, NonInviteClient, Wire};
use crate::HashKey;
use crate::flow::Flow;

/// All transactions of one worker.
#[derive(Debug)]
pub struct TransactionTable {
    key: HashKey,
    servers: Side<Server>,
    clients: Side<Client>,
    /// The CANCELs the table sent: their answers interest nobody, only that they arrive.
    cancels: Side<NonInviteClient>,
    max_servers: usize,
    max_clients: usize,
    outputs: VecDeque<Output>,
    /// Reused, so that a step allocates nothing.
    actions: Vec<Action>,
}

impl Default for TransactionTable {
    fn default() -> Self {
        Self::new(MAX_SERVERS, MAX_CLIENTS, HashKey::default())
    }
}

impl TransactionTable {
    /// An empty table. A flood of requests fills only three quarters of `max_servers`, so that the BYEs of running calls always
    /// find room, and nothing of `max_clients`, so that our own do.
    pub fn new(max_servers: usize, max_clients: usize, key: HashKey) -> Self {
        Self {
            key,
            servers: Side::default(),
            clients: Side::default(),
            cancels: Side::default(),
            max_servers,
            max_clients,
            outputs: VecDeque::new(),
            actions: Vec::new(),
        }
    }

    /// Sends a message that belongs to no transaction: an ACK of a 2xx, a stateless answer.
    pub fn send(&mut self, flow: Flow, bytes: Wire) {
        self.outputs.push_back(Output::Send { flow, bytes });
    }

    /// A connection has closed or cannot be opened: every transaction on it learns of it.
    pub fn flow_failed(&mut self, flow: Flow, now_ms: u64) {
        self.fail_clients_on(flow, now_ms);
        self.fail_servers_on(flow, now_ms);
    }

    /// The requests that were received on a connection, while their transactions live.
    pub fn servers_on(&self, connection: Flow) -> impl Iterator<Item = ServerKey> + use<> {
        self.servers.on_connection(connection).into_iter().map(ServerKey)
    }

    /// Fires everything due. Afterwards no deadline lies at or before `now_ms`.
    pub fn tick(&mut self, now_ms: u64) {
        self.fire_servers(now_ms);
        self.fire_clients(now_ms);
    }

    /// When [`TransactionTable::tick`] is wanted next.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let clients = earliest(self.clients.next_deadline_ms(), self.cancels.next_deadline_ms());
        earliest(self.servers.next_deadline_ms(), clients)
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How many transactions there are, both sides and CANCELs together.
    pub fn len(&self) -> usize {
        self.servers.len() + self.clients.len() + self.cancels.len()
    }

    /// Whether there is no transaction.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
