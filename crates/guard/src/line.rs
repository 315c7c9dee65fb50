//! One line as the guard knows it: its habits, what it did lately, and what waits to become habit.

use billing::CallId;
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, PlaceKey};
use crate::behind::Behind;
use crate::decision::Decision;
use crate::fading::{Fading, ONE};
use crate::habit::{Habit, OriginKey, Settled};
use crate::kinds::origin;
use crate::siege::Siege;
use crate::{Decibans, Failures, Observed, Report, habit};

/// Attempts remembered one by one; the oldest that no longer runs is evicted.
pub(crate) const MAX_RECENT: usize = 64;
/// Ended calls that wait to become habit; above it the oldest is dropped unlearnt (a busy trunk teaches a sample).
pub(crate) const MAX_WAITING: usize = 256;
/// Origins with failed authentications remembered; the oldest is evicted.
pub(crate) const MAX_GUESSED: usize = 4;
/// Destinations the owner owned to; the oldest is evicted.
pub(crate) const MAX_OURS: usize = 16;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How long an attempt stays in memory one by one: a day.
pub(crate) const RECENT_MS: u64 = DAY_MS;
/// A call becomes habit so long after its end if no incident came: owners look at their phones within half a day.
const SETTLE_MS: u64 = 6 * HOUR_MS;
/// The same for a call that scored above half of what refuses: slow thieves must not teach.
const SETTLE_SUSPICIOUS_MS: u64 = 2 * DAY_MS;
/// What counts as suspicious there.
const SUSPICIOUS: Decibans = Decibans::whole(24);
/// A call that scored less is learnt even if an incident comes: more than fifteen in sixteen of such calls are the
/// owner's on a struck line, too (12 dB above the prior of a line just cut, see `decision`).
pub(crate) const ORDINARY: Decibans = Decibans::whole(10);
/// A registration or call from a place seen for less than this may be undone by an incident.
pub(crate) const YOUNG_MS: u64 = 2 * DAY_MS;
/// Half-lives of the two counters of calls to fresh numbers.
pub(crate) const SHORT_MS: u64 = HOUR_MS / 2;
pub(crate) const LONG_MS: u64 = 12 * HOUR_MS;
/// Half-life of having woken.
pub(crate) const AWAKE_MS: u64 = 3 * DAY_MS;

/// Failed authentications from one origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Guessed {
    pub(crate) origin: OriginKey,
    pub(crate) failures: Failures,
    pub(crate) at_ms: u64,
}

/// A call that ended and may become habit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    due_ms: u64,
    /// Whether it scored so little that even an incident does not speak against it.
    ordinary: bool,
    call: Settled,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) habit: Habit,
    /// Last call of any kind.
    pub(crate) last_call_ms: Option<u64>,
    /// Weight of having woken from a sleep, in thousandths of a deciban.
    pub(crate) awake: Fading,
    /// Attempts of the cut class, oldest first.
    pub(crate) recent: Vec<Attempt>,
    waiting: Vec<Waiting>,
    pub(crate) guessed: Vec<Guessed>,
    /// On how many days its secret was guessed at from many addresses.
    pub(crate) siege: Siege,
    /// Attempts to fresh numbers, lately (half an hour) and today (twelve hours).
    pub(crate) fresh_short: Fading,
    pub(crate) fresh_long: Fading,
    /// Destinations the owner owned to, and when.
    pub(crate) ours: Vec<(PlaceKey, u64)>,
    /// Where the phones behind a trunk are, once its PBX has told.
    pub(crate) behind: Option<Box<Behind>>,
}

impl Line {
    /// Remembers an attempt and counts it.
    pub(crate) fn push(&mut self, now_ms: u64, mut attempt: Attempt) {
        self.recent.retain(|old| old.runs() || now_ms.saturating_sub(old.start_ms) < RECENT_MS);
        let suffix = attempt.suffix();
        attempt.fresh = !self.habit.numbers.knows(suffix);
        if attempt.fresh {
            let before = self.recent.iter().rev().find(|old| old.suffix() == suffix);
            // The same number again is a quarter of a fact, since people redial; after a refusal, none.
            let thousandths = match before {
                None => ONE,
                Some(before) if before.refused => 0,
                Some(_) => ONE / 4,
            };
            self.fresh_short.add(now_ms, SHORT_MS, thousandths);
            self.fresh_long.add(now_ms, LONG_MS, thousandths);
        }
        if self.recent.len() >= MAX_RECENT {
            let oldest = self.recent.iter().position(|old| !old.runs()).unwrap_or(0);
            self.recent.remove(oldest);
        }
        self.recent.push(attempt);
    }

    /// The PBX behind the line tells where a call comes from; of one that the guard watches it is remembered.
    pub(crate) fn tell(&mut self, now_ms: u64, seen: &Observed) {
        let Some(country) = seen.told.as_ref().and_then(|place| place.country) else { return };
        let behind = self.behind.get_or_insert_default();
        behind.tell(now_ms, country, seen.origin.place.country == Some(country));
        if seen.cut_class {
            behind.note(seen.call, country);
        }
    }

    /// The remembered attempt with this id.
    pub(crate) fn attempt(&self, call: CallId) -> Option<&Attempt> {
        self.recent.iter().rev().find(|attempt| attempt.call == call)
    }

    /// The same, to change it.
    pub(crate) fn attempt_mut(&mut self, call: CallId) -> Option<&mut Attempt> {
        self.recent.iter_mut().rev().find(|attempt| attempt.call == call)
    }

    /// Looks up again which of the remembered attempts go to numbers that are no habit: habits have changed.
    pub(crate) fn refresh(&mut self) {
        for attempt in &mut self.recent {
            attempt.fresh = !self.habit.numbers.knows(attempt.suffix());
        }
    }

    /// Notes failed authentications before a success.
    pub(crate) fn guess(&mut self, now_ms: u64, origin: OriginKey, failures: Failures) {
        self.siege.note(now_ms, &failures);
        if failures == Failures::NONE {
            return;
        }
        let before = self.guessed.iter().position(|guessed| guessed.origin.same_prefix(&origin));
        let failures = before.map_or(failures, |at| failures.max(self.guessed.remove(at).failures));
        if self.guessed.len() >= MAX_GUESSED {
            self.guessed.remove(0);
        }
        self.guessed.push(Guessed { origin, failures, at_ms: now_ms });
    }

    /// What other accounts should know of this line's day: the fresh numbers of its remarkable calls, and of `call`, for
    /// which it is cut now, and the places new to the line they came from.
    pub(crate) fn report(&self, now_ms: u64, account: &Habit, call: CallId) -> Report {
        let mut report = Report::default();
        let remarkable = |attempt: &&Attempt| attempt.fresh && (attempt.score >= ORDINARY || attempt.call == call);
        for attempt in self.recent.iter().rev().filter(remarkable) {
            report.add_number(attempt.suffix());
            if origin::sight(now_ms, &attempt.origin, &self.habit.origins, &account.origins).is_news() {
                report.add_source(attempt.origin.source);
            }
        }
        report
    }

    /// Puts an ended call among those that wait to become habit.
    pub(crate) fn wait(&mut self, now_ms: u64, call: CallId) {
        let Some(attempt) = self.attempt(call) else { return };
        if self.recent.iter().any(|other| other.refused && other.suffix() == attempt.suffix()) {
            return;
        }
        let wait_ms = if attempt.score > SUSPICIOUS { SETTLE_SUSPICIOUS_MS } else { SETTLE_MS };
        let waiting = Waiting {
            due_ms: now_ms.saturating_add(wait_ms),
            ordinary: attempt.score < ORDINARY,
            call: attempt.into(),
        };
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(waiting);
    }

    /// Makes habit of what waited long enough; the account learns the same.
    pub(crate) fn settle(&mut self, now_ms: u64, account: &mut Habit) {
        if self.waiting.iter().all(|waiting| waiting.due_ms > now_ms) {
            return;
        }
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waiting| waiting.due_ms <= now_ms);
        self.waiting = waiting;
        let due: Vec<Waiting> = due;
        for waiting in &due {
            self.habit.learn(waiting.due_ms, &waiting.call, habit::LINE);
            account.learn(waiting.due_ms, &waiting.call, habit::ACCOUNT);
        }
        self.refresh();
    }

    /// Notes what was decided on a remembered call.
    ///
    /// Gives the origins that are not trusted any more.
    pub(crate) fn record(&mut self, now_ms: u64, call: CallId, score: Decibans, decision: Decision) -> Vec<OriginKey> {
        let Some(attempt) = self.attempt_mut(call) else {
            return Vec::new();
        };
        attempt.score = attempt.score.max(score);
        attempt.refused |= decision != Decision::Allow;
        let (origin, suffix) = (attempt.origin, attempt.suffix());
        match decision {
            Decision::Allow => Vec::new(),
            Decision::Refuse => {
                // What was refused once is not learnt from the tries before it, nor from those after (`wait`).
                self.waiting.retain(|waiting| waiting.call.suffix != suffix);
                self.habit.origins.forget(&origin, now_ms.saturating_sub(YOUNG_MS));
                self.forget_behind(now_ms);
                vec![origin]
            }
            Decision::Cut => self.strike(now_ms),
        }
    }

    /// An incident: what waits is not learnt unless it looked ordinary, and origins seen only lately are not trusted.
    fn strike(&mut self, now_ms: u64) -> Vec<OriginKey> {
        self.waiting.retain(|waiting| waiting.ordinary);
        self.forget_behind(now_ms);
        self.habit.origins.forget_since(now_ms.saturating_sub(YOUNG_MS))
    }

    /// Where phones behind it were seen only lately is not trusted.
    fn forget_behind(&mut self, now_ms: u64) {
        if let Some(behind) = &mut self.behind {
            behind.forget_since(now_ms.saturating_sub(YOUNG_MS));
        }
    }

    /// The incident is over: what it was built on no longer counts.
    pub(crate) fn absolve(&mut self) {
        self.recent.retain(Attempt::runs);
        self.guessed.clear();
        self.awake = Fading::default();
        self.fresh_short = Fading::default();
        self.fresh_long = Fading::default();
    }

    /// The owner owns to calls to this destination.
    pub(crate) fn own(&mut self, now_ms: u64, place: PlaceKey) {
        self.ours.retain(|(known, _)| *known != place);
        if self.ours.len() >= MAX_OURS {
            self.ours.remove(0);
        }
        self.ours.push((place, now_ms));
    }
}
