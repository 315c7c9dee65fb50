//! Six weeks of ordinary calls, told to an account machine as if they had happened.

use std::collections::BTreeMap;

use account::{
    Account, Attempt, Caller, HungUpBy, Input, Lease, Party, Registration, RegistrationChange, Reply, Settlement,
    Verdict, Via,
};
use billing::{CallId, Deck, LineId};

/// One past call.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub at_ms: u64,
    pub line: LineId,
    pub via: Via,
    pub caller: String,
    pub dialled: String,
    pub ring_ms: u64,
    pub talk_ms: Option<u64>,
}

enum Due {
    Place(Box<Past>),
    Answer { call: CallId, talk_ms: u64, ring_ms: u64 },
    Extend(CallId),
    End { call: CallId, ring_ms: u64, answer_ms: Option<u64> },
}

/// Feeds past calls to an account, in order of time.
pub(super) struct History<'a> {
    account: &'a mut Account,
    deck: &'a Deck,
    utc_offset_min: i16,
    queue: BTreeMap<(u64, u64), Due>,
    next: u64,
    answers: BTreeMap<CallId, u64>,
}

impl<'a> History<'a> {
    pub(super) fn new(account: &'a mut Account, deck: &'a Deck, utc_offset_min: i16) -> History<'a> {
        History { account, deck, utc_offset_min, queue: BTreeMap::new(), next: 1, answers: BTreeMap::new() }
    }

    /// A registration that lasted for the whole time.
    pub(super) fn register(&mut self, at_ms: u64, line: &LineId, via: Via, contact: &str, expires_s: u32) {
        let registration = Registration {
            token: 0,
            line: line.clone(),
            change: RegistrationChange::Put(vec![(contact.to_owned(), expires_s)]),
            call_id: format!("past-{line}"),
            cseq: 1,
            via,
            secret_version: None,
        };
        self.account.handle(at_ms, &Input::Register(Box::new(registration)));
    }

    /// Lets the calls happen.
    pub(super) fn tell(&mut self, calls: impl IntoIterator<Item = Past>) {
        for call in calls {
            self.plan(call.at_ms, Due::Place(Box::new(call)));
        }
        while let Some(((at_ms, _), due)) = self.queue.pop_first() {
            self.happen(at_ms, due);
        }
    }

    fn plan(&mut self, at_ms: u64, due: Due) {
        self.queue.insert((at_ms, self.next), due);
        self.next += 1;
    }

    fn happen(&mut self, now_ms: u64, due: Due) {
        match due {
            Due::Place(past) => self.place(now_ms, *past),
            Due::Answer { call, talk_ms, ring_ms } => {
                self.answers.insert(call, now_ms);
                self.give(now_ms, &Input::Answered { call, legs: Vec::new() });
                self.plan(now_ms + talk_ms, Due::End { call, ring_ms, answer_ms: Some(now_ms) });
            }
            Due::Extend(call) => {
                if self.answers.contains_key(&call) {
                    self.give(now_ms, &Input::Extend { call });
                }
            }
            Due::End { call, ring_ms, answer_ms } => {
                self.answers.remove(&call);
                let settlement = Settlement {
                    call,
                    ring_ms: Some(ring_ms),
                    answer_ms,
                    status: if answer_ms.is_some() { 200 } else { 487 },
                    reason: String::new(),
                    hung_up_by: HungUpBy::Caller,
                    end: account::CallEnd::Normal,
                    carrier: self.account.settings().and_then(|settings| settings.carriers.first().cloned()),
                    callee: None,
                };
                self.give(now_ms, &Input::Settle(settlement));
            }
        }
    }

    fn place(&mut self, now_ms: u64, past: Past) {
        let call = CallId(self.next);
        let look_ups = self.account.look_up(&past.dialled, self.deck, self.utc_offset_min);
        let attempt = Attempt {
            call,
            from: Party::Line(past.line),
            dialled: past.dialled,
            caller: Caller { user: past.caller, ..Caller::default() },
            via: past.via,
            cause: None,
            told: None,
            look_ups,
        };
        let answer = self.account.handle(now_ms, &Input::Screen(attempt.into()));
        let allowed = |reply: &Reply| matches!(reply, Reply::Verdict { verdict: Verdict::Allowed { .. }, .. });
        if !answer.replies.iter().any(allowed) {
            return;
        }
        let ring_ms = now_ms + 300;
        match past.talk_ms {
            Some(talk_ms) => self.plan(now_ms + past.ring_ms, Due::Answer { call, talk_ms, ring_ms }),
            None => self.plan(now_ms + past.ring_ms, Due::End { call, ring_ms, answer_ms: None }),
        }
    }

    /// Gives an input and plans what the leases in the replies ask for.
    fn give(&mut self, now_ms: u64, input: &Input) {
        for reply in self.account.handle(now_ms, input).replies {
            match reply {
                Reply::Leased { call, lease: Lease { check_at_s: Some(check_s), .. } } => {
                    let answer_ms = self.answers.get(&call).copied().unwrap_or(now_ms);
                    let at_ms = (answer_ms + u64::from(check_s) * 1_000).max(now_ms + 1);
                    self.plan(at_ms, Due::Extend(call));
                }
                Reply::HangUp { call, .. } => {
                    let answer_ms = self.answers.get(&call).copied();
                    self.plan(now_ms, Due::End { call, ring_ms: now_ms, answer_ms });
                }
                _ => {}
            }
        }
    }
}
