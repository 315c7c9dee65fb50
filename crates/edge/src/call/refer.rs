//! Transfer: a phone asks by REFER that the other party of its call be connected with somebody else (RFC 3515, RFC 5589).
//!
//! A REFER is not passed on. The node acts for the party who stays: it places the call that the REFER names, and then
//! joins the two. Nobody but the node sees who asked whom for what, and each call goes on being screened, held, charged
//! and recorded for whoever owes it:
//!
//! ```text
//!            transferor ── this call ── party who stays
//! blind:     this call ── INVITE ──> a new call of the transferor's line ── INVITE ──> target
//! attended:  this call ── INVITE with Replaces ──> the transferor's other call ── target
//! joined:    party who stays ── this call ── the other call ── target
//! ```
//!
//! The INVITE goes from call to call within the node ([`crate::inside`]), perhaps to another worker. Its responses are what
//! the transferor hears of in NOTIFYs. Until it is answered, the transferor stays in the call, or has said BYE and leaves it
//! to us; if it fails, everything stays as it was. Its 2xx puts the other call into the transferor's place, in this call here
//! and, where that is one with Replaces, in the other call in [`super::replace`]. The two parties then agree on their
//! session ([`super::join`]). From then on either call hangs up the other by BYE, whatever ends it: a party, its credit, a
//! cut, a changed secret.
//!
//! Only lines of the account transfer, and like an INVITE a REFER must be proven: by the line's secret, or for a trunk by
//! its address or certificate. Carriers see to their own transfers.

use account::{Attempt, Caller, Cause, Failures, LookUps, Party, Via};
use geo::Place;
use media::Side;
use sip::transaction::{ClientKey, Wire};
use sip::{Dialog, DialogId, Flow, HostPort, Message, Method, Name, NameAddr, RequestBuilder, SipUri, Uri};

use super::join::Joining;
use super::media::description;
use super::refresh::takes_update;
use super::{Call, Ending, Leg, Stage};
use crate::core::{ALLOW, Asked, Core, Purpose, SDP};
use crate::directory::LineEntry;
use crate::farewell::Farewell;
use crate::inside::{self, Errand};
use crate::limits::{MAX_FORWARDS, MAX_REASON_BYTES, REPORTS_END_S};
use crate::{flow, text};

/// How far a transfer has come.
pub(super) enum Transfer {
    /// The other call is called.
    Calling(Box<Calling>),
    /// Another call has the caller's place while this one rings; both parties' sessions are brought together once it is
    /// answered.
    Awaited,
    /// The other call has the transferor's place, and both parties' sessions are brought together.
    Joining(Joining),
}

/// The INVITE to the other call.
pub(super) struct Calling {
    /// Where the transferor is.
    by: Side,
    key: ClientKey,
    invite: Wire,
    flow: Flow,
    /// The offer that it made.
    offer: Vec<u8>,
    /// Whether it goes to a call that runs already.
    attended: bool,
    /// What the Event of our NOTIFYs says; `None` if the transferor wants none (RFC 4488).
    event: Option<String>,
    /// Whether the transferor was told that it rings.
    rang: bool,
}

/// Whom a REFER names.
struct Target {
    dialled: String,
    /// The transferor's other call, as it is to be replaced.
    replaces: Option<Vec<u8>>,
}

impl Target {
    /// Reads Refer-To (RFC 3515 section 2.1).
    ///
    /// # Errors
    /// The status that the REFER is answered with.
    fn of(refer: &Message) -> Result<Self, u16> {
        let mut all = refer.headers(Name::ReferTo);
        let (Some(value), None) = (all.next(), all.next()) else { return Err(400) };
        let address = NameAddr::parse(value).map_err(|_| 400_u16)?;
        let uri = Uri::parse(address.uri).map_err(|error| match error {
            sip::uri::UriError::Scheme => 416_u16,
            sip::uri::UriError::Malformed(_) => 400,
        })?;
        // To send anything but an INVITE is declined (section 2.4.2).
        if uri.params.value("method").is_some_and(|method| method != b"INVITE") {
            return Err(603);
        }
        Ok(Self {
            dialled: text::user_of(address.uri),
            replaces: uri.header("Replaces").map(|value| value.into_owned()),
        })
    }

    /// The worker that has the call: this one has a new one.
    fn worker(&self, core: &Core) -> Result<usize, u16> {
        let Some(replaces) = &self.replaces else { return Ok(core.mint.worker()) };
        let dialog = DialogId::of_replaces(replaces).ok_or(400_u16)?;
        Ok(core.common.home_of(&dialog))
    }
}

impl Call {
    /// REFER of a line that has proven itself.
    pub fn refer(&mut self, core: &mut Core, by: Side, asked: Asked, proven: &LineEntry, failures_before: Failures) {
        let Some(asked) = self.in_turn(core, by, asked) else { return };
        if proven.account != self.facts.account || self.line_at(by) != Some(&proven.line) {
            return core.reply(&asked, 403);
        }
        if !matches!(self.stage, Stage::Talking) || self.transfer.is_some() {
            return core.reply(&asked, 491);
        }
        let target = Target::of(&asked.request);
        match target.and_then(|target| target.worker(core).map(|worker| (target, worker))) {
            Ok((target, worker)) => self.transfer(core, by, &asked, target, worker, failures_before),
            Err(status) => core.reply(&asked, status),
        }
    }

    fn transfer(
        &mut self,
        core: &mut Core,
        by: Side,
        asked: &Asked,
        target: Target,
        worker: usize,
        failures_before: Failures,
    ) {
        let Some(line) = self.line_at(by).cloned() else { return };
        let attended = target.replaces.is_some();
        let attempt = Attempt {
            call: self.id,
            from: Party::Line(line),
            dialled: target.dialled.clone(),
            caller: self.transferred_caller(by),
            via: Via {
                flow: flow::to_account(asked.flow),
                user_agent: text::user_agent(&asked.request).into(),
                place: Place::default(),
                failures_before,
            },
            cause: Some(Cause::Transfer),
            told: None,
            look_ups: LookUps::none(),
        };
        let errand = Errand { account: self.facts.account.clone(), attempt };
        let flow = inside::flow_to(core, worker);
        let offer = self.leg(by).map(|leg| media::taken_up(&leg.description)).unwrap_or_default();
        let (invite, branch) = invite(core, flow, &target, &errand, &offer);
        let purpose = Purpose::Call(self.id);
        let Some(key) = core.send_request(Method::Invite, invite.clone(), &branch, flow, purpose) else {
            return core.overloaded(asked);
        };
        let event = self.subscribe(core, by, asked);
        let calling = Calling { by, key, invite, flow, offer, attended, event, rang: false };
        self.transfer = Some(Transfer::Calling(Box::new(calling)));
        self.report(core, 100, None);
    }

    /// 202, with the word whether there will be NOTIFYs (RFC 4488 section 4); the Event of those.
    fn subscribe(&mut self, core: &mut Core, by: Side, asked: &Asked) -> Option<String> {
        let sub = asked.request.header_named("Refer-Sub").unwrap_or_default();
        let unwanted = sub.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(b"false"));
        let mut answer = core.answer(asked, 202, "", None);
        answer.header(Name::Contact, core.contact(asked.flow));
        if unwanted {
            answer.header_named("Refer-Sub", "false");
        }
        core.respond(asked.server, 202, answer.finish());
        let leg = self.leg(by)?;
        // RFC 3515 section 2.4.6: those of a second REFER say which it was.
        let again = std::mem::replace(&mut leg.referred, true);
        let event = if again { format!("refer;id={}", Leg::cseq_of(&asked.request)) } else { "refer".to_owned() };
        (!unwanted).then_some(event)
    }

    /// Whom the target is to see: the party who stays, if he called; else who called him.
    fn transferred_caller(&self, by: Side) -> Caller {
        match by {
            Side::A => self.facts.caller.clone(),
            Side::B => self.forwarded_caller(),
        }
    }

    /// Tells the transferor how it goes (RFC 3515 section 2.4.4): the last word is a final status.
    fn report(&mut self, core: &mut Core, status: u16, reason: Option<&[u8]>) {
        let Some(Transfer::Calling(calling)) = &self.transfer else { return };
        let (by, Some(event)) = (calling.by, calling.event.clone()) else { return };
        let Some(leg) = self.leg(by) else { return };
        let flow = leg.dialog.flow();
        let (mut notify, branch) = leg.request(core, Method::Notify);
        let contact = core.contact(flow);
        notify.header(Name::Contact, contact).header(Name::Event, event);
        if status < 200 {
            notify.header_display(Name::SubscriptionState, format_args!("active;expires={REPORTS_END_S}"));
        } else {
            notify.header(Name::SubscriptionState, "terminated;reason=noresource");
        }
        let mut told = format!("SIP/2.0 {status} {}\r\n", sip::reason_phrase(status)).into_bytes();
        if let Some(reason) = reason {
            told.extend([b"Reason: ", reason, b"\r\n"].concat());
        }
        let bytes = notify.finish_with_body(b"message/sipfrag;version=2.0", &told).into();
        core.send_request(Method::Notify, bytes, &branch, flow, Purpose::Call(self.id));
    }

    /// The other call answers. False if it was not called.
    pub(super) fn transfer_response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let Some(Transfer::Calling(calling)) = &mut self.transfer else { return false };
        if calling.key != key {
            return false;
        }
        match response.status().unwrap_or_default() {
            100 => {}
            101..=199 => {
                if !std::mem::replace(&mut calling.rang, true) {
                    self.report(core, 180, None);
                }
            }
            200..=299 => self.hand_over(core, response),
            status => {
                let reason = response.header(Name::Reason).map(|reason| text::bounded(reason, MAX_REASON_BYTES));
                self.not_transferred(core, status, reason.as_deref());
            }
        }
        true
    }

    /// The other call cannot be reached: as if it had answered `status`. False if it was not called.
    pub(super) fn transfer_failed(&mut self, core: &mut Core, key: ClientKey, status: u16) -> bool {
        let called = matches!(&self.transfer, Some(Transfer::Calling(calling)) if calling.key == key);
        if called {
            self.not_transferred(core, status, None);
        }
        called
    }

    /// Nobody takes the transferor's place: the call goes on as it was, if the transferor is still there.
    fn not_transferred(&mut self, core: &mut Core, status: u16, reason: Option<&str>) {
        self.report(core, status, reason.map(str::as_bytes));
        let Some(Transfer::Calling(calling)) = self.transfer.take() else { return };
        let by = calling.by;
        if self.leg(by).is_some_and(|leg| leg.parted) {
            self.finish(core, Ending::bye(by), Some(by));
        }
    }

    /// The other call takes the transferor's place.
    fn hand_over(&mut self, core: &mut Core, response: &Message) {
        let Some(Transfer::Calling(calling)) = &self.transfer else { return };
        let invite = Message::parse(&calling.invite).ok();
        let dialog = invite.and_then(|invite| Dialog::uac(&invite, response, calling.flow).ok());
        let Some(dialog) = dialog else { return self.not_transferred(core, 500, None) };
        self.report(core, 200, None);
        let Some(Transfer::Calling(calling)) = self.transfer.take() else { return };
        let Calling { by, offer, attended, .. } = *calling;
        let mut inner = Leg::new(dialog);
        inner.takes_update = takes_update(response);
        inner.description = offer;
        inner.acknowledge(core, Leg::cseq_of(response), &[]);
        if let Some(sdp) = description(response) {
            self.media.announce(core, by, sdp);
        }
        let transferor = self.take_place(core, by, inner);
        if let Some(leg) = transferor.filter(|leg| !leg.parted) {
            core.left.farewells.push(Farewell::of_transferor(leg, core.now_ms));
        }
        if !attended {
            self.join(core, by);
        }
    }

    /// BYE of the transferor: true if it leaves the party who stays to us (RFC 5589 section 6.1).
    pub(super) fn is_left_to_us(&mut self, by: Side) -> bool {
        let calling = matches!(&self.transfer, Some(Transfer::Calling(calling)) if calling.by == by);
        if let Some(leg) = self.leg(by).filter(|_| calling) {
            leg.parted = true;
            leg.session = None;
        }
        calling
    }

    /// The call ends: so does what it was about to be.
    pub(super) fn drop_transfer(&mut self, core: &mut Core) {
        if let Some(Transfer::Calling(calling)) = &self.transfer {
            core.transactions.cancel(calling.key, core.now_ms);
            self.report(core, 487, None);
        }
        self.transfer = None;
    }
}

/// The INVITE to the other call, with its branch.
fn invite(core: &mut Core, flow: Flow, target: &Target, errand: &Errand, offer: &[u8]) -> (Wire, String) {
    let (branch, tag, call_id) = (core.mint.branch(), core.mint.tag(), core.mint.call_id());
    let us = core.sent_by(flow);
    let host = HostPort::parse(core.common.settings.realm.as_bytes()).unwrap_or(us);
    let uri = SipUri::new(host).with_user(&target.dialled).to_string();
    let mut invite = RequestBuilder::new(Method::Invite, &uri);
    invite
        .via(flow.transport, us, &branch)
        .header_display(Name::MaxForwards, MAX_FORWARDS)
        .header_display(Name::From, format_args!("<{}>;tag={tag}", SipUri::new(us)))
        .header_display(Name::To, format_args!("<{uri}>"))
        .header(Name::CallId, call_id)
        .header(Name::CSeq, "1 INVITE")
        .header(Name::Contact, core.contact(flow))
        .header(Name::UserAgent, errand.attempt.via.user_agent.as_bytes())
        .header(Name::Allow, ALLOW);
    if let Some(replaces) = &target.replaces {
        invite.header(Name::Replaces, replaces);
    }
    let (name, value) = errand.header();
    invite.header_named(name, value);
    (invite.finish_with_body(SDP, offer).into(), branch)
}
