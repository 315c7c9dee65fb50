//! Session timers (RFC 4028): what each leg has agreed on, and when something is due.
//!
//! The two legs are two sessions. Towards a caller we grant what it asks for; of a callee we ask for an interval and go
//! by its answer. Whoever does not want a timer has none.

use sip::{Message, Name, Params, RequestBuilder, ResponseBuilder, eq_ignore_case};

/// Shortest interval taken (section 5), seconds; what is shorter is answered 422.
pub(crate) const MIN_SE_S: u32 = 90;
/// The interval callees are asked for (section 4), seconds.
const USUAL_S: u32 = 1_800;
/// Longest interval kept, seconds.
const MAX_S: u32 = 86_400;
/// How long a refresh that was refused waits before it is tried again.
const RETRY_MS: u64 = 10_000;

/// Who refreshes, as seen from one transaction (section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresher {
    Uac,
    Uas,
}

/// The timer of one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    interval_s: u32,
    /// Whether refreshing is for us.
    ours: bool,
    /// When to refresh, if that is for us and nothing is under way.
    refresh_ms: Option<u64>,
    /// When the session is over unless it was refreshed (section 10).
    over_ms: u64,
}

impl Session {
    fn new(interval_s: u32, ours: bool, now_ms: u64) -> Self {
        let interval_s = interval_s.clamp(MIN_SE_S, MAX_S);
        let after_ms = |s: u32| now_ms.saturating_add(u64::from(s) * 1_000);
        Self {
            interval_s,
            ours,
            refresh_ms: ours.then(|| after_ms(interval_s / 2)),
            over_ms: after_ms(interval_s - (interval_s / 3).min(32)),
        }
    }

    /// As the one who accepts `request`: nothing if it asks for no timer (section 9). Who does not know timers, for whom
    /// a proxy has asked, does not refresh.
    pub fn granted(request: &Message, now_ms: u64) -> Option<Self> {
        let (interval_s, refresher) = wish(request)?;
        let ours = refresher == Some(Refresher::Uas) || !knows_timers(request);
        Some(Self::new(interval_s, ours, now_ms))
    }

    /// As the one whose request `response` accepts: nothing if the other side wants no timer (section 7.2).
    pub fn agreed(response: &Message, now_ms: u64) -> Option<Self> {
        let (interval_s, refresher) = wish(response)?;
        Some(Self::new(interval_s, refresher != Some(Refresher::Uas), now_ms))
    }

    /// What our 2xx says of it (section 9).
    pub fn write_to(&self, answer: &mut ResponseBuilder) {
        let refresher = if self.ours { "uas" } else { "uac" };
        answer.header_display(Name::SessionExpires, format_args!("{};refresher={refresher}", self.interval_s));
        if !self.ours {
            answer.header(Name::Require, "timer");
        }
    }

    /// What the next request of ours on the leg says of it (section 7.4): who refreshes stays as it is.
    pub fn ask_again(&self, request: &mut RequestBuilder) {
        let refresher = if self.ours { "uac" } else { "uas" };
        request.header(Name::Supported, "timer");
        request.header_display(Name::SessionExpires, format_args!("{};refresher={refresher}", self.interval_s));
    }

    pub fn next_ms(&self) -> u64 {
        self.refresh_ms.map_or(self.over_ms, |at_ms| at_ms.min(self.over_ms))
    }

    pub const fn is_over(&self, now_ms: u64) -> bool {
        self.over_ms <= now_ms
    }

    /// Whether a refresh of ours is due; it counts as under way from now on.
    pub fn take_refresh(&mut self, now_ms: u64) -> bool {
        self.refresh_ms.take_if(|at_ms| *at_ms <= now_ms).is_some()
    }

    /// A refresh could not be sent or was refused: once more in a while.
    pub fn retry(&mut self, now_ms: u64) {
        self.refresh_ms = self.ours.then_some(now_ms.saturating_add(RETRY_MS));
    }

    /// The other side wants a longer interval (422, section 7.3).
    pub fn lengthen(&mut self, response: &Message, now_ms: u64) {
        self.interval_s = self.interval_s.max(min_se_s(response)).min(MAX_S);
        self.refresh_ms = Some(now_ms);
    }
}

/// What an INVITE to a callee asks for; `min_s` is what one that was refused (422) has named.
pub(super) fn ask(invite: &mut RequestBuilder, min_s: u32) {
    invite.header(Name::Supported, "timer");
    invite.header_number(Name::SessionExpires, USUAL_S.max(min_s));
    if min_s > 0 {
        invite.header_display(Name::MinSe, min_s);
    }
}

/// Min-SE in seconds; 0 where there is none that can be met.
pub(super) fn min_se_s(message: &Message) -> u32 {
    message.header(Name::MinSe).and_then(number).filter(|s| *s <= MAX_S).unwrap_or(0)
}

/// Whether a request asks for an interval that is too short (section 9).
pub(crate) fn is_too_brief(request: &Message) -> bool {
    wish(request).is_some_and(|(interval_s, _)| interval_s < MIN_SE_S)
}

/// Session-Expires, if it can be read.
fn wish(message: &Message) -> Option<(u32, Option<Refresher>)> {
    let value = message.header(Name::SessionExpires)?;
    let at = value.iter().position(|&b| b == b';').unwrap_or(value.len());
    let (interval, params) = value.split_at(at);
    let refresher = Params::new(params).value("refresher").and_then(|word| match word {
        word if eq_ignore_case(word, "uac") => Some(Refresher::Uac),
        word if eq_ignore_case(word, "uas") => Some(Refresher::Uas),
        _ => None,
    });
    Some((number(interval)?, refresher))
}

fn number(value: &[u8]) -> Option<u32> {
    let value = value.split(|&b| b == b';').next().unwrap_or_default();
    std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()
}

fn knows_timers(request: &Message) -> bool {
    let mut options = request.headers(Name::Supported).chain(request.headers(Name::Require));
    options.any(|option| eq_ignore_case(option, "timer"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

    use super::*;

    fn message(headers: &str) -> Message {
        Message::parse(format!("INVITE sip:a SIP/2.0\r\n{headers}\r\n\r\n").as_bytes()).unwrap()
    }

    fn granted(headers: &str) -> Option<(u32, bool)> {
        Session::granted(&message(headers), 0).map(|session| (session.interval_s, session.ours))
    }

    #[test]
    fn what_is_granted_and_who_refreshes() {
        assert_eq!(granted("Supported: timer"), None);
        assert_eq!(granted("k: 100rel, timer\r\nx: 1800"), Some((1_800, false)));
        assert_eq!(granted("k: timer\r\nx: 1800 ; refresher = UAC"), Some((1_800, false)));
        assert_eq!(granted("k: timer\r\nx: 1800;refresher=uas"), Some((1_800, true)));
        assert_eq!(granted("x: 99999999"), Some((MAX_S, true)), "asked for by a proxy");
        assert_eq!(granted("x: soon"), None);
        assert!(is_too_brief(&message("Session-Expires: 89")) && !is_too_brief(&message("Session-Expires: 90")));
    }

    #[test]
    fn a_refresh_is_due_at_half_time_and_the_end_a_little_before_the_interval() {
        let mut session = Session::new(1_800, true, 0);
        assert_eq!((session.next_ms(), session.take_refresh(899_999)), (900_000, false));
        assert!(session.take_refresh(900_000));
        assert_eq!(session.next_ms(), 1_768_000);
        session.retry(900_000);
        assert_eq!(session.next_ms(), 910_000);
        assert_eq!(Session::new(90, false, 0).next_ms(), 60_000);
    }
}
