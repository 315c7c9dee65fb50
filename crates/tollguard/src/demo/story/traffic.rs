//! The office's ordinary traffic in the background of the story: real calls with real voice.

use std::time::Duration;

use sim::Dice;
use sim::carrier;
use sim::ua;

use super::Theatre;
use crate::demo::cast::{AT_HOME, CALLERS, CARRIER, MAIN_NUMBER, Side};
use crate::demo::drive::Stage;

/// Who places ordinary calls; the others are the story's.
const CALLERS_IN_THE_OFFICE: [&str; 2] = ["102", "104"];
/// For how long calls are planned ahead.
const AHEAD_MS: u64 = 120_000;
/// From one call to the next.
const PAUSE_MS: u64 = 5_000;
/// When the telephones are registered for certain.
const FIRST_MS: u64 = 4_000;

/// Plans the first stretch.
pub(super) fn begin(stage: &Stage) {
    plan(stage, FIRST_MS);
}

fn plan(stage: &Stage, from_ms: u64) {
    let now_ms = stage.now_ms();
    let mut dice = Dice::new(now_ms);
    for (number, after_ms) in (from_ms..AHEAD_MS).step_by(PAUSE_MS as usize).enumerate() {
        let at_ms = now_ms + after_ms + dice.below(PAUSE_MS / 2);
        let talk_ms = Some(dice.between(4_000, 9_000));
        let Some(who) = CALLERS_IN_THE_OFFICE.get(number % CALLERS_IN_THE_OFFICE.len()) else { continue };
        // Every fourth comes from outside.
        match (number % 4, dice.pick(&AT_HOME), dice.pick(&CALLERS)) {
            (3, _, Some(from)) => {
                let (did, from) = (MAIN_NUMBER.to_owned(), (*from).to_owned());
                stage.order_at(at_ms, CARRIER, carrier::Command::Call { did, from, talk_ms });
            }
            (_, Some(number), _) => {
                stage.order_at(at_ms, who, ua::Command::Call { number: (*number).to_owned(), talk_ms });
            }
            _ => {}
        }
    }
}

/// How many ordinary calls the PBX has carried to their end so far, and how many of them failed.
pub(super) fn outcome(theatre: &Theatre) -> (usize, usize) {
    let cdrs = theatre.cdrs(Side::Pbx, "+1");
    let ours = |line: &str| CALLERS_IN_THE_OFFICE.contains(&line);
    let ordinary = cdrs.iter().filter(|cdr| cdr.who.line.as_ref().is_none_or(|line| ours(line.as_str())));
    let ends: Vec<bool> = ordinary.map(|cdr| cdr.times.answer_ms.is_some()).collect();
    (ends.len(), ends.iter().filter(|answered| !**answered).count())
}

/// Keeps the office working until Ctrl-C or the request to end.
pub(super) fn go_on_until_interrupted(stage: &Stage) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    runtime.block_on(async {
        let mut again = tokio::time::interval(Duration::from_millis(AHEAD_MS));
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        loop {
            let terminated = async {
                match &mut terminate {
                    Some(terminate) => drop(terminate.recv().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return,
                () = terminated => return,
                _ = again.tick() => plan(stage, 0),
            }
        }
    });
}
