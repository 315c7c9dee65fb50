//! The steps of the story, one after the other, each checked.

use account::{Change, Notice};
use billing::{Cdr, Decision, Money};
use guard::{Action, Incident};
use node::{Command, CommandReply, NodeChange};

use super::cast::{self, HOME_NUMBER, LONDON, SPARE, account_id, line_id};
use super::{Outcome, Story, Whose};
use crate::attacker::{self, Event};
use crate::carrier;
use crate::ua;
use crate::world::{Stopped, Told, World};

pub(super) const MINUTE_MS: u64 = 60_000;
/// The wall after which the story counts as stuck.
const HOUR_MS: u64 = 60 * MINUTE_MS;

impl Story {
    pub(super) fn play(&mut self) -> Result<Outcome, Stopped> {
        let start_ms = self.world.now_ms();
        self.begin()?;
        self.guess()?;
        self.pump()?;
        self.during_the_cut()?;
        self.owner_reads()?;
        self.owner_acts()?;
        self.lift()?;
        self.attacker_returns()?;
        self.close()?;
        let outcome = self.outcome(start_ms)?;
        self.must(outcome.loss <= self.plan.ceiling, || format!("{} were lost, above the ceiling", outcome.loss))?;
        Ok(outcome)
    }

    /// The telephones register, the PBX at its provider.
    pub(super) fn begin(&mut self) -> Result<(), Stopped> {
        for phone in self.cast.phones.clone() {
            self.world.phone(phone, ua::Command::Register)?;
        }
        let (pbx, provider) = (self.cast.pbx, self.cast.provider);
        let bound = |world: &World| {
            let bindings = |node, whose| {
                let account = world.node(node).account(&account_id(whose));
                account.map_or(0, |account| account.lines().values().filter(|line| !line.bindings.is_empty()).count())
            };
            bindings(pbx, Whose::Pbx) == cast::PEOPLE.len() && bindings(provider, Whose::Provider) == 1
        };
        let registered = self.until(10 * MINUTE_MS, bound)?;
        self.must(registered, || "telephones or trunk do not register".to_owned())?;
        self.say("The telephones are registered at the PBX, and the PBX at its provider.");
        for crash in self.plan.crashes.clone() {
            let node = if crash.whose == Whose::Pbx { pbx } else { provider };
            self.world.plan_crash(self.plan.dial_ms + crash.after_dial_ms, node, crash.down_ms);
        }
        let inbound = carrier::Command::Call {
            did: cast::did().to_string(),
            from: "+17204651182".to_owned(),
            talk_ms: Some(30_000),
        };
        self.world.carrier(self.cast.wholesale, inbound)?;
        self.world.run(2 * MINUTE_MS)?;
        let answered = self.world.log().iter().any(|happening| {
            happening.host == self.cast.wholesale
                && matches!(happening.told, Told::Carrier(carrier::Event::Answered { .. }))
        });
        self.must(answered, || "a call from outside does not ring through".to_owned())
    }

    /// Step 1: somebody in Khan Yunis guesses the password of a spare extension.
    pub(super) fn guess(&mut self) -> Result<(), Stopped> {
        self.at(self.plan.scan_ms)?;
        let attacker = self.cast.attacker;
        self.world.attack(attacker, attacker::Command::Scan)?;
        let found = self.until(HOUR_MS, |world| world.attacker(attacker).found().is_some())?;
        self.must(found, || "the password was not found".to_owned())?;
        let user = self.world.attacker(attacker).found().map(|(user, _)| user.clone()).unwrap_or_default();
        self.must(user == SPARE, || format!("the password of {user} was guessed"))?;
        self.say(format!("Somebody at {} has guessed the password of extension {user}.", self.plan.attack.ip));
        Ok(())
    }

    /// Steps 2 and 3: they dial Albania; the provider notices, cuts, hangs up, and tells.
    fn pump(&mut self) -> Result<(), Stopped> {
        self.at(self.plan.dial_ms)?;
        let (attacker, provider) = (self.cast.attacker, self.cast.provider);
        self.world.attack(attacker, attacker::Command::Dial)?;
        let told = |world: &World| incident_told(world, provider).is_some();
        let noticed = self.until(3 * HOUR_MS, told)?;
        let tried = albania(&self.world.node(provider).rows.cdrs).count();
        self.must(noticed, || format!("the provider does not notice; {tried} calls to Albania have a record"))?;
        let incident = incident_told(&self.world, provider).cloned();
        let incident = incident.ok_or_else(|| Stopped::Story("the incident is gone".to_owned()))?;
        self.say(format!(
            "The provider notices ({} dB) and cuts international calling: {:?}; {} calls in the notice.",
            incident.score,
            incident.action,
            incident.calls.len()
        ));
        let to_albania = incident.calls.iter().all(|call| !call.destination.is_empty());
        self.must(!incident.calls.is_empty() && to_albania, || "the notice names no calls".to_owned())?;
        self.must(!incident.evidence.is_empty(), || "the notice gives no reasons".to_owned())?;
        let told = incident.told.iter().any(|told| told.contains(SPARE));
        self.must(told, || format!("the PBX told its provider nothing: {:?}", incident.told))?;
        // What runs is hung up; on a bad network the last BYE may take a while to arrive.
        let silent = |world: &World| {
            let accounts = world.node(provider).accounts();
            !accounts
                .flat_map(|(_, account)| account.running().values())
                .any(|call| call.facts.number.as_ref().is_some_and(|number| number.cut_class))
        };
        let hung_up = self.until(MINUTE_MS, silent)?;
        self.must(hung_up, || "calls to Albania still run at the provider".to_owned())
    }

    /// The cut stops calls abroad and nothing else.
    fn during_the_cut(&mut self) -> Result<(), Stopped> {
        let [desk, home, other] = [0, 5, 2].map(|at| self.cast.phones.get(at).copied());
        let (Some(desk), Some(home), Some(other)) = (desk, home, other) else { return Ok(()) };
        let call = self.dial(home, HOME_NUMBER, 20_000)?;
        self.must(call.answered, || format!("a call home fails during the cut: {call:?}"))?;
        let call = self.dial(desk, "911", 30_000)?;
        self.must(call.answered, || format!("an emergency call fails during the cut: {call:?}"))?;
        let (provider, pbx) = (self.cast.provider, self.cast.pbx);
        let emergency = |world: &World| {
            [provider, pbx].iter().all(|node| {
                let notices = &world.node(*node).rows.notices;
                notices.iter().any(|(_, _, notice)| matches!(notice, Notice::Emergency { .. }))
            })
        };
        let told = self.until(MINUTE_MS, emergency)?;
        self.must(told, || "nobody is told of the emergency call".to_owned())?;
        let call = self.dial(other, LONDON, 20_000)?;
        self.must(!call.answered, || "a call abroad goes through during the cut".to_owned())?;
        self.say("During the cut: a call home and an emergency call went through, a call to London was refused.");
        let inside = self.dial(desk, "102", 10_000)?;
        self.must(inside.answered, || format!("extension to extension fails: {inside:?}"))
    }

    /// Step 4: the call detail records of the PBX tell who, from where, to whom.
    fn owner_reads(&mut self) -> Result<(), Stopped> {
        self.at(self.plan.owner_ms)?;
        let cdrs = &self.world.node(self.cast.pbx).rows.cdrs;
        let theirs: Vec<&Cdr> = albania(cdrs).collect();
        self.must(!theirs.is_empty(), || "the PBX has no record of the calls".to_owned())?;
        for cdr in &theirs {
            let line = cdr.who.line.as_ref().map(ToString::to_string).unwrap_or_default();
            let country = cdr.from.place.country.map(|country| country.code().to_owned()).unwrap_or_default();
            self.must(line == SPARE && cdr.from.ip == self.plan.attack.ip && country == "PS", || {
                format!("a record names extension {line}, {} in {country}", cdr.from.ip)
            })?;
            self.must(cdr.verdict.decision == Decision::Allowed || cdr.result.sip_status >= 400, || {
                format!("the PBX only watches, and refused call {}", cdr.call)
            })?;
        }
        let through = theirs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).count();
        let text =
            format!("The records of the PBX show {} calls of extension {SPARE}, {through} answered.", theirs.len());
        self.say(text);
        Ok(())
    }

    /// Step 5: a new password for the extension, and lock-out on.
    fn owner_acts(&mut self) -> Result<(), Stopped> {
        let (pbx, account) = (self.cast.pbx, account_id(Whose::Pbx));
        let secrets = cast::secrets(SPARE, cast::realm(Whose::Pbx), "a better one: 7Qd-horse");
        let reply = self.change(pbx, &account, &Change::SetSecret { line: line_id(SPARE), secrets })?;
        self.must(reply.is_ok(), || format!("the new secret is refused: {reply:?}"))?;
        let bindings = |world: &World| {
            let account = world.node(pbx).account(&account);
            account.and_then(|account| account.lines().get(SPARE)).map_or(0, |line| line.bindings.len())
        };
        self.must(bindings(&self.world) == 0, || "the thief is still registered".to_owned())?;
        let lockout = lockout::Settings::default();
        let by = account::Actor::User("owner".to_owned());
        let command = Command::Node { by, change: NodeChange::Lockout(lockout) };
        let reply = self.ask(pbx, &command)?;
        self.must(reply.is_ok(), || format!("lock-out cannot be turned on: {reply:?}"))?;
        self.say(format!("The owner has changed the password of {SPARE} and turned lock-out on."));
        Ok(())
    }

    /// Step 6: international calling is turned back on at the provider, and works.
    fn lift(&mut self) -> Result<(), Stopped> {
        let (provider, account) = (self.cast.provider, account_id(Whose::Provider));
        let reply = self.change(provider, &account, &Change::LiftCut { line: None })?;
        let again = matches!(&reply, Err(error) if error.to_string().contains("not cut"));
        self.must(reply.is_ok() || (again && self.world.node(provider).boots() > 1), || {
            format!("the cut cannot be lifted: {reply:?}")
        })?;
        let Some(phone) = self.cast.phones.get(1).copied() else { return Ok(()) };
        let call = self.dial(phone, LONDON, 25_000)?;
        self.must(call.answered, || format!("a call to London fails after the cut was lifted: {call:?}"))?;
        self.say("The cut is lifted at the provider; a call to London goes through.");
        Ok(())
    }

    /// Step 7: refused, and locked out.
    fn attacker_returns(&mut self) -> Result<(), Stopped> {
        let (attacker, pbx, ip) = (self.cast.attacker, self.cast.pbx, self.plan.attack.ip);
        self.world.attack(attacker, attacker::Command::Stop)?;
        self.world.run(HOUR_MS)?;
        let from = self.world.log().len();
        let event = |world: &World, wanted: fn(&Event) -> bool| {
            let later = world.log().get(from..).unwrap_or_default();
            later.iter().any(|happening| matches!(&happening.told, Told::Attacker(event) if wanted(event)))
        };
        self.world.attack(attacker, attacker::Command::Dial)?;
        let refused = |world: &World| event(world, |event| matches!(event, Event::RegisterRefused { .. }));
        let was_refused = self.until(2 * MINUTE_MS, refused)?;
        let registered = event(&self.world, |event| *event == Event::Registered);
        self.must(was_refused && !registered, || "the old password still works".to_owned())?;
        self.world.attack(attacker, attacker::Command::Scan)?;
        let silent = |world: &World| event(world, |event| matches!(event, Event::Silent { .. }));
        let locked_out = self.until(HOUR_MS, silent)?;
        self.must(locked_out, || "the scanner is not locked out".to_owned())?;
        let reply = self.ask(pbx, &Command::Bans)?;
        let banned = matches!(&reply, Ok(CommandReply::Bans(bans)) if bans.iter().any(|ban| ban.prefix.contains(&ip)));
        self.must(banned, || format!("{ip} is not among the bans: {reply:?}"))?;
        self.say("The attacker came back: refused, and locked out.");
        Ok(())
    }

    /// All hang up; nothing may be left over.
    pub(super) fn close(&mut self) -> Result<(), Stopped> {
        self.world.attack(self.cast.attacker, attacker::Command::Stop)?;
        self.world.carrier(self.cast.wholesale, carrier::Command::HangUp { call: None })?;
        for phone in self.cast.phones.clone() {
            self.world.phone(phone, ua::Command::HangUp { call: None })?;
        }
        let (pbx, provider) = (self.cast.pbx, self.cast.provider);
        let idle =
            |world: &World| [pbx, provider].iter().all(|node| world.node(*node).is_up() && world.node(*node).is_idle());
        self.world.run(5 * MINUTE_MS)?;
        let idle = self.until(10 * MINUTE_MS, idle)?;
        self.must(idle, || "a node never comes to rest".to_owned())?;
        self.world.checks().finish()?;
        Ok(())
    }

    pub(super) fn outcome(&mut self, start_ms: u64) -> Result<Outcome, Stopped> {
        let rows = &self.world.node(self.cast.provider).rows;
        let theirs: Vec<&Cdr> = albania(&rows.cdrs).collect();
        let loss = theirs.iter().fold(Money::ZERO, |sum, cdr| sum.saturating_add(cdr.money.charge));
        let first_ms = theirs.iter().map(|cdr| cdr.times.start_ms).min().unwrap_or(start_ms);
        let cut_ms = rows.acted().map(|incident| incident.opened_ms).min().unwrap_or(first_ms);
        let calls_answered = theirs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).count() as u64;
        let calls_tried = theirs.len() as u64;
        if calls_tried > 0 {
            self.say(format!("Lost: ${loss}, {calls_tried} calls tried, {calls_answered} answered."));
        }
        Ok(Outcome {
            simulated_ms: self.world.now_ms() - start_ms,
            calls_tried,
            calls_answered,
            loss,
            first_call_to_cut_ms: cut_ms.saturating_sub(first_ms),
            checks: self.world.checks().count(),
            told: std::mem::take(&mut self.told),
        })
    }
}

/// The cut the provider has told its customer about, once it has.
fn incident_told(world: &World, provider: crate::world::HostId) -> Option<&Incident> {
    world.node(provider).rows.notices.iter().find_map(|(_, _, notice)| match notice {
        Notice::Incident(incident) if !incident.shadow && incident.action >= Action::CutLine => Some(&**incident),
        _ => None,
    })
}

/// Records of calls to Albania, which nobody but the thief makes.
pub(super) fn albania(cdrs: &[Cdr]) -> impl Iterator<Item = &Cdr> {
    let to_albania = |cdr: &&Cdr| cdr.number.country.is_some_and(|country| country.code() == "AL");
    cdrs.iter().filter(to_albania)
}
