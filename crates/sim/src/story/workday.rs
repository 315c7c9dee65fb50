//! An honest Monday: calls out, in and between desks, holds, busy lines, calls given up. Nobody may be cut.

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
use crate::world::{HostId, Stopped, Told};

/// How long the day is: calls of a later hour wrap round to its beginning.
const WORK_MS: u64 = 10 * 60 * MINUTE_MS;
/// A caller gives up a call that nobody answers after this long.
const PATIENCE_MS: u64 = 45_000;

/// A call of this length has had time to be heard.
const VOICE_MS: u64 = 12_000;

/// What is to be done at a desk.
#[derive(Debug)]
enum Todo {
    Call(HostId, String, u64),
    Outside(String, u64),
    /// Gives up the call, if it still rings.
    GiveUp(HostId, CallHandle),
    Hold(HostId, CallHandle, bool),
    Digit(HostId, CallHandle),
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
            self.carry_out(next)?;
            let calls = self.calls_since(&mut seen);
            for (phone, call) in calls {
                let now_ms = self.world.now_ms();
                let mut plan = |after_ms: u64, what| drop(todo.insert((now_ms + after_ms, dice.seed()), what));
                plan(PATIENCE_MS, Todo::GiveUp(phone, call));
                match dice_of(call, now_ms) {
                    0 => {
                        plan(25_000, Todo::Hold(phone, call, true));
                        plan(65_000, Todo::Hold(phone, call, false));
                    }
                    1 => plan(20_000, Todo::Digit(phone, call)),
                    2 => plan(3_000, Todo::GiveUp(phone, call)),
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

    fn carry_out(&mut self, what: Todo) -> Result<(), Stopped> {
        match what {
            Todo::Call(phone, number, talk_ms) => {
                self.world.phone(phone, ua::Command::Call { number, talk_ms: Some(talk_ms) })
            }
            Todo::Outside(from, talk_ms) => {
                let did = cast::did().to_string();
                self.world.carrier(self.cast.wholesale, carrier::Command::Call { did, from, talk_ms: Some(talk_ms) })
            }
            Todo::GiveUp(phone, call) => {
                let talks = self.world.log().iter().any(|happening| {
                    happening.host == phone
                        && matches!(happening.told, Told::Phone(ua::Event::Answered { call: other }) if other == call)
                });
                if talks { Ok(()) } else { self.world.phone(phone, ua::Command::HangUp { call: Some(call) }) }
            }
            Todo::Hold(phone, call, on) => self.world.phone(phone, ua::Command::Hold { call, on }),
            Todo::Digit(phone, call) => self.world.phone(phone, ua::Command::Dtmf { call, digit: '5' }),
        }
    }

    /// Whoever talked for a while heard the other end, and not himself.
    fn voices(&self) -> Result<(), Stopped> {
        if self.plan.voice_ms.is_none() || !self.plan.crashes.is_empty() {
            return Ok(());
        }
        for happening in self.world.log() {
            let Told::Phone(ua::Event::Ended { talk_ms: Some(talk_ms), heard, .. }) = &happening.told else { continue };
            let own = self.cast.phones.iter().position(|phone| *phone == happening.host).map(cast::phone_tone_hz);
            let clear = heard.tone_hz.is_some_and(|hz| {
                let near = |tone: u16| hz.abs_diff(tone) <= 20;
                own.is_none_or(|own| !near(own))
                    && (near(cast::FAR_TONE_HZ) || (0..PEOPLE.len()).any(|at| near(cast::phone_tone_hz(at))))
            });
            self.must(*talk_ms < VOICE_MS || clear, || {
                format!("{:?} talked {talk_ms} ms and heard {heard:?}", happening.host)
            })?;
        }
        Ok(())
    }

    /// Calls that telephones have begun since the log was last looked at.
    fn calls_since(&self, seen: &mut usize) -> Vec<(HostId, CallHandle)> {
        let later = self.world.log().get(*seen..).unwrap_or_default();
        *seen = self.world.log().len();
        let calling = later.iter().filter_map(|happening| match &happening.told {
            Told::Phone(ua::Event::Calling { call, .. }) => Some((happening.host, *call)),
            _ => None,
        });
        calling.collect()
    }
}

/// What becomes of a call beyond talking, one in five each: hold, a digit, a change of mind.
fn dice_of(call: CallHandle, now_ms: u64) -> u64 {
    Dice::new(call.0 ^ now_ms).below(5)
}
