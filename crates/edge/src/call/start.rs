//! From an authenticated INVITE to the question to the account.

use std::collections::VecDeque;
use std::sync::Arc;

use account::{Attempt, Lease, LineKind, LookUps, Party, Told, Via};
use billing::{AccountId, CallId, E164};
use geo::Place;
use media::{RelayId, Side};
use sip::{Dialog, Message, Print};

use super::fork::ORIGIN_HEADER;
use super::media::{Media, description, streams_of};
use super::reliable::Reliable;
use super::{Call, Clock, Facts, Invite, Leg, Stage, refresh};
use crate::auth::Sender;
use crate::core::{Asked, Core};
use crate::inside::Errand;
use crate::limits::{MAX_TEXT_BYTES, MAX_USER_BYTES};
use crate::{flow, text};

/// What tells a merged request (RFC 3261 section 8.2.2.2): the same INVITE that came by two ways.
pub(crate) fn merge_key(core: &Core, request: &Message) -> Option<Print> {
    let cseq = request.cseq().ok()?.number.to_be_bytes();
    Some(core.common.hash_key.print(&[request.call_id(), request.from().ok()?.tag()?, &cseq]))
}

/// Makes a call of an INVITE and asks the account. `None` if the INVITE was refused before.
pub(crate) fn start(core: &mut Core, asked: Asked, sender: Sender, id: CallId) -> Option<Box<Call>> {
    let Some(attempt) = attempt(core, &asked, sender, id) else {
        core.reply(&asked, 404);
        return None;
    };
    let (account, attempt) = attempt;
    begin(core, asked, account, attempt)
}

/// As [`start`], of an INVITE that another call of the node sends.
pub(crate) fn start_inside(core: &mut Core, asked: Asked, errand: Errand, id: CallId) -> Option<Box<Call>> {
    begin(core, asked, errand.account, Attempt { call: id, ..errand.attempt })
}

fn begin(core: &mut Core, asked: Asked, account: AccountId, attempt: Attempt) -> Option<Box<Call>> {
    let id = attempt.call;
    let tag = core.mint.tag();
    let Ok(dialog) = Dialog::uas(&asked.request, &tag, asked.flow) else {
        core.reply(&asked, 400);
        return None;
    };
    let Ok(streams) = streams_of(description(&asked.request), core.common.settings.relay) else {
        core.reply(&asked, 488);
        return None;
    };
    let invite = Box::new(Invite::new(asked, &dialog));
    let mut a = Leg::new(dialog);
    a.takes_update = refresh::takes_update(&invite.request);
    a.reliable = Reliable::wished(&invite.request);
    Some(Beginning { invite, a, account, attempt, streams }.begin(core, id))
}

/// What a call begins with.
pub(super) struct Beginning {
    pub invite: Box<Invite>,
    pub a: Leg,
    pub account: AccountId,
    pub attempt: Attempt,
    /// Streams of the offer.
    pub streams: usize,
}

impl Beginning {
    /// Asks the account.
    pub fn begin(self, core: &mut Core, id: CallId) -> Box<Call> {
        let Self { invite, a, account, attempt, streams } = self;
        core.invites.insert(invite.server.slot(), id);
        core.know_dialog(a.dialog.id(), id, Side::A);
        let line = match &attempt.from {
            Party::Line(line) => Some(line.clone()),
            Party::Carrier(_) => None,
        };
        let facts = Facts {
            account: account.clone(),
            line,
            on_behalf: None,
            ip: attempt.via.flow.remote.ip(),
            caller: attempt.caller.clone(),
            dialled: attempt.dialled.clone(),
            start_ms: core.now_ms,
            ring_ms: None,
            answer_ms: None,
            carrier: None,
            callee: None,
        };
        core.tell(&account, account::Input::Screen(Arc::new(attempt)));
        let ring_ms = u64::from(core.common.settings.ring_limit_s).saturating_mul(1_000);
        Box::new(Call {
            id,
            facts,
            stage: Stage::Screening { gone: None },
            merge_key: merge_key(core, &invite.request),
            timer: None,
            invite: Some(invite),
            a,
            b: None,
            media: Media::new(core.common.settings.relay.then_some(RelayId(id.0)), streams),
            outbound: None,
            forks: Vec::new(),
            routes_left: VecDeque::new(),
            exchanges: Vec::new(),
            redirections: 0,
            transfer: None,
            clock: Clock {
                stage_ms: core.now_ms.saturating_add(ring_ms),
                agreed: Lease { check_at_s: None, paid_until_s: None },
                check_ms: None,
                paid_ms: None,
            },
        })
    }
}

/// The attempt and the account it concerns; `None` for a carrier's call to a number nobody here has.
fn attempt(core: &Core, asked: &Asked, sender: Sender, call: CallId) -> Option<(AccountId, Attempt)> {
    let request = &asked.request;
    let (account, from, dialled, told, failures_before) = match sender {
        Sender::Line { entry, failures_before } => {
            let told = told(request).filter(|_| entry.kind == LineKind::Trunk);
            (entry.account, Party::Line(entry.line), text::user_of(request.request_uri()), told, failures_before)
        }
        Sender::Carrier(carrier) => {
            let (number, account) = did(core, request)?;
            (account, Party::Carrier(carrier), number.to_string(), None, account::Failures::NONE)
        }
    };
    let attempt = Attempt {
        call,
        from,
        dialled,
        caller: text::caller(request),
        via: Via {
            flow: flow::to_account(asked.flow),
            user_agent: text::user_agent(request).into(),
            place: Place::default(),
            failures_before,
        },
        cause: None,
        told,
        look_ups: LookUps::none(),
    };
    Some((account, attempt))
}

/// The DID a carrier calls: the user of the Request-URI, or of To where the carrier calls us by the name it knows us by.
fn did(core: &Core, request: &Message) -> Option<(E164, AccountId)> {
    let to = request.to().map(|to| text::user_of(to.uri)).unwrap_or_default();
    [text::user_of(request.request_uri()), to].into_iter().find_map(|user| {
        let number: E164 = user.parse().ok()?;
        core.directory.dids.get(&number).map(|account| (number, account.clone()))
    })
}

/// What the customer's PBX tells of a call's origin: `extension=107;address=203.0.113.9`.
fn told(request: &Message) -> Option<Told> {
    let params = sip::Params::new(request.header_named(ORIGIN_HEADER)?);
    let extension = text::bounded(params.value("extension")?, MAX_USER_BYTES);
    let address = text::bounded(params.value("address").unwrap_or_default(), MAX_TEXT_BYTES);
    Some(Told { extension, address, place: Place::default() })
}
