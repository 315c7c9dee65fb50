//! One registration with a carrier: registering, refreshing at half its time, trying again with growing pauses.

use std::collections::VecDeque;

use sip::digest::{ClientAuth, Credentials};
use sip::locate::Target;
use sip::transaction::ClientKey;
use sip::{Message, Method, Name, RequestBuilder, SipUri};

use super::State;
use crate::call::{challenge_of, flow_to};
use crate::core::{Core, Purpose};
use crate::directory::Carrier;
use crate::limits::{MAX_AUTH_TRIES, MAX_FORWARDS, MAX_TEXT_BYTES, REST_MS};
use crate::peer::Standing;
use crate::text;

/// The first pause after a failure; it doubles up to the longest.
const RETRY_MS: u64 = 5_000;
/// The longest pause after failures.
const RETRY_MAX_MS: u64 = 300_000;
/// The longest time we ask for, even if a carrier names a longer minimum (423): a day.
const MAX_EXPIRES_S: u32 = 86_400;

/// Whether a carrier wants us registered.
pub(super) fn wanted(carrier: &Carrier) -> bool {
    carrier.auth.as_ref().is_some_and(|auth| auth.register_s.is_some())
}

/// The registration with one carrier. Its stage follows from `key` (a REGISTER is under way) and `state`.
pub(super) struct Registration {
    pub carrier: Carrier,
    /// When to send the next REGISTER; `None` while one is under way.
    pub next_ms: Option<u64>,
    /// The server it is registered at, or is being tried.
    target: Option<Target>,
    /// Servers to try after that one before there is a pause.
    left: VecDeque<Target>,
    /// For people.
    pub state: Option<State>,
    call_id: String,
    tag: String,
    cseq: u32,
    expires_s: u32,
    key: Option<ClientKey>,
    auth: Option<(Name, ClientAuth)>,
    tries: u8,
    failures: u32,
}

impl Registration {
    pub fn new(core: &mut Core, carrier: Carrier) -> Self {
        let expires_s = carrier.auth.as_ref().and_then(|auth| auth.register_s).unwrap_or(MAX_EXPIRES_S);
        Self {
            carrier,
            next_ms: Some(core.now_ms),
            target: None,
            left: VecDeque::new(),
            state: None,
            call_id: core.mint.call_id(),
            tag: core.mint.tag(),
            cseq: 0,
            expires_s: expires_s.min(MAX_EXPIRES_S),
            key: None,
            auth: None,
            tries: 0,
            failures: 0,
        }
    }

    /// It is time: a new REGISTER, with the credentials of the last challenge if there was one.
    pub fn refresh(&mut self, core: &mut Core) {
        self.tries = 0;
        self.left = core.targets(&self.carrier).into();
        // Where it is known it stays, as long as that is a server still.
        if let Some(at) = self.left.iter().position(|target| Some(*target) == self.target) {
            self.left.swap(0, at);
        }
        self.try_next(core);
    }

    /// Whether its name led nowhere when it was last tried.
    pub const fn has_no_server(&self) -> bool {
        self.target.is_none()
    }

    fn try_next(&mut self, core: &mut Core) {
        self.target = self.left.pop_front();
        match self.target {
            Some(target) => self.send(core, target),
            None => self.failed(core, "its name leads to no server"),
        }
    }

    /// Sends it again where it was sent, with what that server asked for.
    fn send_again(&mut self, core: &mut Core) {
        if let Some(target) = self.target {
            self.send(core, target);
        }
    }

    /// The server is out of order (RFC 3263 section 4.3): the next one is tried at once, if there is one.
    fn out_of_order(&mut self, core: &mut Core, standing: Standing, why: &str) {
        if let Some(target) = self.target {
            core.common.resting.rest(target.address, standing, core.now_ms, core.now_ms.saturating_add(REST_MS));
        }
        if self.left.is_empty() {
            self.failed(core, why);
        } else {
            self.tries = 0;
            self.try_next(core);
        }
    }

    fn send(&mut self, core: &mut Core, target: Target) {
        self.next_ms = None;
        let Some(known) = self.carrier.auth.clone() else { return };
        let flow = flow_to(core, target);
        let sent_by = core.sent_by(flow);
        let registrar = self.carrier.uri(target.address);
        let (uri, aor) = (registrar.to_string(), registrar.with_user(&known.username));
        let contact = SipUri::new(sent_by).with_user(&known.username);
        let contact = match flow.transport {
            sip::Transport::Udp => contact,
            other => contact.with_param("transport", Some(other.uri_name())),
        };
        let branch = core.mint.branch();
        self.cseq = self.cseq.saturating_add(1);
        let mut register = RequestBuilder::new(Method::Register, &uri);
        register
            .via(flow.transport, sent_by, &branch)
            .header_display(Name::MaxForwards, MAX_FORWARDS)
            .header_display(Name::From, format_args!("<{aor}>;tag={}", self.tag))
            .header_display(Name::To, format_args!("<{aor}>"))
            .header(Name::CallId, &self.call_id)
            .header_display(Name::CSeq, format_args!("{} REGISTER", self.cseq))
            .header_display(Name::Contact, format_args!("<{contact}>"))
            .header_display(Name::Expires, self.expires_s);
        if let Some((name, auth)) = &mut self.auth {
            let credentials = Credentials { username: &known.username, secret: &known.secret };
            let cnonce = core.mint.cnonce();
            register.header(*name, auth.answer(credentials, b"REGISTER", uri.as_bytes(), &cnonce));
        }
        let purpose = Purpose::Carrier(self.carrier.id.clone());
        self.key = core.send_request(Method::Register, register.finish().into(), &branch, flow, purpose);
        if self.key.is_none() {
            self.failed(core, "too many requests are under way");
        }
    }

    /// RFC 3261 sections 10.2.4 to 10.2.8.
    pub fn response(&mut self, core: &mut Core, key: ClientKey, response: &Message) {
        if self.key != Some(key) {
            return;
        }
        match response.status().unwrap_or_default() {
            100..=199 => {}
            200..=299 => self.registered(core, response),
            401 | 407 if self.challenged(response) => self.send_again(core),
            401 | 403 | 407 => self.failed(core, "it refuses our name or secret"),
            423 if self.longer(response) => self.send_again(core),
            status => {
                let phrase = text::bounded(response.reason(), MAX_TEXT_BYTES);
                let why = format!("it answers {status} {phrase}");
                if status == 503 { self.out_of_order(core, Standing::Busy, &why) } else { self.failed(core, &why) }
            }
        }
    }

    pub fn no_response(&mut self, core: &mut Core, key: ClientKey) {
        if self.key == Some(key) {
            self.out_of_order(core, Standing::Gone, "it does not answer");
        }
    }

    /// Takes up a challenge, unless it refuses the answer to the one before (RFC 3261 section 22.2). An old nonce of an
    /// earlier refresh may be refused without being called stale; then the new one is answered once.
    fn challenged(&mut self, response: &Message) -> bool {
        let Some((name, challenge)) = challenge_of(response) else { return false };
        if self.tries >= MAX_AUTH_TRIES || (self.tries > 0 && !challenge.stale) {
            return false;
        }
        self.tries += 1;
        self.auth = Some((name, ClientAuth::new(&challenge)));
        true
    }

    /// 423 Interval Too Brief: asks for what the carrier wants, once it is more than before.
    fn longer(&mut self, response: &Message) -> bool {
        let min_s = response.header(Name::MinExpires).and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
        let longer = min_s.filter(|min_s| (self.expires_s + 1..=MAX_EXPIRES_S).contains(min_s));
        longer.map(|min_s| self.expires_s = min_s).is_some()
    }

    fn registered(&mut self, core: &mut Core, response: &Message) {
        self.key = None;
        self.failures = 0;
        // The contact with the longest time is ours, unless others share the account; half of less is never too late.
        let granted = response.contacts().flatten().filter_map(|contact| contact.expires_s()).min();
        let granted_s = granted.or(response.expires()).unwrap_or(self.expires_s).clamp(10, MAX_EXPIRES_S);
        self.next_ms = Some(core.now_ms.saturating_add(u64::from(granted_s) * 500));
        let text = format!("registered with {} for {granted_s} s", self.carrier.name);
        self.state = Some(State { up: true, text });
    }

    fn failed(&mut self, core: &mut Core, why: &str) {
        self.key = None;
        let pause_ms = RETRY_MS.saturating_mul(1 << self.failures.min(8)).min(RETRY_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        self.next_ms = Some(core.now_ms.saturating_add(pause_ms));
        let text = format!("not registered with {}: {why}", self.carrier.name);
        self.state = Some(State { up: false, text });
    }
}
