//! What one account is at a moment, and what the node may ask of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use billing::{AccountId, CallId, E164, IncidentId, Ledger, LineId, Money};
use guard::{Guard, Incident};
use serde::{Deserialize, Serialize};

use crate::exposure::{Exposure, day};
use crate::incident::Incidents;
use crate::lock::Locked;
use crate::running::Running;
use crate::spending::Spending;
use crate::usage::Usage;
use crate::{Binding, Cut, Did, Line, RunningCall, Settings};

/// The account machine. All of it is in here: a snapshot is this, serialised; and it changes by
/// [`Account::handle`] alone, but for what is in memory only ([`crate::Latest`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub(crate) id: AccountId,
    /// `None` until the first settings: the account does not exist yet.
    pub(crate) settings: Option<Arc<Settings>>,
    pub(crate) lines: BTreeMap<LineId, Line>,
    pub(crate) dids: BTreeMap<E164, Did>,
    pub(crate) ledger: Ledger,
    /// References of the latest payments, oldest first, so that none is booked twice.
    pub(crate) payments: VecDeque<String>,
    pub(crate) guard: Guard,
    /// Allowed calls that have not been settled.
    pub(crate) running: Running,
    pub(crate) incidents: Incidents,
    /// The cut class turned off on every line.
    pub(crate) cut: Option<Cut>,
    pub(crate) exposure: Exposure,
    pub(crate) spending: Spending,
    pub(crate) usage: Usage,
    /// Addresses locked out of lines.
    pub(crate) locked: BTreeMap<LineId, Locked>,
    /// Inputs handled so far.
    pub(crate) seq: u64,
}

/// What calls to destinations that are not the account's own may cost (invariant 5), for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureBound {
    /// The most they may cost in a rolling day, by the settings.
    pub ceiling: Money,
    /// Charged in the last day, of calls that have ended.
    pub charged: Money,
    /// Held for calls that run.
    pub held: Money,
    /// How many those are.
    pub calls: u32,
    /// Both together.
    pub used: Money,
    /// When the first of what was charged is a day old, and may be spent again.
    pub frees_ms: Option<u64>,
    /// What a hijacker could still spend there now: the rest of the ceiling, or the free credit if that is less.
    pub left: Money,
}

/// The exposure of an account, and how it comes about, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureView {
    /// Whose.
    pub account: AccountId,
    /// The bound.
    pub bound: ExposureBound,
    /// Destinations called lately, own ones first.
    pub grounds: Vec<GroundView>,
}

/// A destination that an account has called lately.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroundView {
    /// On how many of the days that count its calls were answered.
    pub days: u32,
    /// What it is: "Albania mobile".
    pub name: String,
    /// Whether it is the account's own by now: calls there are not bounded by the ceiling.
    pub own: bool,
}

impl Account {
    /// An account that does not exist yet: the first input has to be its settings.
    #[must_use]
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            settings: None,
            lines: BTreeMap::new(),
            dids: BTreeMap::new(),
            ledger: Ledger::default(),
            payments: VecDeque::new(),
            guard: Guard::default(),
            running: Running::default(),
            incidents: Incidents::default(),
            cut: None,
            exposure: Exposure::default(),
            spending: Spending::default(),
            usage: Usage::default(),
            locked: BTreeMap::new(),
            seq: 0,
        }
    }

    /// Its id.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Its settings; `None` before the first.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_deref()
    }

    /// Its lines.
    pub fn lines(&self) -> &BTreeMap<LineId, Line> {
        &self.lines
    }

    /// Its numbers.
    pub fn dids(&self) -> &BTreeMap<E164, Did> {
        &self.dids
    }

    /// Paid in less captured.
    pub fn balance(&self) -> Money {
        self.ledger.balance()
    }

    /// Its book.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Allowed calls that have not been settled.
    pub fn running(&self) -> &BTreeMap<CallId, Box<RunningCall>> {
        &self.running
    }

    /// The cut of the account as a whole, if there is one.
    pub fn cut(&self) -> Option<Cut> {
        self.cut
    }

    /// Its open incidents and the latest closed ones, by id.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.all()
    }

    /// One incident.
    pub fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents.get(id)
    }

    /// How many inputs it has handled.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What a hijacker could spend on destinations that are not the account's own.
    pub fn exposure_bound(&self, now_ms: u64) -> ExposureBound {
        let ceiling = self.settings().map_or(Money::ZERO, |settings| settings.exposure_ceiling);
        let charged = self.exposure.charged(now_ms);
        let (calls, held) = self.exposed_holds();
        let used = charged.saturating_add(held);
        let rest = ceiling.saturating_sub(used).max(Money::ZERO);
        let frees_ms = self.exposure.frees_ms(now_ms);
        ExposureBound { ceiling, charged, held, calls, used, frees_ms, left: rest.min(self.ledger.available()) }
    }

    /// The same with what it applies to: every destination in the cut class but the account's own ones.
    pub fn exposure_view(&self, now_ms: u64, utc_offset_min: i16) -> ExposureView {
        let grounds = self.exposure.grounds(day(now_ms, utc_offset_min));
        ExposureView { account: self.id.clone(), bound: self.exposure_bound(now_ms), grounds: grounds.collect() }
    }

    /// What may still be held for calls to foreign ground.
    pub(crate) fn exposure_room(&self, now_ms: u64) -> Money {
        let bound = self.exposure_bound(now_ms);
        bound.ceiling.saturating_sub(bound.used).max(Money::ZERO)
    }

    /// Running calls to foreign ground, and what is held for them.
    fn exposed_holds(&self) -> (u32, Money) {
        self.running
            .iter()
            .filter(|(_, call)| call.facts.number.as_ref().is_some_and(|number| number.exposed))
            .filter_map(|(id, _)| self.ledger.hold(*id))
            .fold((0, Money::ZERO), |(calls, sum), hold| (calls + 1, sum.saturating_add(hold)))
    }

    /// When [`Account::due`] has something next: the first binding lapses, or an incident is due to be reported.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.first_lapse_ms().into_iter().chain(self.next_report_ms()).min()
    }

    /// When the first binding of all lapses: looks at every line.
    pub fn first_lapse_ms(&self) -> Option<u64> {
        self.lines.values().flat_map(|line| &line.bindings).map(Binding::lapses_ms).min()
    }

    /// When the first binding of a line lapses.
    pub fn first_lapse_of(&self, line: &LineId) -> Option<u64> {
        self.lines.get(line)?.bindings.iter().map(Binding::lapses_ms).min()
    }

    /// When the next incident is due to be reported.
    pub fn next_report_ms(&self) -> Option<u64> {
        self.incidents.next_report_ms()
    }
}
