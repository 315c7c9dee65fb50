//! Scores of many trials pooled: the figures with their confidence, and tables by kind of attack and by oddity.

use std::collections::BTreeMap;

use billing::Money;

use super::score::{Honest, Score, Struck};
use crate::Dice;

/// Draws of the bootstrap: worlds are drawn again with repetition, since calls of one world are not independent.
const DRAWS: usize = 1_000;

/// The figures of a pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pooled {
    /// Attacks, and how many of them were caught.
    pub attacks: usize,
    /// Of those, caught.
    pub caught: usize,
    /// Dollars an unhindered thief would have burnt.
    pub free: f64,
    /// Per cent of the money saved.
    pub saved: f64,
    /// Median loss of an attack, dollars.
    pub median: f64,
    /// The loss nine of ten attacks stay below, dollars.
    pub p90: f64,
    /// Per cent of honest calls abroad that were refused while no right cut stood.
    pub refused: f64,
    /// Honest calls abroad refused during right cuts.
    pub collateral: u64,
    /// Honest calls at home that were refused.
    pub home_refused: u64,
    /// Account-months.
    pub months: f64,
    /// False cuts in a thousand account-months.
    pub false_cuts: f64,
}

fn dollars(money: Money) -> f64 {
    money.micros() as f64 / 1e6
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((share * last) as usize).copied().unwrap_or_default()
}

impl Pooled {
    /// Pools scores.
    pub fn new<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        let (mut losses, mut pooled) = (Vec::new(), Self::default());
        let (mut lost, mut abroad, mut refused, mut cuts, mut days) = (0.0, 0, 0, 0, 0.0);
        for score in scores {
            for struck in &score.struck {
                pooled.free += dollars(struck.free);
                lost += dollars(struck.lost);
                pooled.caught += usize::from(struck.is_caught());
                losses.push(dollars(struck.lost));
            }
            abroad += score.honest.abroad;
            refused += score.honest.refused;
            pooled.collateral += score.honest.collateral;
            pooled.home_refused += score.honest.home_refused;
            cuts += score.false_cuts.len();
            days += score.account_days;
        }
        losses.sort_by(f64::total_cmp);
        pooled.attacks = losses.len();
        pooled.saved = 100.0 * (1.0 - lost / pooled.free.max(0.01));
        pooled.median = at(&losses, 0.5);
        pooled.p90 = at(&losses, 0.9);
        pooled.refused = 100.0 * refused as f64 / (abroad as f64).max(1.0);
        pooled.months = days / 30.0;
        pooled.false_cuts = 1000.0 * cuts as f64 / pooled.months.max(0.001);
        pooled
    }

    /// The bounds between which nineteen of twenty bootstrap draws of a figure lie.
    fn between(scores: &[Score], figure: impl Fn(&Self) -> f64) -> (f64, f64) {
        let mut dice = Dice::new(scores.len() as u64);
        let mut drawn: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let draw: Vec<&Score> = scores.iter().filter_map(|_| dice.pick(scores)).collect();
                figure(&Self::new(draw))
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        (at(&drawn, 0.025), at(&drawn, 0.975))
    }
}

/// Prints figures and tables; with `details` every loss above a dollar, refusal and false cut.
pub fn print(scores: &[Score], details: bool) {
    let all = Pooled::new(scores);
    let (low, high) = Pooled::between(scores, |pooled| pooled.saved);
    println!(
        "{} worlds, {:.0} account-months, {} attacks, {} caught",
        scores.len(),
        all.months,
        all.attacks,
        all.caught
    );
    println!("saved            {:8.3} %   [{low:.3}, {high:.3}]   of ${:.0}", all.saved, all.free);
    println!("median loss     ${:8.2}", all.median);
    let (low, high) = Pooled::between(scores, |pooled| pooled.p90);
    println!("90th percentile ${:8.2}     [{low:.2}, {high:.2}]", all.p90);
    let (low, high) = Pooled::between(scores, |pooled| pooled.refused);
    println!(
        "refused abroad   {:8.4} %   [{low:.4}, {high:.4}]   and {} during right cuts",
        all.refused, all.collateral
    );
    println!("refused at home  {:8}", all.home_refused);
    let (low, high) = Pooled::between(scores, |pooled| pooled.false_cuts);
    println!("false cuts       {:8.2} in 1,000 account-months   [{low:.2}, {high:.2}]", all.false_cuts);
    by_kind(scores);
    by_oddity(scores);
    if details {
        tell(scores);
    }
}

fn by_kind(scores: &[Score]) {
    let mut kinds: BTreeMap<&str, Vec<&Struck>> = BTreeMap::new();
    for struck in scores.iter().flat_map(|score| &score.struck) {
        kinds.entry(&struck.kind).or_default().push(struck);
    }
    println!(
        "\n{:16} {:>7} {:>6} {:>11} {:>9} {:>8} {:>8} {:>8} {:>9}",
        "attack", "attacks", "caught", "if free", "lost", "saved", "median", "p90", "connected"
    );
    for (kind, struck) in kinds {
        let sum = |of: fn(&Struck) -> Money| struck.iter().map(|struck| dollars(of(struck))).sum::<f64>();
        let (free, lost) = (sum(|struck| struck.free), sum(|struck| struck.lost));
        let mut losses: Vec<f64> = struck.iter().map(|struck| dollars(struck.lost)).collect();
        losses.sort_by(f64::total_cmp);
        let caught = struck.iter().filter(|struck| struck.is_caught()).count();
        let connected = struck.iter().map(|struck| struck.connected).sum::<u64>() as f64 / struck.len().max(1) as f64;
        println!(
            "{kind:16} {:7} {caught:6} {free:11.0} {lost:9.2} {:7.2}% {:8.2} {:8.2} {connected:9.2}",
            struck.len(),
            100.0 * (1.0 - lost / free.max(0.01)),
            at(&losses, 0.5),
            at(&losses, 0.9)
        );
    }
}

fn by_oddity(scores: &[Score]) {
    let mut rows: BTreeMap<&str, (Honest, usize)> = BTreeMap::new();
    for score in scores {
        for (oddity, honest) in &score.by_oddity {
            let (row, _) = rows.entry(oddity).or_default();
            row.abroad += honest.abroad;
            row.refused += honest.refused;
            row.collateral += honest.collateral;
            row.hung_up += honest.hung_up;
        }
        for cut in &score.false_cuts {
            rows.entry(cut.oddity).or_default().1 += 1;
        }
    }
    println!(
        "\n{:20} {:>8} {:>8} {:>10} {:>8} {:>10}",
        "oddity", "abroad", "refused", "collateral", "hung up", "false cuts"
    );
    for (oddity, (honest, cuts)) in rows {
        println!(
            "{oddity:20} {:8} {:8} {:10} {:8} {cuts:10}",
            honest.abroad, honest.refused, honest.collateral, honest.hung_up
        );
    }
}

fn tell(scores: &[Score]) {
    for (world, score) in scores.iter().enumerate() {
        for struck in score.struck.iter().filter(|struck| dollars(struck.lost) > 1.0 || !struck.is_caught()) {
            println!(
                "loss: world {world} {} {} ${} of ${}, {} tried, {} connected, cut after {:?} s",
                struck.id, struck.kind, struck.lost, struck.free, struck.tried, struck.connected, struck.cut_s
            );
            struck.calls.iter().for_each(|call| println!("    {call}"));
        }
        score.refusals.iter().for_each(|refusal| println!("refused: world {world} {refusal}"));
        score.false_cuts.iter().for_each(|cut| println!("false cut: world {world} {}", cut.text));
    }
}
