//! The non-INVITE client transaction: RFC 3261 section 17.1.2.

use super::timer::{Backoff, GIVE_UP_MS, T2_MS, T4_MS, earliest};
use super::{Action, Wire};

/// Where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonInviteClientState {
    /// No response yet.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A final response came; its retransmissions are absorbed.
    Completed,
    /// Done.
    Terminated,
}

/// What can happen to the machine.
#[derive(Clone, Copy, Debug)]
pub enum NonInviteClientInput {
    /// A response matched the transaction.
    Response {
        /// Status code, 100 to 699.
        status: u16,
    },
    /// The deadline has come.
    Timer,
    /// The request could not be sent.
    TransportError,
}

/// One request of ours other than INVITE and ACK, and its responses.
#[derive(Debug)]
pub struct NonInviteClient {
    state: NonInviteClientState,
    reliable: bool,
    request: Wire,
    /// Timer E.
    retransmit: Option<Backoff>,
    /// Timer F or K.
    ends_at_ms: Option<u64>,
}

impl NonInviteClient {
    /// Starts the transaction: the request is sent at once.
    pub fn new(request: Wire, reliable: bool, now_ms: u64, out: &mut Vec<Action>) -> Self {
        out.push(Action::Send(request.clone()));
        Self {
            state: NonInviteClientState::Trying,
            reliable,
            request,
            retransmit: (!reliable).then(|| Backoff::start(now_ms, T2_MS)),
            ends_at_ms: Some(now_ms.saturating_add(GIVE_UP_MS)),
        }
    }

    /// Where the machine stands.
    pub const fn state(&self) -> NonInviteClientState {
        self.state
    }

    /// When it wants [`NonInviteClientInput::Timer`].
    pub fn deadline_ms(&self) -> Option<u64> {
        earliest(self.retransmit.as_ref().map(Backoff::next_ms), self.ends_at_ms)
    }

    /// Whether nothing is left for it but to end at its deadline.
    pub(super) const fn lingers(&self) -> bool {
        matches!(self.state, NonInviteClientState::Completed)
    }

    /// Takes one input and appends what follows from it to `out`.
    pub fn handle(&mut self, input: NonInviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match self.state {
            NonInviteClientState::Trying => self.trying(input, now_ms, out),
            NonInviteClientState::Proceeding => self.proceeding(input, now_ms, out),
            NonInviteClientState::Completed => self.completed(input, now_ms, out),
            NonInviteClientState::Terminated => {}
        }
    }

    /// RFC 3261 section 17.1.2.2, "Trying".
    fn trying(&mut self, input: NonInviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            NonInviteClientInput::Response { status: 0..=199 } => {
                self.state = NonInviteClientState::Proceeding;
                if let Some(timer_e) = &mut self.retransmit {
                    timer_e.slow_down();
                }
                out.push(Action::PassUp);
            }
            NonInviteClientInput::Response { .. } => self.enter_completed(now_ms, out),
            NonInviteClientInput::Timer => self.timer(now_ms, out),
            NonInviteClientInput::TransportError => self.fail(out),
        }
    }

    /// RFC 3261 section 17.1.2.2, "Proceeding": timer E now fires every T2.
    fn proceeding(&mut self, input: NonInviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        match input {
            NonInviteClientInput::Response { status: 0..=199 } => out.push(Action::PassUp),
            NonInviteClientInput::Response { .. } => self.enter_completed(now_ms, out),
            NonInviteClientInput::Timer => self.timer(now_ms, out),
            NonInviteClientInput::TransportError => self.fail(out),
        }
    }

    /// Timers E and F, the same in both states.
    fn timer(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        if self.is_over(now_ms) {
            out.push(Action::Timeout);
            self.terminate(out);
        } else if self.retransmit.as_mut().is_some_and(|timer_e| timer_e.is_due(now_ms)) {
            out.push(Action::Send(self.request.clone()));
        }
    }

    /// Timer K is T4 where responses may still arrive, and zero on a reliable transport.
    fn enter_completed(&mut self, now_ms: u64, out: &mut Vec<Action>) {
        out.push(Action::PassUp);
        self.retransmit = None;
        if self.reliable {
            self.terminate(out);
        } else {
            self.state = NonInviteClientState::Completed;
            self.ends_at_ms = Some(now_ms.saturating_add(T4_MS));
        }
    }

    /// RFC 3261 section 17.1.2.2, "Completed".
    fn completed(&mut self, input: NonInviteClientInput, now_ms: u64, out: &mut Vec<Action>) {
        if matches!(input, NonInviteClientInput::Timer) && self.is_over(now_ms) {
            self.terminate(out);
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
        self.state = NonInviteClientState::Terminated;
        self.retransmit = None;
        self.ends_at_ms = None;
        out.push(Action::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::NonInviteClientInput as In;
    use super::*;
    use crate::transaction::script::{Script, wire};

    fn script(reliable: bool) -> Script<NonInviteClient> {
        let mut out = Vec::new();
        let machine = NonInviteClient::new(wire("BYE"), reliable, 0, &mut out);
        Script::started(machine, |m, now, out| m.handle(In::Timer, now, out), &out)
    }

    impl Script<NonInviteClient> {
        fn give(&mut self, at_ms: u64, input: In) -> &mut Self {
            self.at(at_ms, |m, now, out| m.handle(input, now, out))
        }
    }

    #[test]
    fn unanswered_request_follows_the_schedule_of_17_1_2_2() {
        script(false).run_until(40_000).expect(&[
            "0 send BYE",
            "500 send BYE",
            "1500 send BYE",
            "3500 send BYE",
            "7500 send BYE",
            "11500 send BYE",
            "15500 send BYE",
            "19500 send BYE",
            "23500 send BYE",
            "27500 send BYE",
            "31500 send BYE",
            "32000 timeout",
            "32000 terminated",
        ]);
    }

    #[test]
    fn reliable_transport_sends_once() {
        script(true).run_until(40_000).expect(&["0 send BYE", "32000 timeout", "32000 terminated"]);
    }

    #[test]
    fn provisional_response_slows_retransmission_to_t2() {
        let mut script = script(false);
        script.give(600, In::Response { status: 100 }).run_until(10_000);
        script.expect(&[
            "0 send BYE",
            "500 send BYE",
            "600 pass up",
            "1500 send BYE",
            "5500 send BYE",
            "9500 send BYE",
        ]);
    }

    #[test]
    fn final_response_is_passed_once_and_lingers_for_t4() {
        let mut script = script(false);
        script.give(100, In::Response { status: 200 }).give(200, In::Response { status: 200 });
        script.run_until(10_000).expect(&["0 send BYE", "100 pass up", "5100 terminated"]);
    }

    #[test]
    fn final_response_on_reliable_transport_ends_at_once() {
        let mut script = script(true);
        script.give(100, In::Response { status: 404 });
        script.expect(&["0 send BYE", "100 pass up", "100 terminated"]);
    }

    #[test]
    fn transport_error_informs_and_ends() {
        let mut script = script(false);
        script.give(1, In::TransportError).give(2, In::Response { status: 200 });
        script.expect(&["0 send BYE", "1 transport error", "1 terminated"]);
    }

    #[test]
    fn a_late_driver_sends_one_retransmission_not_a_burst() {
        let mut out = Vec::new();
        let mut machine = NonInviteClient::new(wire("BYE"), false, 0, &mut out);
        out.clear();
        machine.handle(In::Timer, 9_000, &mut out);
        assert_eq!(out, [Action::Send(wire("BYE"))]);
        assert_eq!(machine.deadline_ms(), Some(10_000));
    }
}
