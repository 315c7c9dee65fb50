//! What calls cost in the running month, against the owner's limit; the warning of a low balance; automatic payments.
//!
//! A month is that of the account's own calendar, by its offset from UTC when the call began; a charge counts in the month
//! in which the call ends, and a hold of a running call in every month in which it runs. So the limit is never exceeded,
//! and a call over midnight can only use up more of one than it costs, never less.

use std::collections::VecDeque;

use billing::{Money, Posting, month_of_day};
use serde::{Deserialize, Serialize};

use crate::Account;
use crate::change::Changed;
use crate::exposure::Day;
use crate::message::{Actor, Answer, ChangeError, Effect, Notice};

/// Automatic payments within 24 hours at most, whatever they amount to.
const MAX_AUTO_PAYMENTS: usize = 100;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Charges of the running month, and automatic payments of the last 24 hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spending {
    /// A day of the month.
    day: Day,
    this_month: Money,
    /// When and how much, oldest first.
    auto_payments: VecDeque<(u64, Money)>,
    /// The balance is low and the contacts know.
    told_low: bool,
}

impl Spending {
    /// Books a charge.
    pub(crate) fn charge(&mut self, day: Day, amount: Money) {
        // A charge of before midnight that comes late counts now.
        let day = day.max(self.day);
        self.this_month = self.in_month(day).saturating_add(amount);
        self.day = day;
    }

    fn in_month(&self, day: Day) -> Money {
        if month_of_day(day) > month_of_day(self.day) { Money::ZERO } else { self.this_month }
    }
}

impl Account {
    /// What may still be held for calls in the month of a day, by the owner's limit.
    pub(crate) fn month_room(&self, day: Day) -> Money {
        let Some(settings) = self.settings() else { return Money::ZERO };
        let Some(limit) = settings.terms.monthly_limit else { return Money::MAX };
        let used = self.spending.in_month(day).saturating_add(self.ledger.held());
        limit.saturating_sub(used).max(Money::ZERO)
    }

    /// Tells the contacts once when a charge takes the balance below the owner's threshold.
    pub(crate) fn watch_balance(&mut self, before: Money, out: &mut Answer) {
        let Some(threshold) = self.settings().and_then(|settings| settings.terms.low_balance) else { return };
        let balance = self.balance();
        if balance >= threshold {
            self.spending.told_low = false;
        } else if balance < before && !self.spending.told_low {
            self.spending.told_low = true;
            out.effects.push(Effect::Notice(Notice::LowBalance { balance, threshold }));
        }
    }

    /// A payment that nobody asked for by hand: at most so much a day, and none while an incident is open, so that a
    /// thief does not spend what the card still gives.
    pub(crate) fn auto_top_up(
        &mut self,
        now_ms: u64,
        by: &Actor,
        amount: Money,
        reference: &str,
        out: &mut Answer,
    ) -> Changed {
        // Booked is booked, whatever stands in the way of new payments.
        self.new_reference(reference)?;
        let most = self.settings().and_then(|settings| settings.terms.auto_top_up_max);
        let most = most.ok_or(ChangeError::NoAutoTopUp)?;
        if let Some(incident) = self.incidents().find(|incident| incident.closed_ms.is_none()) {
            return Err(ChangeError::IncidentOpen(incident.id));
        }
        let payments = &mut self.spending.auto_payments;
        payments.retain(|(at_ms, _)| *at_ms + DAY_MS > now_ms);
        let taken = payments.iter().fold(Money::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
        if payments.len() >= MAX_AUTO_PAYMENTS || taken.saturating_add(amount) > most {
            return Err(ChangeError::AutoTopUpMax { left: most.saturating_sub(taken).max(Money::ZERO) });
        }
        let note = format!("automatic payment {reference}");
        let text = self.pay_in(Posting { at_ms: now_ms, by: by.name(), note: &note }, amount, reference, out)?;
        self.spending.auto_payments.push_back((now_ms, amount));
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
