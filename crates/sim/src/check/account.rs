//! One account's books and promises, kept a second time from the durable rows alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use account::{Account, Change, Effect, Input, Party};
use billing::{CallId, Cdr, Country, Decision, Dialled, EntryKind, HungUpBy, LineId, Money, Rate};

use super::books::price_micros;
use super::{Verdict, hold};

/// How long after a change of secret a call of the line may still be talking: its change has to reach the disk first.
const HANG_UP_WITHIN_MS: u64 = 1_000;
const DAY_MS: u64 = 24 * 3_600 * 1_000;

/// A call that was screened and has no record yet.
#[derive(Debug)]
struct Open {
    line: Option<LineId>,
    rate: Option<Rate>,
    emergency: bool,
    country: Option<Country>,
    /// When it must have ended.
    deadline_ms: Option<u64>,
}

/// The second set of books.
#[derive(Debug, Default)]
pub(super) struct AccountCheck {
    paid_in: i64,
    captured: i64,
    held: i64,
    ledger_seq: Option<u64>,
    open: BTreeMap<CallId, Open>,
    closed: BTreeSet<CallId>,
    /// Charged for calls that have no record yet.
    charged: BTreeMap<CallId, i64>,
    /// Countries that were called before the world began.
    known: BTreeSet<Country>,
    /// Charges to other countries: when, how much.
    foreign: VecDeque<(u64, i64)>,
    ceiling: i64,
    fresh: Vec<Cdr>,
}

impl AccountCheck {
    pub(super) fn new(state: &Account) -> AccountCheck {
        AccountCheck {
            paid_in: state.ledger().paid_in().micros(),
            captured: state.ledger().captured().micros(),
            ceiling: state.settings().map_or(0, |settings| settings.exposure_ceiling.micros()),
            ..AccountCheck::default()
        }
    }

    /// A country that is the account's own from the beginning.
    pub(super) fn know(&mut self, country: Country) {
        self.known.insert(country);
    }

    pub(super) fn fresh_cdrs(&mut self) -> Vec<Cdr> {
        std::mem::take(&mut self.fresh)
    }

    /// The node crashed: deadlines start again when it is back, which the end of the run checks.
    pub(super) fn crashed(&mut self) {
        for open in self.open.values_mut() {
            open.deadline_ms = None;
        }
    }

    pub(super) fn record(&mut self, at_ms: u64, input: &Input, effects: &[Effect], count: &mut u64) -> Verdict {
        match input {
            Input::Screen(attempt) => {
                let line = if let Party::Line(line) = &attempt.from { Some(line.clone()) } else { None };
                let open = Open {
                    emergency: line.is_some() && matches!(attempt.look_ups.dialled, Dialled::Emergency(_)),
                    line,
                    rate: attempt.look_ups.rate.clone(),
                    country: attempt.look_ups.destination.as_ref().and_then(|destination| destination.country),
                    deadline_ms: None,
                };
                let twice = self.open.contains_key(&attempt.call) || self.closed.contains(&attempt.call);
                hold(!twice, || format!("call {} was screened twice", attempt.call))?;
                self.open.insert(attempt.call, open);
            }
            Input::Change { change, .. } => match &**change {
                Change::SetSecret { line, .. } => self.secret_changed(at_ms, line, effects)?,
                Change::Settings(settings) => self.ceiling = settings.exposure_ceiling.micros(),
                _ => {}
            },
            _ => {}
        }
        for effect in effects {
            *count += 1;
            match effect {
                Effect::Ledger(entry) => self.entry(entry)?,
                Effect::Balance { balance, held } => self.balance(*balance, *held)?,
                Effect::Cdr(cdr) => self.cdr(at_ms, cdr)?,
                _ => {}
            }
        }
        self.overdue(at_ms)
    }

    fn entry(&mut self, entry: &billing::LedgerEntry) -> Verdict {
        if let Some(seq) = self.ledger_seq {
            hold(entry.seq == seq + 1, || format!("ledger entry {} follows {seq}", entry.seq))?;
        }
        self.ledger_seq = Some(entry.seq);
        match (entry.kind, entry.call) {
            (EntryKind::TopUp | EntryKind::Adjustment, _) => self.paid_in += entry.change().micros(),
            (EntryKind::Hold | EntryKind::Release, Some(_)) => {}
            (EntryKind::Capture, Some(call)) => {
                let twice = self.closed.contains(&call) || self.charged.contains_key(&call);
                hold(!twice, || format!("call {call} is charged twice"))?;
                self.captured += entry.amount.micros();
                self.charged.insert(call, entry.amount.micros());
            }
            (_, None) => hold(false, || format!("ledger entry {} is about no call", entry.seq))?,
        }
        let balance = self.paid_in - self.captured;
        hold(entry.balance.micros() == balance, || {
            format!("ledger entry {} says {} where the sum is {balance} micros", entry.seq, entry.balance)
        })
    }

    fn balance(&mut self, balance: Money, held: Money) -> Verdict {
        self.held = held.micros();
        let sum = self.paid_in - self.captured;
        hold(balance.micros() == sum, || format!("the balance is said to be {balance}, the entries sum to {sum}"))?;
        let sound = self.held >= 0 && self.captured + self.held <= self.paid_in;
        hold(sound, || format!("{balance} left and {held} held: more promised than paid in"))
    }

    fn cdr(&mut self, at_ms: u64, cdr: &Cdr) -> Verdict {
        let Some(open) = self.open.remove(&cdr.call) else {
            let which = if self.closed.contains(&cdr.call) { "a second record" } else { "a record but no attempt" };
            return hold(false, || format!("call {} has {which}", cdr.call));
        };
        self.closed.insert(cdr.call);
        let charged = self.charged.remove(&cdr.call).unwrap_or(0);
        hold(cdr.money.charge.micros() == charged, || {
            format!("the record of call {} says {} and the ledger {charged} micros", cdr.call, cdr.money.charge)
        })?;
        if open.emergency {
            hold(cdr.verdict.decision == Decision::Allowed, || format!("emergency call {} was refused", cdr.call))?;
        }
        self.price(cdr, &open, charged)?;
        self.foreign(at_ms, &open, charged)?;
        self.fresh.push(cdr.clone());
        Ok(())
    }

    /// An answered call costs what the deck says, and never more than was held; less only if the node was down.
    fn price(&self, cdr: &Cdr, open: &Open, charged: i64) -> Verdict {
        let talk_ms = cdr.times.billed_ms();
        let peak = cdr.money.held_peak.micros();
        hold(charged <= peak, || format!("call {} cost {charged} of {peak} micros held", cdr.call))?;
        let paid = cdr.who.line.is_some() && !open.emergency && cdr.number.class.is_some();
        let Some(rate) = open.rate.as_ref().filter(|_| paid) else { return Ok(()) };
        let price = price_micros(rate, talk_ms);
        hold(charged == price || cdr.result.recovered && charged == price.min(peak), || {
            format!("call {} talked {talk_ms} ms, which is {price} micros, and cost {charged}", cdr.call)
        })?;
        if let HungUpBy::Node { why } = &cdr.result.hung_up_by
            && why.contains("credit")
            && talk_ms > 0
        {
            // Leases end on whole seconds after the answer; the BYE has to go within 100 ms.
            hold(talk_ms % 1_000 <= 100, || {
                format!("call {} outlived its credit by {} ms", cdr.call, talk_ms % 1_000)
            })?;
        }
        Ok(())
    }

    /// Invariant 5, for countries nobody of the account had called before.
    fn foreign(&mut self, at_ms: u64, open: &Open, charged: i64) -> Verdict {
        let known = open.country.is_none_or(|country| self.known.contains(&country));
        if charged == 0 || known || self.ceiling == 0 || self.known.is_empty() {
            return Ok(());
        }
        self.foreign.push_back((at_ms, charged));
        while self.foreign.front().is_some_and(|(then_ms, _)| *then_ms + DAY_MS < at_ms) {
            self.foreign.pop_front();
        }
        let sum: i64 = self.foreign.iter().map(|(_, charged)| charged).sum();
        hold(sum <= self.ceiling, || format!("{sum} micros went to new countries in a day, above {}", self.ceiling))
    }

    /// Invariant 13: bindings are gone at once, and running calls soon.
    fn secret_changed(&mut self, at_ms: u64, line: &LineId, effects: &[Effect]) -> Verdict {
        for effect in effects {
            if let Effect::Line(changed) = effect
                && changed.id == *line
            {
                hold(changed.bindings.is_empty(), || format!("line {line} kept a binding with its new secret"))?;
            }
        }
        for open in self.open.values_mut().filter(|open| open.line.as_ref() == Some(line) && !open.emergency) {
            open.deadline_ms = Some(at_ms + HANG_UP_WITHIN_MS);
        }
        Ok(())
    }

    fn overdue(&self, at_ms: u64) -> Verdict {
        let late = self.open.iter().find(|(_, open)| open.deadline_ms.is_some_and(|deadline_ms| deadline_ms < at_ms));
        hold(late.is_none(), || format!("a call goes on with a secret that was changed: {late:?}"))
    }

    pub(super) fn finish(&self) -> Verdict {
        hold(self.open.is_empty(), || format!("calls without a record: {:?}", self.open))?;
        hold(self.held == 0, || format!("{} micros are still held with no call running", self.held))
    }
}
