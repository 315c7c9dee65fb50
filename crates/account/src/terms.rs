//! What an owner has agreed about money: mark-up, warnings, limits, automatic payments.

use billing::Money;
use serde::{Deserialize, Serialize};

/// The terms of an account; all off unless set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// What is put on the deck's prices, in hundredths of a percent; below zero for a discount.
    pub markup_bp: i32,
    /// The contacts are told when a charge takes the balance below this.
    pub low_balance: Option<Money>,
    /// The most that calls may cost in a calendar month of the account.
    pub monthly_limit: Option<Money>,
    /// The most that automatic payments may bring in within 24 hours; without it none are taken.
    pub auto_top_up_max: Option<Money>,
}

impl Terms {
    /// What is different, in words.
    pub(crate) fn changes(&self, new: &Self, show: impl Fn(Money) -> String) -> Vec<String> {
        let percent = |bp: i32| format!("{}{}.{:02}%", if bp < 0 { "-" } else { "" }, bp.abs() / 100, bp.abs() % 100);
        let amount = |amount: Option<Money>| amount.map_or("none".to_owned(), &show);
        let all = [
            ("mark-up", percent(self.markup_bp), percent(new.markup_bp)),
            ("low-balance warning", amount(self.low_balance), amount(new.low_balance)),
            ("monthly limit", amount(self.monthly_limit), amount(new.monthly_limit)),
            ("automatic payments a day", amount(self.auto_top_up_max), amount(new.auto_top_up_max)),
        ];
        let different = all.into_iter().filter(|(_, from, to)| from != to);
        different.map(|(what, from, to)| format!("{what} from {from} to {to}")).collect()
    }
}
