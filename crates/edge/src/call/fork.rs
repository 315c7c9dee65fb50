//! One try at a callee: the INVITE to one phone or one carrier (RFC 3261 section 13.2).

use std::net::IpAddr;
use std::sync::Arc;

use account::{Binding, Caller};
use billing::{CarrierId, LineId};
use sip::dialog::Sent;
use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::transaction::ClientKey;
use sip::transaction::Wire;
use sip::{Dialog, Flow, HostPort, Message, Method, Name, RequestBuilder, SipUri, Transport, locate};

use super::early::Early;
use super::media::Offer;
use super::replace::Replacing;
use super::{CallId, session};
use crate::core::{ALLOW, Core, Purpose, SDP};
use crate::directory::Carrier;
use crate::limits::{CARRIER_PATIENCE_MS, MAX_AUTH_TRIES, MAX_DATAGRAM_BYTES, MAX_REASON_BYTES, MAX_TEXT_BYTES};
use crate::peer::Route;
use crate::{flow, text};

/// What every callee of a call is sent.
#[derive(Clone, Debug)]
pub(super) struct Outbound {
    /// Who is calling, as the account says it may be shown.
    pub caller: Caller,
    /// What is called: an extension, a number in E.164, or an emergency number as dialled.
    pub called: String,
    pub emergency: bool,
    /// Line and address the call comes from, for a carrier that is to be told.
    pub origin: Option<(LineId, IpAddr)>,
    /// Why the call is diverted, if it is.
    pub diversion: Diversion,
    pub max_forwards: u32,
    /// Empty if the caller made none.
    pub offer: Offer,
    /// Whose place the caller takes, if it is that.
    pub replacing: Option<Replacing>,
}

/// Why a call is diverted: as Diversion says it (RFC 5806 section 4), and as the `cause` of History-Info (RFC 4458, RFC 7544
/// section 3.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Diversion {
    reason: &'static str,
    cause: u16,
}

impl Diversion {
    /// A phone has redirected it.
    pub const DEFLECTION: Self = Self { reason: "deflection", cause: 480 };
    /// A PBX does it of its own.
    pub const UNKNOWN: Self = Self { reason: "unknown", cause: 404 };
}

/// Whom a fork calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Line(LineId),
    Carrier(CarrierId),
}

/// How a try failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub status: u16,
    /// In words: the text of the Reason header, or the reason phrase.
    pub text: String,
    /// The Reason header (RFC 3326), as it came.
    pub header: Option<String>,
    /// The number or extension that the other side names instead of itself (RFC 3261 section 21.3).
    pub redirect: Option<String>,
}

impl Failure {
    /// Without an answer from the other side.
    pub fn of(status: u16) -> Self {
        Self { status, text: sip::reason_phrase(status).to_owned(), header: None, redirect: None }
    }

    /// What the other side answered.
    pub fn answered(response: &Message) -> Self {
        let status = response.status().unwrap_or_default();
        let header = response.header(Name::Reason);
        let said = header.and_then(|header| sip::Params::new(header).value("text"));
        let said = said.map(|text| text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text));
        let phrase = match response.reason() {
            b"" => sip::reason_phrase(status).as_bytes(),
            phrase => phrase,
        };
        Self {
            status,
            text: text::bounded(said.unwrap_or(phrase), MAX_TEXT_BYTES),
            header: header.map(|header| text::bounded(header, MAX_REASON_BYTES)),
            redirect: redirect(response),
        }
    }
}

/// Whom a 300, 301 or 302 names first. The account dials it as the line that redirects would: its host is not called.
fn redirect(response: &Message) -> Option<String> {
    response.status().filter(|status| matches!(status, 300..=302))?;
    let contact = response.contacts().next()?.ok()?;
    Some(text::user_of(contact.uri)).filter(|user| !user.is_empty())
}

/// One try.
#[derive(Debug)]
pub(super) struct Fork {
    pub target: Target,
    pub key: Option<ClientKey>,
    pub flow: Flow,
    /// How it failed, once it did.
    pub failed: Option<Failure>,
    /// What the phone calls itself.
    pub user_agent: Arc<str>,
    /// When to stop waiting for a first sign of life.
    pub patience_ms: Option<u64>,
    /// The dialogs it has made that were acknowledged so far.
    pub earlies: Vec<Early>,
    /// CSeq of the INVITE as sent last.
    pub cseq: u32,
    names: Names,
    /// The way over UDP, where a request that is too large for one packet is to be tried over TCP first.
    plain: Option<Flow>,
    tag: String,
    call_id: String,
    proof: Proof,
    /// The shortest session interval it has named (RFC 4028 section 7.3), seconds; 0 if none.
    min_se_s: u32,
}

/// Who calls whom, as the callee reads it.
#[derive(Debug)]
struct Names {
    /// The Request-URI.
    uri: String,
    from: String,
    to: String,
    /// The number that diverts the call, if one does.
    diverting: Option<String>,
}

/// Our answer to a carrier's challenges of one INVITE.
#[derive(Debug, Default)]
struct Proof {
    /// The header our credentials go in, and the challenge they answer.
    auth: Option<(Name, ClientAuth)>,
    tries: u8,
}

/// Name and address of the caller for From; anonymous if private (RFC 3323 section 4.1.1.3).
fn from(caller: &Caller, host: HostPort<'_>) -> String {
    if caller.private {
        return "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned();
    }
    let uri = SipUri::text(&caller.user, host);
    if caller.name.is_empty() { bracketed(&uri) } else { [&text::quoted(&caller.name), " <", &uri, ">"].concat() }
}

/// A URI as an address without a name.
fn bracketed(uri: &str) -> String {
    ["<", uri, ">"].concat()
}

impl Fork {
    fn new(core: &mut Core, target: Target, flow: Flow, names: Names) -> Self {
        Self {
            target,
            key: None,
            flow,
            failed: None,
            user_agent: "".into(),
            patience_ms: None,
            earlies: Vec::new(),
            cseq: 0,
            names,
            plain: None,
            tag: core.mint.tag(),
            call_id: core.mint.call_id(),
            proof: Proof::default(),
            min_se_s: 0,
        }
    }

    /// To a phone, the way it registered. A whole PBX (a trunk) finds the number in the Request-URI, a phone in To.
    pub fn to_phone(core: &mut Core, out: &Outbound, line: LineId, binding: &Binding, trunk: bool) -> Self {
        let mut flow = flow::to_sip(binding.flow);
        flow.local = core.our_addr(flow);
        let us = core.sent_by(flow);
        let realm = core.common.settings.realm.clone();
        let host = HostPort::parse(realm.as_bytes()).unwrap_or(us);
        let contact = SipUri::parse(binding.contact.as_bytes());
        let contact = contact.unwrap_or_else(|_| SipUri::from_addr(binding.flow.remote));
        let target = if trunk { contact.with_user(&out.called) } else { contact }.to_string();
        let names = Names {
            uri: target,
            from: from(&out.caller, host),
            to: bracketed(&SipUri::text(&out.called, host)),
            diverting: out.caller.diverted.map(|number| SipUri::text(&number.to_string(), host)),
        };
        let fork = Self::new(core, Target::Line(line), flow, names);
        Self { user_agent: Arc::clone(&binding.user_agent), ..fork }
    }

    /// To a call of the node, to take a party's place there.
    pub fn to_call(core: &mut Core, out: &Outbound, line: LineId, flow: Flow) -> Self {
        let us = core.sent_by(flow);
        let realm = core.common.settings.realm.clone();
        let host = HostPort::parse(realm.as_bytes()).unwrap_or(us);
        let called = SipUri::text(&out.called, host);
        let (from, to) = (from(&out.caller, host), bracketed(&called));
        Self::new(core, Target::Line(line), flow, Names { uri: called, from, to, diverting: None })
    }

    /// To a carrier at one of its servers, by its rules for numbers.
    pub fn to_carrier(core: &mut Core, out: &Outbound, carrier: &Carrier, route: Route) -> Self {
        let flow = flow_to(core, route.target);
        let us = core.sent_by(flow);
        let number = if out.emergency { out.called.clone() } else { carrier_number(carrier, &out.called) };
        let target = SipUri::text(&number, carrier.hostport().unwrap_or(us));
        let mut caller = out.caller.clone();
        caller.user = carrier_caller(carrier, &caller.user);
        let own_host = carrier.our_host(us);
        let diverting = out.caller.diverted.map(|number| carrier_caller(carrier, &number.to_string()));
        let names = Names {
            from: from(&caller, own_host),
            to: bracketed(&target),
            uri: target,
            diverting: diverting.map(|number| SipUri::text(&number, own_host)),
        };
        let fork = Self::new(core, Target::Carrier(route.carrier), flow, names);
        // One whose transport is configured, and not left to the DNS, is spoken to that way alone.
        let plain = (carrier.transport.is_none() && flow.transport == Transport::Udp).then_some(flow);
        Self { plain, ..fork }
    }

    /// Sends the INVITE, with credentials if there was a challenge. False if it could not be sent.
    pub fn send(&mut self, core: &mut Core, call: CallId, out: &Outbound) -> bool {
        self.cseq += 1;
        for early in self.earlies.drain(..) {
            core.forget_tag(early.dialog.id().local_tag());
        }
        let Some(mut written) = self.write(core, out) else { return false };
        // RFC 3261 section 18.1.1.
        if written.0.len() > MAX_DATAGRAM_BYTES && self.plain == Some(self.flow) {
            self.flow = flow_to(core, locate::Target { address: self.flow.remote, transport: Transport::Tcp });
            let Some(again) = self.write(core, out) else { return false };
            written = again;
        }
        let (request, branch) = written;
        self.key = core.send_request(Method::Invite, request, &branch, self.flow, Purpose::Call(call));
        self.patience_ms = match self.target {
            Target::Carrier(_) => Some(core.now_ms.saturating_add(CARRIER_PATIENCE_MS)),
            Target::Line(_) => None,
        };
        self.key.is_some()
    }

    /// Whether it went over TCP for its size, and may go over UDP yet.
    pub fn may_go_plain(&self) -> bool {
        self.plain.is_some_and(|plain| plain != self.flow)
    }

    /// Sends it over UDP all the same, once there is no way over TCP. False if it did not go over TCP for its size.
    pub fn send_plain(&mut self, core: &mut Core, call: CallId, out: &Outbound) -> bool {
        let Some(plain) = self.plain.take().filter(|plain| *plain != self.flow) else { return false };
        self.flow = plain;
        self.send(core, call, out)
    }

    /// The INVITE with its branch; `None` if its carrier is no more.
    fn write(&mut self, core: &mut Core, out: &Outbound) -> Option<(Wire, String)> {
        let branch = core.mint.branch();
        let mut invite = RequestBuilder::new(Method::Invite, &self.names.uri);
        invite
            .via(self.flow.transport, core.sent_by(self.flow), &branch)
            .header_number(Name::MaxForwards, out.max_forwards)
            .header_parts(Name::From, &[self.names.from.as_bytes(), b";tag=", self.tag.as_bytes()])
            .header(Name::To, &self.names.to)
            .header(Name::CallId, &self.call_id)
            .cseq(self.cseq, Method::Invite)
            .own_contact(core.contact(self.flow))
            .header(Name::Allow, ALLOW);
        session::ask(&mut invite, self.min_se_s);
        // Without an offer of ours theirs would have to be answered before anybody talks.
        let offer = out.offer.facing(self.flow.remote);
        if !offer.is_empty() {
            invite.header(Name::Supported, "100rel");
        }
        if let Target::Line(_) = &self.target {
            invite.header(Name::Supported, "replaces");
        }
        self.diversion(&mut invite, out.diversion);
        if let Some(replacing) = &out.replacing {
            replacing.write_to(&mut invite);
        }
        if let Target::Carrier(id) = &self.target {
            let directory = core.directory.clone();
            self.carrier_headers(core, &mut invite, directory.carriers.get(id)?, out);
        }
        Some((invite.finish_with_body(SDP, offer).into(), branch))
    }

    /// Who diverts the call, in either of the ways that callees read (RFC 5806, RFC 7044 section 5).
    fn diversion(&self, invite: &mut RequestBuilder, Diversion { reason, cause }: Diversion) {
        if let Some(diverting) = &self.names.diverting {
            invite.header_display(Name::Diversion, format_args!("<{diverting}>;reason={reason}"));
            let history = format!("<{diverting}>;index=1, <{};cause={cause}>;index=1.1;mp=1", self.names.uri);
            invite.header(Name::HistoryInfo, history);
        }
    }

    /// Credentials, the asserted identity (RFC 3325), and what the carrier is told of the origin.
    fn carrier_headers(&mut self, core: &mut Core, invite: &mut RequestBuilder, carrier: &Carrier, out: &Outbound) {
        if let (Some((name, auth)), Some(known)) = (&mut self.proof.auth, &carrier.auth) {
            let credentials = Credentials { username: &known.username, secret: &known.secret };
            let cnonce = core.mint.cnonce();
            invite.header(*name, auth.answer(credentials, b"INVITE", self.names.uri.as_bytes(), &cnonce));
        }
        let host = carrier.our_host(core.sent_by(self.flow));
        let asserted = SipUri::text(&carrier_caller(carrier, &out.caller.user), host);
        invite.header_parts(Name::PAssertedIdentity, &[b"<", asserted.as_bytes(), b">"]);
        if out.caller.private {
            invite.header(Name::Privacy, "id");
        }
        if let Some((line, ip)) = out.origin.as_ref().filter(|_| carrier.tell_origin) {
            invite.header_named(ORIGIN_HEADER, format!("extension={line};address={ip}"));
        }
    }

    /// The dialog of a 2xx, which may have begun with a response before it (RFC 3261 section 13.2.2.4), and the answer that
    /// came with that.
    pub fn confirmed(&mut self, response: &Message) -> Option<(Dialog, Option<Vec<u8>>)> {
        let known = self.earlies.iter_mut().find(|early| early.dialog.id().is_of_response(response));
        if let Some(early) = known {
            early.dialog.confirm_from(response).ok()?;
            return Some((early.dialog.clone(), early.answer.take()));
        }
        Some((self.dialog_of(response)?, None))
    }

    /// The dialog that a response makes.
    pub fn dialog_of(&self, response: &Message) -> Option<Dialog> {
        let Names { uri, from, .. } = &self.names;
        let sent = Sent {
            uri: uri.as_bytes(),
            local: from.into(),
            tag: self.tag.as_bytes(),
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            secure: sip::dialog::is_sips(uri.as_bytes()),
        };
        Dialog::of_sent(sent, response, self.flow).ok()
    }

    /// Takes up the session interval that a callee wants (422). False if it names none that is longer than before.
    pub fn asked_for_longer(&mut self, response: &Message) -> bool {
        let wanted_s = session::min_se_s(response);
        let longer = wanted_s > self.min_se_s;
        self.min_se_s = self.min_se_s.max(wanted_s);
        longer
    }

    /// Takes up a carrier's challenge. False if it cannot be answered, or was and the secret is wrong (RFC 3261
    /// section 22.2).
    pub fn challenged(&mut self, core: &Core, response: &Message) -> bool {
        let Target::Carrier(id) = &self.target else { return false };
        let has_credentials = core.directory.carriers.get(id).is_some_and(|carrier| carrier.auth.is_some());
        if !has_credentials || self.proof.tries >= MAX_AUTH_TRIES {
            return false;
        }
        let Some((name, challenge)) = challenge_of(response) else { return false };
        let known = self.proof.auth.as_ref().is_some_and(|(_, auth)| auth.nonce() == challenge.nonce.as_ref());
        let refused = self.proof.auth.is_some() && !challenge.stale;
        if known || refused {
            return false;
        }
        self.proof.tries += 1;
        self.proof.auth = Some((name, ClientAuth::new(&challenge)));
        true
    }
}

/// Tells a provider which extension and address are behind a call on its trunk.
pub(super) const ORIGIN_HEADER: &str = "P-Tollguard-Origin";

/// The strongest challenge of a 401 or 407, with the header that answers it.
pub(crate) fn challenge_of(response: &Message) -> Option<(Name, Challenge<'_>)> {
    let (asks, answers) = match response.status()? {
        401 => (Name::WwwAuthenticate, Name::Authorization),
        407 => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
        _ => return None,
    };
    Challenge::strongest(response.headers(asks)).map(|challenge| (answers, challenge))
}

/// The way to a server: from our advertised address to its own.
pub(crate) fn flow_to(core: &Core, target: locate::Target) -> Flow {
    let locate::Target { address: remote, transport } = target;
    Flow { local: core.advertised(transport, remote), remote, transport, connection: 0 }
}

pub(super) fn carrier_number(carrier: &Carrier, number: &str) -> String {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let plus = if carrier.plus { "+" } else { "" };
    [plus, &carrier.prefix, digits].concat()
}

/// The caller's number as the carrier writes numbers; anything but a full number stays as it is.
fn carrier_caller(carrier: &Carrier, user: &str) -> String {
    match user.strip_prefix('+') {
        Some(digits) if !carrier.plus => digits.to_owned(),
        _ => user.to_owned(),
    }
}
