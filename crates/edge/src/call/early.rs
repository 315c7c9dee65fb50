//! Early dialogs with callees: their reliable provisional responses get a PRACK each, in order (RFC 3262 section 4).

use media::Side;
use sip::{Dialog, DialogId, Message, Method, Name};

use super::media::description;
use super::{Call, Stage};
use crate::core::{Core, Purpose};
use crate::limits::MAX_EARLY_DIALOGS;

/// A callee that rings, as far as it was acknowledged.
#[derive(Debug)]
pub(super) struct Early {
    pub dialog: Dialog,
    /// RSeq of its last reliable response.
    rseq: u32,
    /// The answer to our offer that came in one: the 2xx need not say it again.
    pub answer: Option<Vec<u8>>,
}

impl Call {
    /// Takes a provisional response of a callee. False if it is none to act on: sent again, or out of its turn.
    pub(super) fn acknowledge_progress(&mut self, core: &mut Core, at: usize, response: &Message) -> bool {
        let Some(rseq) = response.rseq() else { return true };
        let (Some(fork), Some(id)) = (self.forks.get_mut(at), DialogId::of_response(response)) else { return false };
        if !matches!(self.stage, Stage::Ringing) {
            return false;
        }
        let known = fork.earlies.iter().position(|early| *early.dialog.id() == id);
        if known.is_none() {
            let dialog = fork.dialog_of(response).filter(|_| fork.earlies.len() < MAX_EARLY_DIALOGS);
            let Some(dialog) = dialog else { return false };
            core.know_dialog(&id, self.id, Side::B);
            fork.earlies.push(Early { dialog, rseq: rseq.saturating_sub(1), answer: None });
        }
        let early = match known {
            Some(at) => fork.earlies.get_mut(at),
            None => fork.earlies.last_mut(),
        };
        let Some(early) = early.filter(|early| rseq == early.rseq.saturating_add(1)) else { return false };
        early.rseq = rseq;
        if let Some(answer) = description(response) {
            early.answer.get_or_insert_with(|| answer.to_vec());
        }
        let flow = early.dialog.flow();
        let branch = core.mint.branch();
        let mut prack = early.dialog.request(Method::Prack, core.sent_by(flow), &branch);
        prack.header_display(Name::RAck, format_args!("{rseq} {} INVITE", fork.cseq));
        core.send_request(Method::Prack, prack.finish().into(), &branch, flow, Purpose::Call(self.id));
        true
    }
}
