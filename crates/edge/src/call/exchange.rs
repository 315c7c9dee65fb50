//! Requests passed from one leg to the other, and the answers back: re-INVITE and UPDATE with their session
//! descriptions (RFC 3261 section 14, RFC 3311), INFO with DTMF (RFC 6086).

use media::Side;
use sip::transaction::{ClientKey, ServerKey};
use sip::{Message, Method, Name, multipart};

use super::media::description;
use super::session::Session;
use super::{Call, Ending, Leg, Stage};
use crate::core::{ALLOW, Asked, Core, Purpose, SDP};
use crate::gate;
use crate::limits::MAX_EXCHANGES;

/// Bodies that INFO may carry: key presses, and a picture asked for anew. Nothing else is passed through unread.
const INFO_TYPES: [&str; 3] = ["application/dtmf-relay", "application/dtmf", "application/media_control+xml"];

/// One request on its way.
pub(super) struct Exchange {
    /// Who asked.
    pub from: Side,
    pub asked: Asked,
    /// Our request to the other side.
    pub key: ClientKey,
}

impl Exchange {
    fn is_offer(&self) -> bool {
        self.asked.request.method() != Some(Method::Info)
    }
}

impl Call {
    /// Passes a request on to the other leg, or refuses it.
    pub(super) fn pass_on(&mut self, core: &mut Core, from: Side, method: Method, asked: Asked) {
        let to = from.other();
        let alone = self.leg(to).is_some_and(|leg| leg.parted);
        if !matches!(self.stage, Stage::Talking) || alone || self.exchanges.len() >= MAX_EXCHANGES {
            return core.reply(&asked, 491);
        }
        if method == Method::Info {
            return self.pass_info(core, from, asked);
        }
        if method == Method::Update && asked.request.body().is_empty() {
            return self.refreshed_by_peer(core, from, &asked);
        }
        // One offer at a time between the two legs: whoever comes second tries again (RFC 3261 section 14.2).
        if self.is_negotiating() {
            return core.reply(&asked, 491);
        }
        if !gate::body_taken(core, &asked) {
            return;
        }
        let offer = description(&asked.request).unwrap_or_default();
        let Ok(body) = self.media.towards(to, offer) else { return core.reply(&asked, 488) };
        let Some(leg) = self.leg(to) else { return core.reply(&asked, 481) };
        let flow = leg.dialog.flow();
        // An offer in an UPDATE goes on as a re-INVITE where the other side takes no UPDATE.
        let towards = if leg.takes_update { method } else { Method::Invite };
        let (mut request, branch) = leg.request(core, towards);
        request.header(Name::Contact, core.contact(flow)).header(Name::Allow, ALLOW);
        if let Some(session) = &leg.session {
            session.ask_again(&mut request);
        }
        let bytes = request.finish_with_body(SDP, &body).into();
        let Some(key) = core.send_request(towards, bytes, &branch, flow, Purpose::Call(self.id)) else {
            return core.overloaded(&asked);
        };
        if method == Method::Invite {
            core.invites.insert(asked.server.slot(), self.id);
        }
        self.exchanges.push(Exchange { from, asked, key });
    }

    /// An UPDATE without an offer changes nothing but time and target (RFC 4028 section 7.4, RFC 3311 section 5.1): it is
    /// answered here, the other leg has a timer of its own.
    fn refreshed_by_peer(&mut self, core: &mut Core, from: Side, asked: &Asked) {
        let now_ms = core.now_ms;
        let Some(leg) = self.leg(from) else { return core.reply(asked, 481) };
        leg.session = Session::granted(&asked.request, now_ms);
        let session = leg.session;
        let mut answer = core.answer(asked, 200, "", None);
        answer.header(Name::Contact, core.contact(asked.flow)).header(Name::Allow, ALLOW);
        if let Some(session) = session {
            session.write_to(&mut answer);
        }
        core.respond(asked.server, 200, answer.finish());
    }

    /// Whether an offer, its answer or its ACK is under way on either leg.
    pub(super) fn is_negotiating(&self) -> bool {
        let refreshes = [Some(&self.a), self.b.as_ref()].into_iter().flatten().any(|leg| leg.refresh.is_some());
        refreshes || self.is_joining() || self.is_settling() || self.exchanges.iter().any(Exchange::is_offer)
    }

    /// Whether an ACK is still under way on either leg.
    fn is_settling(&self) -> bool {
        let waits = |leg: &Leg| leg.unacked.is_some() || leg.owed.is_some();
        waits(&self.a) || self.b.as_ref().is_some_and(waits)
    }

    fn pass_info(&mut self, core: &mut Core, from: Side, asked: Asked) {
        let media_type = multipart::essence(asked.request.content_type().unwrap_or_default()).to_ascii_lowercase();
        let body = asked.request.body();
        if !body.is_empty() && !INFO_TYPES.iter().any(|known| known.as_bytes() == media_type) {
            return core.reply_with(&asked, 415, |builder| {
                builder.header(Name::Accept, INFO_TYPES.join(", "));
            });
        }
        let Some(leg) = self.leg(from.other()) else { return core.reply(&asked, 481) };
        let flow = leg.dialog.flow();
        let (request, branch) = leg.request(core, Method::Info);
        let bytes = request.finish_with_body(&media_type, body).into();
        match core.send_request(Method::Info, bytes, &branch, flow, Purpose::Call(self.id)) {
            Some(key) => self.exchanges.push(Exchange { from, asked, key }),
            None => core.overloaded(&asked),
        }
    }

    /// The other leg answers. False if nothing was asked.
    pub(super) fn exchange_response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let Some(at) = self.exchanges.iter().position(|exchange| exchange.key == key) else { return false };
        match response.status().unwrap_or_default() {
            100..=199 => true,
            200..=299 => {
                let exchange = self.exchanges.remove(at);
                core.invites.remove(exchange.asked.server.slot());
                if exchange.is_offer() {
                    self.agreed(core, &exchange, response)
                } else {
                    core.reply(&exchange.asked, 200)
                }
                true
            }
            status => {
                self.exchange_failed(core, key, status);
                true
            }
        }
    }

    /// The other leg accepted: both descriptions hold from now on.
    fn agreed(&mut self, core: &mut Core, exchange: &Exchange, response: &Message) {
        let (from, to) = (exchange.from, exchange.from.other());
        let request = &exchange.asked.request;
        let (offer, answer) = (description(request), description(response));
        let invite = request.method() == Some(Method::Invite);
        let offered = offer.and_then(|sdp| self.media.towards(to, sdp).ok());
        let now_ms = core.now_ms;
        if let Some(leg) = self.leg(to) {
            leg.dialog.refresh_target(response);
            if leg.session.is_some() {
                leg.session = Session::agreed(response, now_ms);
            }
            leg.description = offered.unwrap_or_else(|| std::mem::take(&mut leg.description));
            let cseq = Leg::cseq_of(response);
            let invited = response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            if invited && offer.is_some() {
                leg.acknowledge(core, cseq, &[]);
            } else if invited {
                leg.owed = Some(cseq);
            }
        }
        for (side, sdp) in [(from, offer), (to, answer)] {
            if let Some(sdp) = sdp {
                self.media.announce(core, side, sdp);
            }
        }
        self.media.hold(core, [offer, answer]);
        let body = answer.and_then(|sdp| self.media.towards(from, sdp).ok()).unwrap_or_default();
        let mut builder = core.answer(&exchange.asked, 200, "", None);
        builder.header(Name::Contact, core.contact(exchange.asked.flow)).header(Name::Allow, ALLOW);
        if let Some(leg) = self.leg(from) {
            leg.session = Session::granted(request, now_ms);
            if let Some(session) = &leg.session {
                session.write_to(&mut builder);
            }
            if !body.is_empty() {
                leg.description.clone_from(&body);
            }
        }
        let bytes: sip::transaction::Wire = builder.finish_with_body(SDP, &body).into();
        let server = exchange.asked.server;
        match self.leg(from).filter(|_| invite) {
            Some(leg) => leg.accept(core, server, Leg::cseq_of(request), bytes),
            None => core.respond(server, 200, bytes),
        }
    }

    /// The other leg refused, or did not answer: everything stays as it was, unless the dialog is gone there (RFC 3261
    /// section 12.2.1.2).
    pub(super) fn exchange_failed(&mut self, core: &mut Core, key: ClientKey, status: u16) {
        let Some(at) = self.exchanges.iter().position(|exchange| exchange.key == key) else { return };
        let exchange = self.exchanges.remove(at);
        core.invites.remove(exchange.asked.server.slot());
        // A challenge or a redirection is between us and the other leg.
        let told = if matches!(status, 300..=399 | 401 | 407) { 488 } else { status };
        core.reply(&exchange.asked, told);
        if sip::dialog::ends_dialog(status) {
            let gone = exchange.from.other();
            self.finish(core, Ending::bye(gone), Some(gone));
        }
    }

    /// CANCEL of a re-INVITE: passed on; its 487 comes back the same way.
    pub(super) fn cancel_exchange(&mut self, core: &mut Core, server: ServerKey) {
        if let Some(exchange) = self.exchanges.iter().find(|exchange| exchange.asked.server == server) {
            core.transactions.cancel(exchange.key, core.now_ms);
        }
    }
}
