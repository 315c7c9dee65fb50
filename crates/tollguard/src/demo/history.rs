//! Six weeks of ordinary office traffic, played through the account machines of both nodes before they start, so that
//! both know what is normal: real journals, real tables, past times.

mod chronicle;

use std::collections::BTreeMap;

use account::{
    Attempt, CallEnd, Caller, Change, Flow, HungUpBy, Input, LookUps, Party, Permit, Registration, RegistrationChange,
    Reply, Settlement, Told, Transport, Verdict, Via,
};
use billing::{CallId, LineId, Money};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use sim::Dice;
use sim::office::{Habits, Planned, Who};

use super::cast::{self, ABROAD, AT_HOME, Addresses, CALLERS, MAIN_NUMBER, PHONE_AGENT, PHONES, Side, TIME_ZONE};
use crate::config::Config;
use chronicle::Chronicle;
pub(super) use chronicle::HistoryError;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How much history there is.
const DAYS: u64 = 42;
/// Planned calls talk up to half an hour; a law office is briefer.
const BREVITY: u64 = 3;

/// What was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Played {
    /// Calls of the firm, in and out.
    pub(super) calls: usize,
}

/// Writes both nodes' past: set-up six weeks ago, then ordinary working days until last midnight.
///
/// # Errors
/// [`HistoryError`] where a data directory cannot be written.
pub(super) fn play(
    configs: &[Config; 2],
    addresses: &Addresses,
    now_ms: u64,
    seed: u64,
) -> Result<Played, HistoryError> {
    let offset_min = utc_offset_min(now_ms);
    let local_ms = now_ms.saturating_add_signed(i64::from(offset_min) * 60_000);
    let until_ms = (local_ms / DAY_MS * DAY_MS).saturating_add_signed(-i64::from(offset_min) * 60_000);
    let from_ms = until_ms - DAYS * DAY_MS;
    let [provider, pbx] = configs;
    let mut past = Past {
        sides: [Chronicle::open(provider, Side::Provider, offset_min)?, Chronicle::open(pbx, Side::Pbx, offset_min)?],
        addresses: *addresses,
        calls: Vec::new(),
        agenda: BTreeMap::new(),
        planned: 0,
    };
    past.set_up(from_ms, addresses);
    past.plan(from_ms, until_ms, offset_min, seed);
    let calls = past.calls.len();
    past.live(until_ms)?;
    Ok(Played { calls })
}

/// The firm's clock against UTC now, minutes.
fn utc_offset_min(now_ms: u64) -> i16 {
    let now = i64::try_from(now_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    let zone = TimeZoneDatabase::bundled().get(TIME_ZONE);
    zone.map_or(0, |zone| i16::try_from(zone.to_offset(now).seconds() / 60).unwrap_or(0))
}

/// What is done at a moment.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Morning,
    TopUp,
    Begin(usize),
    Answer(usize),
    Extend(usize, Side),
    End(usize),
}

/// A call under way.
struct Call {
    planned: Planned,
    answer_ms: Option<u64>,
    /// Whether each side has let it through and still carries it.
    carried: [bool; 2],
}

struct Past {
    sides: [Chronicle; 2],
    addresses: Addresses,
    calls: Vec<Call>,
    agenda: BTreeMap<(u64, u64), Moment>,
    planned: u64,
}

impl Past {
    fn set_up(&mut self, at_ms: u64, addresses: &Addresses) {
        for side in Side::BOTH {
            let past = &mut self.sides[side as usize];
            cast::book(side, addresses).into_iter().for_each(|change| past.book(at_ms, change));
            cast::firm_lines(side).into_iter().for_each(|change| past.change(at_ms, change));
        }
    }

    fn at(&mut self, at_ms: u64, moment: Moment) {
        self.planned += 1;
        self.agenda.insert((at_ms, self.planned), moment);
    }

    fn plan(&mut self, from_ms: u64, until_ms: u64, offset_min: i16, seed: u64) {
        for day in 0..DAYS {
            self.at(from_ms + day * DAY_MS + 8 * HOUR_MS, Moment::Morning);
            if day % 14 == 0 {
                self.at(from_ms + day * DAY_MS + HOUR_MS, Moment::TopUp);
            }
        }
        let texts = |numbers: &[&str]| numbers.iter().map(|&number| number.to_owned()).collect();
        let habits = Habits {
            phones: PHONES.len(),
            utc_offset_min: offset_min.into(),
            calls_a_day: 5,
            domestic: texts(&AT_HOME),
            international: texts(&ABROAD),
            international_permille: 60,
            callers: texts(&CALLERS),
            inbound_a_day: 6,
        };
        for mut planned in habits.plan(from_ms, until_ms, &mut Dice::new(seed)) {
            planned.talk_ms = planned.talk_ms.map(|talk_ms| talk_ms / BREVITY);
            self.at(planned.at_ms, Moment::Begin(self.calls.len()));
            self.calls.push(Call { planned, answer_ms: None, carried: [false; 2] });
        }
    }

    fn live(mut self, until_ms: u64) -> Result<(), HistoryError> {
        while let Some(((at_ms, _), moment)) = self.agenda.pop_first() {
            for past in &mut self.sides {
                past.tick_until(at_ms);
                past.write_full()?;
            }
            match moment {
                Moment::Morning => self.morning(at_ms),
                Moment::TopUp => {
                    let reference = format!("transfer {}", at_ms / DAY_MS);
                    let change = Change::TopUp { amount: Money::from_cents(6_000), reference };
                    self.sides.iter_mut().for_each(|past| past.change(at_ms, change.clone()));
                }
                Moment::Begin(call) => self.begin(at_ms, call),
                Moment::Answer(call) => self.answer(at_ms, call),
                Moment::Extend(call, side) => self.extend(at_ms, call, side),
                Moment::End(call) => self.end(at_ms, call),
            }
        }
        let [mut provider, mut pbx] = self.sides;
        for past in [&mut provider, &mut pbx] {
            past.tick_until(until_ms);
        }
        provider.close()?;
        pbx.close()
    }

    /// Telephones and trunk register for the day.
    fn morning(&mut self, at_ms: u64) {
        let register = |past: &mut Chronicle, line: LineId, remote, agent: &str, name: &str| {
            let contact = format!("sip:{name}@{remote}");
            let via = via(past, remote, agent);
            let change = RegistrationChange::Put(vec![(contact, (11 * HOUR_MS / 1_000) as u32)]);
            let call_id = format!("{name}-{}", at_ms / DAY_MS);
            let registration = Registration { token: 0, line, change, call_id, cseq: 1, via, secret_version: None };
            past.account(at_ms, Input::Register(Box::new(registration)));
        };
        let [provider, pbx] = &mut self.sides;
        register(provider, cast::trunk(), self.addresses.node(Side::Pbx), "", "pbx");
        for phone in &PHONES {
            register(pbx, cast::line_of(phone), self.addresses.phone(phone), PHONE_AGENT, phone.extension);
        }
    }

    fn begin(&mut self, at_ms: u64, number: usize) {
        let Some(call) = self.calls.get(number) else { return };
        let planned = call.planned.clone();
        let carried = match planned.who {
            Who::Phone(phone) => self.call_out(at_ms, number, phone, &planned.number),
            Who::Outside => self.call_in(at_ms, number, &planned.number),
        };
        let Some(call) = self.calls.get_mut(number) else { return };
        call.carried = carried;
        let rung_ms = at_ms + planned.ring_ms;
        match planned.talk_ms {
            Some(_) if carried == [true; 2] => self.at(rung_ms, Moment::Answer(number)),
            _ => self.at(rung_ms, Moment::End(number)),
        }
    }

    /// A telephone calls out: through the PBX, then over the trunk through the provider.
    fn call_out(&mut self, at_ms: u64, number: usize, phone: usize, dialled: &str) -> [bool; 2] {
        let Some(phone) = PHONES.get(phone) else { return [false; 2] };
        let (from, node) = (self.addresses.phone(phone), self.addresses.node(Side::Pbx));
        let line = Party::Line(cast::line_of(phone));
        let [provider, pbx] = &mut self.sides;
        let caller = Caller { user: phone.extension.to_owned(), name: phone.name.to_owned(), ..Caller::default() };
        let attempt = attempt(pbx, number, line, dialled, caller, (from, PHONE_AGENT), None);
        let Some(Permit::Carrier { number: e164, caller, .. }) = pbx.screen(at_ms, attempt) else { return [false; 2] };
        let told = Told {
            extension: phone.extension.to_owned(),
            address: from.ip().to_string(),
            place: geo::Place::default(),
        };
        let line = Party::Line(cast::trunk());
        let attempt = self::attempt(provider, number, line, &e164, caller, (node, ""), Some(told));
        [provider.screen(at_ms, attempt).is_some(), true]
    }

    /// Somebody calls the firm: from the carrier through the provider, then over the trunk to the PBX.
    fn call_in(&mut self, at_ms: u64, number: usize, caller: &str) -> [bool; 2] {
        let sources = [self.addresses.carrier(), self.addresses.node(Side::Provider)];
        let mut carried = [false; 2];
        for (side, source) in Side::BOTH.into_iter().zip(sources) {
            let past = &mut self.sides[side as usize];
            let caller = Caller { user: caller.to_owned(), ..Caller::default() };
            let from = Party::Carrier(cast::carrier_id(side));
            let attempt = attempt(past, number, from, MAIN_NUMBER, caller, (source, ""), None);
            if past.screen(at_ms, attempt).is_none() {
                break;
            }
            carried[side as usize] = true;
        }
        carried
    }

    fn answer(&mut self, at_ms: u64, number: usize) {
        let Some(call) = self.calls.get_mut(number) else { return };
        call.answer_ms = Some(at_ms);
        let talk_ms = call.planned.talk_ms.unwrap_or(0);
        self.at(at_ms + talk_ms, Moment::End(number));
        for side in Side::BOTH {
            let input = Input::Answered { call: call_id(number), legs: Vec::new() };
            let replies = self.sides[side as usize].account(at_ms, input);
            self.lease(at_ms, number, side, &replies);
        }
    }

    fn extend(&mut self, at_ms: u64, number: usize, side: Side) {
        let Some(answer_ms) = self.calls.get(number).and_then(|call| call.answer_ms) else { return };
        let past = &mut self.sides[side as usize];
        if past.runs(call_id(number)) {
            let replies = past.account(at_ms, Input::Extend { call: call_id(number) });
            self.lease(answer_ms, number, side, &replies);
        }
    }

    /// Notes when the account wants to be asked again.
    fn lease(&mut self, answer_ms: u64, number: usize, side: Side, replies: &[Reply]) {
        for reply in replies {
            if let Reply::Leased { lease, .. } = reply
                && let Some(check_s) = lease.check_at_s
            {
                self.at(answer_ms + u64::from(check_s) * 1_000, Moment::Extend(number, side));
            }
        }
    }

    fn end(&mut self, at_ms: u64, number: usize) {
        let Some(call) = self.calls.get(number) else { return };
        let (answer_ms, outward) = (call.answer_ms, matches!(call.planned.who, Who::Phone(_)));
        let ring_ms = Some(call.planned.at_ms + 400);
        for side in Side::BOTH {
            if !call.carried[side as usize] {
                continue;
            }
            let settlement = Settlement {
                call: call_id(number),
                ring_ms,
                answer_ms,
                status: if answer_ms.is_some() { 200 } else { 487 },
                reason: String::new(),
                hung_up_by: if number.is_multiple_of(2) { HungUpBy::Caller } else { HungUpBy::Callee },
                end: CallEnd::Normal,
                carrier: outward.then(|| cast::carrier_id(side)),
                callee: (!outward && answer_ms.is_some()).then(|| cast::answers(side)),
            };
            self.sides[side as usize].account(at_ms, Input::Settle(settlement));
        }
    }
}

/// Calls of the past have the numbers of no run: identifiers of the first start begin above them.
fn call_id(number: usize) -> CallId {
    CallId(number as u64 + 1)
}

fn via(past: &Chronicle, remote: std::net::SocketAddr, agent: &str) -> Via {
    let flow = Flow { local: past.address(), remote, transport: Transport::Udp, connection: 0 };
    Via { flow, user_agent: agent.into(), place: past.locate(remote.ip()), failures_before: account::Failures::NONE }
}

/// An attempt with its look-ups, as the node makes them.
fn attempt(
    past: &Chronicle,
    number: usize,
    from: Party,
    dialled: &str,
    caller: Caller,
    (remote, agent): (std::net::SocketAddr, &str),
    told: Option<Told>,
) -> Attempt {
    let attempt = Attempt {
        call: call_id(number),
        from,
        dialled: dialled.to_owned(),
        caller,
        via: via(past, remote, agent),
        cause: None,
        told,
        look_ups: LookUps::none(),
    };
    past.complete(attempt)
}

/// The place where a permitted call goes.
fn permit(replies: Vec<Reply>) -> Option<Permit> {
    replies.into_iter().find_map(|reply| match reply {
        Reply::Verdict { verdict: Verdict::Allowed { permit, .. }, .. } => Some(permit),
        _ => None,
    })
}
