//! One case: the steps, the journal under them, the crashes.

use std::collections::VecDeque;

use account::{Account, Actor, Attempt, CallEnd, Caller, Change, Input, LookUps, Party, Terms};
use billing::{CallId, Deck, DeckVersion, Dialled, Money, Prefix, Rate};
use node::{Body, NodeChange, NodeState, PricesAt, Record};
use store::{Journal, MemoryDisk, Snapshots, recover_state};

use super::cast::{ACCOUNTS, account_id, deck_id, line_id, phone, settings, settlement, via};
use super::model::Model;
use crate::check::hold;
use crate::{Dice, Violation};

const START_MS: u64 = 1_772_323_200_000;
/// Steps of a case.
const STEPS: u64 = 60;
/// A journal's segment here: small, so that there are several.
const SEGMENT_BYTES: u64 = 16 << 10;
const LINES: [&str; 2] = ["101", "107"];
/// Albania mobile, home, emergency, a number no deck prices, Germany.
const NUMBERS: [&str; 5] = ["011355691234567", "+13037654321", "911", "+99912345678", "+4930123456"];
const PREFIXES: [u64; 4] = [355, 35569, 1, 49];

/// What cases met.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Cases.
    pub cases: u64,
    /// Inputs that accounts handled.
    pub inputs: u64,
    /// Calls charged.
    pub charged: u64,
    /// Calls refused.
    pub refused: u64,
    /// New versions of decks, mark-ups and limits.
    pub price_changes: u64,
    /// Times the plug was pulled.
    pub crashes: u64,
    /// Of which with a last write that was torn, missing or spoilt.
    pub torn: u64,
    /// Calls settled as recovered.
    pub recovered: u64,
    /// Times the disk was full.
    pub full: u64,
}

impl Tally {
    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.inputs += other.inputs;
        self.charged += other.charged;
        self.refused += other.refused;
        self.price_changes += other.price_changes;
        self.crashes += other.crashes;
        self.torn += other.torn;
        self.recovered += other.recovered;
        self.full += other.full;
    }
}

/// What the model knew after a record.
type Known = [Model; ACCOUNTS.len()];

/// A case at work.
pub struct Case {
    dice: Dice,
    now_ms: u64,
    state: NodeState,
    journal: Journal<MemoryDisk, Record>,
    disk: MemoryDisk,
    snapshots: Snapshots<MemoryDisk>,
    models: Known,
    /// The model's own price list: from when on, and its rates.
    prices: Vec<(u64, Vec<Rate>)>,
    markups: [i32; ACCOUNTS.len()],
    /// What the model knew after the last durable record, and after each record that is not durable yet.
    durable: (u64, Known),
    waiting: VecDeque<(u64, Known)>,
    next: u64,
    tally: Tally,
}

fn damaged(error: impl std::fmt::Display) -> Violation {
    Violation(format!("the store fails: {error}"))
}

impl Case {
    /// A node with two accounts, each with some money.
    ///
    /// # Errors
    /// Where even that breaks a promise.
    pub fn new(seed: u64) -> Result<Self, Violation> {
        let disk = MemoryDisk::new();
        let (journal, _) = Journal::open_with(disk.clone(), SEGMENT_BYTES).map_err(damaged)?;
        let mut case = Self {
            dice: Dice::new(seed),
            now_ms: START_MS,
            state: NodeState::default(),
            journal,
            disk,
            snapshots: Snapshots::new(MemoryDisk::new()),
            models: Known::default(),
            prices: Vec::new(),
            markups: [0; ACCOUNTS.len()],
            durable: (0, Known::default()),
            waiting: VecDeque::new(),
            next: 1,
            tally: Tally { cases: 1, ..Tally::default() },
        };
        case.new_prices()?;
        for at in 0..ACCOUNTS.len() {
            let terms = case.terms();
            case.settings(at, terms)?;
            for line in LINES {
                case.change(at, Change::PutLine(phone(line)))?;
            }
            let amount = Money::from_cents(case.cents(1, 400));
            case.change(at, Change::TopUp { amount, reference: "first".into() })?;
        }
        case.sync()?;
        Ok(case)
    }

    /// Plays it to its end, when every call is over.
    ///
    /// # Errors
    /// The promise that does not hold.
    pub fn play(mut self) -> Result<Tally, Violation> {
        for _ in 0..STEPS {
            self.step()?;
        }
        self.disk.set_capacity(None);
        self.settle_all(CallEnd::Normal)?;
        self.sync()?;
        self.crash()?;
        for (at, model) in self.models.iter().enumerate() {
            let account = self.account(at)?;
            model.agrees(account)?;
            model.at_rest(account)?;
        }
        Ok(self.tally)
    }

    fn step(&mut self) -> Result<(), Violation> {
        let at = usize::from(self.dice.chance(400));
        let ms = self.dice.below(15_000);
        self.pass(ms)?;
        match self.dice.below(100) {
            0..=27 => self.dial(at),
            28..=43 => self.running(at, |call, dice| Input::Answered { call, legs: dice.bytes::<4>().to_vec() }),
            44..=55 => self.running(at, |call, _| Input::Extend { call }),
            56..=64 => self.running(at, |call, _| settlement(call, CallEnd::Normal)),
            65..=67 => {
                let now_ms = self.now_ms;
                self.running(at, |call, dice| {
                    settlement(call, CallEnd::Silence { heard_ms: now_ms.saturating_sub(dice.below(90_000)) })
                })
            }
            68..=72 => self.pay(at),
            73..=75 => {
                let change = self.correction();
                self.change(at, change)
            }
            76..=79 => self.new_prices(),
            80..=81 => {
                let terms = self.terms();
                self.settings(at, terms)
            }
            82..=91 => self.sync(),
            92..=93 => self.snapshot(),
            94..=95 => self.full_disk(),
            _ => self.crash(),
        }
    }

    /// Time passes; calls whose paid time ends are hung up then, as the call machine does.
    fn pass(&mut self, ms: u64) -> Result<(), Violation> {
        let until_ms = self.now_ms + ms;
        loop {
            let mut next: Option<(u64, usize, CallId)> = None;
            for at in 0..ACCOUNTS.len() {
                for (call, running) in self.account(at)?.running() {
                    let end = running.answer_ms.zip(running.lease.paid_until_s);
                    let end = end.map(|(answer_ms, paid_s)| (answer_ms + u64::from(paid_s) * 1_000, at, *call));
                    next = next.into_iter().chain(end).min();
                }
            }
            let Some((end_ms, at, call)) = next.filter(|(end_ms, ..)| *end_ms <= until_ms) else { break };
            self.now_ms = end_ms.max(self.now_ms);
            self.handle(at, settlement(call, CallEnd::CreditEnded))?;
        }
        self.now_ms = until_ms;
        Ok(())
    }

    fn cents(&mut self, least: u64, most: u64) -> i64 {
        i64::try_from(self.dice.between(least, most)).unwrap_or(i64::MAX)
    }

    fn account(&self, at: usize) -> Result<&Account, Violation> {
        self.state.accounts.get(ACCOUNTS[at]).ok_or_else(|| Violation(format!("account {} is gone", ACCOUNTS[at])))
    }

    fn dial(&mut self, at: usize) -> Result<(), Violation> {
        let dialled = *self.dice.pick(&NUMBERS).unwrap_or(&NUMBERS[0]);
        let line = *self.dice.pick(&LINES).unwrap_or(&LINES[0]);
        let prices =
            PricesAt { decks: &self.state.book.decks, carriers: &self.state.book.carriers, now_ms: self.now_ms };
        let look_ups = LookUps { disk_full: self.dice.chance(30), ..self.account(at)?.look_up(dialled, &prices, -420) };
        let attempt = Attempt {
            call: CallId(self.next),
            from: Party::Line(line_id(line)),
            dialled: dialled.to_owned(),
            caller: Caller::default(),
            via: via(),
            cause: None,
            told: None,
            look_ups,
        };
        self.next += 1;
        self.handle(at, Input::Screen(attempt.into()))
    }

    fn running(&mut self, at: usize, input: impl Fn(CallId, &mut Dice) -> Input) -> Result<(), Violation> {
        let calls: Vec<CallId> = self.account(at)?.running().keys().copied().collect();
        let Some(call) = self.dice.pick(&calls).copied() else { return Ok(()) };
        let input = input(call, &mut self.dice);
        self.handle(at, input)
    }

    fn pay(&mut self, at: usize) -> Result<(), Violation> {
        let amount = Money::from_cents(self.cents(0, 300));
        // Some come twice.
        let reference = format!("p{}", self.dice.below(12));
        let by_itself = self.dice.chance(400);
        self.change(
            at,
            if by_itself { Change::AutoTopUp { amount, reference } } else { Change::TopUp { amount, reference } },
        )
    }

    fn correction(&mut self) -> Change {
        let amount = Money::from_cents(self.cents(0, 200) - 100);
        Change::Adjust { amount, note: "set right".into(), reference: format!("c{}", self.dice.below(12)) }
    }

    fn terms(&mut self) -> Terms {
        let mut limit = |permille, most| {
            let some = self.dice.chance(permille);
            some.then(|| Money::from_cents(i64::try_from(self.dice.below(most)).unwrap_or(0)))
        };
        Terms {
            low_balance: limit(500, 200),
            monthly_limit: limit(200, 600),
            auto_top_up_max: limit(700, 900),
            markup_bp: i32::try_from(self.dice.below(6_000)).unwrap_or(0) - 2_000,
        }
    }

    fn settings(&mut self, at: usize, terms: Terms) -> Result<(), Violation> {
        self.markups[at] = terms.markup_bp;
        self.tally.price_changes += 1;
        self.change(at, Change::Settings(settings(terms)))
    }

    fn change(&mut self, at: usize, change: Change) -> Result<(), Violation> {
        self.handle(at, Input::Change { by: Actor::CommandLine, change: Box::new(change) })
    }

    /// Hands an input to its account, journals it, and holds the model against what came of it.
    fn handle(&mut self, at: usize, input: Input) -> Result<(), Violation> {
        let id = account_id(at);
        let rate = self.expected(at, &input);
        let account = self.state.accounts.entry(id.clone()).or_insert_with(|| Account::new(id.clone()));
        let effects = account.handle(self.now_ms, &input).effects;
        let seen = self.models[at].take(self.now_ms, &input, rate, &effects, account)?;
        self.tally.inputs += 1;
        self.tally.charged += seen.charged;
        self.tally.refused += seen.refused;
        let seq = account.seq();
        self.journal(Body::Account { account: id, seq, input, effects })
    }

    /// What a call that begins now costs by the model's own list: the longest prefix, the account's mark-up on top.
    fn expected(&self, at: usize, input: &Input) -> Option<Rate> {
        let Input::Screen(attempt) = input else { return None };
        let Dialled::Number(number) = attempt.look_ups.dialled else { return None };
        let (_, rates) = self.prices.iter().rev().find(|(from_ms, _)| *from_ms <= self.now_ms)?;
        let digits = number.as_digits();
        let begins = |rate: &&Rate| digits.as_str().starts_with(rate.prefix.as_digits().as_str());
        let Some(rate) = rates.iter().filter(begins).max_by_key(|rate| rate.prefix.digit_count()) else {
            return Some(account::unpriced(number));
        };
        let marked = |price: Money| {
            let exact = i128::from(price.micros()) * i128::from(10_000 + self.markups[at]);
            let up = exact / 10_000 + i128::from(exact % 10_000 != 0);
            Money::from_micros(i64::try_from(up).unwrap_or(i64::MAX))
        };
        Some(Rate { per_minute: marked(rate.per_minute), connect_fee: marked(rate.connect_fee), ..rate.clone() })
    }

    /// A new version of the deck, from now on or from a little later.
    fn new_prices(&mut self) -> Result<(), Violation> {
        let from_ms = if self.prices.is_empty() { 0 } else { self.now_ms + self.dice.below(3) * 5_000 };
        let mut rates = Vec::new();
        for prefix in PREFIXES {
            let Some(prefix) = Prefix::from_value(prefix) else { continue };
            let steps = [(6, 6), (60, 60), (30, 6), (1, 1), (0, 1)];
            let (minimum_s, increment_s) = *self.dice.pick(&steps).unwrap_or(&(6, 6));
            rates.push(Rate {
                prefix,
                destination: "somewhere".into(),
                per_minute: Money::from_micros(self.cents(1, 900_000)),
                connect_fee: Money::from_micros(self.cents(0, 3) * 20_000),
                minimum_s,
                increment_s,
                free_s: if self.dice.chance(150) { 5 } else { 0 },
            });
        }
        let deck = Deck::new(rates.clone()).map_err(damaged)?;
        self.prices.retain(|(known, _)| *known != from_ms);
        self.prices.push((from_ms, rates));
        self.prices.sort_by_key(|(from_ms, _)| *from_ms);
        self.tally.price_changes += 1;
        let change = NodeChange::PutDeck(deck_id(), vec![DeckVersion { from_ms, deck }]);
        self.state.book.apply(&change);
        self.journal(Body::node(change))
    }

    fn journal(&mut self, body: Body) -> Result<(), Violation> {
        let record = Record { lsn: self.state.lsn + 1, at_ms: self.now_ms, body };
        self.state.lsn = record.lsn;
        self.journal.append(&[record]).map_err(damaged)?;
        self.waiting.push_back((self.state.lsn, self.models.clone()));
        Ok(())
    }

    /// Makes everything durable, where the disk has room.
    fn sync(&mut self) -> Result<(), Violation> {
        match self.journal.sync() {
            Ok(lsn) => {
                self.now_durable(lsn);
                Ok(())
            }
            Err(store::Error::DiskFull { .. }) => Ok(()),
            Err(error) => Err(damaged(error)),
        }
    }

    /// Everything up to a record is on the disk.
    fn now_durable(&mut self, lsn: u64) {
        while self.waiting.front().is_some_and(|(waiting, _)| *waiting <= lsn) {
            if let Some(known) = self.waiting.pop_front() {
                self.durable = known;
            }
        }
    }

    fn snapshot(&mut self) -> Result<(), Violation> {
        self.sync()?;
        // A snapshot never runs ahead of the journal.
        if self.durable.0 == self.state.lsn {
            self.snapshots.save(self.state.lsn, &self.state).map_err(damaged)?;
        }
        Ok(())
    }

    /// The disk has no room for a while; what needs to be durable waits.
    fn full_disk(&mut self) -> Result<(), Violation> {
        self.tally.full += 1;
        self.disk.set_capacity(Some(0));
        let at = usize::from(self.dice.chance(500));
        self.dial(at)?;
        self.sync()?;
        hold(self.durable.0 < self.state.lsn, || "something was written to a full disk".to_owned())?;
        if self.dice.chance(300) {
            self.crash()?;
        }
        self.disk.set_capacity(None);
        self.sync()
    }

    /// The plug is pulled. Of what was not synced, anything may be there afterwards.
    fn crash(&mut self) -> Result<(), Violation> {
        self.tally.crashes += 1;
        if self.dice.chance(600) {
            // Written, and on its way to the disk.
            self.disk.fail_next_sync();
            let _ = self.journal.sync();
        }
        let dice = &mut self.dice;
        let torn = &mut self.tally.torn;
        self.disk.crash(|_, tail| {
            let mut left = tail[..usize::try_from(dice.below(tail.len() as u64 + 1)).unwrap_or(0)].to_vec();
            *torn += u64::from(left.len() < tail.len());
            if dice.chance(200)
                && let Some(byte) = left.last_mut()
            {
                *byte ^= 0x5a;
            }
            left
        });
        let (journal, _) = Journal::open_with(self.disk.clone(), SEGMENT_BYTES).map_err(damaged)?;
        self.journal = journal;
        let apply = |state: &mut NodeState, record: &Record| state.apply(record).map_err(damaged);
        self.state = recover(&self.journal, &self.snapshots, apply)?;
        let (lsn, durable) = (self.state.lsn, self.durable.0);
        hold(lsn >= durable, || format!("record {durable} was durable, and the journal ends at {lsn}"))?;
        self.now_durable(lsn);
        self.waiting.clear();
        self.models = self.durable.1.clone();
        self.durable.0 = lsn;
        // The model's price list is the durable one, too.
        let deck = self.state.book.decks.get(&deck_id());
        self.prices = deck.iter().flat_map(|deck| deck.all()).map(|v| (v.from_ms, v.deck.rates().to_vec())).collect();
        for at in 0..ACCOUNTS.len() {
            let account = self.account(at)?;
            self.models[at].agrees(account)?;
            self.markups[at] = account.settings().map_or(0, |settings| settings.terms.markup_bp);
        }
        self.disk.set_capacity(None);
        self.settle_all(CallEnd::Recovered)
    }

    /// What ran is ended.
    fn settle_all(&mut self, end: CallEnd) -> Result<(), Violation> {
        for at in 0..ACCOUNTS.len() {
            let calls: Vec<CallId> = self.account(at)?.running().keys().copied().collect();
            for call in calls {
                self.tally.recovered += u64::from(end == CallEnd::Recovered);
                self.handle(at, settlement(call, end))?;
            }
        }
        Ok(())
    }
}

struct Failed(Violation);

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self(damaged(error))
    }
}

fn recover(
    journal: &Journal<MemoryDisk, Record>,
    snapshots: &Snapshots<MemoryDisk>,
    apply: impl Fn(&mut NodeState, &Record) -> Result<(), Violation>,
) -> Result<NodeState, Violation> {
    let recovered =
        recover_state(journal, snapshots, |state: &mut NodeState, record| apply(state, record).map_err(Failed));
    recovered.map_err(|failed: Failed| failed.0)
}
