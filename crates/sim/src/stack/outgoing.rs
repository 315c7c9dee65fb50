//! Calls we place, and requests we send within calls (RFC 3261 sections 9, 13, 14 and 15).

use std::net::SocketAddr;

use sip::transaction::ClientKey;
use sip::{Dialog, Message, Method, Name, RequestBuilder, ResponseBuilder, Transport};

use super::leg::{Leg, LegState, Outgoing, Role};
use super::{CallHandle, End, Pending, Stack, StackEvent};

/// What an INVITE of ours says.
#[derive(Clone, Debug)]
pub(crate) struct Invitation {
    /// Where it is sent.
    pub next_hop: SocketAddr,
    /// User part of the Request-URI and To.
    pub number: String,
    /// Host part of the Request-URI and To.
    pub domain: String,
    /// User part of From.
    pub from: String,
    /// Display name in From, may be empty.
    pub name: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The offer.
    pub sdp: Vec<u8>,
}

impl Stack {
    /// Places a call.
    pub(crate) fn invite(&mut self, invitation: Invitation, now_ms: u64) -> CallHandle {
        let call = CallHandle(self.next_call);
        self.next_call += 1;
        let outgoing = Outgoing {
            flow: self.flow_to(invitation.next_hop),
            invitation,
            call_id: self.dice.token(),
            tag: self.dice.token(),
            cseq: 0,
            tries: 0,
            authorised: false,
            proxy: false,
            client: None,
            sent: Vec::new(),
        };
        self.send_invite(call, outgoing, now_ms);
        self.drain(now_ms);
        call
    }

    fn send_invite(&mut self, call: CallHandle, mut out: Outgoing, now_ms: u64) {
        out.cseq += 1;
        let branch = self.branch();
        let invitation = &out.invitation;
        let uri = format!("sip:{}@{}", invitation.number, invitation.domain);
        let from = format!("<sip:{}@{}>", invitation.from, self.station.domain);
        let from = if invitation.name.is_empty() { from } else { format!("\"{}\" {from}", invitation.name) };
        let mut request = RequestBuilder::new(Method::Invite, &uri);
        request.via(Transport::Udp, self.sent_by(), &branch);
        request.header(Name::MaxForwards, "70");
        request.header_display(Name::From, format_args!("{from};tag={}", out.tag));
        request.header_display(Name::To, format_args!("<{uri}>"));
        request.header(Name::CallId, &out.call_id);
        request.header_display(Name::CSeq, format_args!("{} INVITE", out.cseq));
        request.header(Name::Contact, self.contact());
        request.header(Name::UserAgent, &self.station.user_agent);
        request.header(Name::Allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO");
        for (name, value) in &invitation.headers {
            request.header_named(name, value);
        }
        out.authorised = self.authorise(&mut request, Method::Invite, &uri, out.proxy);
        out.sent = request.finish_with_body(b"application/sdp", &invitation.sdp);
        let sent = self.table.send_request(Method::Invite, out.sent.clone().into(), &branch, out.flow, now_ms);
        out.client = sent.ok();
        if let Some(key) = out.client {
            self.pending.insert(key, Pending::Invite(call));
            self.legs.insert(call, Leg::new(Role::Caller(Box::new(out))));
        } else {
            self.end(call, End::Here, 503, "no room for another transaction");
        }
    }

    pub(super) fn invite_answered(
        &mut self,
        key: ClientKey,
        call: CallHandle,
        status: u16,
        response: Option<&Message>,
        now_ms: u64,
    ) {
        let Some(leg) = self.legs.get_mut(&call) else { return };
        let Role::Caller(out) = &mut leg.role else { return };
        if out.client != Some(key) {
            return;
        }
        let cancelling = leg.state == LegState::Cancelling;
        match (status, response) {
            (100..=199, _) => {
                if !cancelling {
                    self.events.push_back(StackEvent::Progress { call, status });
                }
            }
            (200..=299, Some(response)) => self.invite_accepted(key, call, response, cancelling, now_ms),
            (401 | 407, Some(response)) if !cancelling => {
                let (authorised, tries) = (out.authorised, out.tries);
                if self.take_challenge(response, authorised, tries) {
                    self.invite_again(call, status == 407, now_ms);
                } else {
                    self.end(call, End::There, status, &reason_of(response));
                }
            }
            (status, response) => {
                let by = if cancelling { End::Here } else { End::There };
                let reason = response.map_or_else(|| "no answer from the network".to_owned(), reason_of);
                self.end(call, by, status, &reason);
            }
        }
    }

    fn invite_again(&mut self, call: CallHandle, proxy: bool, now_ms: u64) {
        let Some(Leg { role: Role::Caller(mut out), .. }) = self.legs.remove(&call) else { return };
        out.tries += 1;
        out.proxy = proxy;
        self.send_invite(call, *out, now_ms);
    }

    fn invite_accepted(&mut self, key: ClientKey, call: CallHandle, ok: &Message, cancelled: bool, now_ms: u64) {
        let branch = self.branch();
        let sent_by = self.sent_by();
        let Some(leg) = self.legs.get_mut(&call) else { return };
        let Role::Caller(out) = &leg.role else { return };
        let dialog = Message::parse(&out.sent).ok().and_then(|sent| Dialog::uac(&sent, ok, out.flow).ok());
        let Some(dialog) = dialog else { return self.end(call, End::There, 500, "an answer that makes no dialog") };
        let ack: std::sync::Arc<[u8]> = dialog.ack(out.cseq, sent_by, &branch).finish().into();
        self.table.send(dialog.flow(), ack.clone());
        self.acks.insert(key, ack);
        self.dialogs.insert(dialog.id().clone(), call);
        leg.dialog = Some(dialog);
        leg.state = LegState::Talking;
        if cancelled {
            self.hang_up(call, now_ms);
        } else {
            self.events.push_back(StackEvent::Answered { call, body: ok.body().to_vec() });
        }
    }

    /// Ends a call: BYE, CANCEL or a refusal, whichever fits.
    pub(crate) fn hang_up(&mut self, call: CallHandle, now_ms: u64) {
        let Some(leg) = self.legs.get_mut(&call) else { return };
        match (leg.state, &leg.role) {
            (LegState::Inviting, Role::Caller(out)) => {
                let cancelled = out.client.is_some_and(|client| self.table.cancel(client, now_ms));
                if cancelled {
                    leg.state = LegState::Cancelling;
                } else {
                    self.end(call, End::Here, 487, "given up");
                }
            }
            (LegState::Inviting, Role::Callee(_)) => self.reject(call, 603, &[], now_ms),
            (LegState::Talking, _) => {
                leg.state = LegState::Ending;
                leg.hung_up_ms = Some(now_ms);
                if !self.send_in_dialog(call, Method::Bye, "", &[], now_ms) {
                    self.end(call, End::Here, 200, "");
                }
            }
            (LegState::Cancelling | LegState::Ending, _) => {}
        }
        self.drain(now_ms);
    }

    /// INFO within a call (RFC 6086; DTMF as `application/dtmf-relay`).
    pub(crate) fn info(&mut self, call: CallHandle, content_type: &str, body: &[u8], now_ms: u64) {
        self.send_in_dialog(call, Method::Info, content_type, body, now_ms);
        self.drain(now_ms);
    }

    /// A new offer within a call. False if one is under way, or the call does not talk.
    pub(crate) fn offer(&mut self, call: CallHandle, sdp: &[u8], now_ms: u64) -> bool {
        let talking = |leg: &&mut Leg| leg.state == LegState::Talking && !leg.offering;
        let Some(leg) = self.legs.get_mut(&call).filter(talking) else { return false };
        leg.offering = true;
        let sent = self.send_in_dialog(call, Method::Invite, "application/sdp", sdp, now_ms);
        self.drain(now_ms);
        sent
    }

    fn send_in_dialog(&mut self, call: CallHandle, method: Method, kind: &str, body: &[u8], now_ms: u64) -> bool {
        let branch = self.branch();
        let (sent_by, contact) = (self.sent_by(), self.contact());
        let Some(dialog) = self.legs.get_mut(&call).and_then(|leg| leg.dialog.as_mut()) else { return false };
        let mut request = dialog.request(method, sent_by, &branch);
        let (flow, cseq) = (dialog.flow(), dialog.local_cseq());
        request.header(Name::UserAgent, &self.station.user_agent);
        if method == Method::Invite {
            request.header(Name::Contact, contact);
        }
        let why = match method {
            Method::Invite => Pending::Reinvite { call, cseq },
            method => Pending::InDialog { call, method },
        };
        self.send(method, request.finish_with_body(kind.as_bytes(), body), &branch, flow, why, now_ms)
    }

    pub(super) fn reinvite_answered(
        &mut self,
        key: ClientKey,
        call: CallHandle,
        cseq: u32,
        status: u16,
        response: Option<&Message>,
    ) {
        if status < 200 {
            return;
        }
        let branch = self.branch();
        let sent_by = self.sent_by();
        let Some(leg) = self.legs.get_mut(&call) else { return };
        leg.offering = false;
        let accepted = response.filter(|_| status < 300);
        if let (Some(ok), Some(dialog)) = (accepted, leg.dialog.as_mut()) {
            dialog.refresh_target(ok);
            let ack: std::sync::Arc<[u8]> = dialog.ack(cseq, sent_by, &branch).finish().into();
            self.table.send(dialog.flow(), ack.clone());
            self.acks.insert(key, ack);
        }
        self.events.push_back(StackEvent::OfferAnswered { call, status });
        if sip::dialog::ends_dialog(status) {
            self.end(call, End::There, status, "the other end knows of no such call");
        }
    }

    pub(super) fn in_dialog_answered(&mut self, call: CallHandle, method: Method, status: u16) {
        // Where both ends hung up at once, the call has ended with the other's BYE.
        if status < 200 || !self.legs.contains_key(&call) {
            return;
        }
        if method == Method::Bye {
            self.end(call, End::Here, 200, "");
        } else if sip::dialog::ends_dialog(status) {
            self.end(call, End::There, status, "the other end knows of no such call");
        }
    }

    /// The call is over: forgets it and says so.
    pub(super) fn end(&mut self, call: CallHandle, by: End, status: u16, reason: &str) {
        let leg = self.legs.remove(&call);
        let hung_up_ms = leg.as_ref().and_then(|leg| leg.hung_up_ms);
        if let Some(dialog) = leg.and_then(|leg| leg.dialog) {
            self.dialogs.remove(dialog.id());
        }
        self.events.push_back(StackEvent::Ended { call, by, status, reason: reason.to_owned(), hung_up_ms });
    }

    /// A response of ours to a request within or outside a call, with what every response of a station has.
    pub(crate) fn response(
        &self,
        request: &Message,
        status: u16,
        tag: Option<&str>,
        to: SocketAddr,
    ) -> ResponseBuilder {
        let mut response = ResponseBuilder::from_request(request, status, "", tag, to);
        response.header(Name::Server, &self.station.user_agent);
        response
    }
}

fn reason_of(response: &Message) -> String {
    String::from_utf8_lossy(response.reason()).into_owned()
}
