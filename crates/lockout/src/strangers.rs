//! How much strangers may ask of us, and how much is sent to them: a flood of them makes no phone wait, and a forged
//! source makes no loudspeaker of us.
//!
//! So many of their datagrams are read each second ([`Settings::strangers_s`](crate::Settings::strangers_s)), a tenth of
//! that from one address; the rest is dropped unread.
//!
//! An address may be answered with 2.5 times the bytes of the first datagram that comes from it within ten seconds, and
//! with no more until as many bytes have come from it as went out. So one datagram brings on at most 2.5 times its own
//! bytes, retransmissions included, and whoever sends more gets back no more than they send.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::source::Source;

/// How long bytes are counted together, from the first datagram of an address (of an IPv6 /64) on, in milliseconds.
pub const ANSWER_WINDOW_MS: u64 = 10_000;
/// Most addresses counted at once. One that comes when it is full is answered with as many bytes as each of its
/// datagrams has, and only at once.
pub const MAX_ANSWERED: usize = 65_536;

/// Bytes that came and went.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    /// Datagrams that were read.
    read: u32,
    came: u64,
    went: u64,
    /// Two and a half times the first datagram.
    first_answer: u64,
}

/// Counts bytes by address. Ask [`Strangers::may_send`] before each answer to a stranger over UDP.
#[derive(Debug, Default)]
pub struct Strangers {
    totals: BTreeMap<Source, Total>,
    /// When each address came first, the earliest first.
    since_ms: VecDeque<(u64, Source)>,
    /// The datagram read last, where there was no room to count its address.
    crowded_out: Option<(Source, Total)>,
    /// When the second began in which datagrams are counted, and how many were read in it.
    second: (u64, u32),
}

impl Strangers {
    /// A datagram of so many bytes came. Whether it is to be read: `limit_s` of all are each second, and of one address
    /// as many in [`ANSWER_WINDOW_MS`]. What is not read does not count.
    pub fn received(&mut self, from: IpAddr, bytes: usize, limit_s: u32, now_ms: u64) -> bool {
        while let Some((since_ms, source)) = self.since_ms.front().copied()
            && since_ms.saturating_add(ANSWER_WINDOW_MS) <= now_ms
        {
            self.since_ms.pop_front();
            self.totals.remove(&source);
        }
        if self.second.0.saturating_add(1_000) <= now_ms {
            self.second = (now_ms, 0);
        }
        self.crowded_out = None;
        if self.second.1 >= limit_s {
            return false;
        }
        let (source, bytes) = (Source::of(from), bytes as u64);
        if let Some(total) = self.totals.get_mut(&source) {
            if total.read >= limit_s {
                return false;
            }
            total.read += 1;
            total.came += bytes;
        } else if self.totals.len() < MAX_ANSWERED {
            self.since_ms.push_back((now_ms, source));
            self.totals.insert(source, Total { read: 1, came: bytes, went: 0, first_answer: bytes * 5 / 2 });
        } else {
            self.crowded_out = Some((source, Total { read: 1, came: bytes, went: 0, first_answer: bytes }));
        }
        self.second.1 += 1;
        true
    }

    /// Whether an answer of so many bytes may go there; it is counted as sent then.
    pub fn may_send(&mut self, to: IpAddr, bytes: usize) -> bool {
        let source = Source::of(to);
        let crowded_out = self.crowded_out.as_mut().filter(|(only, _)| *only == source).map(|(_, total)| total);
        let Some(total) = self.totals.get_mut(&source).or(crowded_out) else { return false };
        let went = total.went + bytes as u64;
        let may = went <= total.came.max(total.first_answer);
        if may {
            total.went = went;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO_LIMIT: u32 = u32::MAX;

    #[test]
    fn a_flood_is_read_in_part() {
        let mut strangers = Strangers::default();
        let mut read = |from, now_ms| strangers.received(ip(from), 400, 20, now_ms);
        assert_eq!((0..100).filter(|_| read(1, 0)).count(), 20, "one address in a second");
        assert!(!read(2, 999), "the second is used up");
        assert_eq!((0..100).filter(|from| read(10 + from, 1_000)).count(), 20, "whoever they are");
        assert!(!read(1, 2_000) && read(2, 2_000), "one address has as many in ten seconds");
        assert!(read(1, ANSWER_WINDOW_MS));
    }

    fn ip(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn a_lone_datagram_is_answered_with_two_and_a_half_times_its_bytes_in_ten_seconds() {
        let mut strangers = Strangers::default();
        assert!(!strangers.may_send(ip(1), 1), "nothing came");
        assert!(strangers.received(ip(1), 400, NO_LIMIT, 0));
        assert!(strangers.may_send(ip(1), 600) && strangers.may_send(ip(1), 400));
        assert!(!strangers.may_send(ip(1), 1) && !strangers.may_send(ip(2), 1));
        assert!(strangers.received(ip(1), 600, NO_LIMIT, 9_999));
        assert!(!strangers.may_send(ip(1), 1), "as much went as came");
        assert!(strangers.received(ip(1), 400, NO_LIMIT, ANSWER_WINDOW_MS));
        assert!(strangers.may_send(ip(1), 1_000), "ten seconds are over");
    }

    #[test]
    fn in_a_crowd_nobody_gets_more_than_they_send() {
        let mut strangers = Strangers::default();
        for number in 0..MAX_ANSWERED as u32 {
            assert!(strangers.received(ip(number), 100, NO_LIMIT, 0));
        }
        assert!(strangers.received(ip(u32::MAX), 400, NO_LIMIT, 1));
        assert!(!strangers.may_send(ip(u32::MAX), 401) && strangers.may_send(ip(u32::MAX), 400));
        assert!(!strangers.may_send(ip(u32::MAX), 1), "and that once");
        assert!(strangers.received(ip(0), 100, NO_LIMIT, 2));
        assert!(strangers.may_send(ip(0), 250) && !strangers.may_send(ip(u32::MAX), 1));
        assert!(strangers.received(ip(u32::MAX), 400, NO_LIMIT, ANSWER_WINDOW_MS + 2));
        assert_eq!((strangers.totals.len(), strangers.since_ms.len()), (1, 1), "the crowd is gone");
    }

    proptest! {
        /// Whatever comes and however much is to be sent: within the ten seconds from an address's first datagram no more
        /// goes there than came, or 2.5 times the first.
        #[test]
        fn nobody_is_made_louder(steps in prop::collection::vec((0_u32..4, 20_usize..2_000, 0_u64..4_000, 0_usize..4), 1..300)) {
            let mut strangers = Strangers::default();
            let mut now_ms = 0;
            let mut seen: BTreeMap<u32, (u64, usize, usize, usize)> = BTreeMap::new();
            for (who, bytes, pass_ms, answers) in steps {
                now_ms += pass_ms;
                assert!(strangers.received(ip(who), bytes, NO_LIMIT, now_ms));
                let (since_ms, first, came, went) = seen.entry(who).or_insert((now_ms, bytes, 0, 0));
                if now_ms >= *since_ms + ANSWER_WINDOW_MS {
                    (*since_ms, *first, *came, *went) = (now_ms, bytes, 0, 0);
                }
                *came += bytes;
                for _ in 0..answers {
                    let answer = bytes * 3 / 2;
                    if strangers.may_send(ip(who), answer) {
                        *went += answer;
                    }
                }
                prop_assert!(*went <= (*came).max(*first * 5 / 2));
            }
        }
    }
}
