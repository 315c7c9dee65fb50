//! Ringing and early media that reach the caller for certain (RFC 3262 section 3): one reliable provisional response at a
//! time waits for its PRACK, and the answer waits with it.

use std::collections::VecDeque;

use sip::transaction::{AckWait, AckWaitStep};
use sip::{Message, Name, eq_ignore_case};

use super::media::description;
use super::{Call, Ending, Stage};
use crate::core::{ALLOW, Asked, Core, SDP};
use crate::limits::MAX_PROVISIONALS;

/// How a caller takes provisional responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    /// As they come.
    #[default]
    Plain,
    /// Reliably where it matters: those with early media.
    Able,
    /// Reliably or not at all.
    Demanded,
}

/// The reliable provisional responses to one INVITE.
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    wish: Wish,
    /// RSeq of the last one; 0 if none. They begin with 1, which RFC 3262 section 3 allows: it is the dialog's tags that
    /// nobody can guess.
    rseq: u32,
    /// The one that waits for its PRACK, with its status.
    waiting: Option<Box<(u16, AckWait)>>,
    /// Those that come after it.
    next: VecDeque<(u16, Vec<u8>)>,
}

impl Reliable {
    /// As the INVITE asks for it (section 3). One without an offer would have to be made the offer in the first reliable
    /// response, before anybody has answered: such a caller hears no ringing that it demands to be reliable.
    pub fn wished(invite: &Message) -> Self {
        let names = |name| invite.headers(name).any(|option| eq_ignore_case(option, "100rel"));
        let wish = match (names(Name::Require), names(Name::Supported)) {
            (true, _) => Wish::Demanded,
            (false, true) if description(invite).is_some() => Wish::Able,
            _ => Wish::Plain,
        };
        Self { wish, ..Self::default() }
    }

    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.waiting.as_ref().map(|waiting| waiting.1.deadline_ms())
    }
}

impl Call {
    /// Sends the caller a provisional response, the way it takes them.
    pub(super) fn progress(&mut self, core: &mut Core, status: u16, body: Vec<u8>) {
        let offered = self.callers_offer().is_some();
        let reliable = &mut self.a.reliable;
        match reliable.wish {
            Wish::Demanded if !offered => {}
            Wish::Able if body.is_empty() => self.send_progress(core, status, &body, None),
            Wish::Plain => self.send_progress(core, status, &body, None),
            Wish::Able | Wish::Demanded if reliable.is_waiting() => {
                let news = (status, body);
                if reliable.next.back() != Some(&news) && reliable.next.len() < MAX_PROVISIONALS {
                    reliable.next.push_back(news);
                }
            }
            Wish::Able | Wish::Demanded => self.send_reliably(core, status, &body),
        }
    }

    fn send_reliably(&mut self, core: &mut Core, status: u16, body: &[u8]) {
        self.a.reliable.rseq += 1;
        let rseq = self.a.reliable.rseq;
        self.send_progress(core, status, body, Some(rseq));
    }

    fn send_progress(&mut self, core: &mut Core, status: u16, body: &[u8], rseq: Option<u32>) {
        let Some(invite) = &self.invite else { return };
        let mut answer = invite.answer(status);
        answer.copy_record_routes(&invite.request).header(Name::Contact, core.contact(invite.flow));
        answer.header(Name::Allow, ALLOW);
        if let Some(rseq) = rseq {
            answer.header(Name::Require, "100rel").header_display(Name::RSeq, rseq);
        }
        let bytes: sip::transaction::Wire = answer.finish_with_body(SDP, body).into();
        if rseq.is_some() {
            self.a.reliable.waiting = Some(Box::new((status, AckWait::new(bytes.clone(), core.now_ms))));
        }
        core.respond(invite.server, status, bytes);
    }

    /// PRACK from the caller (section 3). It may bear an offer, which nobody is there yet to answer.
    pub(super) fn prack(&mut self, core: &mut Core, asked: &Asked) {
        let invite = self.invite.as_ref().and_then(|invite| invite.request.cseq().ok());
        let acked = asked.request.rack().filter(|rack| {
            Some(rack.cseq) == invite && rack.rseq == self.a.reliable.rseq && self.a.reliable.is_waiting()
        });
        if acked.is_none() {
            return core.reply(asked, 481);
        }
        core.reply(asked, if asked.request.body().is_empty() { 200 } else { 488 });
        self.a.reliable.waiting = None;
        if let Stage::Answered { body, leased: true } = &mut self.stage {
            let body = std::mem::take(body);
            return self.connect(core, &body);
        }
        if let Some((status, body)) = self.a.reliable.next.pop_front() {
            self.send_reliably(core, status, &body);
        }
    }

    /// Sends again what has no PRACK yet; false if the caller never sent one, which has ended the call.
    pub(super) fn keep_telling(&mut self, core: &mut Core) -> bool {
        let (Some(waiting), Some(invite)) = (&mut self.a.reliable.waiting, &self.invite) else { return true };
        let (status, wait) = &mut **waiting;
        match wait.tick(core.now_ms) {
            AckWaitStep::Wait => true,
            AckWaitStep::Retransmit(bytes) => {
                core.respond(invite.server, *status, bytes);
                true
            }
            AckWaitStep::GiveUp => {
                self.finish(core, Ending::by_node(504, "no PRACK came for the ringing"), None);
                false
            }
        }
    }
}
