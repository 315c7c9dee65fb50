//! The client side of the table: our requests and the answers to them.

use super::super::key;
use super::super::side::Machine;
use super::super::{
    Action, InviteClient, InviteClientInput, InviteClientState, NonInviteClient, NonInviteClientInput, Wire, derived,
};
use super::{Answer, ClientKey, Output, SendError, TransactionTable};
use crate::arena::Slot;
use crate::flow::Flow;
use crate::{Message, Method};

#[derive(Debug)]
pub(super) enum Client {
    Invite(InviteClient),
    Other(NonInviteClient),
}

impl Client {
    fn receive(&mut self, response: &Message, status: u16, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => {
                let invite = machine.request().filter(|_| machine.needs_ack(status));
                let ack = invite.and_then(|invite| derived::ack(invite, response));
                machine.handle(InviteClientInput::Response { status, ack }, now_ms, out);
            }
            Self::Other(machine) => machine.handle(NonInviteClientInput::Response { status }, now_ms, out),
        }
    }

    fn cancel(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        if let Self::Invite(machine) = self {
            machine.handle(InviteClientInput::Cancel, now_ms, out);
        }
    }

    fn transport_error(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        match self {
            Self::Invite(machine) => machine.handle(InviteClientInput::TransportError, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteClientInput::TransportError, now_ms, out),
        }
    }

    /// The INVITE, if it is one and has no final response yet.
    fn pending_invite(&self) -> Option<&InviteClient> {
        match self {
            Self::Invite(machine) => {
                let pending = matches!(machine.state(), InviteClientState::Calling | InviteClientState::Proceeding);
                pending.then_some(machine)
            }
            Self::Other(_) => None,
        }
    }
}

impl Machine for Client {
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
            Self::Invite(machine) => machine.handle(InviteClientInput::Timer, now_ms, out),
            Self::Other(machine) => machine.handle(NonInviteClientInput::Timer, now_ms, out),
        }
    }
}

impl Machine for NonInviteClient {
    fn deadline_ms(&self) -> Option<u64> {
        self.deadline_ms()
    }

    fn lingers(&self) -> bool {
        self.lingers()
    }

    fn fire(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        self.handle(NonInviteClientInput::Timer, now_ms, out);
    }
}

impl TransactionTable {
    /// Sends a request other than ACK in a new transaction. `branch` is the one in its top Via.
    ///
    /// # Errors
    /// If there is no room, or the branch cannot be used.
    pub fn send_request(
        &mut self,
        method: Method,
        bytes: Wire,
        branch: &str,
        flow: Flow,
        now_ms: u64,
    ) -> Result<ClientKey, SendError> {
        let key = key::of_client(&self.key, branch.as_bytes(), method);
        if self.clients.find(key).is_some() {
            return Err(SendError::BranchInUse);
        }
        if self.clients.len() >= self.max_clients {
            return Err(SendError::Full);
        }
        let reliable = flow.transport.is_reliable();
        let mut actions = std::mem::take(&mut self.actions);
        let machine = if method == Method::Invite {
            Client::Invite(InviteClient::new(bytes, reliable, now_ms, &mut actions))
        } else {
            Client::Other(NonInviteClient::new(bytes, reliable, now_ms, &mut actions))
        };
        let slot = self.clients.insert(key, flow, machine);
        self.follow_client(slot, flow, now_ms, &mut actions);
        self.actions = actions;
        Ok(ClientKey(slot))
    }

    /// Gives up an INVITE of ours (RFC 3261 section 9.1): the CANCEL goes out as soon as a provisional response
    /// has come, and its answer is absorbed. The INVITE still ends with its own final response (487, or a 2xx
    /// that crossed) or a timeout. Returns false if it already has one.
    pub fn cancel(&mut self, client: ClientKey, now_ms: u64) -> bool {
        let pending = self.clients.machine(client.0).is_some_and(|machine| machine.pending_invite().is_some());
        if pending {
            self.step_client(client.0, now_ms, |machine, out| machine.cancel(now_ms, out));
        }
        pending
    }

    /// Takes a received response (RFC 3261 section 17.1.3).
    pub fn receive_response(&mut self, response: &Message, now_ms: u64) -> Answer {
        let (Some(key), Some(status)) = (key::of_response(&self.key, response), response.status()) else {
            return Answer::Stray;
        };
        if let Some(slot) = self.clients.find(key) {
            let passed = self.step_client(slot, now_ms, |client, out| client.receive(response, status, now_ms, out));
            return if passed { Answer::To(ClientKey(slot)) } else { Answer::Absorbed };
        }
        let Some(slot) = self.cancels.find(key) else { return Answer::Stray };
        self.step_cancel(slot, |cancel, out| cancel.handle(NonInviteClientInput::Response { status }, now_ms, out));
        Answer::Absorbed
    }

    /// The flow of a request of ours, while its transaction lives.
    pub fn client_flow(&self, client: ClientKey) -> Option<Flow> {
        self.clients.flow(client.0)
    }

    pub(super) fn fail_clients_on(&mut self, flow: Flow, now_ms: u64) {
        for slot in self.clients.on_connection(flow) {
            self.step_client(slot, now_ms, |client, out| client.transport_error(now_ms, out));
        }
        for slot in self.cancels.on_connection(flow) {
            self.cancels.remove(slot);
        }
    }

    pub(super) fn fire_clients(&mut self, now_ms: u64) {
        let mut actions = std::mem::take(&mut self.actions);
        while let Some((slot, flow)) = self.clients.fire_next(now_ms, &mut actions) {
            self.follow_client(slot, flow, now_ms, &mut actions);
        }
        while let Some((_, flow)) = self.cancels.fire_next(now_ms, &mut actions) {
            self.follow_cancel(flow, &mut actions);
        }
        self.actions = actions;
    }

    /// Lets one machine act and does what it asks. Returns whether the message is to be passed up.
    fn step_client(&mut self, slot: Slot, now_ms: u64, act: impl FnOnce(&mut Client, &mut Vec<Action>)) -> bool {
        let mut actions = std::mem::take(&mut self.actions);
        let flow = self.clients.step(slot, &mut actions, act);
        let passed = flow.is_some_and(|flow| self.follow_client(slot, flow, now_ms, &mut actions));
        self.actions = actions;
        passed
    }

    fn follow_client(&mut self, slot: Slot, flow: Flow, now_ms: u64, actions: &mut Vec<Action>) -> bool {
        let client = ClientKey(slot);
        let mut passed = false;
        for action in actions.drain(..) {
            match action {
                Action::Send(bytes) => self.outputs.push_back(Output::Send { flow, bytes }),
                Action::PassUp => passed = true,
                Action::SendCancel => self.send_cancel(slot, now_ms),
                Action::Timeout => self.outputs.push_back(Output::Timeout(client)),
                Action::TransportError => self.outputs.push_back(Output::Failed(client)),
                Action::Terminated => self.outputs.push_back(Output::ClientEnded(client)),
            }
        }
        passed
    }

    /// A CANCEL is never refused: where there is no room to watch over it, it is sent once and left to chance.
    fn send_cancel(&mut self, invite: Slot, now_ms: u64) {
        let Some(Client::Invite(machine)) = self.clients.machine(invite) else { return };
        let Some((bytes, branch)) = machine.request().and_then(|invite| derived::cancel(invite)) else { return };
        let Some(flow) = self.clients.flow(invite) else { return };
        if self.cancels.len() >= self.max_clients {
            return self.send(flow, bytes);
        }
        let key = key::of_client(&self.key, &branch, Method::Cancel);
        let mut actions = Vec::new();
        let cancel = NonInviteClient::new(bytes, flow.transport.is_reliable(), now_ms, &mut actions);
        self.cancels.insert(key, flow, cancel);
        self.follow_cancel(flow, &mut actions);
    }

    fn step_cancel(&mut self, slot: Slot, act: impl FnOnce(&mut NonInviteClient, &mut Vec<Action>)) {
        let mut actions = std::mem::take(&mut self.actions);
        if let Some(flow) = self.cancels.step(slot, &mut actions, act) {
            self.follow_cancel(flow, &mut actions);
        }
        self.actions = actions;
    }

    fn follow_cancel(&mut self, flow: Flow, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            if let Action::Send(bytes) = action {
                self.outputs.push_back(Output::Send { flow, bytes });
            }
        }
    }
}
