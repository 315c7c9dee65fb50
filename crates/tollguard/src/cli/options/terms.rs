//! What an account can be told about money.

use account::Terms;
use billing::Money;
use clap::Args;
use serde::Deserialize;

use super::Wrong;

/// The word that switches a limit off.
const NONE: &str = "none";

/// What an account can be told about money; what is left out stays as it is. In a file for `tollguard apply` these stand
/// in a table of their own, `[account.NAME.terms]`.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TermOptions {
    /// The most that calls to destinations the account has not made its own may cost in a day [default: 25.00].
    #[arg(long, value_name = "AMOUNT")]
    pub(super) exposure_ceiling: Option<String>,
    /// What is put on the deck's prices, in percent; below zero for a discount [default: 0].
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    mark_up: Option<String>,
    /// Tell the contacts by mail when a call takes the balance below this, or "none" [default: none].
    #[arg(long, value_name = "AMOUNT")]
    low_balance: Option<String>,
    /// The most that calls may cost in a calendar month, or "none" [default: none].
    #[arg(long, value_name = "AMOUNT")]
    monthly_limit: Option<String>,
    /// The most that automatic payments may bring in within 24 hours, or "none" to take none [default: none].
    #[arg(long, value_name = "AMOUNT")]
    auto_top_up_max: Option<String>,
}

impl TermOptions {
    /// Puts what is given in place of what is there.
    pub fn change(&self, terms: &mut Terms, wrong: &mut Wrong) {
        if let Some(text) = &self.mark_up {
            match basis_points(text) {
                Some(markup_bp) => terms.markup_bp = markup_bp,
                None => wrong.add(format!("mark-up: `{text}` is not a percentage with at most two decimals")),
            }
        }
        for (name, option, limit) in [
            ("low balance", &self.low_balance, &mut terms.low_balance),
            ("monthly limit", &self.monthly_limit, &mut terms.monthly_limit),
            ("automatic payments", &self.auto_top_up_max, &mut terms.auto_top_up_max),
        ] {
            match option.as_deref() {
                None => {}
                Some(NONE) => *limit = None,
                Some(text) => match wrong.read::<Money>(name, text) {
                    Some(amount) if amount.is_negative() => wrong.add(format!("{name}: must not be below zero")),
                    Some(amount) => *limit = Some(amount),
                    None => {}
                },
            }
        }
    }
}

/// A percentage in hundredths of a percent.
fn basis_points(text: &str) -> Option<i32> {
    let micros = text.trim_end_matches('%').parse::<Money>().ok()?.micros();
    (micros % 10_000 == 0).then(|| i32::try_from(micros / 10_000).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_and_switched_off() {
        let mut terms = Terms { monthly_limit: Some(Money::from_cents(100)), ..Terms::default() };
        let mut wrong = Wrong::default();
        let options = TermOptions {
            mark_up: Some("-12.5".into()),
            low_balance: Some("5".into()),
            monthly_limit: Some("none".into()),
            ..TermOptions::default()
        };
        options.change(&mut terms, &mut wrong);
        wrong.end().unwrap();
        assert_eq!(
            (terms.markup_bp, terms.low_balance, terms.monthly_limit),
            (-1_250, Some(Money::from_cents(500)), None)
        );
        let mut wrong = Wrong::default();
        let options =
            TermOptions { mark_up: Some("0.001".into()), monthly_limit: Some("-1".into()), ..TermOptions::default() };
        options.change(&mut terms, &mut wrong);
        assert_eq!(wrong.end().unwrap_err().to_string().lines().count(), 2);
    }
}
