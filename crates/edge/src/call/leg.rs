//! One leg of a call: its dialog, the ACK we wait for, and the ACK we give.

use sip::transaction::ServerKey;
use sip::transaction::{AckWait, AckWaitStep, Wire};
use sip::{Dialog, Message, Method, RequestBuilder};

use super::refresh::Refresh;
use super::reliable::Reliable;
use super::session::Session;
use crate::core::{Core, SDP};
use crate::farewell::Parting;

/// A 2xx of ours to an INVITE that waits for its ACK.
#[derive(Debug)]
pub(crate) struct Unacked {
    pub wait: AckWait,
    pub server: ServerKey,
    /// CSeq of the INVITE.
    pub cseq: u32,
}

/// What became of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckOutcome {
    Waiting,
    /// No ACK came in 64 T1.
    GaveUp,
}

/// One leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub dialog: Dialog,
    pub unacked: Option<Box<Unacked>>,
    /// CSeq of an INVITE of ours without an offer whose 2xx still waits for our ACK, which will carry the answer.
    pub owed: Option<u32>,
    /// Our reliable provisional responses on it.
    pub(super) reliable: Reliable,
    /// Its session timer, if both sides want one.
    pub(super) session: Option<Session>,
    /// The refresh of ours that is under way.
    pub(super) refresh: Option<Refresh>,
    /// Whether the peer takes UPDATE.
    pub(super) takes_update: bool,
    /// The session description the peer was sent last.
    pub(super) description: Vec<u8>,
    /// A REFER came on it before (RFC 3515 section 2.4.6).
    pub(super) referred: bool,
    /// The peer has said BYE and left the other party to us: it only hears how its transfer goes.
    pub(super) parted: bool,
    /// The ACK of the last 2xx, by the CSeq of its INVITE: a retransmitted 2xx gets it again.
    acked: Option<(u32, Wire)>,
}

impl Leg {
    pub fn new(dialog: Dialog) -> Self {
        Self {
            dialog,
            unacked: None,
            owed: None,
            reliable: Reliable::default(),
            session: None,
            refresh: None,
            takes_update: false,
            description: Vec::new(),
            referred: false,
            parted: false,
            acked: None,
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.unacked.as_ref().map(|unacked| unacked.wait.deadline_ms())
    }

    /// When something is due of its session.
    pub fn session_ms(&self) -> Option<u64> {
        self.session.as_ref().map(Session::next_ms)
    }

    /// Begins a request within the dialog; the branch is its transaction's.
    pub fn request(&mut self, core: &mut Core, method: Method) -> (RequestBuilder, String) {
        let branch = core.mint.branch();
        let sent_by = core.sent_by(self.dialog.flow());
        (self.dialog.request(method, sent_by, &branch), branch)
    }

    /// Sends our 2xx and waits for its ACK (RFC 3261 section 13.3.1.4).
    pub fn accept(&mut self, core: &mut Core, server: ServerKey, cseq: u32, response: Wire) {
        core.respond(server, 200, response.clone());
        self.unacked = Some(Box::new(Unacked { wait: AckWait::new(response, core.now_ms), server, cseq }));
    }

    /// The peer's ACK; true if it is the one that was waited for.
    pub fn acked_by_peer(&mut self, ack: &Message) -> bool {
        let cseq = ack.cseq().map(|cseq| cseq.number).ok();
        self.unacked.take_if(|unacked| Some(unacked.cseq) == cseq).is_some()
    }

    /// Sends the ACK of a 2xx (RFC 3261 section 13.2.2.4), with an answer if the 2xx made the offer.
    pub fn acknowledge(&mut self, core: &mut Core, cseq: u32, answer: &[u8]) {
        self.owed = None;
        let branch = core.mint.branch();
        let flow = self.dialog.flow();
        let ack: Wire = self.dialog.ack(cseq, core.sent_by(flow), &branch).finish_with_body(SDP, answer).into();
        core.transactions.send(flow, ack.clone());
        self.acked = Some((cseq, ack));
    }

    /// Answers a retransmitted 2xx. True if it was one of this leg.
    pub fn acknowledge_again(&self, core: &mut Core, response: &Message) -> bool {
        if !self.dialog.id().is_of_response(response) {
            return false;
        }
        let cseq = response.cseq().map(|cseq| cseq.number).ok();
        if let Some((_, ack)) = self.acked.as_ref().filter(|(acked, _)| Some(*acked) == cseq) {
            core.transactions.send(self.dialog.flow(), ack.clone());
            return true;
        }
        self.owed == cseq
    }

    /// Retransmits our 2xx if it is time to.
    pub fn tick(&mut self, core: &mut Core) -> AckOutcome {
        let Some(unacked) = &mut self.unacked else { return AckOutcome::Waiting };
        match unacked.wait.tick(core.now_ms) {
            AckWaitStep::Wait => AckOutcome::Waiting,
            AckWaitStep::Retransmit(bytes) => {
                core.respond(unacked.server, 200, bytes);
                AckOutcome::Waiting
            }
            AckWaitStep::GiveUp => {
                self.unacked = None;
                AckOutcome::GaveUp
            }
        }
    }

    /// Ends the leg (RFC 3261 section 15.1.1). A 2xx that is owed an ACK gets it when the BYE has arrived.
    pub fn bye(&mut self, core: &mut Core, reason: Option<&str>) {
        let (owed, reason) = (self.owed.take(), reason.map(str::to_owned));
        let parting = Parting { dialog: self.dialog.clone(), reason, owed, proven: false, rerouted: false };
        parting.send(core, None);
    }
}
