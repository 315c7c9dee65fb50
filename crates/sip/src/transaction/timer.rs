//! Timer values of RFC 3261 table 4 and the retransmission schedule the machines share.

/// Round-trip estimate (RFC 3261 section 17.1.1.1).
pub const T1_MS: u64 = 500;
/// Longest interval between retransmissions, except of a request INVITE.
pub const T2_MS: u64 = 4_000;
/// Longest time a message stays in the network.
pub const T4_MS: u64 = 5_000;
/// How long an unanswered message is retried: timers B, F, H, J, L and M.
pub const GIVE_UP_MS: u64 = 64 * T1_MS;
/// Timer C: how long an INVITE may ring without another provisional response before it is
/// cancelled; RFC 3261 section 16.6 asks for more than three minutes.
pub const TIMER_C_MS: u64 = 185_000;
/// Timer D on unreliable transports: at least 32 s (RFC 3261 section 17.1.1.2).
pub const TIMER_D_MS: u64 = 32_000;
/// The transaction sends 100 Trying if its user has said nothing for this long.
pub const TRYING_AFTER_MS: u64 = 200;
/// A received INVITE whose user has been silent this long is given up, so that a forgotten
/// transaction cannot stay for ever. No RFC timer covers this state; section 13.3.1.1 has a
/// living user send a provisional response every minute.
pub const PROCEEDING_MAX_MS: u64 = 900_000;

/// Retransmissions at intervals that double up to a cap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    next_ms: u64,
    interval_ms: u64,
    cap_ms: u64,
}

impl Backoff {
    /// First retransmission after T1, then doubling up to `cap_ms`.
    pub(super) const fn start(now_ms: u64, cap_ms: u64) -> Self {
        Self { next_ms: now_ms.saturating_add(T1_MS), interval_ms: T1_MS, cap_ms }
    }

    pub(super) const fn next_ms(&self) -> u64 {
        self.next_ms
    }

    /// From the next firing on, one retransmission every `cap_ms`.
    pub(super) const fn slow_down(&mut self) {
        self.interval_ms = self.cap_ms;
    }

    /// Whether a retransmission is due. If so the next one is planned from now, not from when
    /// this one was due: a driver that was late must not send a burst.
    pub(super) fn is_due(&mut self, now_ms: u64) -> bool {
        if now_ms < self.next_ms {
            return false;
        }
        self.interval_ms = self.interval_ms.saturating_mul(2).min(self.cap_ms);
        self.next_ms = now_ms.saturating_add(self.interval_ms);
        true
    }
}

/// The earlier of two moments that may not be set.
pub(super) fn earliest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
