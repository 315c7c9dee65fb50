//! What a replay found, for people: a table of the accounts that something happened to, and the sums.

use std::fmt::Write as _;
use std::path::Path;

use billing::{Currency, Money};
use guard::Action;
use replay::{Incident, Replay, Sums, Totals};

use super::output::UNREAD;
use crate::cli::output::Table;

/// Accounts listed; those that lost or were spared most.
const MAX_LISTED: usize = 50;

/// The run itself.
pub struct Run<'a> {
    pub rows: u64,
    pub unread: u64,
    pub seconds: f64,
    pub out: &'a Path,
}

/// The whole text.
pub fn text(replay: &Replay, labelled: bool, run: &Run<'_>) -> String {
    let incidents = replay.incidents();
    let mut text = accounts(replay, &incidents, labelled);
    let sums = sums(replay);
    text.push('\n');
    if labelled {
        sentence(&mut text, "Fraud:  ", &sums.fraud);
        sentence(&mut text, "Honest: ", &sums.honest);
    } else {
        sentence(&mut text, "", &sums.honest);
    }
    let cuts = incidents.iter().filter(|incident| incident.facts.action >= Action::CutLine).count();
    let _ = writeln!(text, "{cuts} cuts and {} alerts.", incidents.len() - cuts);
    if run.unread > 0 {
        let unread = run.out.join(UNREAD);
        let _ = writeln!(text, "{} of {} rows are no events; they are in {}.", run.unread, run.rows, unread.display());
    }
    let speed = run.rows as f64 / run.seconds.max(0.001);
    let _ = writeln!(
        text,
        "{} rows in {:.2} s ({:.0} a second); written to {}.",
        run.rows,
        run.seconds,
        speed,
        run.out.display()
    );
    text
}

/// The sums over all accounts.
pub fn sums(replay: &Replay) -> Totals {
    replay.totals().fold(Totals::default(), |sums, (_, totals)| Totals {
        honest: sums.honest + totals.honest,
        fraud: sums.fraud + totals.fraud,
    })
}

fn sentence(text: &mut String, of: &str, sums: &Sums) {
    let _ = writeln!(
        text,
        "{of}{} calls, {} of them abroad; {} refused, {} hung up, {} not tried again; {} spent, {} saved.",
        sums.calls,
        sums.abroad,
        sums.refused,
        sums.hung_up,
        sums.skipped,
        money(sums.cost),
        money(sums.saved)
    );
}

/// An amount, rounded to whole cents.
pub fn money(amount: Money) -> String {
    const CENT: i64 = 10_000;
    Money::from_cents(amount.micros().saturating_add(CENT / 2).div_euclid(CENT)).format(&Currency::USD)
}

/// The accounts with incidents, refusals or fraud.
fn accounts(replay: &Replay, incidents: &[&Incident], labelled: bool) -> String {
    let mut rows: Vec<_> = replay
        .totals()
        .map(|(name, totals)| (name, totals, totals.honest + totals.fraud))
        .filter(|(_, totals, sums)| sums.refused + sums.hung_up + sums.skipped + totals.fraud.calls > 0)
        .collect();
    rows.sort_by_key(|(_, totals, sums)| std::cmp::Reverse(totals.fraud.cost.saturating_add(sums.saved)));
    let left_out = rows.len().saturating_sub(MAX_LISTED);
    let lost = if labelled { "LOST TO FRAUD" } else { "SPENT IN INCIDENTS" };
    let headings = ["ACCOUNT", "CALLS", "ABROAD", "REFUSED", "HUNG UP", "CUTS", "ALERTS", lost, "SAVED"];
    let mut table = Table::new(&headings, &[1, 2, 3, 4, 5, 6, 7, 8]);
    for (name, totals, sums) in rows.into_iter().take(MAX_LISTED) {
        let own = || incidents.iter().filter(|incident| incident.facts.account == *name);
        let cuts = own().filter(|incident| incident.facts.action >= Action::CutLine).count();
        let spent = own().fold(Money::ZERO, |sum, incident| sum.saturating_add(incident.cost));
        table.row(vec![
            name.to_string(),
            sums.calls.to_string(),
            sums.abroad.to_string(),
            sums.refused.to_string(),
            sums.hung_up.to_string(),
            cuts.to_string(),
            (own().count() - cuts).to_string(),
            money(if labelled { totals.fraud.cost } else { spent }),
            money(sums.saved),
        ]);
    }
    let mut text = table.text("Nothing was refused, hung up or cut on any account.");
    if left_out > 0 {
        let _ = writeln!(text, "... and {left_out} accounts more.");
    }
    text
}
