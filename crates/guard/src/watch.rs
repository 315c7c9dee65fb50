//! The guard of one account: what comes in (registrations, calls, owners' words), what it answers.

use std::collections::BTreeMap;

use billing::{CallId, Currency, LineId, Money};
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, Outcome};
use crate::decision::{self, Decision, Needed};
use crate::feedback::Answers;
use crate::habit::{Habit, OriginKey, hour_of_week};
use crate::kinds::{self, dormant, origin, spend};
use crate::line::{Line, YOUNG_MS};
use crate::scene::Scene;
use crate::{Action, Decibans, Ended, EvidenceKind, Failures, Observed, Origin, Registered, Report, Screening};

/// Lines watched for one account; above it the one silent for longest is forgotten.
pub const MAX_LINES: usize = 4096;
/// Running calls of one account that can be found again; above it the oldest is no longer re-screened.
pub const MAX_OPEN_CALLS: usize = 4096;
/// Struck lines remembered; the oldest is forgotten.
const MAX_STRUCK: usize = 16;
/// How long a cut on one line makes the next line's a matter of the account.
const BESIDE_MS: u64 = 24 * 3_600_000;
/// On a line that has just been cut one call in ten is a thief's, not one in a thousand: so much less evidence makes a
/// running call a suspect.
const SUSPECT_BELOW: Decibans = Decibans::whole(-20);

/// Of the places that are new to a line one in a hundred is a thief's: evidence on who calls that makes it likelier than
/// not, on a line whose calls have been cut, makes the place a stranger's.
const STRANGER: Decibans = Decibans::whole(20);

/// The guard's whole memory of one account. Give it everything in the order it happened; it answers at once.
///
/// Times never go back. The same inputs lead to the same answers, byte for byte. Bounds: [`MAX_LINES`] lines of at most
/// 64 attempts, 256 calls waiting to become habit, 64 destinations, 128 numbers and 16 origins each (about 20 kB full, 1
/// kB for an ordinary phone), and for the account 256 destinations, 1,024 numbers and 64 origins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    pub(crate) account: Habit,
    /// Boxed, since a map keeps room for more entries than it has.
    pub(crate) lines: BTreeMap<LineId, Box<Line>>,
    /// Lines of running calls.
    open: BTreeMap<CallId, LineId>,
    /// Lines that were struck and not absolved since, the latest last; at most [`MAX_STRUCK`].
    struck: Vec<(LineId, u64)>,
    /// What the owner answered to incidents, the latest last.
    pub(crate) answers: Answers,
    /// A kind of evidence that is left out, to see what it is worth.
    without: Option<EvidenceKind>,
    /// What evidence tells money in.
    currency: Currency,
}

impl Guard {
    /// A guard that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same guard, blind to one kind of evidence: for measuring what that kind is worth.
    #[must_use]
    pub fn without(mut self, kind: EvidenceKind) -> Self {
        self.without = Some(kind);
        self
    }

    /// What the account counts its money in, for the words of evidence.
    pub fn set_currency(&mut self, currency: Currency) {
        self.currency = currency;
    }

    /// A line registered.
    pub fn registered(&mut self, now_ms: u64, seen: &Registered) {
        self.see(now_ms, &seen.line, &seen.origin, seen.failures_before);
    }

    /// A line places a call towards a carrier (home calls too; never emergencies): may it go? The attempt is learnt as
    /// well. Only calls of the cut class are ever refused. What is refused here need not be reported as ended.
    ///
    /// `action` says what should stand from now on; asking for what already stands is no mistake, the caller knows.
    pub fn screen(&mut self, now_ms: u64, seen: &Observed) -> Screening {
        let line =
            Self::see_in(&mut self.lines, &mut self.account, now_ms, &seen.line, &seen.origin, seen.failures_before);
        dormant::wake(now_ms, line, &self.account);
        line.tell(now_ms, seen);
        if !seen.cut_class {
            let hour = hour_of_week(now_ms, seen.utc_offset_min);
            for habit in [&mut line.habit, &mut self.account] {
                habit.home_calls = habit.home_calls.saturating_add(1);
                habit.hours.learn(hour);
            }
            return allowed();
        }
        line.push(now_ms, Attempt::new(now_ms, seen));
        if self.open.len() >= MAX_OPEN_CALLS {
            self.open.pop_first();
        }
        self.open.insert(seen.call, seen.line.clone());
        let said = self.judge(now_ms, &seen.line, seen.call);
        if !said.allowed {
            self.open.remove(&seen.call);
        }
        said
    }

    /// Whether the call runs under the guard's eyes. Of any other call it need not be told more, nor be asked again.
    #[must_use]
    pub fn watches(&self, call: CallId) -> bool {
        self.open.contains_key(&call)
    }

    /// A call was answered.
    pub fn answered(&mut self, now_ms: u64, call: CallId) {
        if let Some(attempt) = self.attempt_mut(call) {
            attempt.answered_ms.get_or_insert(now_ms);
        }
    }

    /// A running call is looked at again, at set times after its answer: may it go on? Where not, it is to be hung up.
    pub fn rescreen(&mut self, now_ms: u64, call: CallId) -> Screening {
        match self.open.get(&call).cloned() {
            Some(line) => self.judge(now_ms, &line, call),
            None => allowed(),
        }
    }

    /// A call ended, answered or not. It becomes habit some hours later, if no incident comes.
    pub fn ended(&mut self, now_ms: u64, ended: &Ended) {
        let Some(line) = self.open.remove(&ended.call).and_then(|id| self.lines.get_mut(&id)) else {
            return;
        };
        if let Some(attempt) = line.attempt_mut(ended.call) {
            attempt.outcome = Some(Outcome { at_ms: now_ms, talk_ms: ended.talk_ms, failed: is_failure(ended.status) });
        }
        line.wait(now_ms, ended.call);
    }

    /// A line has a new secret: whoever had the old one is out, so what was held against the line no longer counts.
    pub fn secret_changed(&mut self, _now_ms: u64, line: &LineId) {
        self.absolve(Some(line));
    }

    /// A line is gone.
    pub fn line_removed(&mut self, line: &LineId) {
        self.lines.remove(line);
        self.struck.retain(|(struck, _)| struck != line);
        self.open.retain(|_, of| of != line);
    }

    /// International calling was turned back on for a line, or for the account with all its lines.
    pub fn cut_lifted(&mut self, _now_ms: u64, line: Option<&LineId>) {
        self.absolve(line);
    }

    fn attempt_mut(&mut self, call: CallId) -> Option<&mut Attempt> {
        let line = self.open.get(&call)?;
        self.lines.get_mut(line)?.attempt_mut(call)
    }

    fn see(&mut self, now_ms: u64, id: &LineId, origin: &Origin, failures: Failures) {
        Self::see_in(&mut self.lines, &mut self.account, now_ms, id, origin, failures);
    }

    /// Notes that a line proved itself from an origin; gives the line.
    fn see_in<'a>(
        lines: &'a mut BTreeMap<LineId, Box<Line>>,
        account: &mut Habit,
        now_ms: u64,
        id: &LineId,
        origin: &Origin,
        failures: Failures,
    ) -> &'a mut Line {
        if lines.len() >= MAX_LINES && !lines.contains_key(id) {
            let silent = lines.iter().min_by_key(|(_, line)| line.last_call_ms.max(line.habit.since_ms));
            let silent = silent.map(|(id, _)| id.clone());
            silent.and_then(|silent| lines.remove(&silent));
        }
        account.touch(now_ms);
        let line = lines.entry(id.clone()).or_default();
        line.habit.touch(now_ms);
        line.settle(now_ms, account);
        let key = OriginKey::from(origin);
        line.guess(now_ms, key, failures);
        origin::see(now_ms, key, line, account);
        line
    }

    fn scene<'a>(&'a self, now_ms: u64, id: &LineId, line: &'a Line, call: &'a Attempt) -> Scene<'a> {
        let beside = self.struck.iter().filter(|(other, _)| other != id).map(|(_, struck_ms)| *struck_ms);
        let beside = beside.max().filter(|struck| now_ms.saturating_sub(*struck) < BESIDE_MS);
        Scene::new(now_ms, call, line, &self.account, self.lines.len() as u64, beside)
            .counted_in(self.currency)
            .disowned(self.answers.theirs(now_ms, call))
    }

    /// Weighs a call that is remembered and decides on it.
    fn judge(&mut self, now_ms: u64, id: &LineId, call: CallId) -> Screening {
        let Some((line, attempt)) = self.lines.get(id).and_then(|line| Some((line, line.attempt(call)?))) else {
            return allowed();
        };
        let scene = self.scene(now_ms, id, line, attempt);
        let (score, evidence) = kinds::weigh_all(&scene, self.without);
        let decision = decision::decide(score, needed(&scene), was_refused_before(&scene));
        let beside = scene.struck_beside_ms.is_some();
        let (action, suspects) = match decision {
            Decision::Allow => (None, Vec::new()),
            Decision::Refuse => (Some(Action::Alert), Vec::new()),
            Decision::Cut if beside => (Some(Action::CutInternational), self.suspects(now_ms, None, call)),
            Decision::Cut => (Some(Action::CutLine), self.suspects(now_ms, Some(id), call)),
        };
        let allowed = decision == Decision::Allow;
        let who: Decibans = evidence.iter().filter(|fact| fact.kind.is_of_who()).map(|fact| fact.weight).sum();
        let stranger = decision == Decision::Cut && scene.origin.is_news() && who >= STRANGER;
        let report =
            if decision == Decision::Cut { line.report(now_ms, &self.account, call) } else { Report::default() };
        if let Some(line) = self.lines.get_mut(id) {
            for key in line.record(now_ms, call, score, decision) {
                self.account.origins.forget(&key, now_ms.saturating_sub(YOUNG_MS));
            }
        }
        if decision == Decision::Cut {
            self.strike(now_ms, id);
        }
        Screening { allowed, score, evidence, action, suspects, stranger, report }
    }

    fn strike(&mut self, now_ms: u64, id: &LineId) {
        self.struck.retain(|(line, _)| line != id);
        if self.struck.len() >= MAX_STRUCK {
            self.struck.remove(0);
        }
        self.struck.push((id.clone(), now_ms));
    }

    /// What was held against a line, or against all, no longer counts.
    pub(crate) fn absolve(&mut self, only: Option<&LineId>) {
        self.struck.retain(|(line, _)| only.is_some_and(|only| only != line));
        match only {
            Some(line) => self.lines.get_mut(line).into_iter().for_each(|line| line.absolve()),
            None => self.lines.values_mut().for_each(|line| line.absolve()),
        }
    }

    /// Running calls of the cut class, on a line or all lines, that the same evidence makes suspect.
    fn suspects(&self, now_ms: u64, only: Option<&LineId>, but: CallId) -> Vec<CallId> {
        let lines = self.lines.iter().filter(|(id, _)| only.is_none_or(|only| only == *id));
        let running = lines.flat_map(|(id, line)| line.recent.iter().map(move |attempt| (id, line, attempt)));
        running
            .filter(|(_, _, attempt)| attempt.runs() && attempt.call != but && attempt.fresh)
            .filter(|(id, line, attempt)| {
                let scene = self.scene(now_ms, id, line, attempt);
                let score = kinds::score(&scene, self.without);
                score >= decision::needed(attempt.per_minute, Money::ZERO).plus(SUSPECT_BELOW)
            })
            .map(|(_, _, attempt)| attempt.call)
            .collect()
    }
}

/// The evidence needed to stop a call, and to cut its line.
fn needed(scene: &Scene<'_>) -> Needed {
    let (by_call, beside) = if scene.is_fresh() { spend::at_stake(scene) } else { (Money::ZERO, Money::ZERO) };
    let at_risk = at_risk(scene);
    Needed { stop: decision::needed(at_risk, by_call), line: decision::needed(at_risk, beside) }
}

/// What a minute may cost: this call and, if it is to a fresh number, the others to fresh numbers that run on the line.
fn at_risk(scene: &Scene<'_>) -> Money {
    let own = scene.call.per_minute;
    if !scene.is_fresh() {
        return own;
    }
    let beside = scene.other_fresh().filter(|other| other.runs());
    beside.fold(own, |sum, other| sum.saturating_add(other.per_minute))
}

/// Whether a call of the line to another number was refused in the last day.
fn was_refused_before(scene: &Scene<'_>) -> bool {
    scene.other_fresh().any(|other| other.refused && other.suffix() != scene.call.suffix())
}

/// Whether a final status says that the call did not get through, other than busy, unanswered, declined or given up
/// (RFC 3261 §21.4 to 21.6).
const fn is_failure(status: u16) -> bool {
    status >= 400 && !matches!(status, 408 | 480 | 486 | 487 | 600 | 603)
}

fn allowed() -> Screening {
    Screening {
        allowed: true,
        score: Decibans::default(),
        evidence: Vec::new(),
        action: None,
        suspects: Vec::new(),
        stranger: false,
        report: Report::default(),
    }
}
