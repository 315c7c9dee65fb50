//! Refreshing a leg's session (RFC 4028 section 7.4): UPDATE without a body where the peer takes it, else the description
//! that it was sent last in a re-INVITE; and the end of a session that nobody refreshed (section 10).

use media::Side;
use sip::digest::{ClientAuth, Credentials};
use sip::transaction::ClientKey;
use sip::{Message, Method, Name, eq_ignore_case};

use super::media::description;
use super::session::Session;
use super::{Call, Ending, Leg, challenge_of};
use crate::core::{ALLOW, Core, Purpose, SDP};

/// A refresh under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refresh {
    key: ClientKey,
    method: Method,
    /// It carries credentials already.
    proven: bool,
}

/// Whether a peer says that it takes UPDATE.
pub(super) fn takes_update(message: &Message) -> bool {
    message.headers(Name::Allow).any(|method| eq_ignore_case(method, "UPDATE"))
}

impl Call {
    /// Does what is due on either leg; false if that has ended the call.
    pub(super) fn keep_sessions(&mut self, core: &mut Core) -> bool {
        for side in [Side::A, Side::B] {
            let Some(session) = self.leg(side).and_then(|leg| leg.session.as_mut()) else { continue };
            if session.is_over(core.now_ms) {
                self.finish(core, Ending::unrefreshed(), None);
                return false;
            }
            if session.take_refresh(core.now_ms) {
                self.refresh(core, side, None);
            }
        }
        true
    }

    fn refresh(&mut self, core: &mut Core, side: Side, proof: Option<(Name, ClientAuth)>) {
        let busy = self.is_negotiating();
        let known = self.credentials_at(core, side);
        let Some(leg) = self.leg(side) else { return };
        let Some(session) = leg.session else { return };
        let method = if leg.takes_update { Method::Update } else { Method::Invite };
        let body = if method == Method::Update { Vec::new() } else { leg.description.clone() };
        let mut key = None;
        if !busy && (method == Method::Update || !body.is_empty()) {
            let flow = leg.dialog.flow();
            let target = leg.dialog.remote_target().to_owned();
            let (mut request, branch) = leg.request(core, method);
            request.own_contact(core.contact(flow)).header(Name::Allow, ALLOW);
            session.ask_again(&mut request);
            if let (Some((name, mut auth)), Some(known)) = (proof.clone(), known) {
                let credentials = Credentials { username: &known.username, secret: &known.secret };
                let cnonce = core.mint.cnonce();
                let answer = auth.answer(credentials, method.as_str().as_bytes(), target.as_bytes(), &cnonce);
                request.header(name, answer);
            }
            let bytes = request.finish_with_body(SDP, &body).into();
            key = core.send_request(method, bytes, &branch, flow, Purpose::Call(self.id));
        }
        let now_ms = core.now_ms;
        let Some(leg) = self.leg(side) else { return };
        leg.refresh = key.map(|key| Refresh { key, method, proven: proof.is_some() });
        if let Some(session) = leg.session.as_mut().filter(|_| key.is_none()) {
            session.retry(now_ms);
        }
    }

    /// What a carrier on that side knows us by.
    fn credentials_at(&self, core: &Core, side: Side) -> Option<crate::directory::CarrierAuth> {
        let carrier = self.facts.carrier.as_ref().filter(|_| side == Side::B)?;
        core.directory.carriers.get(carrier)?.auth.clone()
    }

    fn refreshing(&self, key: ClientKey) -> Option<(Side, Refresh)> {
        let legs = [(Side::A, Some(&self.a)), (Side::B, self.b.as_ref())];
        let refreshes = legs.into_iter().filter_map(|(side, leg)| Some((side, leg?.refresh?)));
        refreshes.into_iter().find(|(_, refresh)| refresh.key == key)
    }

    /// The answer to a refresh. False if there was none with this key.
    pub(super) fn refresh_response(&mut self, core: &mut Core, key: ClientKey, response: &Message) -> bool {
        let Some((side, refresh)) = self.refreshing(key) else { return false };
        match response.status().unwrap_or_default() {
            100..=199 => {}
            200..=299 => self.refreshed(core, side, refresh, response),
            401 | 407 if !refresh.proven => {
                if let Some(leg) = self.leg(side) {
                    leg.refresh = None;
                }
                let challenge = challenge_of(response).map(|(name, challenge)| (name, ClientAuth::new(&challenge)));
                self.refresh(core, side, challenge);
            }
            status => {
                let too_brief = (status == 422).then_some(response);
                self.refresh_failed(core, key, status, too_brief);
            }
        }
        true
    }

    fn refreshed(&mut self, core: &mut Core, side: Side, refresh: Refresh, response: &Message) {
        let now_ms = core.now_ms;
        let Some(leg) = self.leg(side) else { return };
        leg.refresh = None;
        leg.session = Session::agreed(response, now_ms);
        leg.dialog.refresh_target(response);
        if refresh.method == Method::Invite {
            leg.acknowledge(core, Leg::cseq_of(response), &[]);
        }
        if let Some(sdp) = description(response) {
            self.media.announce(core, side, sdp);
        }
    }

    /// A refresh was refused, or not answered: as if it were `status`. False if there was none with this key.
    pub(super) fn refresh_failed(
        &mut self,
        core: &mut Core,
        key: ClientKey,
        status: u16,
        too_brief: Option<&Message>,
    ) -> bool {
        let Some((side, refresh)) = self.refreshing(key) else { return false };
        if sip::dialog::ends_dialog(status) {
            self.finish(core, Ending::bye(side), Some(side));
            return true;
        }
        let now_ms = core.now_ms;
        let Some(leg) = self.leg(side) else { return true };
        leg.refresh = None;
        // Who takes no UPDATE after all may take a re-INVITE.
        leg.takes_update &= !(refresh.method == Method::Update && matches!(status, 405 | 501));
        if let Some(session) = &mut leg.session {
            match too_brief {
                Some(response) => session.lengthen(response, now_ms),
                None => session.retry(now_ms),
            }
        }
        true
    }
}
