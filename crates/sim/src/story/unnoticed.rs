//! What if nobody notices: the provider's guard only watches, so the ceiling and the prepaid credit have to hold the
//! loss; and the owner who then changes the secret ends the thief's running calls.

use account::Change;
use billing::{Cdr, HungUpBy, Money};

use super::cast::{self, HOME_NUMBER, SPARE, account_id, line_id};
use super::steps::{MINUTE_MS, albania};
use super::{Outcome, Story, Whose};
use crate::attacker::{self, Event};
use crate::world::{Stopped, Told, World};

const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Until the last BYE of a bad network has been answered or given up.
const FAREWELL_MS: u64 = 35_000;

impl Story {
    /// Plays it.
    pub(super) fn play_unnoticed(&mut self) -> Result<Outcome, Stopped> {
        let start_ms = self.world.now_ms();
        self.begin()?;
        self.guess()?;
        self.spend()?;
        self.second_day()?;
        self.close()?;
        self.outcome(start_ms)
    }

    /// The thief dials until every call is refused; no more is lost than ceiling and credit allow.
    fn spend(&mut self) -> Result<(), Stopped> {
        self.at(self.plan.dial_ms)?;
        let attacker = self.cast.attacker;
        let before = self.credit();
        let from = self.world.log().len();
        self.world.attack(attacker, attacker::Command::Dial)?;
        let done = |world: &World| {
            let later = world.log().get(from..).unwrap_or_default();
            let done = later.iter().any(|happening| matches!(&happening.told, Told::Attacker(Event::Done)));
            done && world.attacker(attacker).calls().next().is_none()
        };
        let over = self.until(20 * HOUR_MS, done)?;
        self.must(over, || "the thief is never stopped".to_owned())?;
        self.world.run(MINUTE_MS)?;
        let lost = self.lost();
        let most = self.plan.ceiling.min(before);
        self.must(lost <= most, || format!("{lost} were lost where {most} was the most"))?;
        let why = |cdr: &&Cdr| matches!(&cdr.result.hung_up_by, HungUpBy::Node { why } if why.contains("credit"));
        let cdrs = &self.world.node(self.cast.provider).rows.cdrs;
        let ended = cdrs.iter().filter(why).count();
        self.say(format!(
            "Nobody noticed: ${lost} of at most ${most} were lost; {ended} calls ended with their credit."
        ));
        let Some(phone) = self.cast.phones.first().copied() else { return Ok(()) };
        let call = self.dial(phone, "911", 20_000)?;
        self.must(call.answered, || format!("an emergency call fails without credit: {call:?}"))
    }

    /// A day later the firm has paid again, and so has the thief begun again; now the owner changes the secret.
    fn second_day(&mut self) -> Result<(), Stopped> {
        self.world.run(26 * HOUR_MS)?;
        let account = account_id(Whose::Provider);
        let change = Change::TopUp { amount: Money::from_cents(5_000), reference: "second day".to_owned() };
        let paid = self.change(self.cast.provider, &account, &change)?;
        let again = matches!(&paid, Err(error) if error.to_string().contains("already booked"));
        self.must(paid.is_ok() || again, || format!("the payment is refused: {paid:?}"))?;
        let attacker = self.cast.attacker;
        let from = self.world.log().len();
        self.world.attack(attacker, attacker::Command::Dial)?;
        let talks = |world: &World| {
            let later = world.log().get(from..).unwrap_or_default();
            later.iter().any(|happening| matches!(&happening.told, Told::Attacker(Event::Answered { .. })))
        };
        let talking = self.until(10 * MINUTE_MS, talks)?;
        self.must(talking, || "the thief's calls are not answered".to_owned())?;
        self.secret_ends_calls()?;
        let Some(phone) = self.cast.phones.first().copied() else { return Ok(()) };
        let call = self.dial(phone, HOME_NUMBER, 20_000)?;
        self.must(call.answered, || format!("a call home fails after the new secret: {call:?}"))
    }

    /// Invariant 13, seen from outside: the thief's calls end, and no new one begins.
    fn secret_ends_calls(&mut self) -> Result<(), Stopped> {
        let (pbx, attacker) = (self.cast.pbx, self.cast.attacker);
        let secrets = cast::secrets(SPARE, cast::realm(Whose::Pbx), "a better one: 7Qd-horse");
        let change = Change::SetSecret { line: line_id(SPARE), secrets };
        let reply = self.change(pbx, &account_id(Whose::Pbx), &change)?;
        self.must(reply.is_ok(), || format!("the new secret is refused: {reply:?}"))?;
        let from = self.world.log().len();
        self.world.run(FAREWELL_MS)?;
        let account = account_id(Whose::Pbx);
        let left = self.world.node(pbx).account(&account).map_or(0, |account| {
            account.running().values().filter(|call| call.facts.line() == Some(&line_id(SPARE))).count()
        });
        self.must(left == 0, || format!("{left} calls of the thief go on"))?;
        self.world.run(10 * MINUTE_MS)?;
        let later = self.world.log().get(from..).unwrap_or_default();
        let answered = later.iter().any(|happening| matches!(&happening.told, Told::Attacker(Event::Answered { .. })));
        self.must(!answered, || "the thief's calls are answered with the old secret".to_owned())?;
        self.world.attack(attacker, attacker::Command::Stop)?;
        self.say("The owner has changed the password in the middle of the calls: all of them ended.");
        Ok(())
    }

    /// What the firm has at the provider.
    fn credit(&self) -> Money {
        let account = self.world.node(self.cast.provider).account(&account_id(Whose::Provider));
        account.map_or(self.plan.paid_in, account::Account::balance)
    }

    /// What calls to Albania have cost so far.
    fn lost(&self) -> Money {
        let cdrs = &self.world.node(self.cast.provider).rows.cdrs;
        albania(cdrs).fold(Money::ZERO, |sum, cdr| sum.saturating_add(cdr.money.charge))
    }
}
