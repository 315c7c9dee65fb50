//! Changes by people: settings, lines, numbers, money, incidents; each with its line in the audit log and a sentence
//! for whoever asked.

use std::sync::Arc;

use billing::{CallId, E164, LineId, MAX_MARKUP_BP, MIN_MARKUP_BP, Money, Posting};

use crate::message::{Actor, Answer, CallEnd, Change, ChangeError, Done, Effect, Reply};
use crate::{Account, Did, GuardMode, Line, Settings};

/// Lines an account can have.
pub const MAX_LINES: u32 = 5_000;
/// DIDs an account can have.
pub const MAX_DIDS: u32 = 10_000;
/// Lines a DID can ring.
pub const MAX_DID_LINES: u32 = 50;
/// Calls at once an account can be allowed.
pub const MAX_CALLS: u32 = billing::MAX_HOLDS as u32;
/// Payments remembered by reference, so that none is booked twice.
pub const MAX_PAYMENTS: usize = 1_000;

/// What a change did, or why it was not made.
pub(crate) type Changed = Result<String, ChangeError>;

impl Account {
    pub(crate) fn change(&mut self, now_ms: u64, by: &Actor, change: &Change, out: &mut Answer) {
        let mut made = Answer::default();
        let changed = self.make(now_ms, by, change, &mut made);
        if let Ok(text) = &changed {
            out.effects.append(&mut made.effects);
            out.effects.push(Effect::Audit { by: by.clone(), text: text.clone() });
            out.replies.append(&mut made.replies);
            // Whoever asked is told "done" once it is.
            out.spends = true;
        }
        out.replies.insert(0, Reply::Changed(changed.map(|text| Done { text })));
    }

    fn make(&mut self, now_ms: u64, by: &Actor, change: &Change, out: &mut Answer) -> Changed {
        if let Change::Settings(settings) = change {
            return self.put_settings(settings, out);
        }
        if self.settings.is_none() {
            return Err(ChangeError::NoAccount);
        }
        match change {
            Change::Settings(settings) => self.put_settings(settings, out),
            Change::PutLine(line) => self.put_line(now_ms, line, out),
            Change::RemoveLine(line) => self.remove_line(now_ms, line, out),
            Change::SetSecret { line, secrets } => self.set_secret(now_ms, line, secrets, out),
            Change::PutDid(did) => self.put_did(did, out),
            Change::RemoveDid(number) => self.remove_did(*number, out),
            Change::TopUp { amount, reference } => self.top_up(now_ms, by, *amount, reference, out),
            Change::AutoTopUp { amount, reference } => self.auto_top_up(now_ms, by, *amount, reference, out),
            Change::Adjust { amount, note, reference } => self.adjust(now_ms, by, *amount, (note, reference), out),
            Change::LiftCut { line } => self.lift_cut(now_ms, line.as_ref(), out),
            Change::ThatWasUs { incident } => self.that_was_us(now_ms, *incident, out),
            Change::ThatWasNotUs { incident } => self.that_was_not_us(now_ms, *incident, out),
            Change::TakeBack { incident } => self.take_back(now_ms, *incident, out),
            Change::Guard(mode) => self.set_guard(*mode, out),
            Change::DropBinding { line, contact } => self.drop_binding(line, contact, out),
            Change::HangUp { call } => self.hang_up_by_hand(*call, out),
        }
    }

    fn put_settings(&mut self, settings: &Settings, out: &mut Answer) -> Changed {
        if settings.max_calls > MAX_CALLS {
            return Err(ChangeError::TooMany { what: "calls at once".to_owned(), max: MAX_CALLS });
        }
        if !(MIN_MARKUP_BP..=MAX_MARKUP_BP).contains(&settings.terms.markup_bp) {
            return Err(ChangeError::BadMarkup);
        }
        if let Some(mistake) = settings.lockout.mistakes().into_iter().next() {
            return Err(ChangeError::BadLockout(mistake));
        }
        let text = match self.settings() {
            None => format!("Account {} was created for {}.", self.id, settings.name),
            Some(old) if old.currency != settings.currency && self.ledger != billing::Ledger::default() => {
                return Err(ChangeError::CurrencyFixed);
            }
            Some(old) => settings_changed(old, settings),
        };
        self.guard.set_currency(settings.currency);
        self.settings = Some(Arc::new(settings.clone()));
        out.effects.push(Effect::Settings(settings.clone()));
        Ok(text)
    }

    fn set_guard(&mut self, mode: GuardMode, out: &mut Answer) -> Changed {
        let Some(settings) = &mut self.settings else { return Err(ChangeError::NoAccount) };
        Arc::make_mut(settings).guard = mode;
        out.effects.push(Effect::Settings(Settings::clone(settings)));
        Ok(match mode {
            GuardMode::Active => "The guard acts: it refuses, cuts and hangs up.",
            GuardMode::Shadow => "The guard only watches: it records its verdicts and stops nothing.",
        }
        .to_owned())
    }

    fn put_did(&mut self, did: &Did, out: &mut Answer) -> Changed {
        if did.lines.len() > MAX_DID_LINES as usize {
            return Err(ChangeError::TooMany { what: "lines behind one number".to_owned(), max: MAX_DID_LINES });
        }
        if !self.dids.contains_key(&did.number) && self.dids.len() >= MAX_DIDS as usize {
            return Err(ChangeError::TooMany { what: "numbers".to_owned(), max: MAX_DIDS });
        }
        if let Some(line) = did.lines.iter().find(|line| !self.lines.contains_key(*line)) {
            return Err(ChangeError::NoLine(line.clone()));
        }
        self.dids.insert(did.number, did.clone());
        out.effects.push(Effect::Did(did.clone()));
        let lines: Vec<&str> = did.lines.iter().map(LineId::as_str).collect();
        Ok(match lines.as_slice() {
            [] => format!("{} rings no line.", did.number),
            lines => format!("{} rings {}.", did.number, lines.join(", ")),
        })
    }

    fn remove_did(&mut self, number: E164, out: &mut Answer) -> Changed {
        self.dids.remove(&number).ok_or(ChangeError::NoDid(number))?;
        out.effects.push(Effect::DidRemoved(number));
        Ok(format!("{number} no longer belongs to the account."))
    }

    fn top_up(&mut self, now_ms: u64, by: &Actor, amount: Money, reference: &str, out: &mut Answer) -> Changed {
        let note = format!("payment {reference}");
        self.pay_in(Posting { at_ms: now_ms, by: by.name(), note: &note }, amount, reference, out)
    }

    /// Books money that came in, once.
    pub(crate) fn pay_in(&mut self, posting: Posting<'_>, amount: Money, reference: &str, out: &mut Answer) -> Changed {
        self.new_reference(reference)?;
        let entry = self.ledger.top_up(amount, posting).map_err(|_| ChangeError::BadAmount)?;
        self.remember(reference);
        out.effects.push(Effect::Ledger(entry));
        self.go_on_talking(posting.at_ms, out);
        Ok(format!("{} was paid in; the balance is {}.", self.money_text(amount), self.money_text(self.balance())))
    }

    /// That a payment or correction is not booked yet.
    pub(crate) fn new_reference(&self, reference: &str) -> Result<(), ChangeError> {
        let booked = self.payments.iter().any(|known| known == reference);
        if booked { Err(ChangeError::DuplicatePayment(reference.to_owned())) } else { Ok(()) }
    }

    fn remember(&mut self, reference: &str) {
        if self.payments.len() >= MAX_PAYMENTS {
            self.payments.pop_front();
        }
        self.payments.push_back(reference.to_owned());
    }

    /// Calls that were to end with the credit need not end now.
    fn go_on_talking(&mut self, now_ms: u64, out: &mut Answer) {
        let ending = |call: &crate::RunningCall| {
            call.is_paid() && call.answer_ms.is_some() && call.lease.check_at_s.is_none() && call.hanging_up.is_none()
        };
        let calls: Vec<CallId> = self.running.iter().filter(|(_, call)| ending(call)).map(|(id, _)| *id).collect();
        for call in calls {
            self.lease_on(now_ms, call, out);
        }
    }

    fn adjust(
        &mut self,
        now_ms: u64,
        by: &Actor,
        amount: Money,
        (note, reference): (&str, &str),
        out: &mut Answer,
    ) -> Changed {
        self.new_reference(reference)?;
        let posting = Posting { at_ms: now_ms, by: by.name(), note };
        let entry = self.ledger.adjust(amount, posting).map_err(|_| ChangeError::BadAmount)?;
        self.remember(reference);
        out.effects.push(Effect::Ledger(entry));
        if amount.is_positive() {
            self.go_on_talking(now_ms, out);
        }
        let (amount, balance) = (self.money_text(amount), self.money_text(self.balance()));
        Ok(format!("The balance was adjusted by {amount} ({note}); it is {balance}."))
    }

    fn drop_binding(&mut self, line: &LineId, contact: &str, out: &mut Answer) -> Changed {
        let state = self.lines.get_mut(line).ok_or_else(|| ChangeError::NoLine(line.clone()))?;
        let before = state.bindings.len();
        state.bindings.retain(|binding| binding.contact != contact);
        if state.bindings.len() == before {
            return Ok(format!("{contact} was not registered on {}.", name_of(state)));
        }
        out.effects.push(Effect::Line(state.clone()));
        Ok(format!("{contact} is no longer registered on {}.", name_of(state)))
    }

    fn hang_up_by_hand(&mut self, call: CallId, out: &mut Answer) -> Changed {
        if !self.hang_up(call, CallEnd::Operator, out) {
            return Err(ChangeError::NoCall(call));
        }
        Ok(format!("Call {call} is being hung up."))
    }

    pub(crate) fn money_text(&self, amount: Money) -> String {
        self.settings().map_or_else(|| amount.to_string(), |settings| amount.format(&settings.currency))
    }
}

/// A line as people call it: "Extension 107", "Trunk hq".
pub(crate) fn name_of(line: &Line) -> String {
    match line.kind {
        crate::LineKind::Extension => format!("Extension {}", line.id),
        crate::LineKind::Trunk => format!("Trunk {}", line.id),
    }
}

/// What is different in the new settings, in words.
fn settings_changed(old: &Settings, new: &Settings) -> String {
    let mut changes = Vec::new();
    let mut note = |what: &str, from: String, to: String| {
        if from != to {
            changes.push(format!("{what} from {from} to {to}"));
        }
    };
    note("name", old.name.clone(), new.name.clone());
    note("country", old.country.name().to_owned(), new.country.name().to_owned());
    note("time zone", old.time_zone.clone(), new.time_zone.clone());
    note("currency", old.currency.to_string(), new.currency.to_string());
    note("rate table", old.deck.to_string(), new.deck.to_string());
    note("carriers", list(&old.carriers), list(&new.carriers));
    note("numbers shown", list(&old.numbers), list(&new.numbers));
    note("guard", format!("{:?}", old.guard).to_lowercase(), format!("{:?}", new.guard).to_lowercase());
    let ceiling = |settings: &Settings| settings.exposure_ceiling.format(&settings.currency);
    note("exposure ceiling", ceiling(old), ceiling(new));
    note("calls at once", old.max_calls.to_string(), new.max_calls.to_string());
    note("calls abroad", allowed(old.international), allowed(new.international));
    let limits = |settings: &Settings| match settings.limits.in_words(&settings.currency) {
        words if words.is_empty() => "none".to_owned(),
        words => words.join(", "),
    };
    note("limits", limits(old), limits(new));
    let lockout = |settings: &Settings| match settings.lockout.in_words() {
        words if words.is_empty() => "the node's".to_owned(),
        words => words.join(", "),
    };
    note("lock-out", lockout(old), lockout(new));
    if old.dial_plan != new.dial_plan {
        changes.push("the dial plan".to_owned());
    }
    if old.contacts != new.contacts {
        let emails: Vec<&str> = new.contacts.iter().map(|contact| contact.email.as_str()).collect();
        changes.push(format!("contacts to {}", emails.join(", ")));
    }
    changes.extend(old.terms.changes(&new.terms, |amount| amount.format(&new.currency)));
    if changes.is_empty() { "Nothing changed.".to_owned() } else { format!("Changed {}.", changes.join("; ")) }
}

fn allowed(is: bool) -> String {
    if is { "allowed" } else { "not allowed" }.to_owned()
}

fn list<T: std::fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
