//! An honest Monday: calls out, in and between desks, holds, transfers, busy lines, calls given up. Nobody may be cut.

use std::collections::BTreeMap;

use billing::Cdr;

use super::cast::{self, PEOPLE};
use super::steps::MINUTE_MS;
use super::{Outcome, Story};
use crate::Dice;
use crate::carrier;
use crate::office::{Habits, Who};
use crate::stack::CallHandle;
use crate::ua;
use crate::world::{Happening, HostId, Stopped, Told};

/// How long the day is: calls of a later hour wrap round to its beginning.
const WORK_MS: u64 = 10 * 60 * MINUTE_MS;
/// A caller gives up a call that nobody answers after this long.
const PATIENCE_MS: u64 = 45_000;

/// A call of this length has had time to be heard.
const VOICE_MS: u64 = 12_000;
/// So long after news of a transfer whoever is in it may have two voices in his ear.
const TWO_VOICES_MS: u64 = 25_000;
/// Tones no further apart are the same.
const NEAR_HZ: u16 = 20;
/// The two ends of one call hear of its end within this time, with a BYE that is sent again.
const BOTH_ENDS_MS: u64 = 10_000;

/// What is to be done at a desk.
#[derive(Debug)]
enum Todo {
    Call(HostId, String, u64),
    Outside(String, u64),
    /// Gives up the call, if it still rings.
    GiveUp(HostId, CallHandle),
    Hold(HostId, CallHandle, bool),
    Digit(HostId, CallHandle),
    /// Sends the other end of the call on to somebody else.
    SendOn(HostId, CallHandle),
    /// Puts the other end on hold and asks a colleague first.
    AskFirst(HostId, CallHandle),
    /// Connects the other ends of two calls.
    Connect(HostId, CallHandle, CallHandle),
    /// Hangs up all calls at a desk.
    Leave(HostId),
}

impl Story {
    /// Plays it.
    pub(super) fn play_workday(&mut self, dice: &mut Dice) -> Result<Outcome, Stopped> {
        let start_ms = self.world.now_ms();
        self.begin()?;
        self.work(dice)?;
        self.world.run(PATIENCE_MS)?;
        self.close()?;
        let rows = &self.world.node(self.cast.provider).rows;
        let cut = rows.acted().next().map(|incident| format!("{incident:?}"));
        self.must(cut.is_none(), || format!("honest calls were taken for a hijack: {cut:?}"))?;
        let answered = |cdrs: &[Cdr]| cdrs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).count();
        let pbx = &self.world.node(self.cast.pbx).rows.cdrs;
        let text = format!("A working day: {} calls, {} of them answered.", pbx.len(), answered(pbx));
        self.must(answered(pbx) * 2 > pbx.len(), || format!("most calls fail. {text}"))?;
        self.voices()?;
        self.say(text);
        self.outcome(start_ms)
    }

    fn work(&mut self, dice: &mut Dice) -> Result<(), Stopped> {
        let begin_ms = self.world.now_ms();
        let mut todo = self.plan_day(begin_ms, dice);
        let mut seen = self.world.log().len();
        while let Some(((at_ms, _), next)) = todo.pop_first() {
            self.at(at_ms)?;
            let further = self.carry_out(next, dice)?;
            let now_ms = self.world.now_ms();
            let mut plan = |after_ms: u64, what| drop(todo.insert((now_ms + after_ms, dice.seed()), what));
            for (after_ms, what) in further {
                plan(after_ms, what);
            }
            for (phone, call, ours) in self.calls_since(&mut seen) {
                if ours {
                    plan(PATIENCE_MS, Todo::GiveUp(phone, call));
                }
                match dice_of(call, now_ms) {
                    0 if ours => {
                        plan(25_000, Todo::Hold(phone, call, true));
                        plan(65_000, Todo::Hold(phone, call, false));
                    }
                    1 if ours => plan(20_000, Todo::Digit(phone, call)),
                    2 if ours => plan(3_000, Todo::GiveUp(phone, call)),
                    3 => plan(18_000, Todo::SendOn(phone, call)),
                    4 => plan(18_000, Todo::AskFirst(phone, call)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn plan_day(&self, begin_ms: u64, dice: &mut Dice) -> BTreeMap<(u64, u64), Todo> {
        let mut todo = BTreeMap::new();
        let mut callers = cast::habits().domestic;
        callers.retain(|number| number.len() == 11);
        let habits = Habits { callers, inbound_a_day: 25, calls_a_day: 12, ..cast::habits() };
        // The habits' Monday, laid over the time from now on.
        let monday_ms = 1_772_409_600_000;
        for call in habits.plan(monday_ms, monday_ms + 2 * 86_400_000, dice) {
            let at_ms = begin_ms + (call.at_ms - monday_ms) % WORK_MS;
            let talk_ms = call.talk_ms.unwrap_or(15_000);
            let what = match call.who {
                Who::Phone(at) => {
                    let inside = dice.chance(200);
                    let further = dice.between(1, PEOPLE.len() as u64 - 1) as usize;
                    let colleague = PEOPLE.iter().cycle().nth(at + further).filter(|_| inside);
                    let number = colleague.map_or(call.number, |user| (*user).to_owned());
                    let Some(phone) = self.cast.phones.get(at).copied() else { continue };
                    Todo::Call(phone, number, talk_ms)
                }
                Who::Outside => Todo::Outside(format!("+{}", call.number), talk_ms),
            };
            todo.insert((at_ms, dice.seed()), what);
        }
        todo
    }

    /// Does it, and says what is to be done later, after how long.
    fn carry_out(&mut self, what: Todo, dice: &mut Dice) -> Result<Vec<(u64, Todo)>, Stopped> {
        match what {
            Todo::SendOn(phone, call) if self.talks(phone, call) => return self.send_on(phone, call, dice),
            Todo::AskFirst(phone, call) if self.talks(phone, call) => return self.ask_first(phone, call, dice),
            Todo::SendOn(..) | Todo::AskFirst(..) => Ok(()),
            Todo::Connect(phone, call, asked) if self.talks(phone, asked) => {
                self.world.phone(phone, ua::Command::Transfer { call, to: ua::Target::Call(asked) })
            }
            Todo::Connect(phone, _, asked) => self.world.phone(phone, ua::Command::HangUp { call: Some(asked) }),
            Todo::Leave(phone) => self.world.phone(phone, ua::Command::HangUp { call: None }),
            Todo::Call(phone, number, talk_ms) => {
                self.world.phone(phone, ua::Command::Call { number, talk_ms: Some(talk_ms) })
            }
            Todo::Outside(from, talk_ms) => {
                let did = cast::did().to_string();
                self.world.carrier(self.cast.wholesale, carrier::Command::Call { did, from, talk_ms: Some(talk_ms) })
            }
            Todo::GiveUp(phone, call) => {
                if self.talks(phone, call) {
                    Ok(())
                } else {
                    self.world.phone(phone, ua::Command::HangUp { call: Some(call) })
                }
            }
            Todo::Hold(phone, call, on) => self.world.phone(phone, ua::Command::Hold { call, on }),
            Todo::Digit(phone, call) => self.world.phone(phone, ua::Command::Dtmf { call, digit: '5' }),
        }
        .map(|()| Vec::new())
    }

    fn talks(&self, phone: HostId, call: CallHandle) -> bool {
        self.world.log().iter().any(|happening| {
            happening.host == phone
                && matches!(happening.told, Told::Phone(ua::Event::Answered { call: other }) if other == call)
        })
    }

    /// To a colleague, or to a number outside that hangs up after a while.
    fn send_on(&mut self, phone: HostId, call: CallHandle, dice: &mut Dice) -> Result<Vec<(u64, Todo)>, Stopped> {
        let colleague = self.free_colleague(phone, dice).filter(|_| dice.chance(500));
        let number = colleague.map_or("19709872210", |(_, user)| user).to_owned();
        if colleague.is_none() {
            let fate = carrier::Fate::Answer { ring_ms: (2_000, 6_000), talk_ms: Some((30_000, 60_000)) };
            let expect = carrier::Command::Expect { number: number.clone(), fate };
            self.world.carrier(self.cast.wholesale, expect)?;
        }
        self.world.phone(phone, ua::Command::Transfer { call, to: ua::Target::Number(number) })?;
        Ok(colleague.map(|(desk, _)| (90_000, Todo::Leave(desk))).into_iter().collect())
    }

    fn ask_first(&mut self, phone: HostId, call: CallHandle, dice: &mut Dice) -> Result<Vec<(u64, Todo)>, Stopped> {
        let Some((desk, user)) = self.free_colleague(phone, dice) else { return Ok(Vec::new()) };
        self.world.phone(phone, ua::Command::Hold { call, on: true })?;
        self.world.phone(phone, ua::Command::Call { number: user.to_owned(), talk_ms: Some(60_000) })?;
        let asked = self.world.log().iter().rev().find_map(|happening| match &happening.told {
            Told::Phone(ua::Event::Calling { call, .. }) if happening.host == phone => Some(*call),
            _ => None,
        });
        let Some(asked) = asked else { return Ok(Vec::new()) };
        Ok(vec![(20_000, Todo::Connect(phone, call, asked)), (90_000, Todo::Leave(desk))])
    }

    /// Somebody else at a desk who is not in a call, and his extension.
    fn free_colleague(&self, phone: HostId, dice: &mut Dice) -> Option<(HostId, &'static str)> {
        let mut calls: BTreeMap<HostId, i32> = BTreeMap::new();
        for happening in self.world.log() {
            let change = match &happening.told {
                Told::Phone(ua::Event::Calling { .. } | ua::Event::IncomingCall { .. }) => 1,
                Told::Phone(ua::Event::Ended { .. }) => -1,
                _ => 0,
            };
            *calls.entry(happening.host).or_default() += change;
        }
        let free = |desk: &HostId| *desk != phone && calls.get(desk).is_none_or(|running| *running == 0);
        let others = self.cast.phones.iter().copied().zip(PEOPLE).filter(|(desk, _)| free(desk));
        dice.pick(&others.collect::<Vec<_>>()).copied()
    }

    /// Whoever talked for a while heard the other end, and not himself.
    fn voices(&self) -> Result<(), Stopped> {
        if self.plan.voice_ms.is_none() || !self.plan.crashes.is_empty() {
            return Ok(());
        }
        let news = self.world.log().iter();
        let news = news.filter(|news| matches!(news.told, Told::Phone(ua::Event::Transfer { .. })));
        let transfers_ms: Vec<u64> = news.map(|news| news.at_ms).collect();
        for happening in self.world.log() {
            let mut transfers_ms = transfers_ms.iter();
            let Told::Phone(ua::Event::Ended { call, talk_ms: Some(talk_ms), heard, .. }) = &happening.told else {
                continue;
            };
            // Whoever puts the other end on hold hears nothing more, and may so keep two voices for as long as the call lasts.
            let long_ms = if self.put_on_hold(happening.host, *call) { *talk_ms } else { 0 }.max(TWO_VOICES_MS);
            let mixed = transfers_ms.any(|at_ms| (*at_ms..at_ms + long_ms).contains(&happening.at_ms));
            let own = self.cast.phones.iter().position(|phone| *phone == happening.host).map(cast::phone_tone_hz);
            let clear = heard.tone_hz.is_some_and(|hz| {
                let near = |tone: u16| hz.abs_diff(tone) <= NEAR_HZ;
                own.is_none_or(|own| !near(own) || self.is_both_ends(happening, *call, own))
                    && (near(cast::FAR_TONE_HZ) || (0..PEOPLE.len()).any(|at| near(cast::phone_tone_hz(at))))
            });
            self.must(*talk_ms < VOICE_MS || mixed || clear, || {
                format!("{:?} talked {talk_ms} ms and heard {heard:?}", happening.host)
            })?;
        }
        Ok(())
    }

    /// Whether a phone was at both ends: transfers can join two calls of the same one, each of which then hears the other,
    /// and they end together.
    fn is_both_ends(&self, ended: &Happening, one: CallHandle, own_hz: u16) -> bool {
        self.world.log().iter().any(|happening| match &happening.told {
            Told::Phone(ua::Event::Ended { call, heard, .. }) => {
                happening.host == ended.host
                    && *call != one
                    && happening.at_ms.abs_diff(ended.at_ms) <= BOTH_ENDS_MS
                    && heard.tone_hz.is_some_and(|hz| hz.abs_diff(own_hz) <= NEAR_HZ)
            }
            _ => false,
        })
    }

    fn put_on_hold(&self, phone: HostId, held: CallHandle) -> bool {
        self.world.log().iter().any(|happening| {
            happening.host == phone
                && matches!(happening.told, Told::Phone(ua::Event::HoldAnswered { call, .. }) if call == held)
        })
    }

    /// Calls that telephones have begun or that came to them since the log was last looked at; true: begun.
    fn calls_since(&self, seen: &mut usize) -> Vec<(HostId, CallHandle, bool)> {
        let later = self.world.log().get(*seen..).unwrap_or_default();
        *seen = self.world.log().len();
        let calling = later.iter().filter_map(|happening| match &happening.told {
            Told::Phone(ua::Event::Calling { call, .. }) => Some((happening.host, *call, true)),
            Told::Phone(ua::Event::IncomingCall { call, .. }) => Some((happening.host, *call, false)),
            _ => None,
        });
        calling.collect()
    }
}

/// What becomes of a call beyond talking, one in five each: hold, a digit, a change of mind, a transfer of either kind.
fn dice_of(call: CallHandle, now_ms: u64) -> u64 {
    Dice::new(call.0 ^ now_ms).below(5)
}
