//! The server side of the table: received requests and our answers.

use super::super::key;
use super::super::side::Machine;
use super::super::{Action, InviteServer, InviteServerInput, NonInviteServer, NonInviteServerInput, Wire};
use super::{Incoming, MAX_HEAD_BYTES, Output, ServerKey, TransactionTable};
use crate::arena::Slot;
use crate::flow::Flow;
use crate::{Message, Method};

#[derive(Debug)]
pub(super) enum Server {
    Invite(InviteServer),
    Other(NonInviteServer),
}

impl Server {
    fn retransmission(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => machine.handle(InviteServerInput::Request, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteServerInput::Request, now_ms, out),
        }
    }

    fn ack(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        if let Self::Invite(machine) = self {
            machine.handle(InviteServerInput::Ack, now_ms, out);
        }
    }

    fn respond(&mut self, status: u16, bytes: Wire, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => machine.handle(InviteServerInput::Response { status, bytes }, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteServerInput::Response { status, bytes }, now_ms, out),
        }
    }

    fn transport_error(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => machine.handle(InviteServerInput::TransportError, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteServerInput::TransportError, now_ms, out),
        }
    }
}

impl Machine for Server {
    fn deadline_ms(&self) -> Option<u64> {
        match self {
            Self::Invite(machine) => machine.deadline_ms(),
            Self::Other(machine) => machine.deadline_ms(),
        }
    }

    fn lingers(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.lingers(),
            Self::Other(machine) => machine.lingers(),
        }
    }

    fn fire(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => machine.handle(InviteServerInput::Timer, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteServerInput::Timer, now_ms, out),
        }
    }
}

impl TransactionTable {
    /// Takes a received request (RFC 3261 section 17.2.3). `flow` is where answers go.
    pub fn receive_request(&mut self, request: &Message, flow: Flow, now_ms: u64) -> Incoming {
        let Some(method) = request.method() else { return Incoming::Malformed };
        if method == Method::Ack {
            return self.receive_ack(request, now_ms);
        }
        let Some(key) = key::of_request(&self.key, request, request.method_raw()) else { return Incoming::Malformed };
        if let Some(slot) = self.servers.find(key) {
            self.step_server(slot, |server, out| server.retransmission(now_ms, out));
            return Incoming::Absorbed;
        }
        if self.servers.len() >= self.room_for(request, method) {
            return Incoming::Full;
        }
        let reliable = flow.transport.is_reliable();
        let machine = if method == Method::Invite {
            if request.head_bytes() > MAX_HEAD_BYTES {
                return Incoming::Malformed;
            }
            Server::Invite(InviteServer::new(request.shared(), flow.remote, reliable, now_ms))
        } else {
            Server::Other(NonInviteServer::new(reliable, now_ms))
        };
        let server = ServerKey(self.servers.insert(key, flow, machine));
        if method == Method::Cancel {
            return Incoming::Cancel { cancel: server, invite: self.find_invite(request) };
        }
        Incoming::New(server)
    }

    /// How many transactions leave room for a request. The last quarter is for those within a dialog and for CANCEL: what has
    /// been let in can always be ended.
    fn room_for(&self, request: &Message, method: Method) -> usize {
        let ends_something = method == Method::Cancel || request.to().is_ok_and(|to| to.tag().is_some());
        if ends_something { self.max_servers } else { self.max_servers - self.max_servers / 4 }
    }

    /// An ACK of a failure has the branch of its INVITE; the ACK of a 2xx has its own, and finds nothing here
    /// unless it is matched by RFC 2543.
    fn receive_ack(&mut self, ack: &Message, now_ms: u64) -> Incoming {
        let Some(ServerKey(slot)) = self.find_invite(ack) else { return Incoming::Ack };
        let passed = self.step_server(slot, |server, out| server.ack(now_ms, out));
        if passed { Incoming::Ack } else { Incoming::Absorbed }
    }

    fn find_invite(&self, request: &Message) -> Option<ServerKey> {
        let key = key::of_request(&self.key, request, Method::Invite.as_str().as_bytes())?;
        self.servers.find(key).map(ServerKey)
    }

    /// Answers a received request; a 2xx to an INVITE may be given again while it waits for its ACK (see
    /// [`AckWait`](crate::transaction::AckWait)). Returns whether the transaction was still there.
    pub fn respond(&mut self, server: ServerKey, status: u16, bytes: Wire, now_ms: u64) -> bool {
        let alive = self.servers.machine(server.0).is_some();
        self.step_server(server.0, |machine, out| machine.respond(status, bytes, now_ms, out));
        alive
    }

    /// Answers a received request and forgets it at once (a stateless UAS, RFC 3261 section 8.2.7): for refusals
    /// of senders who have not proven themselves, whom we owe no memory. A retransmission then counts as a new
    /// request and gets the same answer. Returns whether the transaction was still there.
    pub fn respond_and_forget(&mut self, server: ServerKey, bytes: Wire) -> bool {
        let flow = self.servers.flow(server.0);
        self.servers.remove(server.0);
        self.outputs.extend(flow.map(|flow| Output::Send { flow, bytes }));
        flow.is_some()
    }

    /// Forgets a received request without an answer: it is as if it had never arrived. For senders who are not to
    /// learn that anybody is here.
    pub fn forget(&mut self, server: ServerKey) {
        self.servers.remove(server.0);
    }

    /// The flow of a received request, while its transaction lives.
    pub fn server_flow(&self, server: ServerKey) -> Option<Flow> {
        self.servers.flow(server.0)
    }

    pub(super) fn fail_servers_on(&mut self, flow: Flow, now_ms: u64) {
        for slot in self.servers.on_connection(flow) {
            self.step_server(slot, |server, out| server.transport_error(now_ms, out));
        }
    }

    pub(super) fn fire_servers(&mut self, now_ms: u64) {
        let mut actions = std::mem::take(&mut self.actions);
        while let Some((slot, flow)) = self.servers.fire_next(now_ms, &mut actions) {
            self.follow_server(slot, flow, &mut actions);
        }
        self.actions = actions;
    }

    /// Lets one machine act and does what it asks. Returns whether the message is to be passed up.
    fn step_server(&mut self, slot: Slot, act: impl FnOnce(&mut Server, &mut Vec<Action>)) -> bool {
        let mut actions = std::mem::take(&mut self.actions);
        let flow = self.servers.step(slot, &mut actions, act);
        let passed = flow.is_some_and(|flow| self.follow_server(slot, flow, &mut actions));
        self.actions = actions;
        passed
    }

    fn follow_server(&mut self, slot: Slot, flow: Flow, actions: &mut Vec<Action>) -> bool {
        let server = ServerKey(slot);
        let mut passed = false;
        for action in actions.drain(..) {
            match action {
                Action::Send(bytes) => self.outputs.push_back(Output::Send { flow, bytes }),
                Action::PassUp => passed = true,
                Action::Timeout => self.outputs.push_back(Output::ServerTimeout(server)),
                Action::TransportError => self.outputs.push_back(Output::ServerFailed(server)),
                Action::Terminated => self.outputs.push_back(Output::ServerEnded(server)),
                // No server machine cancels.
                Action::SendCancel => {}
            }
        }
        passed
    }
}
