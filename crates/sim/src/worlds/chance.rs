//! Draws that people's calls follow: how many, how long, whether somebody answers.

use super::script::{Course, Outcome};
use crate::Dice;

/// From 0 to 1.
pub fn unit(dice: &mut Dice) -> f64 {
    dice.below(1 << 30) as f64 / (1_u64 << 30) as f64
}

/// How many of events that come at a mean (Knuth's method; means here are below 100).
pub fn poisson(dice: &mut Dice, mean: f64) -> u64 {
    let limit = (-mean).exp();
    let (mut count, mut product) = (0, unit(dice));
    while product > limit {
        count += 1;
        product *= unit(dice);
    }
    count
}

/// Log-normal by the sum of twelve: a median, and a factor for one sigma.
pub fn log_normal(dice: &mut Dice, median: f64, factor: f64) -> f64 {
    let sum: f64 = (0..12).map(|_| unit(dice)).sum();
    median * factor.powf(sum - 6.0)
}

/// An honest call: answered in six of ten, two and a half minutes in the median, at most two hours.
pub fn honest(dice: &mut Dice) -> Course {
    let outcome = match dice.below(100) {
        0..60 => Outcome::Answered,
        60..86 => Outcome::NoAnswer,
        86..96 => Outcome::Busy,
        _ => Outcome::Failed,
    };
    course(dice, outcome, 150.0, 3.0, 7_200.0)
}

/// An honest call that is answered.
pub fn talk(dice: &mut Dice, median_s: f64) -> Course {
    course(dice, Outcome::Answered, median_s, 2.0, 7_200.0)
}

/// A call with an outcome; its talk by median, factor of one sigma and most seconds.
pub fn course(dice: &mut Dice, outcome: Outcome, median_s: f64, factor: f64, most_s: f64) -> Course {
    let ring_s = match outcome {
        Outcome::Answered => 2.0 + 14.0 * unit(dice),
        Outcome::NoAnswer => 15.0 + 25.0 * unit(dice),
        Outcome::Busy | Outcome::Failed => 0.5 + 3.0 * unit(dice),
    };
    let talk_s = if outcome == Outcome::Answered { log_normal(dice, median_s, factor).clamp(1.0, most_s) } else { 0.0 };
    Course { ring_s: tenths(ring_s), talk_s: tenths(talk_s), outcome }
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
