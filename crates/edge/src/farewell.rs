//! What remains to be said when a call is over: BYE that waits for the ACK of our 2xx (RFC 3261 section 15), BYE that a
//! carrier challenges, BYE to those who answer too late or who have transferred their call.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sip::dialog::ends_dialog;
use sip::digest::{ClientAuth, Credentials};
use sip::{Dialog, DialogId, Flow, Message, Method, Name, Transport, Uri, eq_ignore_case};

use crate::call::{Leg, challenge_of};
use crate::core::{Core, Purpose};
use crate::directory::CarrierAuth;
use crate::limits::TRANSFEROR_PATIENCE_MS;
use crate::wakes::Wakes;

/// One such leg.
#[derive(Debug)]
pub(crate) struct Farewell {
    leg: Leg,
    /// Until then the peer may say BYE first.
    patience_ms: Option<u64>,
}

impl Farewell {
    pub const fn new(leg: Leg) -> Self {
        Self { leg, patience_ms: None }
    }

    /// Of one who has transferred its call: it hangs up by itself (RFC 5589 section 6.1), or is hung up.
    pub const fn of_transferor(leg: Leg, now_ms: u64) -> Self {
        Self { leg, patience_ms: Some(now_ms.saturating_add(TRANSFEROR_PATIENCE_MS)) }
    }

    /// When something is due; `None` if it is time for our BYE.
    fn next_ms(&self) -> Option<u64> {
        [self.leg.deadline_ms(), self.patience_ms].into_iter().flatten().min()
    }
}

/// All of them. Each lives at most 64 T1.
pub(crate) struct Farewells {
    legs: BTreeMap<DialogId, Farewell>,
    wakes: Wakes<DialogId>,
}

impl Farewells {
    pub fn new() -> Self {
        Self { legs: BTreeMap::new(), wakes: Wakes::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wakes.next_ms()
    }

    pub fn add(&mut self, farewell: Farewell) {
        let id = farewell.leg.dialog.id().clone();
        self.wakes.set(&id, farewell.next_ms());
        self.legs.insert(id, farewell);
    }

    /// An ACK for which no call was found.
    pub fn ack(&mut self, core: &mut Core, ack: &Message) {
        let Some(id) = DialogId::of_request(ack).filter(|_| !self.legs.is_empty()) else { return };
        if self.legs.get_mut(&id).is_some_and(|farewell| farewell.leg.acked_by_peer(ack)) {
            self.go_on(core, &id);
        }
    }

    /// The peer itself says BYE meanwhile: true if it was known.
    pub fn bye(&mut self, bye: &Message) -> bool {
        let Some(id) = DialogId::of_request(bye) else { return false };
        self.wakes.set(&id, None);
        self.legs.remove(&id).is_some()
    }

    pub fn tick(&mut self, core: &mut Core) {
        while let Some(id) = self.wakes.due(core.now_ms) {
            let Some(farewell) = self.legs.get_mut(&id) else { continue };
            farewell.leg.tick(core);
            farewell.patience_ms.take_if(|at_ms| *at_ms <= core.now_ms);
            self.go_on(core, &id);
        }
    }

    /// Waits for what is due next, or says BYE.
    fn go_on(&mut self, core: &mut Core, id: &DialogId) {
        let next_ms = self.legs.get(id).and_then(Farewell::next_ms);
        self.wakes.set(id, next_ms);
        if next_ms.is_none()
            && let Some(mut farewell) = self.legs.remove(id)
        {
            farewell.leg.bye(core, None);
        }
    }
}

/// A BYE that was sent, with what it takes to send it again.
///
/// A callee that has no ACK yet gets its BYE first (RFC 3261 section 15 lets a caller do so) and the ACK once that has
/// arrived: it repeats its 2xx until then, so that a node that crashes meanwhile, and knows nothing of the dialog, hears
/// of it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parting {
    pub dialog: Dialog,
    pub reason: Option<String>,
    /// CSeq of the INVITE whose 2xx has no ACK yet.
    pub owed: Option<u32>,
    /// It carries credentials already.
    pub proven: bool,
    /// It goes another way than the dialog did.
    pub rerouted: bool,
}

impl Parting {
    /// The BYE, with credentials if there are any.
    pub fn send(mut self, core: &mut Core, auth: Option<(Name, ClientAuth, CarrierAuth)>) {
        let flow = self.dialog.flow();
        let branch = core.mint.branch();
        let mut bye = self.dialog.request(Method::Bye, core.sent_by(flow), &branch);
        if let Some(reason) = &self.reason {
            bye.header(Name::Reason, reason);
        }
        if let Some((name, mut auth, known)) = auth {
            let credentials = Credentials { username: &known.username, secret: &known.secret };
            let uri = Message::parse(&bye.clone().finish()).map(|bye| bye.request_uri().to_vec()).unwrap_or_default();
            bye.header(name, auth.answer(credentials, b"BYE", &uri, &core.mint.cnonce()));
        }
        core.send_request(Method::Bye, bye.finish().into(), &branch, flow, Purpose::Bye(Box::new(self)));
    }

    /// It could not be sent: the connection of the dialog is gone. Where the peer names a port of the same host, it goes
    /// there (RFC 3261 section 18.2.2 does so for answers); another host of its choice is not spoken to.
    pub fn undeliverable(mut self, core: &mut Core) {
        let old = self.dialog.flow();
        let Some(way) = way_to(self.dialog.next_hop()).filter(|way| way.0.ip() == old.remote.ip()) else { return };
        if !self.rerouted && old.connection != 0 {
            let (remote, transport) = way;
            self.dialog.set_flow(Flow { local: core.advertised(transport, remote), remote, transport, connection: 0 });
            self.rerouted = true;
            self.send(core, None);
        }
    }

    /// The final answer. A carrier that challenges even BYE gets our credentials once: it would bill on otherwise.
    pub fn answered(mut self, core: &mut Core, response: &Message) {
        if let Some((name, challenge)) = challenge_of(response).filter(|_| !self.proven) {
            let carrier = core.directory.carrier_with(self.dialog.flow().remote);
            if let Some(known) = carrier.and_then(|carrier| carrier.auth.clone()) {
                self.proven = true;
                return self.send(core, Some((name, ClientAuth::new(&challenge), known)));
            }
        }
        let Some(cseq) = self.owed.take() else { return };
        Leg::new(self.dialog.clone()).acknowledge(core, cseq, &[]);
        let is_over = response.status().is_some_and(|status| status < 300 || ends_dialog(status));
        if !is_over {
            // It takes no BYE before the ACK.
            self.send(core, None);
        }
    }
}

/// Address and transport of a URI, if its host is an address.
fn way_to(uri: &str) -> Option<(SocketAddr, Transport)> {
    let uri = Uri::parse(uri.as_bytes()).ok()?;
    let named = uri.params.value("transport").unwrap_or_default();
    let transport = match uri.scheme {
        sip::uri::Scheme::Sips => Transport::Tls,
        _ if eq_ignore_case(named, "tls") => Transport::Tls,
        _ if eq_ignore_case(named, "tcp") => Transport::Tcp,
        _ => Transport::Udp,
    };
    let default_port = if transport == Transport::Tls { 5061 } else { 5060 };
    Some((uri.hostport?.socket_addr(default_port)?, transport))
}

/// A 2xx to an INVITE of a call that is over, was given up, or of a run before this one: the callee talks to nobody and
/// a carrier may bill it, so it gets BYE at once and its ACK after it (RFC 3261 sections 9.1 and 13.2.2.4). Only for Call-IDs a node
/// like this has minted.
pub(crate) fn hang_up_stray(core: &mut Core, flow: Flow, response: &Message) {
    let success = response.status().is_some_and(|status| (200..300).contains(&status));
    let invite = response.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
    if !success || !invite || !core.mint.is_of_a_run_until_now(response.call_id()) {
        return;
    }
    let Ok(dialog) = Dialog::uac_of_stray(response, flow) else { return };
    let cseq = dialog.local_cseq();
    let mut leg = Leg::new(dialog);
    leg.owed = Some(cseq);
    leg.bye(core, None);
}
