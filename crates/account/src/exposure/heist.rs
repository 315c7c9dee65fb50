//! Adversaries that try to take more from an account than its ceiling: at random and greedily, with the guard watching
//! only or fooled, over days, price changes, crashes, lifted cuts and an owner who owns to everything.
//!
//! The thief has every line, knows the rules, and picks the moments. What he costs is counted from the outside, by what
//! carriers would bill: talk so far of running calls, and what ended within a rolling day.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected should stop")]

use std::collections::{BTreeMap, BTreeSet};

use billing::{CallId, Money, Rate, charge};
use proptest::prelude::*;

use super::{Day, Ground, OWN_DAYS, WINDOW_MS, day, ground};
use crate::fixture::{ABROAD, Firm, cdrs, line_id, money, secrets, settings};
use crate::*;

const CEILING: &str = "5";
const LINES: [&str; 2] = ["101", "107"];
/// Albanian and Latvian mobile numbers, a satellite, Jamaica, a number nobody has, premium at home.
const NUMBERS: [&str; 6] =
    ["011355691234567", "01137121234567", "01188213000001", "18762345678", "0113551", "19002345678"];
/// Prices a minute, micro-units; decks change between calls.
const PRICES: [i64; 5] = [50_000, 600_000, 3_000_000, 9_000_000, 40_000_000];
const MINUTE_MS: u64 = 60_000;
const UTC_OFFSET_MIN: i16 = -420;

/// One thing a thief, an owner or fate may do.
#[derive(Clone, Debug)]
enum Step {
    Wait {
        ms: u64,
    },
    Dial {
        line: usize,
        number: usize,
        price: usize,
        fee: i64,
        increment_s: u32,
    },
    /// Dials until no more goes.
    Flood {
        line: usize,
        number: usize,
        price: usize,
    },
    HangUp {
        which: usize,
    },
    Crash {
        down_ms: u64,
    },
    Lift,
    Ours,
    NewSecret {
        line: usize,
    },
    TopUp,
}

/// A call of the thief.
struct Stolen {
    rate: Rate,
    /// Whether the ground was surely not the account's own when it began.
    foreign: bool,
    ground: Ground,
    answer_ms: Option<u64>,
    lease: Lease,
}

/// The account under siege, with the clock and the call machine played by the test.
struct Heist {
    firm: Firm,
    calls: BTreeMap<CallId, Stolen>,
    /// What ended on foreign ground: when, and what it cost.
    taken: Vec<(u64, Money)>,
    /// On which days calls to a ground were answered.
    answered: BTreeMap<Ground, BTreeSet<Day>>,
    payments: u32,
    /// The most that was ever taken within a day.
    worst: Money,
}

impl Heist {
    fn new(guard: GuardMode) -> Self {
        let mut settings = settings();
        settings.exposure_ceiling = money(CEILING);
        settings.guard = guard;
        settings.max_calls = 30;
        Self {
            firm: Firm::with(&settings, "1000"),
            calls: BTreeMap::new(),
            taken: Vec::new(),
            answered: BTreeMap::new(),
            payments: 0,
            worst: Money::ZERO,
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait { ms } => self.wait(ms),
            Step::Dial { line, number, price, fee, increment_s } => {
                self.dial(line, number, |rate| {
                    rate.per_minute = Money::from_micros(PRICES[price]);
                    rate.connect_fee = Money::from_micros(fee);
                    (rate.minimum_s, rate.increment_s) = (increment_s, increment_s);
                });
            }
            Step::Flood { line, number, price } => {
                while self.dial(line, number, |rate| rate.per_minute = Money::from_micros(PRICES[price])) {}
            }
            Step::HangUp { which } => {
                let call = self.calls.keys().copied().nth(which % self.calls.len().max(1));
                call.into_iter().for_each(|call| self.end(call, CallEnd::Normal));
            }
            Step::Crash { down_ms } => self.crash(down_ms),
            Step::Lift => drop(self.change(Change::LiftCut { line: None })),
            Step::Ours => {
                let all: Vec<_> = self.firm.account.incidents().map(|incident| incident.id).collect();
                all.into_iter().for_each(|incident| drop(self.change(Change::ThatWasUs { incident })));
            }
            Step::NewSecret { line } => {
                drop(self.change(Change::SetSecret { line: line_id(LINES[line]), secrets: secrets(9) }));
            }
            Step::TopUp => {
                self.payments += 1;
                let reference = format!("p{}", self.payments);
                drop(self.change(Change::TopUp { amount: money("500"), reference }));
            }
        }
        self.measure();
    }

    fn change(&mut self, change: Change) -> Answer {
        let answer = self.firm.change(change);
        self.hang_up(&answer);
        answer
    }

    /// Dials and is answered at once; whether it was let through.
    fn dial(&mut self, line: usize, number: usize, price: impl Fn(&mut Rate)) -> bool {
        let mut attempt = self.firm.attempt(Party::Line(line_id(LINES[line])), NUMBERS[number], ABROAD);
        let billing::Dialled::Number(e164) = attempt.look_ups.dialled else { return false };
        let mut rate = attempt.look_ups.rate.clone().unwrap_or_else(|| crate::unpriced(e164));
        price(&mut rate);
        attempt.look_ups.rate = Some(rate.clone());
        let destination = billing::Destination::of(e164);
        let (call, ground) = (attempt.call, ground(&destination));
        let foreign = self.answered.get(&ground).is_none_or(|days| days.len() < OWN_DAYS);
        let answer = self.firm.handle(&Input::Screen(attempt.into()));
        let lease = answer.replies.iter().find_map(|reply| match reply {
            Reply::Verdict { verdict: Verdict::Allowed { lease, .. }, .. } => Some(*lease),
            _ => None,
        });
        self.hang_up(&answer);
        let Some(lease) = lease else { return false };
        self.calls.insert(call, Stolen { rate, foreign, ground, answer_ms: Some(self.firm.now_ms), lease });
        let answer = self.firm.answer(call);
        self.leased(&answer);
        self.hang_up(&answer);
        true
    }

    fn leased(&mut self, answer: &Answer) {
        for reply in &answer.replies {
            if let Reply::Leased { call, lease } = reply
                && let Some(stolen) = self.calls.get_mut(call)
            {
                stolen.lease = *lease;
            }
        }
    }

    fn hang_up(&mut self, answer: &Answer) {
        for (call, end) in crate::fixture::hung_up(answer) {
            self.end(call, end);
        }
    }

    /// Lets time pass as the call machine does: calls are asked for at their checks, and end where their money does, as
    /// late as that may be.
    fn wait(&mut self, ms: u64) {
        let until_ms = self.firm.now_ms + ms;
        while let Some((at_ms, call, ends)) = self.next_due().filter(|(at_ms, ..)| *at_ms <= until_ms) {
            self.firm.now_ms = self.firm.now_ms.max(at_ms);
            if ends {
                self.end(call, CallEnd::CreditEnded);
            } else {
                if let Some(stolen) = self.calls.get_mut(&call) {
                    stolen.lease.check_at_s = None;
                }
                let answer = self.firm.extend(call);
                self.leased(&answer);
                self.hang_up(&answer);
            }
            self.measure();
        }
        self.firm.now_ms = until_ms;
    }

    fn next_due(&self) -> Option<(u64, CallId, bool)> {
        let due = |call: &CallId, stolen: &Stolen| {
            let at = |s: u32| stolen.answer_ms.unwrap_or(0) + u64::from(s) * 1000;
            let check = stolen.lease.check_at_s.map(|s| (at(s), *call, false));
            let end = stolen.lease.paid_until_s.map(|s| (at(s + crate::lease::GRACE_S), *call, true));
            [check, end].into_iter().flatten().min()
        };
        self.calls.iter().filter_map(|(call, stolen)| due(call, stolen)).min()
    }

    fn end(&mut self, call: CallId, end: CallEnd) {
        let Some(stolen) = self.calls.remove(&call) else { return };
        let answer = self.firm.settle(call, stolen.answer_ms, HungUpBy::Node, end);
        let now_ms = self.firm.now_ms;
        for cdr in cdrs(&answer).into_iter().filter(|_| stolen.foreign) {
            self.taken.push((now_ms, cdr.money.charge));
        }
        if let Some(answer_ms) = stolen.answer_ms {
            self.answered.entry(stolen.ground).or_default().insert(day(answer_ms, UTC_OFFSET_MIN));
        }
    }

    /// The node dies, comes back from its snapshot, and hangs up what ran.
    fn crash(&mut self, down_ms: u64) {
        let bytes = postcard::to_stdvec(&self.firm.account).unwrap();
        self.firm.account = postcard::from_bytes(&bytes).unwrap();
        self.firm.now_ms += down_ms;
        for call in self.calls.keys().copied().collect::<Vec<_>>() {
            self.end(call, CallEnd::Recovered);
        }
    }

    /// What the thief has cost within the last day, running calls with it.
    fn measure(&mut self) {
        let now_ms = self.firm.now_ms;
        let ended = self.taken.iter().filter(|(at_ms, _)| at_ms + WINDOW_MS > now_ms).map(|(_, cost)| *cost);
        let running = self.calls.values().filter(|stolen| stolen.foreign).map(|stolen| {
            charge(&stolen.rate, stolen.answer_ms.map_or(0, |answer_ms| now_ms.saturating_sub(answer_ms)))
        });
        let sum = ended.chain(running).fold(Money::ZERO, Money::saturating_add);
        self.worst = self.worst.max(sum);
        let bound = self.firm.account.exposure_bound(now_ms);
        assert!(sum <= bound.used, "{sum} was taken, the account knows of {}", bound.used);
        assert!(bound.used <= bound.ceiling, "{bound:?}");
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let line = 0..LINES.len();
    let number = 0..NUMBERS.len();
    let price = 0..PRICES.len();
    let increment_s = prop_oneof![Just(1_u32), Just(6), Just(60)];
    let wait = prop_oneof![
        4 => 0_u64..3 * MINUTE_MS,
        2 => 3 * MINUTE_MS..5 * 60 * MINUTE_MS,
        1 => 23 * 60 * MINUTE_MS..25 * 60 * MINUTE_MS,
    ];
    let step = prop_oneof![
        6 => wait.prop_map(|ms| Step::Wait { ms }),
        4 => (line.clone(), number.clone(), price.clone(), 0_i64..2_000_000, increment_s).prop_map(
            |(line, number, price, fee, increment_s)| Step::Dial { line, number, price, fee, increment_s }
        ),
        4 => (line.clone(), number, price).prop_map(|(line, number, price)| Step::Flood { line, number, price }),
        2 => (0_usize..30).prop_map(|which| Step::HangUp { which }),
        1 => (0_u64..20 * MINUTE_MS).prop_map(|down_ms| Step::Crash { down_ms }),
        1 => Just(Step::Lift),
        1 => Just(Step::Ours),
        1 => line.prop_map(|line| Step::NewSecret { line }),
        1 => Just(Step::TopUp),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nobody_takes_more_than_the_ceiling_in_a_day(steps in steps(), watches: bool) {
        let mut heist = Heist::new(if watches { GuardMode::Active } else { GuardMode::Shadow });
        steps.iter().for_each(|step| heist.step(step));
        prop_assert!(heist.worst <= money(CEILING));
    }
}

/// A thief who knows the rules: he floods whenever anything goes, ends calls where the window turns, lifts every cut and
/// owns to every incident, and crashes the node while all his calls run.
#[test]
fn the_greedy_thief_gets_the_ceiling_and_no_more() {
    let mut most = Money::ZERO;
    for variant in 0..30_usize {
        let mut heist = Heist::new(if variant % 2 == 0 { GuardMode::Shadow } else { GuardMode::Active });
        let (price, pause_ms) = (variant / 2 % PRICES.len(), [1, 14, 15, 16, 61, 239][variant / 2 % 6] * MINUTE_MS);
        for round in 0..60 {
            for line in 0..LINES.len() {
                let number = (variant + round) % NUMBERS.len();
                heist.step(&Step::Flood { line, number, price });
                heist.step(&Step::Flood { line, number: (number + 1) % NUMBERS.len(), price: 0 });
            }
            heist.step(&Step::Ours);
            heist.step(&Step::Lift);
            heist.step(&Step::Wait { ms: pause_ms });
            match variant % 3 {
                0 => (0..30).for_each(|which| heist.step(&Step::HangUp { which })),
                1 if round % 7 == 3 => heist.step(&Step::Crash { down_ms: 5 * MINUTE_MS }),
                _ => {}
            }
        }
        assert!(heist.worst <= money(CEILING), "variant {variant} took {}", heist.worst);
        most = most.max(heist.worst);
    }
    assert!(most > money("4.50"), "the adversary is too tame: {most}");
}
