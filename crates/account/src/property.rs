//! What holds whatever happens: a plain reference model beside the account, fed with random inputs.

use std::collections::{BTreeMap, BTreeSet};

use billing::{CallId, Money};
use proptest::prelude::*;

use crate::fixture::{ABROAD, ALBANIA, Firm, HOME, OFFICE, cdrs, line_id, money, secrets, settings};
use crate::*;

/// One thing that may happen; numbers pick among what is there.
#[derive(Clone, Debug)]
enum Step {
    Wait { ms: u64 },
    Dial { line: u8, number: u8, abroad: bool },
    Answer(u8),
    Extend(u8),
    End(u8),
    Recover(u8),
    TopUp { cents: i64 },
    Register { line: u8, cseq: u32 },
    NewSecret { line: u8 },
    Lift,
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u64..40_000).prop_map(|ms| Step::Wait { ms }),
        4 => (0_u8..3, 0_u8..8, any::<bool>()).prop_map(|(line, number, abroad)| Step::Dial { line, number, abroad }),
        3 => any::<u8>().prop_map(Step::Answer),
        4 => any::<u8>().prop_map(Step::Extend),
        2 => any::<u8>().prop_map(Step::End),
        1 => any::<u8>().prop_map(Step::Recover),
        1 => (-5_i64..40).prop_map(|cents| Step::TopUp { cents }),
        1 => (0_u8..3, 0_u32..5).prop_map(|(line, cseq)| Step::Register { line, cseq }),
        1 => (0_u8..3).prop_map(|line| Step::NewSecret { line }),
        1 => Just(Step::Lift),
        1 => Just(Step::Tick),
    ];
    proptest::collection::vec(step, 1..80)
}

/// What the account has to agree with.
#[derive(Default)]
struct Model {
    paid_in: Money,
    charged: Money,
    tried: BTreeSet<CallId>,
    recorded: BTreeMap<CallId, Money>,
    top_ups: u32,
}

fn input(firm: &mut Firm, model: &mut Model, step: &Step) -> Option<Input> {
    let pick = |at: u8| {
        let running: Vec<CallId> = firm.account.running().keys().copied().collect();
        (!running.is_empty()).then(|| running[at as usize % running.len()])
    };
    let line = |at: u8| line_id(["101", "107", "999"][at as usize]);
    let settle = |call: CallId, end: CallEnd, answer_ms: Option<u64>| {
        let hung_up_by = if end == CallEnd::Normal { HungUpBy::Caller } else { HungUpBy::Node };
        let reason = String::new();
        Input::Settle(Settlement {
            call,
            ring_ms: None,
            answer_ms,
            status: 200,
            reason,
            hung_up_by,
            end,
            carrier: None,
            callee: None,
        })
    };
    let change = |change| Some(Input::Change { by: Actor::CommandLine, change: Box::new(change) });
    match step {
        Step::Wait { ms } => {
            firm.now_ms += ms;
            None
        }
        Step::Dial { line: at, number, abroad } => {
            let dialled =
                [ALBANIA, HOME, "911", "107", "+13035550100", "+99912345678", "12", ALBANIA][*number as usize];
            let source = if *abroad { ABROAD } else { OFFICE };
            let attempt = firm.attempt(Party::Line(line(*at)), dialled, source);
            model.tried.insert(attempt.call);
            Some(Input::Screen(attempt.into()))
        }
        Step::Answer(at) => pick(*at).map(|call| Input::Answered { call, legs: vec![*at] }),
        Step::Extend(at) => pick(*at).map(|call| Input::Extend { call }),
        Step::End(at) => pick(*at).map(|call| {
            let answer_ms = firm.account.running()[&call].answer_ms;
            settle(call, CallEnd::Normal, answer_ms)
        }),
        Step::Recover(at) => pick(*at).map(|call| settle(call, CallEnd::Recovered, None)),
        Step::TopUp { cents } => {
            model.top_ups += 1;
            let amount = Money::from_cents(*cents);
            if amount.is_positive() {
                model.paid_in = model.paid_in.saturating_add(amount);
            }
            change(Change::TopUp { amount, reference: format!("p{}", model.top_ups) })
        }
        Step::Register { line: at, cseq } => Some(Input::Register(Box::new(Registration {
            token: 1,
            line: line(*at),
            change: RegistrationChange::Put(vec![(format!("sip:{at}@192.0.2.7"), 60)]),
            call_id: "r".into(),
            cseq: *cseq,
            via: crate::fixture::via(OFFICE),
            secret_version: None,
        }))),
        Step::NewSecret { line: at } => change(Change::SetSecret { line: line(*at), secrets: secrets(9) }),
        Step::Lift => change(Change::LiftCut { line: None }),
        Step::Tick => firm.account.due(firm.now_ms),
    }
}

/// Books agree with the model, and every attempt is either running or has its one record.
fn check(firm: &Firm, model: &mut Model, answer: &Answer) -> Result<(), TestCaseError> {
    for cdr in cdrs(answer) {
        prop_assert!(model.recorded.insert(cdr.call, cdr.money.charge).is_none(), "two records of {}", cdr.call);
        prop_assert!(cdr.money.charge <= cdr.money.held_peak);
        model.charged = model.charged.saturating_add(cdr.money.charge);
    }
    let ledger = firm.account.ledger();
    prop_assert!(ledger.is_sound());
    prop_assert_eq!(ledger.paid_in(), model.paid_in);
    prop_assert_eq!(ledger.captured(), model.charged);
    prop_assert!(ledger.captured().saturating_add(ledger.held()) <= ledger.paid_in());
    let running: BTreeSet<CallId> = firm.account.running().keys().copied().collect();
    let recorded: BTreeSet<CallId> = model.recorded.keys().copied().collect();
    prop_assert!(running.is_disjoint(&recorded));
    prop_assert_eq!(&(&running | &recorded), &model.tried);
    let paid = firm.account.running().iter().filter(|(_, call)| call.is_paid()).map(|(id, _)| *id);
    prop_assert_eq!(ledger.holds().map(|(id, _)| id).collect::<Vec<_>>(), paid.collect::<Vec<_>>());
    let bound = firm.account.exposure_bound(firm.now_ms);
    prop_assert!(bound.used <= bound.ceiling, "{bound:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn money_and_records_add_up_and_a_replay_is_the_same(steps in steps(), stop in any::<prop::sample::Index>()) {
        let mut settings = settings();
        settings.exposure_ceiling = money("0.80");
        let mut firm = Firm::with(&settings, "1.50");
        let (fresh, mut twin) = (firm.account.clone(), None);
        let mut model = Model { paid_in: money("1.50"), ..Model::default() };
        let (mut journal, stop) = (Vec::new(), stop.index(steps.len()));
        for (at, step) in steps.iter().enumerate() {
            if at == stop {
                let bytes = postcard::to_stdvec(&firm.account).unwrap();
                twin = Some(postcard::from_bytes::<Account>(&bytes).unwrap());
                prop_assert_eq!(twin.as_ref(), Some(&firm.account));
            }
            let Some(input) = input(&mut firm, &mut model, step) else { continue };
            if let Input::Register(registration) = &input
                && firm.account.answer_at_once(firm.now_ms, registration).is_some()
            {
                continue;
            }
            let answer = firm.handle(&input);
            check(&firm, &mut model, &answer)?;
            if let Some(twin) = &mut twin {
                prop_assert_eq!(&twin.handle(firm.now_ms, &input), &answer);
            }
            journal.push((firm.now_ms, input, answer));
        }
        let mut replayed = fresh;
        for (now_ms, input, answer) in &journal {
            let bytes = postcard::to_stdvec(input).unwrap();
            let input: Input = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&replayed.handle(*now_ms, &input), answer);
        }
        prop_assert_eq!(&replayed, &firm.account);
        if let Some(twin) = twin {
            prop_assert_eq!(&twin, &firm.account);
        }
        // All calls end: nothing is held any more.
        for call in firm.account.running().keys().copied().collect::<Vec<_>>() {
            let answer = firm.end(call);
            check(&firm, &mut model, &answer)?;
        }
        prop_assert_eq!(firm.account.ledger().held(), Money::ZERO);
    }
}
