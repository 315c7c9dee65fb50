//! A node's own journal, replayed: the account machines handle every input once more and have to come to the same.

use std::collections::BTreeMap;
use std::path::Path;

use account::{Effect, Input};
use billing::{CallId, Cdr, CdrVerdict, IncidentId};
use guard::{Action, Decibans, Incident};
use node::{Body, NodeState, Record};
use replay::{MAX_WAITING, Outcome, Slot, Verdict, Verdicts};
use store::{Home, Journal, Snapshots};

use super::output::Output;
use crate::cli::CliError;
use crate::cli::error::refused;
use crate::serve::OpenError;

/// Incidents kept until the end.
const MAX_INCIDENTS: usize = 1_000_000;

/// What the journal told.
pub struct Told {
    /// The first record replayed; those before it have left the journal.
    pub first_lsn: u64,
    /// Records replayed.
    pub records: u64,
    /// Calls screened.
    pub calls: u64,
    /// Incidents.
    pub incidents: u64,
}

/// Verdicts and incidents, collected from the effects.
#[derive(Default)]
struct Story {
    verdicts: Verdicts,
    /// Calls that run.
    running: BTreeMap<CallId, Slot>,
    /// Incidents as they were last, and when each first cut something.
    incidents: BTreeMap<IncidentId, (Incident, Option<u64>)>,
    calls: u64,
}

/// Replays the journal of a data directory that no node uses now.
///
/// # Errors
/// At the first record that now leads to other effects than it did; where the directory cannot be read.
pub fn replay(dir: &Path, output: &mut Output) -> Result<Told, CliError> {
    if !dir.join("journal").is_dir() {
        return refused(format!("there is no journal in {}: give a node's data directory", dir.display()));
    }
    let home = Home::open(dir)?;
    let (journal, _) = Journal::<_, Record>::open(home.journal_disk()?)?;
    let mut state = NodeState::default();
    if journal.first_lsn() > 1 {
        let oldest = Snapshots::new(home.snapshot_disk()?).load_oldest()?;
        let Some((lsn, snapshot)) = oldest.filter(|(lsn, _)| lsn.saturating_add(1) >= journal.first_lsn()) else {
            return refused("the journal begins after every snapshot: there is nothing to begin the replay with");
        };
        tracing::debug!(lsn, "the replay begins with a snapshot");
        state = snapshot;
    }
    let first_lsn = state.lsn + 1;
    let mut story = Story::default();
    let mut last_ms = 0;
    for record in journal.records_after(state.lsn) {
        let record = record?;
        state.apply(&record).map_err(OpenError::from)?;
        last_ms = record.at_ms;
        story.note(&record)?;
        while let Some(verdict) = story.verdicts.take() {
            output.verdict(&verdict)?;
        }
    }
    story.end(&state, last_ms);
    while let Some(verdict) = story.verdicts.take() {
        output.verdict(&verdict)?;
    }
    for (incident, cut_ms) in story.incidents.values() {
        let calls = incident.calls.iter().map(|call| call.call.to_string());
        output.incident(incident, cut_ms.unwrap_or(incident.opened_ms), calls)?;
    }
    let records = state.lsn.saturating_sub(first_lsn) + 1;
    Ok(Told { first_lsn, records, calls: story.calls, incidents: story.incidents.len() as u64 })
}

impl Story {
    /// Takes what a record tells; its effects are those of the replay, byte for byte.
    fn note(&mut self, record: &Record) -> Result<(), CliError> {
        let Body::Account { input, effects, .. } = &record.body else { return Ok(()) };
        if let Input::Screen(attempt) = input
            && !self.running.contains_key(&attempt.call)
        {
            if self.verdicts.is_full() {
                return refused(format!("more than {MAX_WAITING} calls wait for one that runs"));
            }
            self.calls += 1;
            self.running.insert(attempt.call, self.verdicts.reserve());
        }
        for effect in effects {
            match effect {
                Effect::Cdr(cdr) => self.ended(cdr),
                Effect::Incident(incident) => self.incident(record.at_ms, incident)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn ended(&mut self, cdr: &Cdr) {
        if let Some(slot) = self.running.remove(&cdr.call) {
            self.verdicts.fill(slot, verdict(cdr.call, &cdr.verdict, cdr.times.talk_ms()));
        }
    }

    fn incident(&mut self, at_ms: u64, incident: &Incident) -> Result<(), CliError> {
        if self.incidents.len() >= MAX_INCIDENTS {
            return refused(format!("there are more than {MAX_INCIDENTS} incidents"));
        }
        let cut_ms = (incident.action >= Action::CutLine).then_some(at_ms);
        let (known, first_cut_ms) = self.incidents.entry(incident.id).or_insert_with(|| (incident.clone(), cut_ms));
        known.clone_from(incident);
        *first_cut_ms = first_cut_ms.or(cut_ms);
        Ok(())
    }

    /// The journal ends: calls that still run have talked until its last record.
    fn end(&mut self, state: &NodeState, last_ms: u64) {
        for account in state.accounts.values() {
            for (call, running) in account.running() {
                if let Some(slot) = self.running.remove(call) {
                    let talk_ms = running.answer_ms.map_or(0, |answer_ms| last_ms.saturating_sub(answer_ms));
                    self.verdicts.fill(slot, verdict(*call, &running.facts.verdict, talk_ms));
                }
            }
        }
    }
}

fn verdict(call: CallId, said: &CdrVerdict, carried_ms: u64) -> Verdict {
    Verdict {
        id: call.to_string().into(),
        outcome: match said.decision {
            billing::Decision::Allowed => Outcome::Allowed,
            billing::Decision::Refused => Outcome::Refused,
        },
        carried_ms,
        score: Decibans::from_tenths(said.score_tenth_db),
        reasons: said.reasons.clone(),
    }
}
