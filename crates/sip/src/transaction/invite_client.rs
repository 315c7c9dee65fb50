//! The INVITE client transaction: RFC 3261 section 17.1.1 with the Accepted state of RFC 6026,
//! cancellation (section 9.1) and timer C (section 16.8).

use super::timer::{Backoff, GIVE_UP_MS, TIMER_C_MS, TIMER_D_MS, earliest};
use super::{Action, Wire};

/// Where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteClientState {
    /// No response yet.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A 2xx came; every 2xx goes to the user, who acknowledges each (RFC 6026 section 7.2).
    Accepted,
    /// A failure came and was acknowledged here.
    Completed,
    /// Done.
    Terminated,
}

/// What can happen to the machine.
#[derive(Clone, Debug)]
pub enum InviteClientInput {
    /// A response matched the transaction.
    Response {
        /// Status code, 100 to 699.
        status: u16,
        /// For 300 to 699 the ACK to send (RFC 3261 section 17.1.1.3).
        ack: Option<Wire>,
    },
    /// The user gives up the call.
    Cancel,
    /// The deadline has come.
    Timer,
    /// The INVITE or the ACK could not be sent.
    TransportError,
}

/// How far cancelling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancelling {
    No,
    /// Wanted, but no response has come yet: a CANCEL could overtake the INVITE.
    Wanted,
    Sent,
}

/// One INVITE of ours and its responses.
#[derive(Debug)]
pub struct InviteClient {
    state: InviteClientState,
    reliable: bool,
    /// The INVITE, until a final response has come: then nothing follows from it any more.
    request: Option<Wire>,
    /// The ACK of a failure, sent again for each retransmission of it.
    ack: Option<Wire>,
    cancelling: Cancelling,
    /// Timer A.
    retransmit: Option<Backoff>,
    /// Timer B, C, D or M, or 64 T1 after CANCEL.
    ends_at_ms: Option<u64>,
}

impl InviteClient {
    /// Starts the transaction: the INVITE is sent at once.
    pub fn new(request: Wire, reliable: bool, now_ms: u64, out: &mut Vec<Action>) -> Self {
        out.push(Action::Send(request.clone()));
        Self {
            state: InviteClientState::Calling,
            reliable,
            request: Some(request),
            ack: None,
            cancelling: Cancelling::No,
            retransmit: (!reliable).then(|| Backoff::start(now_ms, u64::MAX)),
            ends_at_ms: Some(now_ms.saturating_add(GIVE_UP_MS)),
        }
    }

    /// Where the machine stands.
    pub const fn state(&self) -> InviteClientState {
        self.state
    }

    /// The INVITE as it was sent, until a final response has come.
    pub const fn request(&self) -> Option<&Wire> {
        self.request.as_ref()
    }

    /// Whether a response of this status makes the machine send an ACK it does not have yet.
    pub const fn needs_ack(&self, status: u16) -> bool {
        status >= 300 && matches!(self.state, InviteClientState::Calling | InviteClientState::Proceeding)
    }

    /// When it wants [`InviteClientInput::Timer`].
    pub fn deadline_ms(&self) -> Option<u64> {
        earliest(self.retransmit.as_ref().map(Backoff::next_ms), self.ends_at_ms)
    }

    /// Whether nothing is left for it but to end at its deadline.
    pub(super) const fn lingers(&self) -> bool {
        matches!(self.state, InviteClientState::Accepted | InviteClientState::Completed)
    }

    /// Takes one input and appends what follows from it to `out`.
    pub fn handle(&mut self, input: InviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match self.state {
            InviteClientState::Calling => self.calling(input, now_ms, out),
            InviteClientState::Proceeding => self.proceeding(input, now_ms, out),
            InviteClientState::Accepted => self.accepted(&input, now_ms, out),
            InviteClientState::Completed => self.completed(&input, now_ms, out),
            InviteClientState::Terminated => {}
        }
    }

    /// RFC 3261 section 17.1.1.2, "Calling".
    fn calling(&mut self, input: InviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteClientInput::Response { status: 0..=199, .. } => {
                self.state = InviteClientState::Proceeding;
                self.retransmit = None;
                self.ends_at_ms = Some(now_ms.saturating_add(TIMER_C_MS));
                out.push(Action::PassUp);
                if self.cancelling == Cancelling::Wanted {
                    self.send_cancel(now_ms, out);
                }
            }
            InviteClientInput::Response { status, ack } => self.finish(status, ack, now_ms, out),
            InviteClientInput::Cancel => self.cancelling = Cancelling::Wanted,
            InviteClientInput::Timer => {
                if self.is_over(now_ms) {
                    out.push(Action::Timeout);
                    self.terminate(out);
                } else if self.retransmit.as_mut().is_some_and(|timer_a| timer_a.is_due(now_ms)) {
                    out.extend(self.request.clone().map(Action::Send));
                }
            }
            InviteClientInput::TransportError => self.fail(out),
        }
    }

    /// RFC 3261 section 17.1.1.2, "Proceeding", with timer C and the end of a cancelled call.
    fn proceeding(&mut self, input: InviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteClientInput::Response { status: status @ 0..=199, .. } => {
                // Section 16.7 step 2: 100 alone does not prolong the ringing.
                if status > 100 && self.cancelling == Cancelling::No {
                    self.ends_at_ms = Some(now_ms.saturating_add(TIMER_C_MS));
                }
                out.push(Action::PassUp);
            }
            InviteClientInput::Response { status, ack } => self.finish(status, ack, now_ms, out),
            InviteClientInput::Cancel => {
                if self.cancelling != Cancelling::Sent {
                    self.send_cancel(now_ms, out);
                }
            }
            InviteClientInput::Timer if self.is_over(now_ms) => {
                if self.cancelling == Cancelling::Sent {
                    out.push(Action::Timeout);
                    self.terminate(out);
                } else {
                    self.send_cancel(now_ms, out);
                }
            }
            InviteClientInput::Timer => {}
            InviteClientInput::TransportError => self.fail(out),
        }
    }

    /// RFC 3261 section 9.1: a peer that answers the INVITE with nothing final for 64 T1 after
    /// the CANCEL has cancelled it.
    fn send_cancel(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        self.cancelling = Cancelling::Sent;
        self.ends_at_ms = Some(now_ms.saturating_add(GIVE_UP_MS));
        out.push(Action::SendCancel);
    }

    /// A final response: Accepted for 2xx, else ACK and Completed (timer D).
    fn finish(&mut self, status: u16, ack: Option<Wire>, now_ms: u64, out: &mut Vec<Action>) {
        (self.retransmit, self.request) = (None, None);
        if status < 300 {
            self.state = InviteClientState::Accepted;
            self.ends_at_ms = Some(now_ms.saturating_add(GIVE_UP_MS));
            out.push(Action::PassUp);
            return;
        }
        out.extend(ack.clone().map(Action::Send));
        out.push(Action::PassUp);
        if self.reliable {
            self.terminate(out);
        } else {
            self.ack = ack;
            self.state = InviteClientState::Completed;
            self.ends_at_ms = Some(now_ms.saturating_add(TIMER_D_MS));
        }
    }

    /// RFC 6026 section 7.2, "Accepted".
    fn accepted(&mut self, input: &InviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteClientInput::Response { status: 200..=299, .. } => out.push(Action::PassUp),
            InviteClientInput::Timer if self.is_over(now_ms) => self.terminate(out),
            InviteClientInput::Response { .. }
            | InviteClientInput::Cancel
            | InviteClientInput::Timer
            | InviteClientInput::TransportError => {}
        }
    }

    /// RFC 3261 section 17.1.1.2, "Completed". A 2xx here is a fork that answered after another
    /// failed: the user must hear of it, or the callee would talk to nobody and be billed.
    fn completed(&mut self, input: &InviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            InviteClientInput::Response { status: 200..=299, .. } => out.push(Action::PassUp),
            InviteClientInput::Response { status: 300.., .. } => {
                out.extend(self.ack.clone().map(Action::Send));
            }
            InviteClientInput::Timer if self.is_over(now_ms) => self.terminate(out),
            InviteClientInput::TransportError => self.fail(out),
            InviteClientInput::Response { .. } | InviteClientInput::Cancel | InviteClientInput::Timer => {}
        }
    }

    /// RFC 3261 section 17.1.4.
    fn fail(&mut self, out: &mut Vec<Action>) {
        out.push(Action::TransportError);
        self.terminate(out);
    }

    fn is_over(&self, now_ms: u64) -> bool {
        self.ends_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    fn terminate(&mut self, out: &mut Vec<Action>) {
        self.state = InviteClientState::Terminated;
        (self.ack, self.request) = (None, None);
        self.retransmit = None;
        self.ends_at_ms = None;
        out.push(Action::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::InviteClientInput as In;
    use super::*;
    use crate::transaction::script::{Script, wire};

    fn script(reliable: bool) -> Script<InviteClient> {
        let mut out = Vec::new();
        let machine = InviteClient::new(wire("INVITE"), reliable, 0, &mut out);
        Script::started(machine, |m, now, out| m.handle(In::Timer, now, out), &out)
    }

    fn got(status: u16) -> In {
        In::Response { status, ack: (status >= 300).then(|| wire("ACK")) }
    }

    impl Script<InviteClient> {
        fn give(&mut self, at_ms: u64, input: In) -> &mut Self {
            self.at(at_ms, |m, now, out| m.handle(input, now, out))
        }
    }

    #[test]
    fn unanswered_invite_doubles_without_a_cap_until_timer_b() {
        script(false).run_until(40_000).expect(&[
            "0 send INVITE",
            "500 send INVITE",
            "1500 send INVITE",
            "3500 send INVITE",
            "7500 send INVITE",
            "15500 send INVITE",
            "31500 send INVITE",
            "32000 timeout",
            "32000 terminated",
        ]);
    }

    #[test]
    fn reliable_transport_sends_once() {
        let lines = ["0 send INVITE", "32000 timeout", "32000 terminated"];
        script(true).run_until(40_000).expect(&lines);
    }

    #[test]
    fn failure_is_acknowledged_again_for_each_retransmission() {
        let mut script = script(false);
        script.give(100, got(100)).give(900, got(486)).give(1_400, got(486)).run_until(40_000);
        script.expect(&[
            "0 send INVITE",
            "100 pass up",
            "900 send ACK",
            "900 pass up",
            "1400 send ACK",
            "32900 terminated",
        ]);
    }

    #[test]
    fn failure_on_reliable_transport_ends_at_once() {
        script(true).give(100, got(503)).expect(&["0 send INVITE", "100 send ACK", "100 pass up", "100 terminated"]);
    }

    #[test]
    fn every_2xx_goes_to_the_user_until_timer_m() {
        let mut script = script(false);
        script.give(100, got(180)).give(200, got(200)).give(700, got(200)).give(800, got(486));
        script.give(900, In::Cancel).give(31_000, got(200)).run_until(40_000);
        script.expect(&[
            "0 send INVITE",
            "100 pass up",
            "200 pass up",
            "700 pass up",
            "31000 pass up",
            "32200 terminated",
        ]);
    }

    #[test]
    fn cancel_waits_for_a_provisional_response() {
        let mut script = script(false);
        script.give(100, In::Cancel).run_until(600).expect(&["0 send INVITE", "500 send INVITE"]);
        script.give(700, got(100)).expect(&["700 pass up", "700 cancel"]);
        script.give(750, In::Cancel).give(800, got(487)).run_until(40_000);
        script.expect(&["800 send ACK", "800 pass up", "32800 terminated"]);
    }

    #[test]
    fn answer_that_crosses_the_cancel_still_reaches_the_user() {
        let mut script = script(false);
        script.give(100, got(180)).give(200, In::Cancel).give(210, got(200));
        script.expect(&["0 send INVITE", "100 pass up", "200 cancel", "210 pass up"]);
    }

    #[test]
    fn final_response_before_a_wanted_cancel_means_no_cancel() {
        let mut script = script(false);
        script.give(100, In::Cancel).give(200, got(200)).run_until(40_000);
        script.expect(&["0 send INVITE", "200 pass up", "32200 terminated"]);
    }

    #[test]
    fn cancelled_peer_that_stays_silent_is_given_up() {
        let mut script = script(false);
        script.give(100, got(180)).give(200, In::Cancel).give(300, got(180)).run_until(60_000);
        script.expect(&[
            "0 send INVITE",
            "100 pass up",
            "200 cancel",
            "300 pass up",
            "32200 timeout",
            "32200 terminated",
        ]);
    }

    #[test]
    fn timer_c_cancels_endless_ringing_and_news_prolongs_it() {
        let mut script = script(false);
        script.give(0, got(180)).give(100_000, got(183)).give(200_000, got(100));
        script.run_until(400_000).expect(&[
            "0 send INVITE",
            "0 pass up",
            "100000 pass up",
            "200000 pass up",
            "285000 cancel",
            "317000 timeout",
            "317000 terminated",
        ]);
    }

    #[test]
    fn late_2xx_of_another_fork_reaches_the_user() {
        let mut script = script(false);
        script.give(100, got(486)).give(200, got(200));
        script.expect(&["0 send INVITE", "100 send ACK", "100 pass up", "200 pass up"]);
    }

    #[test]
    fn transport_error_informs_and_ends() {
        script(false).give(1, In::TransportError).give(2, got(200)).expect(&[
            "0 send INVITE",
            "1 transport error",
            "1 terminated",
        ]);
    }
}
