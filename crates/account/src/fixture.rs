//! A small law firm to test with: two extensions, one number, ten dollars, one carrier.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

use std::net::SocketAddr;

use billing::{CallId, CarrierId, Cdr, Country, Currency, Deck, DeckId, DialPlan, E164, LineId, Money, Rate};
use geo::Place;
use guard::{Action, Decibans, Evidence, EvidenceKind, Screening};

use crate::*;

pub(crate) const START_MS: u64 = 1_772_323_200_000;
/// Albania, mobile: 0.60 a minute in steps of 6 s.
pub(crate) const ALBANIA: &str = "011355691234567";
/// At home: 0.01 a minute.
pub(crate) const HOME: &str = "+13037654321";
pub(crate) const OFFICE: &str = "192.0.2.10:5060";
pub(crate) const ABROAD: &str = "198.51.100.9:5060";

const DECK: &str = "prefix,destination,rate,minimum,increment\n1,USA,0.01,6,6\n355,Albania,0.60,6,6\n";

pub(crate) struct Firm {
    pub(crate) account: Account,
    pub(crate) now_ms: u64,
    /// What the account's deck asks, and what the carriers do.
    pub(crate) prices: Decks,
    next: u64,
}

/// Decks without versions.
pub(crate) struct Decks {
    pub(crate) deck: Deck,
    pub(crate) carriers: Vec<(CarrierId, Deck)>,
}

impl Prices for Decks {
    fn price(&self, _: &DeckId, number: E164) -> Option<(u64, &Rate)> {
        self.deck.rate_for(number).map(|rate| (0, rate))
    }

    fn cost(&self, carrier: &CarrierId, number: E164) -> Option<&Rate> {
        self.carriers.iter().find(|(known, _)| known == carrier)?.1.rate_for(number)
    }
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn line_id(id: &str) -> LineId {
    id.parse().unwrap()
}

pub(crate) fn flow(from: &str) -> Flow {
    let local: SocketAddr = "192.0.2.1:5060".parse().unwrap();
    Flow { local, remote: from.parse().unwrap(), transport: Transport::Udp, connection: 0 }
}

pub(crate) fn via(from: &str) -> Via {
    let place = Place { country: Some(*b"US"), city: Some("Denver".into()), ..Place::default() };
    Via { flow: flow(from), user_agent: "Yealink T46".into(), place, failures_before: crate::Failures::NONE }
}

pub(crate) fn settings() -> Settings {
    Settings {
        name: "Law firm".into(),
        country: Country::US,
        time_zone: "America/Denver".into(),
        currency: Currency::USD,
        dial_plan: DialPlan::new(Country::US, Some("303"), Some("9")).unwrap(),
        deck: DeckId::new("standard").unwrap(),
        carriers: vec![CarrierId::new("wholesale").unwrap()],
        numbers: vec!["+13035550100".parse().unwrap()],
        contacts: Vec::new(),
        guard: GuardMode::Active,
        exposure_ceiling: money("100"),
        max_calls: 10,
        terms: Terms::default(),
        international: true,
        limits: crate::Limits::default(),
        lockout: lockout::OwnSettings::default(),
    }
}

pub(crate) fn secrets(byte: u8) -> Secrets {
    Secrets { ha1_md5: [byte; 16], ha1_sha256: [byte; 32], version: 0 }
}

pub(crate) fn line(id: &str) -> Line {
    Line {
        id: line_id(id),
        kind: LineKind::Extension,
        name: format!("Phone {id}"),
        auth_name: Some(id.into()),
        secrets: Some(secrets(1)),
        addresses: Vec::new(),
        certificates: Vec::new(),
        caller_id: None,
        international: true,
        max_calls: None,
        limits: crate::Limits::default(),
        cut: None,
        bindings: Vec::new(),
        last_seen: None,
        shut_out_ms: 0,
    }
}

/// What a guard may say of a call.
pub(crate) fn screening(allowed: bool, action: Option<Action>, suspects: &[CallId]) -> Screening {
    let fact = Evidence { kind: EvidenceKind::Destination, weight: Decibans::whole(20), text: "Albania is new".into() };
    let (suspects, report) = (suspects.to_vec(), guard::Report::default());
    Screening { allowed, score: Decibans::whole(20), evidence: vec![fact], action, suspects, stranger: false, report }
}

impl Firm {
    pub(crate) fn new() -> Self {
        Self::with(&settings(), "10")
    }

    pub(crate) fn with(settings: &Settings, paid_in: &str) -> Self {
        let account = Account::new("law-000".parse().unwrap());
        let deck = Deck::from_csv(DECK.as_bytes()).unwrap();
        let mut firm = Self { account, now_ms: START_MS, prices: Decks { deck, carriers: Vec::new() }, next: 1 };
        firm.change(Change::Settings(settings.clone()));
        firm.change(Change::PutLine(line("101")));
        firm.change(Change::PutLine(line("107")));
        firm.change(Change::PutDid(Did { number: did(), lines: vec![line_id("101")] }));
        if money(paid_in).is_positive() {
            firm.change(Change::TopUp { amount: money(paid_in), reference: "first".into() });
        }
        firm
    }

    pub(crate) fn handle(&mut self, input: &Input) -> Answer {
        self.account.handle(self.now_ms, input)
    }

    pub(crate) fn after_s(&mut self, seconds: u64) -> &mut Self {
        self.now_ms += seconds * 1000;
        self
    }

    pub(crate) fn change(&mut self, change: Change) -> Answer {
        self.handle(&Input::Change { by: Actor::CommandLine, change: Box::new(change) })
    }

    /// The sentence of a change that was made.
    pub(crate) fn done(&mut self, change: Change) -> String {
        match self.change(change).replies.swap_remove(0) {
            Reply::Changed(Ok(done)) => done.text,
            other => panic!("{other:?}"),
        }
    }

    /// Why a change was not made.
    pub(crate) fn not_done(&mut self, change: Change) -> ChangeError {
        match self.change(change).replies.swap_remove(0) {
            Reply::Changed(Err(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn attempt(&mut self, from: Party, dialled: &str, source: &str) -> Attempt {
        self.next += 1;
        Attempt {
            call: CallId(self.next),
            from,
            dialled: dialled.to_owned(),
            caller: Caller::default(),
            via: via(source),
            cause: None,
            told: None,
            look_ups: self.account.look_up(dialled, &self.prices, -420),
        }
    }

    pub(crate) fn dial(&mut self, from: &str, dialled: &str) -> (CallId, Answer) {
        let attempt = self.attempt(Party::Line(line_id(from)), dialled, OFFICE);
        (attempt.call, self.handle(&Input::Screen(attempt.into())))
    }

    /// Dials and expects to be let through.
    pub(crate) fn call(&mut self, from: &str, dialled: &str) -> (CallId, Permit, Lease) {
        let (call, answer) = self.dial(from, dialled);
        match verdict(&answer) {
            Verdict::Allowed { permit, lease } => (call, permit, lease),
            Verdict::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    /// Dials and expects a refusal, with its CDR at once.
    pub(crate) fn refused(&mut self, from: &str, dialled: &str) -> Refusal {
        let (call, answer) = self.dial(from, dialled);
        assert_eq!(cdrs(&answer).len(), 1);
        assert_eq!(cdrs(&answer)[0].call, call);
        assert!(!self.account.running().contains_key(&call));
        match verdict(&answer) {
            Verdict::Refused(refusal) => refusal,
            Verdict::Allowed { permit, .. } => panic!("{permit:?}"),
        }
    }

    pub(crate) fn answer(&mut self, call: CallId) -> Answer {
        self.handle(&Input::Answered { call, legs: vec![1, 2, 3] })
    }

    pub(crate) fn extend(&mut self, call: CallId) -> Answer {
        self.handle(&Input::Extend { call })
    }

    pub(crate) fn end(&mut self, call: CallId) -> Answer {
        let answer_ms = self.account.running().get(&call).and_then(|call| call.answer_ms);
        self.settle(call, answer_ms, HungUpBy::Caller, CallEnd::Normal)
    }

    pub(crate) fn settle(&mut self, call: CallId, answer_ms: Option<u64>, by: HungUpBy, end: CallEnd) -> Answer {
        self.handle(&Input::Settle(Settlement {
            call,
            ring_ms: None,
            answer_ms,
            status: if answer_ms.is_some() { 200 } else { 487 },
            reason: String::new(),
            hung_up_by: by,
            end,
            carrier: None,
            callee: None,
        }))
    }

    pub(crate) fn register(&mut self, id: &str, call_id: &str, cseq: u32, change: RegistrationChange) -> Answer {
        self.register_from(id, call_id, cseq, change, OFFICE)
    }

    pub(crate) fn register_from(
        &mut self,
        id: &str,
        call_id: &str,
        cseq: u32,
        change: RegistrationChange,
        source: &str,
    ) -> Answer {
        let (line, call_id) = (line_id(id), call_id.to_owned());
        let via = via(source);
        self.take(Registration { token: 7, line, change, call_id, cseq, via, secret_version: None })
    }

    /// Answers a REGISTER as the owner does: at once, or as an input.
    pub(crate) fn take(&mut self, registration: Registration) -> Answer {
        match self.account.answer_at_once(self.now_ms, &registration) {
            Some(reply) => Answer { replies: vec![reply], ..Answer::default() },
            None => self.handle(&Input::Register(Box::new(registration))),
        }
    }

    pub(crate) fn bind(&mut self, id: &str) {
        let contact = format!("sip:{id}@192.0.2.10");
        self.register(id, &format!("reg-{id}"), 1, RegistrationChange::Put(vec![(contact, 3600)]));
    }
}

pub(crate) fn did() -> E164 {
    "+13035550100".parse().unwrap()
}

pub(crate) fn verdict(answer: &Answer) -> Verdict {
    match &answer.replies[0] {
        Reply::Verdict { verdict, .. } => verdict.clone(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn lease(answer: &Answer) -> Lease {
    answer
        .replies
        .iter()
        .find_map(|reply| match reply {
            Reply::Leased { lease, .. } => Some(*lease),
            _ => None,
        })
        .unwrap_or_else(|| panic!("{answer:?}"))
}

pub(crate) fn cdrs(answer: &Answer) -> Vec<&Cdr> {
    answer
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Cdr(cdr) => Some(cdr),
            _ => None,
        })
        .collect()
}

pub(crate) fn hung_up(answer: &Answer) -> Vec<(CallId, CallEnd)> {
    answer
        .replies
        .iter()
        .filter_map(|reply| match reply {
            Reply::HangUp { call, end } => Some((*call, *end)),
            _ => None,
        })
        .collect()
}
