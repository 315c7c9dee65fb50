//! The replay: events in the order of their time go in, verdicts and incidents come out.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use billing::{AccountId, CallId, Deck, EmergencyNumber, LineId};
use geo::Places;
use guard::{Elsewhere, EvidenceKind, Failures, MAX_LINES, Observed, Origin};
use lockout::{Admission, Attempt, FailureFacts, Lockout, Ticket};

use crate::agenda::Due;
use crate::call::Placed;
use crate::event::{AccountRow, CallRow, Event, Kind, MAX_ACCOUNTS, RegisterRow, RowError, Who};
use crate::firm::{Firm, LineState, Shared};
use crate::incident::Incident;
use crate::located::Located;
use crate::numbers::Numbers;
use crate::owner::{AttackId, Truth};
use crate::totals::Totals;
use crate::verdict::Verdict;

/// Longest user agent that is kept, bytes; as long as a live node keeps.
const MAX_AGENT_BYTES: usize = lockout::MAX_TEXT_BYTES;
/// Digits of an extension: such calls stay in the house.
const EXTENSION_DIGITS: std::ops::RangeInclusive<usize> = 2..=6;

/// A replay under way.
///
/// Give it events with [`Replay::event`], in the order of their time; take verdicts with [`Replay::next_verdict`] as they
/// become known, in the order of their calls; at the end [`Replay::finish`] lets all running calls end. The same events
/// give the same verdicts and incidents, byte for byte.
pub struct Replay {
    numbers: Numbers,
    places: Located,
    /// Counts failed authentications as a node does; it locks nobody out here.
    lockout: Lockout,
    window_s: u64,
    truth: Option<Truth>,
    names: BTreeMap<AccountId, usize>,
    firms: Vec<Firm>,
    shared: Shared,
    now_ms: u64,
    calls: u64,
    without: Option<EvidenceKind>,
}

impl Replay {
    /// A replay that has seen nothing yet. With the truth, an owner answers cuts; without, they stand to the end.
    #[must_use]
    pub fn new(deck: Deck, places: Places, truth: Option<Truth>) -> Self {
        let settings = lockout::Settings { enabled: false, ..lockout::Settings::default() };
        Self {
            numbers: Numbers::new(deck),
            places: Located::new(places),
            window_s: settings.window_s,
            lockout: Lockout::new(settings),
            truth,
            names: BTreeMap::new(),
            firms: Vec::new(),
            shared: Shared::default(),
            now_ms: 0,
            calls: 0,
            without: None,
        }
    }

    /// The same with guards that are blind to one kind of evidence, to see what it is worth.
    #[must_use]
    pub fn without(mut self, kind: EvidenceKind) -> Self {
        self.without = Some(kind);
        self
    }

    /// Handles one event, and before it all that was due by then.
    ///
    /// # Errors
    /// [`RowError`] where the event makes no sense; it then has changed nothing.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), RowError> {
        if event.at_ms < self.now_ms {
            return Err(RowError::Order);
        }
        self.pass_time(event.at_ms);
        match &event.kind {
            Kind::Account(account) => self.account(account),
            Kind::Register(register) => self.register(register),
            Kind::Call(call) => self.call(call),
        }
    }

    /// The next verdict, in the order of the calls, if it is known by now.
    pub fn next_verdict(&mut self) -> Option<Verdict> {
        self.shared.verdicts.take()
    }

    /// There are no more events: lets every running call end as it would. After it all verdicts are known.
    pub fn finish(&mut self) {
        self.pass_time(u64::MAX);
    }

    /// All incidents so far, in the order they were opened.
    pub fn incidents(&self) -> Vec<&Incident> {
        let mut all: Vec<&Incident> = self.firms.iter().flat_map(|firm| &firm.incidents).collect();
        all.sort_by_key(|incident| (incident.facts.opened_ms, incident.facts.id));
        all
    }

    /// The accounts in the order of their names, with the sums of their calls.
    pub fn totals(&self) -> impl Iterator<Item = (&AccountId, &Totals)> {
        self.names.iter().filter_map(|(name, place)| Some((name, &self.firms.get(*place)?.totals)))
    }

    /// Does what is due, up to and at that time.
    fn pass_time(&mut self, until_ms: u64) {
        while let Some((at_ms, firm, due)) = self.shared.agenda.take(until_ms) {
            self.now_ms = at_ms;
            let Some(firm) = self.firms.get_mut(firm) else { continue };
            match due {
                Due::Answer(call) => firm.answered(at_ms, call, &mut self.shared),
                Due::Check(call) => firm.check(at_ms, call, &mut self.shared),
                Due::End(call) => firm.end(at_ms, call, false, &mut self.shared),
                Due::Owner(incident) => {
                    if let Some(truth) = &self.truth {
                        firm.answer(at_ms, incident, truth, &mut self.shared);
                    }
                }
            }
        }
        self.now_ms = until_ms;
    }

    fn account(&mut self, row: &AccountRow) -> Result<(), RowError> {
        if let Some(firm) = self.names.get(&row.account).and_then(|place| self.firms.get_mut(*place)) {
            firm.setting = row.clone();
            return Ok(());
        }
        if self.firms.len() >= MAX_ACCOUNTS {
            return Err(RowError::TooManyAccounts);
        }
        self.names.insert(row.account.clone(), self.firms.len());
        let mut firm = Firm::new(self.firms.len(), row.clone());
        if let Some(kind) = self.without {
            firm.guard = firm.guard.without(kind);
        }
        self.firms.push(firm);
        Ok(())
    }

    fn register(&mut self, row: &RegisterRow<'_>) -> Result<(), RowError> {
        let who = &row.who;
        let now_ms = self.now_ms;
        let place = self.place_of(&who.account)?;
        let Some(firm) = self.firms.get_mut(place) else { return Ok(()) };
        let Seen { line, origin, may_have_failed } = seen(firm, &mut self.places, who, now_ms)?;
        if firm.fixed.bars(&who.line, who.ip) {
            return Ok(());
        }
        if row.ok {
            let failures = self.succeeded(who, may_have_failed);
            if let Some(firm) = self.firms.get_mut(place) {
                firm.registered(now_ms, line, origin, failures);
            }
        } else {
            firm.lines.entry(line).or_default().tried_ms = Some(now_ms);
            self.failed(who);
        }
        Ok(())
    }

    fn call(&mut self, row: &CallRow<'_>) -> Result<(), RowError> {
        let who = &row.who;
        let now_ms = self.now_ms;
        if self.shared.verdicts.is_full() {
            return Err(RowError::TooManyWaiting);
        }
        let place = self.place_of(&who.account)?;
        let Some(firm) = self.firms.get_mut(place) else { return Ok(()) };
        let Seen { line, origin, may_have_failed } = seen(firm, &mut self.places, who, now_ms)?;
        self.calls += 1;
        let attack = self.truth.as_ref().and_then(|truth| truth.attack_of(row));
        let shut_out = attack.is_some_and(|attack: AttackId| firm.fixed.has(attack));
        let free = EXTENSION_DIGITS.contains(&row.dialled.len()) && row.dialled.bytes().all(|b| b.is_ascii_digit());
        if EmergencyNumber::find(firm.setting.country, &row.dialled).is_some() || (free && !shut_out) {
            // Neither is the guard's business: one goes through whatever happens, the other costs nothing.
            firm.pass(row, &mut self.shared);
            return Ok(());
        }
        let Some(looked) = self.numbers.look_up(&row.dialled, firm.setting.country) else {
            firm.not_a_number(row, &mut self.shared);
            return Ok(());
        };
        let country = firm.setting.country;
        let seen = Observed {
            call: CallId(self.calls),
            line,
            origin,
            number: looked.number,
            destination: looked.destination,
            cut_class: looked.destination.in_cut_class(looked.number, country),
            per_minute: looked.rate.per_minute,
            priced: looked.priced,
            cause: row.cause,
            told: row.told_ip.map(|ip| self.places.locate(ip)),
            failures_before: Failures::NONE,
            elsewhere: Elsewhere::NOTHING,
            utc_offset_min: firm.setting.utc_offset_min,
        };
        let id = (&*row.id).into();
        let mut placed = Placed { id, at_ms: now_ms, seen, looked, fate: row.fate, fraud: attack.is_some() };
        if shut_out {
            firm.skip(&placed, &mut self.shared);
            return Ok(());
        }
        placed.seen.failures_before = self.succeeded(who, may_have_failed);
        let bulletin = self.shared.board.bulletin(now_ms);
        if let Some(firm) = self.firms.get(place) {
            let account = &firm.setting.account;
            placed.seen.elsewhere = bulletin.look_up(account, Some(placed.seen.number), who.ip);
        }
        if let Some(firm) = self.firms.get_mut(place) {
            firm.call(placed, &mut self.shared);
        }
        Ok(())
    }

    fn place_of(&self, account: &str) -> Result<usize, RowError> {
        self.names.get(account).copied().ok_or_else(|| RowError::NoAccount(account.chars().take(64).collect()))
    }

    /// A line proved itself: what had failed before. Where it is where it was, and nobody ever failed as it or from
    /// there, the lock-out need not be asked.
    fn succeeded(&mut self, who: &Who<'_>, may_have_failed: bool) -> Failures {
        if !may_have_failed && !self.lockout.has_failed(who.ip) {
            return Failures::NONE;
        }
        let name = user_name(who);
        let facts = self.lockout.facts(who.ip, &name, self.now_ms);
        if facts == FailureFacts::default() {
            self.lockout.remember(&name, who.ip, self.now_ms);
            return Failures::NONE;
        }
        let failures = Failures {
            here: facts.here(self.now_ms, self.window_s),
            other_names: facts.other_names(),
            line: facts.line.failures,
            line_addresses: facts.line_addresses,
        };
        if let Some(ticket) = self.ticket(who, &name) {
            self.lockout.succeeded(ticket, self.now_ms);
        }
        failures
    }

    /// A line did not prove itself.
    fn failed(&mut self, who: &Who<'_>) {
        if let Some(ticket) = self.ticket(who, &user_name(who)) {
            self.lockout.failed(ticket, Some(&who.user_agent), self.now_ms);
        }
    }

    /// Leave to verify a password: a lock-out that is switched off always gives it.
    fn ticket(&mut self, who: &Who<'_>, name: &str) -> Option<Ticket> {
        let attempt = Attempt { from: SocketAddr::new(who.ip, 0), name, asn: &|| None, own: None };
        match self.lockout.reserve(&attempt, self.now_ms) {
            Admission::Verify(ticket) => Some(ticket),
            Admission::Blind(_) | Admission::Refuse | Admission::Wait { .. } => None,
        }
    }
}

/// The name failures are counted by; a node's are unique, lines of a file only within their account.
fn user_name(who: &Who<'_>) -> String {
    format!("{}@{}", who.line, who.account)
}

/// The line of an event, and where it is: mostly where it was.
struct Seen {
    line: LineId,
    origin: Origin,
    /// Whether the lock-out may know of failures: it was elsewhere, or nowhere, before, or somebody tried to be it.
    may_have_failed: bool,
}

fn seen(firm: &mut Firm, places: &mut Located, who: &Who<'_>, now_ms: u64) -> Result<Seen, RowError> {
    let agent = shortened(&who.user_agent);
    let known = firm.lines.get_key_value(&*who.line);
    if let Some((line, state @ LineState { origin: Some(origin), .. })) = known
        && origin.ip == who.ip
        && origin.user_agent.as_str() == agent
    {
        let may_have_failed = state.was_tried(now_ms);
        return Ok(Seen { line: line.clone(), origin: origin.clone(), may_have_failed });
    }
    let line = match known {
        Some((line, _)) => line.clone(),
        None if firm.lines.len() >= MAX_LINES => return Err(RowError::TooManyLines),
        None => LineId::new(&who.line).map_err(|_| RowError::Line(who.line.chars().take(64).collect()))?,
    };
    let place = if who.ip.is_unspecified() { geo::Place::default() } else { places.locate(who.ip) };
    let origin = Origin { ip: who.ip, place, user_agent: agent.into() };
    firm.lines.entry(line.clone()).or_default().origin = Some(origin.clone());
    Ok(Seen { line, origin, may_have_failed: true })
}

fn shortened(agent: &str) -> &str {
    let mut end = agent.len().min(MAX_AGENT_BYTES);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    &agent[..end]
}
