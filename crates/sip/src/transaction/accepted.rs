//! Waiting for the ACK of a 2xx we sent: RFC 3261 section 13.3.1.4. It belongs to the dialog,
//! not to the transaction, since the ACK of a 2xx is end to end.

use super::Wire;
use super::timer::{Backoff, GIVE_UP_MS, T2_MS};

/// What to do when the deadline has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AckWaitStep {
    /// Nothing yet.
    Wait,
    /// Send the 2xx again, by the INVITE's server transaction.
    Retransmit(Wire),
    /// No ACK in 64 T1: end the call with BYE. The wait is over.
    GiveUp,
}

/// A 2xx response that waits for its ACK. Drop it when the ACK comes.
///
/// It retransmits on reliable transports too: the path of a 2xx may have unreliable hops
/// further on.
#[derive(Debug)]
pub struct AckWait {
    response: Wire,
    retransmit: Backoff,
    gives_up_at_ms: u64,
}

impl AckWait {
    /// Starts the wait for a 2xx that was just sent.
    pub fn new(response: Wire, now_ms: u64) -> Self {
        Self { response, retransmit: Backoff::start(now_ms, T2_MS), gives_up_at_ms: now_ms.saturating_add(GIVE_UP_MS) }
    }

    /// When [`AckWait::tick`] is wanted next.
    pub fn deadline_ms(&self) -> u64 {
        self.retransmit.next_ms().min(self.gives_up_at_ms)
    }

    /// What is due now.
    pub fn tick(&mut self, now_ms: u64) -> AckWaitStep {
        if now_ms >= self.gives_up_at_ms {
            AckWaitStep::GiveUp
        } else if self.retransmit.is_due(now_ms) {
            AckWaitStep::Retransmit(self.response.clone())
        } else {
            AckWaitStep::Wait
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::script::wire;

    #[test]
    fn retransmits_from_t1_doubling_to_t2_and_gives_up_after_64_t1() {
        let mut wait = AckWait::new(wire("200"), 1_000);
        assert_eq!(wait.tick(1_499), AckWaitStep::Wait);
        let mut sent_at_ms = Vec::new();
        let gave_up_at_ms = loop {
            let now_ms = wait.deadline_ms();
            match wait.tick(now_ms) {
                AckWaitStep::Retransmit(bytes) => {
                    assert_eq!(bytes, wire("200"));
                    sent_at_ms.push(now_ms);
                }
                AckWaitStep::GiveUp => break now_ms,
                AckWaitStep::Wait => panic!("deadline reached and nothing due"),
            }
        };
        let schedule = [1_500, 2_500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500, 32_500];
        assert_eq!(sent_at_ms, schedule);
        assert_eq!(gave_up_at_ms, 33_000);
    }
}
