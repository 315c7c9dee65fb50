//! Requests we receive: calls to us, and what happens within calls (RFC 3261 sections 8.2, 12.2.2, 13.3, 15).

use std::net::SocketAddr;

use sip::dialog::Sequence;
use sip::transaction::{AckWait, AckWaitStep, Incoming as Received, ServerKey};
use sip::{Dialog, DialogId, Message, Method, Name};

use super::leg::{Incoming, Leg, LegState, Role};
use super::{CallHandle, End, Stack, StackEvent};

impl Stack {
    pub(super) fn receive_request(&mut self, request: Message, from: SocketAddr, now_ms: u64) {
        let flow = self.flow_to(from);
        match self.table.receive_request(&request, flow, now_ms) {
            Received::New(server) => self.new_request(server, request, from, now_ms),
            Received::Cancel { cancel, invite } => self.cancelled(cancel, invite, &request, from, now_ms),
            Received::Ack => self.acknowledged(&request),
            Received::Absorbed | Received::Full | Received::Malformed => {}
        }
    }

    fn new_request(&mut self, server: ServerKey, request: Message, from: SocketAddr, now_ms: u64) {
        let to_tag = request.to().is_ok_and(|to| to.tag().is_some());
        match request.method() {
            _ if to_tag => self.request_in_dialog(server, request, from, now_ms),
            Some(Method::Invite) => self.invited(server, request, from),
            Some(Method::Options) => self.answer(server, &request, 200, from, now_ms),
            Some(Method::Bye | Method::Info) => self.answer(server, &request, 481, from, now_ms),
            _ => self.events.push_back(StackEvent::Request { server, message: request, from }),
        }
    }

    fn answer(&mut self, server: ServerKey, request: &Message, status: u16, from: SocketAddr, now_ms: u64) {
        let tag = self.dice.token();
        let mut response = self.response(request, status, Some(&tag), from);
        response.header(Name::Allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO");
        self.table.respond(server, status, response.finish().into(), now_ms);
    }

    fn invited(&mut self, server: ServerKey, invite: Message, from: SocketAddr) {
        let call = CallHandle(self.next_call);
        self.next_call += 1;
        let incoming = Incoming { server, invite: invite.clone(), tag: self.dice.token(), flow: self.flow_to(from) };
        self.legs.insert(call, Leg::new(Role::Callee(Box::new(incoming))));
        self.events.push_back(StackEvent::Incoming { call, invite });
    }

    fn request_in_dialog(&mut self, server: ServerKey, request: Message, from: SocketAddr, now_ms: u64) {
        let call = DialogId::of_request(&request).and_then(|id| self.dialogs.get(&id).copied());
        let leg = call.and_then(|call| self.legs.get_mut(&call));
        let (Some(call), Some(leg)) = (call, leg) else {
            return self.answer(server, &request, 481, from, now_ms);
        };
        let in_order = leg.dialog.as_mut().is_none_or(|d| d.receive_request(&request) == Sequence::InOrder);
        match request.method() {
            _ if !in_order => self.answer(server, &request, 500, from, now_ms),
            Some(Method::Bye) => {
                self.answer(server, &request, 200, from, now_ms);
                let reason = request.header(Name::Reason).unwrap_or_default();
                self.end(call, End::There, 200, &String::from_utf8_lossy(reason));
            }
            Some(Method::Invite | Method::Update) if leg.offering => self.answer(server, &request, 491, from, now_ms),
            Some(Method::Invite | Method::Update) => {
                self.events.push_back(StackEvent::Offer { call, server, message: request });
            }
            Some(Method::Info) => {
                self.answer(server, &request, 200, from, now_ms);
                self.events.push_back(StackEvent::Info { call, message: request });
            }
            Some(Method::Options) => self.answer(server, &request, 200, from, now_ms),
            Some(Method::Notify) => {
                self.answer(server, &request, 200, from, now_ms);
                self.told(call, &request);
            }
            _ => self.answer(server, &request, 501, from, now_ms),
        }
    }

    fn cancelled(
        &mut self,
        cancel: ServerKey,
        invite: Option<ServerKey>,
        request: &Message,
        from: SocketAddr,
        now_ms: u64,
    ) {
        self.answer(cancel, request, if invite.is_some() { 200 } else { 481 }, from, now_ms);
        let meant = |leg: &Leg| match &leg.role {
            Role::Callee(incoming) => Some(incoming.server) == invite && leg.state == LegState::Inviting,
            Role::Caller(_) => false,
        };
        let call = self.legs.iter().find(|(_, leg)| meant(leg)).map(|(call, _)| *call);
        if let Some(call) = call {
            self.final_response(call, 487, &[], now_ms);
            self.end(call, End::There, 487, "cancelled");
        }
    }

    fn acknowledged(&mut self, ack: &Message) {
        let call = DialogId::of_request(ack).and_then(|id| self.dialogs.get(&id).copied());
        let leg = call.and_then(|call| Some((call, self.legs.get_mut(&call)?)));
        if let Some((call, leg)) = leg.filter(|(_, leg)| leg.ack_wait.is_some()) {
            leg.ack_wait = None;
            if !ack.body().is_empty() {
                self.events.push_back(StackEvent::Acknowledged { call, body: ack.body().to_vec() });
            }
        }
    }

    /// 180 or 183 to a call that came in.
    pub(crate) fn ring(&mut self, call: CallHandle, status: u16, sdp: &[u8], now_ms: u64) {
        let Some((server, response)) = self.begin_response(call, status) else { return };
        self.table.respond(server, status, response.finish_with_body(b"application/sdp", sdp).into(), now_ms);
        self.drain(now_ms);
    }

    /// Answers a call that came in.
    pub(crate) fn accept(&mut self, call: CallHandle, sdp: &[u8], now_ms: u64) {
        let Some((server, response)) = self.begin_response(call, 200) else { return };
        let Some(leg) = self.legs.get_mut(&call) else { return };
        let Role::Callee(incoming) = &leg.role else { return };
        let Ok(mut dialog) = Dialog::uas(&incoming.invite, &incoming.tag, incoming.flow) else {
            return self.reject(call, 400, &[], now_ms);
        };
        dialog.confirm();
        let bytes: std::sync::Arc<[u8]> = response.finish_with_body(b"application/sdp", sdp).into();
        self.dialogs.insert(dialog.id().clone(), call);
        leg.dialog = Some(dialog);
        leg.state = LegState::Talking;
        leg.ack_wait = Some((server, AckWait::new(bytes.clone(), now_ms)));
        self.table.respond(server, 200, bytes, now_ms);
        self.drain(now_ms);
    }

    /// Refuses a call that came in; `headers` may hold a challenge.
    pub(crate) fn reject(&mut self, call: CallHandle, status: u16, headers: &[(Name, Vec<u8>)], now_ms: u64) {
        self.final_response(call, status, headers, now_ms);
        self.end(call, End::Here, status, sip::reason_phrase(status));
        self.drain(now_ms);
    }

    fn final_response(&mut self, call: CallHandle, status: u16, headers: &[(Name, Vec<u8>)], now_ms: u64) {
        let Some((server, mut response)) = self.begin_response(call, status) else { return };
        for (name, value) in headers {
            response.header(*name, value);
        }
        self.table.respond(server, status, response.finish().into(), now_ms);
    }

    fn begin_response(&self, call: CallHandle, status: u16) -> Option<(ServerKey, sip::ResponseBuilder)> {
        let leg = self.legs.get(&call).filter(|leg| leg.state == LegState::Inviting)?;
        let Role::Callee(incoming) = &leg.role else { return None };
        let mut response = self.response(&incoming.invite, status, Some(&incoming.tag), incoming.flow.remote);
        if status < 300 {
            response.copy_record_routes(&incoming.invite);
            response.header(Name::Contact, self.contact());
        }
        Some((incoming.server, response))
    }

    /// Answers a new offer within a call.
    pub(crate) fn accept_offer(
        &mut self,
        call: CallHandle,
        server: ServerKey,
        request: &Message,
        sdp: &[u8],
        now_ms: u64,
    ) {
        let Some(from) = self.table.server_flow(server).map(|flow| flow.remote) else { return };
        let mut response = self.response(request, 200, None, from);
        response.header(Name::Contact, self.contact());
        let bytes: std::sync::Arc<[u8]> = response.finish_with_body(b"application/sdp", sdp).into();
        if let Some(leg) = self.legs.get_mut(&call).filter(|_| request.method() == Some(Method::Invite)) {
            leg.ack_wait = Some((server, AckWait::new(bytes.clone(), now_ms)));
        }
        self.table.respond(server, 200, bytes, now_ms);
        self.drain(now_ms);
    }

    pub(super) fn tick_ack_waits(&mut self, now_ms: u64) {
        let due = self.legs.iter().filter(|(_, leg)| leg.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms));
        let due: Vec<CallHandle> = due.map(|(call, _)| *call).collect();
        for call in due {
            let Some(leg) = self.legs.get_mut(&call) else { continue };
            let Some((server, wait)) = &mut leg.ack_wait else { continue };
            match wait.tick(now_ms) {
                AckWaitStep::Wait => {}
                AckWaitStep::Retransmit(bytes) => {
                    self.table.respond(*server, 200, bytes, now_ms);
                }
                AckWaitStep::GiveUp => {
                    leg.ack_wait = None;
                    self.hang_up(call, now_ms);
                }
            }
        }
    }
}
