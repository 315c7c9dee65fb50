//! The owner's answers to incidents: "that was us" makes what happened normal at once, "that was not us" holds it against
//! whoever does it again; either can be taken back.

use std::collections::VecDeque;

use billing::{Destination, IncidentId, LineId};
use serde::{Deserialize, Serialize};

use crate::attempt::{Attempt, PlaceKey, Suffix};
use crate::habit::{self, Known, OriginKey, Settled};
use crate::kinds::{origin, owner};
use crate::{Decibans, Guard, Incident, IncidentCall, Origin, Report};

/// Answers that can be taken back; the oldest can no longer be.
pub const MAX_ANSWERS: usize = 16;

/// What an answer changed, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// Numbers that are normal, or held against whoever calls them.
    pub numbers: usize,
    /// Countries and ranges that are normal.
    pub destinations: usize,
    /// Places that are normal, or held against whoever calls from there.
    pub places: usize,
}

/// The answers of an account's owner, the latest last; at most [`MAX_ANSWERS`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answers {
    latest_last: VecDeque<(IncidentId, Answer)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Answer {
    at_ms: u64,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum What {
    Ours { line: LineId, calls: Vec<Owned>, origins: Vec<Trusted> },
    Theirs(Report),
}

/// One call that was made normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Owned {
    line: LineId,
    place: PlaceKey,
    what: OwnedCall,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum OwnedCall {
    /// All of it; whether the line, and the account, knew the number before.
    Whole { call: Settled, known_to: (bool, bool) },
    /// Older than a day: its number alone; whether the line, and the account, knew it before.
    Number { suffix: Suffix, known_to: (bool, bool) },
}

/// An origin that is trusted, and what the line, and the account, knew of it before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trusted {
    key: OriginKey,
    before: (Option<Known>, Option<Known>),
}

impl Answers {
    fn put(&mut self, id: IncidentId, answer: Answer) {
        if self.latest_last.len() >= MAX_ANSWERS {
            self.latest_last.pop_front();
        }
        self.latest_last.push_back((id, answer));
    }

    fn take(&mut self, id: IncidentId) -> Option<Answer> {
        let at = self.latest_last.iter().position(|(known, _)| *known == id)?;
        self.latest_last.remove(at).map(|(_, answer)| answer)
    }

    /// What "that was not us" says of a call's number and place.
    pub(crate) fn theirs(&self, now_ms: u64, call: &Attempt) -> (Decibans, Decibans) {
        let mut said = (Decibans::default(), Decibans::default());
        for (_, answer) in &self.latest_last {
            let What::Theirs(report) = &answer.what else { continue };
            let (number, source) = report.names(call.suffix(), call.origin.source);
            let weight = owner::theirs_db(now_ms.saturating_sub(answer.at_ms));
            said.0 = said.0.max(if number { weight } else { Decibans::default() });
            said.1 = said.1.max(if source { weight } else { Decibans::default() });
        }
        said
    }
}

impl Guard {
    /// The owner owned to an incident: its numbers, destinations, prices and origins are normal for the line at once, and
    /// later calls there say so ([`crate::EvidenceKind::Owner`]). To be told before the cut is lifted, which forgets the
    /// calls. [`Guard::take_back`] undoes it.
    pub fn that_was_us(&mut self, now_ms: u64, incident: &Incident) -> Learnt {
        self.take_back(now_ms, incident.id);
        let calls: Vec<_> = incident.calls.iter().filter_map(|call| self.own(now_ms, &incident.line, call)).collect();
        let origins = self.trust(now_ms, incident);
        self.absolve(Some(&incident.line));
        let mut places: Vec<_> = calls.iter().map(|owned| owned.place).collect();
        places.sort_unstable();
        places.dedup();
        let new = |owned: &&Owned| match &owned.what {
            OwnedCall::Whole { known_to, .. } | OwnedCall::Number { known_to, .. } => !known_to.0,
        };
        let learnt =
            Learnt { numbers: calls.iter().filter(new).count(), destinations: places.len(), places: origins.len() };
        let what = What::Ours { line: incident.line.clone(), calls, origins };
        self.answers.put(incident.id, Answer { at_ms: now_ms, what });
        learnt
    }

    /// The owner disowned an incident: its numbers are no habit of any line, and they and the new places they were called
    /// from speak against whoever calls so again ([`crate::EvidenceKind::Owner`]). [`Guard::take_back`] undoes it.
    pub fn that_was_not_us(&mut self, now_ms: u64, incident: &Incident) -> Learnt {
        self.take_back(now_ms, incident.id);
        for suffix in incident.report.numbers() {
            self.account.numbers.forget(suffix);
            self.lines.values_mut().for_each(|line| line.habit.numbers.forget(suffix));
        }
        self.lines.values_mut().for_each(|line| line.refresh());
        let (numbers, places) = incident.report.len();
        let what = What::Theirs(incident.report.clone());
        self.answers.put(incident.id, Answer { at_ms: now_ms, what });
        Learnt { numbers, destinations: 0, places }
    }

    /// The owner takes an answer back: what it taught is unlearnt. What had been held against the line before is not
    /// brought back. False where there is no answer any more.
    pub fn take_back(&mut self, now_ms: u64, incident: IncidentId) -> bool {
        let Some(Answer { at_ms, what }) = self.answers.take(incident) else { return false };
        if let What::Ours { line, calls, origins } = what {
            calls.into_iter().rev().for_each(|owned| self.disown(now_ms, at_ms, &owned));
            for Trusted { key, before } in origins {
                self.account.origins.put_back(&key, before.1.as_ref());
                if let Some(line) = self.lines.get_mut(&line) {
                    line.habit.origins.put_back(&key, before.0.as_ref());
                }
            }
            self.lines.values_mut().for_each(|line| line.refresh());
        }
        true
    }

    /// The owner owns to one call, of the line that placed it, as far as that is remembered, or of the incident's.
    fn own(&mut self, now_ms: u64, incident_line: &LineId, call: &IncidentCall) -> Option<Owned> {
        let placed = self.lines.iter().find_map(|(id, line)| Some((id, Settled::from(line.attempt(call.call)?))));
        let (id, settled) = placed.map_or((incident_line.clone(), None), |(id, settled)| (id.clone(), Some(settled)));
        let line = self.lines.get_mut(&id)?;
        let (place, what) = if let Some(settled) = settled {
            if let Some(behind) = &mut line.behind {
                behind.own(now_ms, call.call);
            }
            let by_line = line.habit.learn(now_ms, &settled, habit::LINE);
            let by_account = self.account.learn(now_ms, &settled, habit::ACCOUNT);
            (settled.place, OwnedCall::Whole { call: settled, known_to: (by_line, by_account) })
        } else {
            // Its price and hour are no longer known, its number is.
            let suffix = Suffix::from(call.number);
            let by_line = line.habit.numbers.learn(suffix, habit::LINE.numbers);
            let by_account = self.account.numbers.learn(suffix, habit::ACCOUNT.numbers);
            let place = PlaceKey::of(call.number, &Destination::of(call.number));
            (place, OwnedCall::Number { suffix, known_to: (by_line, by_account) })
        };
        line.own(now_ms, place);
        line.refresh();
        Some(Owned { line: id, place, what })
    }

    fn trust(&mut self, now_ms: u64, incident: &Incident) -> Vec<Trusted> {
        let Some(line) = self.lines.get_mut(&incident.line) else { return Vec::new() };
        let keys = incident
            .origins
            .iter()
            .map(|(ip, place)| OriginKey::from(&Origin { ip: *ip, place: place.clone(), user_agent: "".into() }));
        let trust = |key: OriginKey| {
            let before = (line.habit.origins.remembered(&key), self.account.origins.remembered(&key));
            origin::trust(now_ms, key, line, &mut self.account);
            Trusted { key, before }
        };
        keys.map(trust).collect()
    }

    fn disown(&mut self, now_ms: u64, then_ms: u64, owned: &Owned) {
        let Some(line) = self.lines.get_mut(&owned.line) else { return };
        line.ours.retain(|(place, _)| *place != owned.place);
        match &owned.what {
            OwnedCall::Whole { call, known_to } => {
                line.habit.unlearn(now_ms, then_ms, call, known_to.0);
                self.account.unlearn(now_ms, then_ms, call, known_to.1);
            }
            OwnedCall::Number { suffix, known_to } => {
                if !known_to.0 {
                    line.habit.numbers.forget(*suffix);
                }
                if !known_to.1 {
                    self.account.numbers.forget(*suffix);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
