//! A recorded world played as SIP: every registration and call of a replay's events comes from a telephone, over the wire,
//! to a whole node; what the node decides is held against what the replay decided.
//!
//! The wire takes no time, so that everything happens in the millisecond in which the replay has it. Nobody lifts a cut.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use account::{Account, Actor, Change, GuardMode, Input, LineKind};
use billing::{AccountId, Cdr, Decision, Deck, HungUpBy, LineId, Money, replay_e164};
use geo::{PlaceSources, Places};
use node::NodeState;
use replay::{AccountRow, CallResult, CallRow, Event, Kind, MAX_WAITING, Outcome, Replay, RowError, Verdict, Who};

use super::cast::{self, PROVIDER, WHOLESALE};
use super::plan::{Plan, Whose};
use crate::Dice;
use crate::carrier::{self, Fate};
use crate::ua::{self, AnswerPolicy};
use crate::world::{Faults, HostId, Nat, NodeSetup, Stopped, World};
use crate::worlds::{self, Mix};

/// Ports of one telephone: SIP, and two for each call at the same time.
const PORTS: u16 = 128;
/// The first of them.
const FIRST_PORT: u16 = 1_024;
/// Longer than any call rings or talks.
const REST_MS: u64 = 2 * 86_400_000;

/// Why a world cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The replay does not read it.
    #[error("the replay does not take an event")]
    Row(#[from] RowError),
    /// The simulated world stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// It has what cannot be played.
    #[error("{0}")]
    Unplayable(String),
}

/// One call: what the replay said of it, and what the node did.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The replay's verdict.
    pub replayed: Verdict,
    /// The node's record.
    pub live: Cdr,
}

impl Compared {
    /// Whether both decided the same: let through or not, carried as long, with the same score and for the same reasons.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let Verdict { outcome, carried_ms, score, reasons, .. } = &self.replayed;
        let said = &self.live.verdict;
        let allowed = said.decision == Decision::Allowed;
        (*outcome == Outcome::Allowed) == allowed
            && *carried_ms == self.live.times.talk_ms()
            && score.tenths() == said.score_tenth_db
            // An incident has another number there.
            && unnumbered(reasons).eq(unnumbered(&said.reasons))
    }
}

fn unnumbered(reasons: &[String]) -> impl Iterator<Item = &str> {
    reasons.iter().map(|reason| reason.split("incident ").next().unwrap_or_default())
}

impl Played {
    /// Calls on which the node decided otherwise than the replay.
    pub fn differing(&self) -> impl Iterator<Item = &Compared> {
        self.calls.iter().filter(|call| !call.agrees())
    }

    /// Calls that were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.calls.iter().filter(|call| call.replayed.outcome != Outcome::Allowed).count()
    }

    /// Calls that the guard hung up while they talked.
    #[must_use]
    pub fn hung_up(&self) -> usize {
        let by_guard = |call: &&Compared| {
            call.live.times.answer_ms.is_some() && matches!(call.live.result.hung_up_by, HungUpBy::Node { .. })
        };
        self.calls.iter().filter(by_guard).count()
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Played {
    /// Every call that the guard was asked about, in the order of the events.
    pub calls: Vec<Compared>,
    /// Events that were played.
    pub events: usize,
    /// Invariants that were checked meanwhile.
    pub checks: u64,
}

/// Whether an event can be played: what a phone forwards or transfers comes of calls that the events do not have, and
/// extensions, emergency numbers and what is no number are not the guard's business.
#[must_use]
pub fn is_playable(event: &Event<'_>) -> bool {
    match &event.kind {
        Kind::Call(call) => {
            call.cause.is_none()
                && call.told_ip.is_none()
                && replay_e164(&call.dialled).is_some_and(|number| number.digit_count() > 7)
        }
        _ => true,
    }
}

/// Replays events, plays them, and puts both side by side.
///
/// # Errors
/// [`PlayError`], also for an invariant that does not hold meanwhile.
pub fn play(events: &[Event<'_>], deck: &Deck, places: [Places; 2]) -> Result<Played, PlayError> {
    let [for_replay, for_node] = places;
    let replayed = replayed(events, deck.clone(), for_replay)?;
    let mut stage = Stage::new(events, deck, for_node)?;
    for event in events {
        stage.happen(event)?;
    }
    stage.world.run(REST_MS)?;
    stage.world.checks().finish().map_err(Stopped::from)?;
    let mut cdrs: BTreeMap<Key, Cdr> = BTreeMap::new();
    for cdr in &stage.world.node(stage.node).rows.cdrs {
        cdrs.insert((cdr.times.start_ms, cdr.who.account.to_string(), line_of(cdr)), cdr.clone());
    }
    let calls = events.iter().filter_map(|event| match &event.kind {
        Kind::Call(call) => Some((event.at_ms, call.who.account.to_string(), call.who.line.to_string())),
        _ => None,
    });
    let mut played = Played { events: events.len(), checks: stage.world.checks().count(), ..Played::default() };
    for (key, replayed) in calls.zip(replayed) {
        let Some(live) = cdrs.remove(&key) else {
            return Err(PlayError::Unplayable(format!("call {} left no record at the node", replayed.id)));
        };
        played.calls.push(Compared { replayed, live });
    }
    Ok(played)
}

/// Plays the firms of a generated world that are attacked and have the fewest calls, whole.
///
/// # Errors
/// As [`play`].
pub fn play_attacked(seed: u64, mix: Mix, firms: usize) -> Result<Played, PlayError> {
    let world = worlds::World::new(seed, mix);
    let unplayable = |error: &dyn std::error::Error| PlayError::Unplayable(error.to_string());
    let deck = Deck::from_csv(world.rates_csv().as_bytes()).map_err(|error| unplayable(&error))?;
    let text = world.events_jsonl();
    let all = text.lines().map(|row| Event::parse(row.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let attacked: BTreeSet<&str> = world.attacks.iter().map(|attack| world.firms[attack.firm].name.as_str()).collect();
    let mut sizes: BTreeMap<&str, usize> = attacked.into_iter().map(|name| (name, 0)).collect();
    for event in &all {
        if let Some(size) = sizes.get_mut(account_of(event)) {
            *size += 1;
        }
    }
    let mut sizes: Vec<(usize, &str)> = sizes.into_iter().map(|(name, size)| (size, name)).collect();
    sizes.sort_unstable();
    let chosen: BTreeSet<&str> = sizes.into_iter().take(firms).map(|(_, name)| name).collect();
    let playable = |event: &&Event<'_>| chosen.contains(account_of(event)) && is_playable(event);
    let events: Vec<Event<'_>> = all.iter().filter(playable).cloned().collect();
    let (city, asn) = worlds::World::geo();
    let places = || {
        let sources =
            PlaceSources { city: Some(city.clone().into()), asn: Some(asn.clone().into()), ..PlaceSources::default() };
        Places::new(sources).map_err(|error| unplayable(&error))
    };
    play(&events, &deck, [places()?, places()?])
}

fn account_of<'a>(event: &'a Event<'_>) -> &'a str {
    match &event.kind {
        Kind::Account(row) => row.account.as_str(),
        Kind::Register(register) => &register.who.account,
        Kind::Call(call) => &call.who.account,
    }
}

type Key = (u64, String, String);

fn line_of(cdr: &Cdr) -> String {
    cdr.who.line.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn replayed(events: &[Event<'_>], deck: Deck, places: Places) -> Result<Vec<Verdict>, RowError> {
    let mut replay = Replay::new(deck, places, None);
    let mut verdicts = Vec::with_capacity(events.len().min(MAX_WAITING));
    for event in events {
        replay.event(event)?;
        verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
    }
    replay.finish();
    verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
    Ok(verdicts)
}

/// A telephone: which line, from where, under which name.
type Seat = (String, String, IpAddr, String);

/// The node, its carrier, and a telephone for every seat.
struct Stage {
    world: World,
    node: HostId,
    carrier: HostId,
    phones: BTreeMap<Seat, HostId>,
    /// Telephones behind each address.
    behind: BTreeMap<IpAddr, u16>,
}

impl Stage {
    fn new(events: &[Event<'_>], deck: &Deck, places: Places) -> Result<Self, PlayError> {
        let mut dice = Dice::new(1);
        let plan = Plan::new(&mut dice);
        let start_ms = events.first().map_or(0, |event| event.at_ms);
        let mut world = World::new(start_ms, Faults::default(), &mut dice);
        let own = cast::address(WHOLESALE);
        let carrier = world.add_carrier(carrier::Profile {
            address: own,
            domain: "wholesale.example".to_owned(),
            user_agent: "Wholesale SBC".to_owned(),
            media: SocketAddr::new(own.ip(), 20_000),
            rules: Vec::new(),
            auth: None,
            customer: cast::address(PROVIDER),
            voice: None,
            seed: dice.seed(),
        });
        let mut book = cast::book(Whose::Provider, &plan);
        book.lockout.enabled = false;
        Arc::make_mut(&mut book.decks).values_mut().for_each(|known| *known = deck.clone().into());
        book.carriers.values_mut().for_each(|carrier| carrier.auth = None);
        let node = world.add_node(NodeSetup {
            workers: (1, 1),
            address: cast::address(PROVIDER),
            realm: cast::realm(Whose::Provider).to_owned(),
            places: Arc::new(places),
            state: NodeState { lsn: 0, book, accounts: accounts(events, &plan, start_ms)? },
            silence_ms: None,
            sync_ms: (0, 0),
            seed: dice.seed(),
        })?;
        world.checks().set_provider(node);
        Ok(Self { world, node, carrier, phones: BTreeMap::new(), behind: BTreeMap::new() })
    }

    fn happen(&mut self, event: &Event<'_>) -> Result<(), PlayError> {
        self.world.run(event.at_ms.saturating_sub(self.world.now_ms()))?;
        match &event.kind {
            Kind::Account(_) => {}
            Kind::Register(register) => {
                let phone = self.phone(&register.who);
                if register.ok {
                    self.world.phone(phone, ua::Command::RegisterOnce)?;
                } else {
                    self.world.phone(phone, ua::Command::SetSecret("not the secret".to_owned()))?;
                    self.world.phone(phone, ua::Command::RegisterOnce)?;
                    self.world.run(0)?;
                    self.world.phone(phone, ua::Command::SetSecret(secret(&register.who)))?;
                }
            }
            Kind::Call(call) => self.call(call)?,
        }
        Ok(self.world.run(0)?)
    }

    fn call(&mut self, call: &CallRow<'_>) -> Result<(), PlayError> {
        let Some(number) = replay_e164(&call.dialled) else {
            return Err(PlayError::Unplayable(format!("{} is no number", call.dialled)));
        };
        let phone = self.phone(&call.who);
        let after = (call.fate.ring_ms, call.fate.ring_ms);
        let fate = match call.fate.result {
            CallResult::Answered => Fate::Answer { ring_ms: after, talk_ms: None },
            other => Fate::Refuse { status: other.sip_status(), after_ms: after },
        };
        self.world.carrier(self.carrier, carrier::Command::Expect { number: number.as_digits().to_string(), fate })?;
        let talk_ms = Some(call.fate.talk_ms);
        Ok(self
            .world
            .phone(phone, ua::Command::Call { number: format!("+{}", number.as_digits().as_str()), talk_ms })?)
    }

    /// The telephone of a seat; a new one is unpacked where there is none yet.
    fn phone(&mut self, who: &Who<'_>) -> HostId {
        let seat = (who.account.to_string(), who.line.to_string(), who.ip, who.user_agent.to_string());
        if let Some(phone) = self.phones.get(&seat) {
            return *phone;
        }
        let number = self.phones.len() as u32 + 1;
        let inside = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
        let neighbours = self.behind.entry(who.ip).or_insert(0);
        let nat = Nat { inside, outside: who.ip, shift: *neighbours * PORTS };
        *neighbours += 1;
        let profile = ua::Profile {
            address: SocketAddr::new(inside, FIRST_PORT),
            user: who.line.to_string(),
            name: String::new(),
            auth_name: auth_name(who),
            secret: secret(who),
            domain: cast::realm(Whose::Provider).to_owned(),
            registrar: cast::address(PROVIDER),
            user_agent: who.user_agent.to_string(),
            media: SocketAddr::new(inside, FIRST_PORT + 2),
            answer: AnswerPolicy::Busy,
            voice: None,
            expires_s: 3_600,
            seed: u64::from(number),
        };
        let phone = self.world.add_phone(profile, Some(nat));
        self.phones.insert(seat, phone);
        phone
    }
}

fn auth_name(who: &Who<'_>) -> String {
    format!("{}.{}", who.line, who.account)
}

fn secret(who: &Who<'_>) -> String {
    format!("kX9-{}-vQ27", auth_name(who))
}

/// The accounts of the events, with every line that does anything, and with all the money in the world: only the guard
/// decides.
fn accounts(events: &[Event<'_>], plan: &Plan, at_ms: u64) -> Result<BTreeMap<AccountId, Account>, PlayError> {
    let mut accounts = BTreeMap::new();
    for event in events {
        if let Kind::Account(row) = &event.kind {
            accounts.insert(row.account.clone(), founded(row, plan, at_ms)?);
        }
        let who = match &event.kind {
            Kind::Account(_) => continue,
            Kind::Register(register) => &register.who,
            Kind::Call(call) => &call.who,
        };
        let Some(account) = accounts.get_mut(&*who.account) else { continue };
        let id = LineId::new(&who.line).map_err(|error| PlayError::Unplayable(error.to_string()))?;
        if !account.lines().contains_key(&id) {
            let name = auth_name(who);
            let mut line = cast::line(&who.line, LineKind::Extension, cast::realm(Whose::Provider), "");
            line.secrets = Some(cast::secrets(&name, cast::realm(Whose::Provider), &secret(who)));
            line.auth_name = Some(name.into());
            change(account, at_ms, Change::PutLine(line));
        }
    }
    Ok(accounts)
}

fn founded(row: &AccountRow, plan: &Plan, at_ms: u64) -> Result<Account, PlayError> {
    let hours = row.utc_offset_min / 60;
    if row.utc_offset_min % 60 != 0 {
        return Err(PlayError::Unplayable(format!("{} min from UTC is no whole hour", row.utc_offset_min)));
    }
    let mut account = Account::new(row.account.clone());
    let mut settings = cast::settings(Whose::Provider, plan);
    settings.country = row.country;
    // The signs of these names are turned round (IANA time zone database, file etcetera).
    settings.time_zone = format!("Etc/GMT{:+}", -hours);
    settings.guard = GuardMode::Active;
    settings.exposure_ceiling = Money::from_cents(100_000_000);
    settings.max_calls = 500;
    change(&mut account, at_ms, Change::Settings(settings));
    let amount = Money::from_cents(1_000_000_000);
    change(&mut account, at_ms, Change::TopUp { amount, reference: "before the world".to_owned() });
    Ok(account)
}

fn change(account: &mut Account, at_ms: u64, change: Change) {
    account.handle(at_ms, &Input::Change { by: Actor::CommandLine, change: Box::new(change) });
}

#[cfg(test)]
mod tests;
