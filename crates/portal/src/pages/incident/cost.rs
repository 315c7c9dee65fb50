//! What an incident cost, what it would have cost, and what kept it from that.

use billing::{Cdr, Decision, HungUpBy, Money};
use guard::Incident;

use super::Case;
use crate::access::Scope;
use crate::pages::story;
use crate::words::{count, length};

/// The bill in words.
pub(super) struct Bill {
    /// What was charged.
    pub(super) cost: String,
    /// How it comes about.
    pub(super) of: String,
    /// What each hour more would have cost.
    pub(super) hour: String,
    /// How that is reckoned, and where it would have ended.
    pub(super) how: String,
    /// How many attempts were stopped.
    pub(super) stopped: String,
    pub(super) stopped_how: String,
}

/// Adds it up.
pub(super) fn bill(scope: &Scope, case: &Case) -> Bill {
    let Case { incident, cdrs, .. } = case;
    let refused = cdrs.iter().filter(|cdr| cdr.verdict.decision == Decision::Refused).count();
    let by_us = |cdr: &&Cdr| matches!(cdr.result.hung_up_by, HungUpBy::Node { .. }) && cdr.times.answer_ms.is_some();
    let hung_up = cdrs.iter().filter(by_us).count();
    let (hour, how) = would_have(scope, case);
    Bill {
        cost: scope.money(story::cost(incident)),
        of: format!("{}, {} answered", count(incident.calls.len(), "call"), answered(incident)),
        hour,
        how,
        stopped: count(refused + hung_up, "call"),
        stopped_how: format!("{hung_up} hung up while talking, {refused} refused before anybody was called"),
    }
}

fn answered(incident: &Incident) -> usize {
    incident.calls.iter().filter(|call| story::is_answered(&call.result)).count()
}

/// The pace of the calls until the guard acted, carried on: an hour of it, and where the ceiling would have ended it.
fn would_have(scope: &Scope, case: &Case) -> (String, String) {
    let Case { incident, cdrs, .. } = case;
    let ceiling = scope.account.settings.exposure_ceiling;
    let ceiling_words = format!("the ceiling of {} a day for destinations that are not your own", scope.money(ceiling));
    let calls: Vec<&Cdr> = cdrs.iter().filter(|cdr| cdr.times.start_ms <= incident.acted_ms).collect();
    let priced: Vec<i64> = calls.iter().map(|cdr| cdr.money.per_minute.micros()).filter(|rate| *rate > 0).collect();
    let Some(many) = i64::try_from(priced.len()).ok().filter(|many| *many > 0) else {
        return ("not known".to_owned(), format!("The prices of these calls are not known; {ceiling_words} holds."));
    };
    let rate = Money::from_micros((priced.iter().sum::<i64>() / many + 500) / 1_000 * 1_000);
    let at_once = most_at_once(&calls);
    let hour = rate.saturating_mul(60).saturating_mul(i64::try_from(at_once).unwrap_or(i64::MAX));
    let began = if incident.shadow { "Going on" } else { "Had it gone on" };
    let many = if at_once == 1 { "one call at a time".to_owned() } else { format!("{at_once} calls at once") };
    let ends = match ceiling.micros().saturating_mul(60) / hour.micros().max(1) {
        minutes @ ..1_440 => format!("ended it after {}", length(u64::try_from(minutes.max(1)).unwrap_or(1) * 60_000)),
        _ => "held on each day".to_owned(),
    };
    let rate = rate.format_exact(&scope.account.settings.currency);
    let words = format!("{began} like this, {many} at {rate} a minute; {ceiling_words} would have {ends}.");
    (format!("{} an hour", scope.money(hour)), words)
}

/// How many of the attempts ran at the same time; one that was refused would have run.
fn most_at_once(cdrs: &[&Cdr]) -> usize {
    let during = |at_ms: u64| {
        cdrs.iter()
            .filter(|cdr| cdr.times.start_ms <= at_ms && at_ms < cdr.times.end_ms.max(cdr.times.start_ms + 1))
            .count()
    };
    cdrs.iter().map(|cdr| during(cdr.times.start_ms)).max().unwrap_or(1).max(1)
}
