//! The INVITE server transaction: RFC 3261 section 17.2.1 with the Accepted state of RFC 6026.

use std::net::SocketAddr;

use super::timer::{Backoff, GIVE_UP_MS, PROCEEDING_MAX_MS, T2_MS, T4_MS, TRYING_AFTER_MS, earliest};
use super::{Action, Wire, derived};

/// Where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteServerState {
    /// The user has not given a final response.
    Proceeding,
    /// A 2xx was sent; the user retransmits it, INVITEs are absorbed (RFC 6026 section 7.1).
    Accepted,
    /// A failure was sent and waits for its ACK.
    Completed,
    /// The ACK came; further ACKs are absorbed.
    Confirmed,
    /// Done.
    Terminated,
}

/// What can happen to the machine.
#[derive(Clone, Debug)]
pub enum InviteServerInput {
    /// The INVITE was received again.
    Request,
    /// An ACK matched the transaction.
    Ack,
    /// The user answers.
    Response {
        /// Status code, 100 to 699.
        status: u16,
        /// The response, serialised.
        bytes: Wire,
    },
    /// The deadline has come.
    Timer,
    /// A response could not be sent.
    TransportError,
}

/// One received INVITE and its responses.
#[derive(Debug)]
pub struct InviteServer {
    state: InviteServerState,
    reliable: bool,
    /// When to send 100 Trying, until the user says something.
    trying_at_ms: Option<u64>,
    /// The INVITE until then, and where it came from: most users say something, and then no 100 was written in vain.
    invite: Option<(Wire, SocketAddr)>,
    /// What a retransmitted INVITE is answered with.
    last: Option<Wire>,
    /// Timer G.
    retransmit: Option<Backoff>,
    /// Timer H, I or L, or the limit on Proceeding.
    ends_at_ms: Option<u64>,
}

impl InviteServer {
    /// A transaction for an INVITE received now from `source`. If the user is silent for 200 ms it is answered with 100.
    pub fn new(invite: Wire, source: SocketAddr, reliable: bool, now_ms: u64) -> Self {
        Self {
            state: InviteServerState::Proceeding,
            reliable,
            trying_at_ms: Some(now_ms.saturating_add(TRYING_AFTER_MS)),
            invite: Some((invite, source)),
            last: None,
            retransmit: None,
            ends_at_ms: Some(now_ms.saturating_add(PROCEEDING_MAX_MS)),
        }
    }

    /// Where the machine stands.
    pub const fn state(&self) -> InviteServerState {
        self.state
    }

    /// When it wants [`InviteServerInput::Timer`].
    pub fn deadline_ms(&self) -> Option<u64> {
        let retransmit = self.retransmit.as_ref().map(Backoff::next_ms);
        earliest(earliest(self.trying_at_ms, retransmit), self.ends_at_ms)
    }

    /// Whether nothing is left for it but to end at its deadline.
    pub(super) const fn lingers(&self) -> bool {
        matches!(self.state, InviteServerState::Accepted | InviteServerState::Confirmed)
    }

    /// Takes one input and appends what follows from it to `out`.
    pub fn handle(&mut self, input: InviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match self.state {
            InviteServerState::Proceeding => self.proceeding(input, now_ms, out),
            InviteServerState::Accepted => self.accepted(input, now_ms, out),
            InviteServerState::Completed => self.completed(input, now_ms, out),
            InviteServerState::Confirmed => self.confirmed(&input, now_ms, out),
            InviteServerState::Terminated => {}
        }
    }

    /// RFC 3261 section 17.2.1, "Proceeding".
    fn proceeding(&mut self, input: InviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteServerInput::Request => out.extend(self.last.clone().map(Action::Send)),
            InviteServerInput::Response { status: 100..=199, bytes } => {
                self.has_spoken();
                self.last = Some(bytes.clone());
                self.ends_at_ms = Some(now_ms.saturating_add(PROCEEDING_MAX_MS));
                out.push(Action::Send(bytes));
            }
            InviteServerInput::Response { status: 200..=299, bytes } => {
                self.has_spoken();
                self.last = None;
                self.state = InviteServerState::Accepted;
                self.ends_at_ms = Some(now_ms.saturating_add(GIVE_UP_MS));
                out.push(Action::Send(bytes));
            }
            InviteServerInput::Response { bytes, .. } => self.enter_completed(bytes, now_ms, out),
            InviteServerInput::Timer => {
                if self.is_over(now_ms) {
                    out.push(Action::Timeout);
                    self.terminate(out);
                } else if self.trying_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
                    self.last = self.invite.as_ref().and_then(|(invite, source)| derived::trying(invite, *source));
                    self.has_spoken();
                    out.extend(self.last.clone().map(Action::Send));
                }
            }
            // RFC 6026 section 7.1: the state stays, so that retransmissions are absorbed
            // and not taken for new calls.
            InviteServerInput::TransportError => out.push(Action::TransportError),
            InviteServerInput::Ack => {}
        }
    }

    /// RFC 6026 section 7.1, "Accepted".
    fn accepted(&mut self, input: InviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteServerInput::Response { status: 200..=299, bytes } => {
                out.push(Action::Send(bytes));
            }
            InviteServerInput::Ack => out.push(Action::PassUp),
            InviteServerInput::Timer if self.is_over(now_ms) => self.terminate(out),
            InviteServerInput::TransportError => out.push(Action::TransportError),
            InviteServerInput::Request | InviteServerInput::Response { .. } | InviteServerInput::Timer => {}
        }
    }

    fn has_spoken(&mut self) {
        (self.trying_at_ms, self.invite) = (None, None);
    }

    fn enter_completed(&mut self, bytes: Wire, now_ms: u64, out: &mut Vec<Action>) {
        self.has_spoken();
        self.last = Some(bytes.clone());
        self.state = InviteServerState::Completed;
        self.retransmit = (!self.reliable).then(|| Backoff::start(now_ms, T2_MS));
        self.ends_at_ms = Some(now_ms.saturating_add(GIVE_UP_MS));
        out.push(Action::Send(bytes));
    }

    /// RFC 3261 section 17.2.1, "Completed".
    fn completed(&mut self, input: InviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteServerInput::Request => out.extend(self.last.clone().map(Action::Send)),
            InviteServerInput::Ack => self.enter_confirmed(now_ms, out),
            InviteServerInput::Timer => {
                if self.is_over(now_ms) {
                    out.push(Action::Timeout);
                    self.terminate(out);
                } else if self.retransmit.as_mut().is_some_and(|timer_g| timer_g.is_due(now_ms)) {
                    out.extend(self.last.clone().map(Action::Send));
                }
            }
            InviteServerInput::TransportError => out.push(Action::TransportError),
            InviteServerInput::Response { .. } => {}
        }
    }

    /// Timer I is T4 where ACKs may still arrive, and zero on a reliable transport.
    fn enter_confirmed(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        self.retransmit = None;
        self.last = None;
        if self.reliable {
            self.terminate(out);
        } else {
            self.state = InviteServerState::Confirmed;
            self.ends_at_ms = Some(now_ms.saturating_add(T4_MS));
        }
    }

    /// RFC 3261 section 17.2.1, "Confirmed".
    fn confirmed(&mut self, input: &InviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        if matches!(input, InviteServerInput::Timer) && self.is_over(now_ms) {
            self.terminate(out);
        }
    }

    fn is_over(&self, now_ms: u64) -> bool {
        self.ends_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    fn terminate(&mut self, out: &mut Vec<Action>) {
        self.state = InviteServerState::Terminated;
        self.has_spoken();
        self.last = None;
        self.retransmit = None;
        self.ends_at_ms = None;
        out.push(Action::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::InviteServerInput as In;
    use super::*;
    use crate::transaction::script::{Script, wire};

    const INVITE: &str = "INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n\
                          To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n";

    fn script(reliable: bool) -> Script<InviteServer> {
        let (invite, source) = (wire(INVITE), "192.0.2.1:5060".parse().unwrap());
        Script::new(InviteServer::new(invite, source, reliable, 0), |m, now, out| {
            m.handle(In::Timer, now, out);
        })
    }

    fn answer(status: u16) -> In {
        In::Response { status, bytes: wire(&status.to_string()) }
    }

    impl Script<InviteServer> {
        fn give(&mut self, at_ms: u64, input: In) -> &mut Self {
            self.at(at_ms, |m, now, out| m.handle(input, now, out))
        }
    }

    #[test]
    fn silence_of_the_user_sends_trying_after_200_ms() {
        script(false).run_until(199).expect(&[]).run_until(200).expect(&["200 send 100"]);
        script(true).run_until(200).expect(&["200 send 100"]);
    }

    #[test]
    fn a_response_within_200_ms_replaces_trying() {
        let mut script = script(false);
        script.give(150, answer(180)).run_until(5_000).expect(&["150 send 180"]);
        script.give(6_000, In::Request).expect(&["6000 send 180"]);
    }

    #[test]
    fn retransmission_before_any_response_is_absorbed() {
        script(false).give(100, In::Request).expect(&[]);
    }

    #[test]
    fn failure_is_retransmitted_until_acknowledged() {
        let mut script = script(false);
        script.give(100, answer(486)).run_until(9_000);
        script.expect(&["100 send 486", "600 send 486", "1600 send 486", "3600 send 486", "7600 send 486"]);
        script.give(9_000, In::Ack).give(9_100, In::Request).give(9_200, In::Ack);
        script.run_until(13_999).expect(&[]);
        script.run_until(14_000).expect(&["14000 terminated"]);
    }

    #[test]
    fn loss_of_the_ack_times_out_after_64_t1() {
        let mut script = script(false);
        script.give(0, answer(404)).run_until(40_000).expect(&[
            "0 send 404",
            "500 send 404",
            "1500 send 404",
            "3500 send 404",
            "7500 send 404",
            "11500 send 404",
            "15500 send 404",
            "19500 send 404",
            "23500 send 404",
            "27500 send 404",
            "31500 send 404",
            "32000 timeout",
            "32000 terminated",
        ]);
    }

    #[test]
    fn reliable_transport_neither_retransmits_nor_lingers() {
        let mut script = script(true);
        script.give(0, answer(404)).run_until(10_000).expect(&["0 send 404"]);
        script.give(10_000, In::Ack).expect(&["10000 terminated"]);
    }

    #[test]
    fn accepted_absorbs_invites_and_passes_acks_and_further_2xx() {
        let mut script = script(false);
        script.give(0, answer(200)).give(500, In::Request).give(500, answer(200));
        script.give(600, In::Ack).give(700, answer(486)).run_until(31_999);
        script.expect(&["0 send 200", "500 send 200", "600 pass up"]);
        script.run_until(40_000).expect(&["32000 terminated"]);
    }

    #[test]
    fn transport_error_informs_but_keeps_absorbing() {
        let mut script = script(false);
        script.give(0, answer(486)).give(1, In::TransportError).give(2, In::Request);
        script.expect(&["0 send 486", "1 transport error", "2 send 486"]);
    }

    #[test]
    fn a_forgotten_invite_ends_fifteen_minutes_after_the_last_word() {
        let mut script = script(false);
        script.give(60_000, answer(180)).run_until(2_000_000);
        script.expect(&["200 send 100", "60000 send 180", "960000 timeout", "960000 terminated"]);
    }
}
