//! The one way in: an input changes the account and is answered with effects and replies.

use crate::Account;
use crate::message::{Answer, Effect, Input, Notice};

impl Account {
    /// Handles one input. `now_ms` never goes backwards; it and the input are all the account goes by.
    pub fn handle(&mut self, now_ms: u64, input: &Input) -> Answer {
        let mut out = Answer::default();
        let money_before = self.money();
        self.seq += 1;
        match input {
            Input::Screen(attempt) => self.screen(now_ms, attempt, &mut out),
            Input::Answered { call, legs } => self.answered(now_ms, *call, legs, &mut out),
            Input::Extend { call } => self.extend(now_ms, *call, &mut out),
            Input::Settle(settlement) => self.settle(now_ms, settlement, &mut out),
            Input::Register(registration) => self.register(now_ms, registration, &mut out),
            Input::Change { by, change } => self.change(now_ms, by, change, &mut out),
            Input::Lapse(lapsed) => self.lapse(lapsed, &mut out),
            // What has come due is told after every input.
            Input::Tick => {}
        }
        let (changed, due) = self.incidents.drain(now_ms);
        out.effects.extend(changed.into_iter().map(Effect::Incident));
        out.effects.extend(due.into_iter().map(|incident| Effect::Notice(Notice::Incident(Box::new(incident)))));
        let money = self.money();
        if money != money_before {
            out.effects.push(Effect::Balance { balance: money.0, held: money.1 });
            self.watch_balance(money_before.0, &mut out);
        }
        out
    }

    fn money(&self) -> (billing::Money, billing::Money) {
        (self.ledger.balance(), self.ledger.held())
    }
}
