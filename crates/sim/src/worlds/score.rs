//! The score of a trial against the truth: money kept, honest calls refused, false cuts.
//!
//! The definitions are those of the labelled worlds' own scorer: what an attack would have cost unhindered and what it
//! did; a cut is right where a call of an attack on that account lies up to a day after it or an hour before it; an
//! honest call that is refused within two hours of a right cut is its collateral and counted apart.

use std::collections::BTreeMap;

use billing::{E164, Money};
use guard::Action;
use replay::{Incident, Outcome};

use super::trial::{CallFact, Trial, Tried};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What became of one attack.
#[derive(Clone, Debug, Default)]
pub struct Struck {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What it would have cost unhindered.
    pub free: Money,
    /// What it cost.
    pub lost: Money,
    /// Calls let through.
    pub tried: u64,
    /// Of those, how many were answered.
    pub connected: u64,
    /// Seconds from its first call to the first right cut.
    pub cut_s: Option<i64>,
    /// The dearest calls let through, in words; at most [`MAX_TOLD`].
    pub calls: Vec<String>,
}

/// Calls of an attack that are told.
const MAX_TOLD: usize = 12;

impl Struck {
    /// Cut, or hindered so that a twentieth at most was lost.
    pub fn is_caught(&self) -> bool {
        self.cut_s.is_some() || self.lost.micros() * 20 <= self.free.micros()
    }
}

/// A cut where there was no attack.
#[derive(Clone, Debug)]
pub struct FalseCut {
    /// Account.
    pub account: String,
    /// The oddity of the call that brought it on.
    pub oddity: &'static str,
    /// What the guard said.
    pub text: String,
}

/// Counts of honest calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Honest {
    /// Calls of the cut class.
    pub abroad: u64,
    /// Of those, refused.
    pub refused: u64,
    /// Refused while a right cut stood.
    pub collateral: u64,
    /// Calls at home.
    pub home: u64,
    /// Of those, refused.
    pub home_refused: u64,
    /// Let through, but hung up by the guard.
    pub hung_up: u64,
}

/// The score of one trial.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Every attack that placed a call.
    pub struck: Vec<Struck>,
    /// Honest calls.
    pub honest: Honest,
    /// Cuts that were wrong.
    pub false_cuts: Vec<FalseCut>,
    /// Honest calls abroad by oddity.
    pub by_oddity: BTreeMap<&'static str, Honest>,
    /// Honest calls refused without a right cut, in words.
    pub refusals: Vec<String>,
    /// Days times accounts.
    pub account_days: f64,
}

/// First digits after +1 of what looks like home and is not, with premium numbers: the scorer's own list.
const ODD_AREAS: &[u64] = &[
    264, 268, 242, 246, 441, 284, 345, 767, 809, 829, 849, 473, 876, 658, 664, 869, 758, 784, 721, 868, 649, 684, 671,
    670, 787, 939, 340, 900,
];

/// What a cut stops, as the scorer sees it.
fn is_abroad(number: Option<E164>) -> bool {
    let Some(number) = number else { return true };
    let digits = number.to_string();
    let digits = digits.trim_start_matches('+');
    let area = digits.get(1..4).and_then(|area| area.parse().ok()).unwrap_or(0);
    !digits.starts_with('1') || ODD_AREAS.contains(&area)
}

/// What so much talk costs, in steps of six seconds.
fn cost(call: &CallFact, talk_ms: u64) -> Money {
    let steps = talk_ms.div_ceil(6_000) as i64;
    Money::from_micros(call.per_minute.micros() * steps / 10)
}

/// When attacks struck: first call, end of the last.
type Spans<'a> = BTreeMap<&'a str, (u64, u64)>;

fn spans(trial: &Trial) -> Spans<'_> {
    let mut spans = Spans::new();
    for call in &trial.calls {
        if let Some(attack) = &call.attack {
            let span = spans.entry(attack).or_insert((u64::MAX, 0));
            span.0 = span.0.min(call.at_ms);
            span.1 = span.1.max(call.at_ms + call.talk_ms);
        }
    }
    spans
}

/// Scores what the guard made of a trial.
#[must_use]
pub fn score(trial: &Trial, tried: &Tried) -> Score {
    let spans = spans(trial);
    let accounts: BTreeMap<&str, &str> =
        trial.attacks.iter().map(|attack| (attack.id.as_str(), attack.account.as_str())).collect();
    let cuts: Vec<&Incident> =
        tried.incidents.iter().filter(|incident| incident.facts.action != Action::Alert).collect();
    let is_right = |cut: &&Incident| {
        let (at_ms, account) = (cut.at_ms(), cut.facts.account.as_str());
        let near = |(attack, span): (&&str, &(u64, u64))| {
            accounts.get(*attack) == Some(&account) && span.0 <= at_ms + DAY_MS && at_ms <= span.1 + HOUR_MS
        };
        spans.iter().any(near)
    };
    let (right, wrong): (Vec<&Incident>, Vec<&Incident>) = cuts.iter().copied().partition(is_right);
    let mut score = Score {
        struck: struck(trial, tried, &spans, &cuts),
        account_days: trial.accounts as f64 * trial.span_ms as f64 / DAY_MS as f64,
        ..Score::default()
    };
    let called: BTreeMap<&str, &CallFact> = trial.calls.iter().map(|call| (call.id.as_str(), call)).collect();
    for cut in wrong {
        let odd = cut.calls.iter().rev().find_map(|call| called.get(&*call.id)?.oddity);
        score.false_cuts.push(FalseCut {
            account: cut.facts.account.to_string(),
            oddity: odd.unwrap_or("ordinary"),
            text: tell(cut, &called),
        });
    }
    count_honest(trial, tried, &right, &mut score);
    score
}

fn struck(trial: &Trial, tried: &Tried, spans: &Spans<'_>, cuts: &[&Incident]) -> Vec<Struck> {
    let mut struck: BTreeMap<&str, Struck> = BTreeMap::new();
    for (call, verdict) in trial.calls.iter().zip(&tried.verdicts) {
        let Some(attack) = &call.attack else { continue };
        let row = struck.entry(attack).or_default();
        if call.answered {
            row.free = row.free.saturating_add(cost(call, call.talk_ms));
        }
        if verdict.outcome == Outcome::Allowed {
            row.tried += 1;
            if call.answered && verdict.carried_ms > 0 {
                row.connected += 1;
                let lost = cost(call, verdict.carried_ms);
                row.lost = row.lost.saturating_add(lost);
                if row.calls.len() < MAX_TOLD && lost.micros() > 500_000 {
                    let reasons = verdict.reasons.join("; ");
                    row.calls.push(format!("${lost} {} from {}: {} dB: {reasons}", call.line, call.ip, verdict.score));
                }
            }
        }
    }
    for attack in &trial.attacks {
        let (Some(row), Some(span)) = (struck.get_mut(attack.id.as_str()), spans.get(attack.id.as_str())) else {
            continue;
        };
        row.id.clone_from(&attack.id);
        row.kind.clone_from(&attack.kind);
        let mine = cuts.iter().filter(|cut| cut.facts.account.as_str() == attack.account).map(|cut| cut.at_ms());
        let near = mine.filter(|at_ms| at_ms + DAY_MS >= span.0 && *at_ms <= span.1 + HOUR_MS).min();
        row.cut_s = near.map(|at_ms| (at_ms as i64 - span.0 as i64) / 1000);
    }
    struck.into_values().collect()
}

fn count_honest(trial: &Trial, tried: &Tried, right: &[&Incident], score: &mut Score) {
    for (call, verdict) in trial.calls.iter().zip(&tried.verdicts) {
        if call.attack.is_some() {
            continue;
        }
        let odd = score.by_oddity.entry(call.oddity.unwrap_or("ordinary")).or_default();
        let refused = verdict.outcome == Outcome::Refused;
        let hung_up = call.answered && !refused && verdict.carried_ms < call.talk_ms;
        let stands = |cut: &&&Incident| {
            cut.facts.account.as_str() == call.account
                && (cut.at_ms()..=cut.at_ms() + 2 * HOUR_MS).contains(&call.at_ms)
        };
        let collateral = refused && right.iter().find(stands).is_some();
        for honest in [&mut score.honest, odd] {
            honest.hung_up += u64::from(hung_up);
            if is_abroad(call.number) {
                honest.abroad += 1;
                honest.refused += u64::from(refused && !collateral);
                honest.collateral += u64::from(collateral);
            } else {
                honest.home += 1;
                honest.home_refused += u64::from(refused);
            }
        }
        if refused && !collateral {
            let odd = call.oddity.unwrap_or("ordinary");
            let reasons = verdict.reasons.join("; ");
            score.refusals.push(format!("{} {} {odd} {}: {reasons}", call.account, call.line, call.dialled));
        }
    }
}

/// An incident in words.
fn tell(incident: &Incident, called: &BTreeMap<&str, &CallFact>) -> String {
    let facts = &incident.facts;
    let mut text = format!("{} {} {:?} {}", facts.account, facts.line, facts.action, facts.score);
    for evidence in &facts.evidence {
        text.push_str(&format!("\n      {} {} ({})", evidence.kind, evidence.weight, evidence.text));
    }
    for call in incident.calls.iter().rev().take(8).rev() {
        let odd = called.get(&*call.id).and_then(|call| call.oddity).unwrap_or("ordinary");
        let weights: Vec<String> = call.weights.iter().map(|(kind, weight)| format!("{kind} {weight}")).collect();
        text.push_str(&format!(
            "\n        {} {} {:?} {} s, {odd}: {}",
            call.number,
            call.destination,
            call.outcome,
            call.carried_ms / 1000,
            weights.join(" ")
        ));
    }
    text
}
