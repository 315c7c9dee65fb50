//! The model's books of one account: what must be there after each input, worked out without the product's sums.

use std::collections::{BTreeMap, BTreeSet};

use account::{Account, CallEnd, Change, Effect, Input, Settlement};
use billing::{Book, CallId, Cdr, LedgerEntry, Rate};

use crate::check::books::price_micros;
use crate::check::{Verdict, hold};

/// A call that was let through and has no record yet.
#[derive(Clone, Debug)]
struct Open {
    /// What it costs, as the model's price list had it when it began; `None` for what costs nothing.
    rate: Option<Rate>,
    answer_ms: Option<u64>,
    /// Where silence ends it: when a voice was last heard.
    heard_ms: Option<u64>,
}

/// The books of one account.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    open: BTreeMap<CallId, Open>,
    recorded: BTreeSet<CallId>,
    paid_micros: i64,
    charged_micros: i64,
    /// What stands in each book, by the entries.
    books: [i64; Book::ALL.len()],
    entries: u64,
    references: BTreeSet<String>,
}

/// What a step came to, for the tally.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) charged: u64,
    pub(super) refused: u64,
}

impl Model {
    /// Takes an input that an account has handled, with its effects. `rate` is what the model's own price list says of a
    /// call that begins with it.
    pub(super) fn take(
        &mut self,
        now_ms: u64,
        input: &Input,
        rate: Option<Rate>,
        effects: &[Effect],
        account: &Account,
    ) -> Result<Seen, crate::Violation> {
        match input {
            Input::Screen(attempt) => {
                let new = !self.recorded.contains(&attempt.call) && !self.open.contains_key(&attempt.call);
                hold(new, || format!("call {} came twice", attempt.call))?;
                self.open.insert(attempt.call, Open { rate, answer_ms: None, heard_ms: None });
            }
            Input::Settle(Settlement { call, end: CallEnd::Silence { heard_ms }, .. }) => {
                if let Some(open) = self.open.get_mut(call) {
                    open.heard_ms = Some(*heard_ms);
                }
            }
            Input::Answered { call, .. } => {
                if let Some(open) = self.open.get_mut(call) {
                    open.answer_ms.get_or_insert(now_ms);
                }
            }
            Input::Change { change, .. } => self.change(change, effects)?,
            _ => {}
        }
        let mut seen = Seen::default();
        for effect in effects {
            match effect {
                Effect::Ledger(entry) => self.entry(entry)?,
                Effect::Cdr(cdr) => self.cdr(now_ms, cdr, &mut seen)?,
                _ => {}
            }
        }
        self.agrees(account)?;
        Ok(seen)
    }

    /// A payment is booked once, whatever becomes of it.
    fn change(&mut self, change: &Change, effects: &[Effect]) -> Verdict {
        let booked = effects.iter().any(|effect| matches!(effect, Effect::Ledger(_)));
        let (amount, reference) = match change {
            Change::TopUp { amount, reference } | Change::AutoTopUp { amount, reference } => (amount, reference),
            Change::Adjust { amount, reference, .. } => (amount, reference),
            _ => return Ok(()),
        };
        if booked {
            hold(self.references.insert(reference.clone()), || format!("payment {reference} was booked twice"))?;
            self.paid_micros += amount.micros();
        }
        Ok(())
    }

    fn entry(&mut self, entry: &LedgerEntry) -> Verdict {
        self.entries += 1;
        hold(entry.seq == self.entries && entry.amount.is_positive(), || format!("a wrong entry: {entry:?}"))?;
        self.books[entry.from as usize] -= entry.amount.micros();
        self.books[entry.to as usize] += entry.amount.micros();
        let balance = self.books[Book::Free as usize] + self.books[Book::Held as usize];
        hold(entry.balance.micros() == balance && balance >= 0, || format!("{entry:?}, where {balance} are left"))
    }

    fn cdr(&mut self, now_ms: u64, cdr: &Cdr, seen: &mut Seen) -> Verdict {
        let Some(open) = self.open.remove(&cdr.call) else {
            return hold(false, || format!("call {} has two records, or was never begun", cdr.call));
        };
        self.recorded.insert(cdr.call);
        let talk_ms = open.answer_ms.map_or(0, |answer_ms| now_ms.saturating_sub(answer_ms).max(1));
        hold(cdr.times.talk_ms() == talk_ms, || format!("call {} talked {talk_ms} ms: {:?}", cdr.call, cdr.times))?;
        let since_heard_ms = open.heard_ms.map_or(0, |heard_ms| now_ms.saturating_sub(heard_ms));
        let billed_ms = if talk_ms == 0 { 0 } else { talk_ms.saturating_sub(since_heard_ms).max(1) };
        let price = open.rate.as_ref().map_or(0, |rate| price_micros(rate, billed_ms));
        let (charge, peak) = (cdr.money.charge.micros(), cdr.money.held_peak.micros());
        // A call that is hung up in time costs what the list says, to the last micro-unit; only the time for which the
        // node was down goes unbilled beyond the hold.
        let due = if cdr.result.recovered { price.min(peak) } else { price };
        hold(charge == due, || {
            format!("call {} costs {price} micros, {peak} were held, and it was charged {charge}", cdr.call)
        })?;
        self.charged_micros += charge;
        seen.charged += u64::from(charge > 0);
        seen.refused += u64::from(cdr.result.sip_status >= 400 && open.answer_ms.is_none());
        Ok(())
    }

    /// The account says the same.
    pub(super) fn agrees(&self, account: &Account) -> Verdict {
        let ledger = account.ledger();
        let held = ledger.held().micros();
        hold(ledger.is_sound(), || format!("the books do not balance: {ledger:?}"))?;
        hold(self.books.iter().sum::<i64>() == 0, || format!("the entries do not balance: {:?}", self.books))?;
        for book in Book::ALL {
            let sum = self.books[book as usize];
            let says = ledger.book(book).micros();
            hold(says == sum, || format!("{} holds {says} where its entries sum to {sum}", book.as_str()))?;
        }
        hold(ledger.paid_in().micros() == self.paid_micros, || format!("{} were paid in", self.paid_micros))?;
        hold(ledger.captured().micros() == self.charged_micros, || format!("{} were charged", self.charged_micros))?;
        hold(self.charged_micros + held <= self.paid_micros, || {
            format!("{} charged and {held} held of {} paid in", self.charged_micros, self.paid_micros)
        })?;
        let running: BTreeSet<CallId> = account.running().keys().copied().collect();
        let open: BTreeSet<CallId> = self.open.keys().copied().collect();
        hold(running == open, || format!("calls {running:?} run where {open:?} do"))?;
        let holders: BTreeSet<CallId> = ledger.holds().map(|(call, _)| call).collect();
        let paid: BTreeSet<CallId> =
            self.open.iter().filter(|(_, open)| open.rate.is_some()).map(|(call, _)| *call).collect();
        hold(holders == paid, || format!("{holders:?} hold money where {paid:?} should"))
    }

    /// No call runs: nothing may be held.
    pub(super) fn at_rest(&self, account: &Account) -> Verdict {
        hold(self.open.is_empty() && account.ledger().held().micros() == 0, || "something is left over".to_owned())
    }
}
