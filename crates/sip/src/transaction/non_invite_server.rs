//! The non-INVITE server transaction: RFC 3261 section 17.2.2.

use super::timer::GIVE_UP_MS;
use super::{Action, Wire};

/// Where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonInviteServerState {
    /// The user has said nothing.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// A final response was sent; retransmitted requests get it again.
    Completed,
    /// Done.
    Terminated,
}

/// What can happen to the machine.
#[derive(Clone, Debug)]
pub enum NonInviteServerInput {
    /// The request was received again.
    Request,
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

/// One received request other than INVITE and ACK, and its responses.
#[derive(Debug)]
pub struct NonInviteServer {
    state: NonInviteServerState,
    reliable: bool,
    /// What a retransmitted request is answered with.
    last: Option<Wire>,
    /// Timer J, or the limit on waiting for the user.
    ends_at_ms: Option<u64>,
}

impl NonInviteServer {
    /// A transaction for a request received now. The user has 64 T1 to answer: after that the
    /// peer has given up and an answer would only do harm (RFC 4320 section 4.2).
    pub fn new(reliable: bool, now_ms: u64) -> Self {
        Self {
            state: NonInviteServerState::Trying,
            reliable,
            last: None,
            ends_at_ms: Some(now_ms.saturating_add(GIVE_UP_MS)),
        }
    }

    /// Where the machine stands.
    pub const fn state(&self) -> NonInviteServerState {
        self.state
    }

    /// When it wants [`NonInviteServerInput::Timer`].
    pub const fn deadline_ms(&self) -> Option<u64> {
        self.ends_at_ms
    }

    /// Whether nothing is left for it but to end at its deadline.
    pub(super) const fn lingers(&self) -> bool {
        matches!(self.state, NonInviteServerState::Completed)
    }

    /// Takes one input and appends what follows from it to `out`.
    pub fn handle(&mut self, input: NonInviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match self.state {
            NonInviteServerState::Trying => self.trying(input, now_ms, out),
            NonInviteServerState::Proceeding => self.proceeding(input, now_ms, out),
            NonInviteServerState::Completed => self.completed(&input, now_ms, out),
            NonInviteServerState::Terminated => {}
        }
    }

    /// RFC 3261 section 17.2.2, "Trying".
    fn trying(&mut self, input: NonInviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            // Discarded: there is nothing to send again yet.
            NonInviteServerInput::Request => {}
            NonInviteServerInput::Response { status, bytes } => {
                self.respond(status, bytes, now_ms, out);
            }
            NonInviteServerInput::Timer => self.give_up_waiting(now_ms, out),
            NonInviteServerInput::TransportError => self.fail(out),
        }
    }

    /// RFC 3261 section 17.2.2, "Proceeding".
    fn proceeding(&mut self, input: NonInviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            NonInviteServerInput::Request => out.extend(self.last.clone().map(Action::Send)),
            NonInviteServerInput::Response { status, bytes } => {
                self.respond(status, bytes, now_ms, out);
            }
            NonInviteServerInput::Timer => self.give_up_waiting(now_ms, out),
            NonInviteServerInput::TransportError => self.fail(out),
        }
    }

    fn respond(&mut self, status: u16, bytes: Wire, now_ms: u64, out: &mut Vec<Action>) {
        out.push(Action::Send(bytes.clone()));
        self.last = Some(bytes);
        if status < 200 {
            self.state = NonInviteServerState::Proceeding;
        } else if self.reliable {
            self.terminate(out);
        } else {
            self.state = NonInviteServerState::Completed;
            self.ends_at_ms = Some(now_ms.saturating_add(GIVE_UP_MS));
        }
    }

    /// RFC 3261 section 17.2.2, "Completed": further answers of the user are discarded.
    fn completed(&mut self, input: &NonInviteServerInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            NonInviteServerInput::Request => out.extend(self.last.clone().map(Action::Send)),
            NonInviteServerInput::Timer if self.is_over(now_ms) => self.terminate(out),
            NonInviteServerInput::TransportError => self.fail(out),
            NonInviteServerInput::Timer | NonInviteServerInput::Response { .. } => {}
        }
    }

    fn give_up_waiting(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        if self.is_over(now_ms) {
            out.push(Action::Timeout);
            self.terminate(out);
        }
    }

    /// RFC 3261 section 17.2.4.
    fn fail(&mut self, out: &mut Vec<Action>) {
        out.push(Action::TransportError);
        self.terminate(out);
    }

    fn is_over(&self, now_ms: u64) -> bool {
        self.ends_at_ms.is_some_and(|at_ms| at_ms <= now_ms)
    }

    fn terminate(&mut self, out: &mut Vec<Action>) {
        self.state = NonInviteServerState::Terminated;
        self.last = None;
        self.ends_at_ms = None;
        out.push(Action::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::NonInviteServerInput as In;
    use super::*;
    use crate::transaction::script::{Script, wire};

    fn script(reliable: bool) -> Script<NonInviteServer> {
        Script::new(NonInviteServer::new(reliable, 0), |m, now, out| m.handle(In::Timer, now, out))
    }

    fn answer(status: u16) -> In {
        In::Response { status, bytes: wire(&status.to_string()) }
    }

    impl Script<NonInviteServer> {
        fn give(&mut self, at_ms: u64, input: In) -> &mut Self {
            self.at(at_ms, |m, now, out| m.handle(input, now, out))
        }
    }

    #[test]
    fn retransmissions_get_the_latest_response() {
        let mut script = script(false);
        script.give(500, In::Request).expect(&[]);
        script.give(600, answer(100)).give(1_500, In::Request).give(1_600, answer(200));
        script.give(3_500, In::Request).give(3_600, answer(500)).run_until(40_000);
        script.expect(&["600 send 100", "1500 send 100", "1600 send 200", "3500 send 200", "33600 terminated"]);
    }

    #[test]
    fn reliable_transport_ends_with_the_final_response() {
        script(true).give(10, answer(200)).expect(&["10 send 200", "10 terminated"]);
    }

    #[test]
    fn a_user_that_never_answers_is_given_up() {
        script(false).run_until(40_000).expect(&["32000 timeout", "32000 terminated"]);
        let mut script = script(true);
        script.give(10, answer(100)).run_until(40_000);
        script.expect(&["10 send 100", "32000 timeout", "32000 terminated"]);
    }

    #[test]
    fn transport_error_informs_and_ends() {
        let mut script = script(false);
        script.give(10, answer(200)).give(11, In::TransportError).give(12, In::Request);
        script.expect(&["10 send 200", "11 transport error", "11 terminated"]);
    }
}
