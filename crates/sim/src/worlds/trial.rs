//! A trial: a labelled world, made or read from files, shown to the guard by the replay.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use billing::{Deck, E164, Money, replay_e164};
use flate2::read::MultiGzDecoder;
use geo::{PlaceSources, Places};
use guard::EvidenceKind;
use replay::{CallResult, Event, Incident, Kind, Replay, RowError, Truth, Verdict};
use serde::Deserialize;

use super::{What, World};

/// What a minute costs to a number without a price, as the format says.
const UNPRICED: Money = Money::from_cents(40);

/// Why a world cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A file cannot be read.
    #[error("a file of the world cannot be read")]
    File(#[from] io::Error),
    /// The deck is none.
    #[error("the deck cannot be read")]
    Deck(#[from] billing::Error),
    /// The geo databases are none.
    #[error("the geo databases cannot be read")]
    Geo(#[from] geo::GeoError),
    /// A row is no event.
    #[error("row {row} is no event")]
    Row {
        /// Its number, from 1.
        row: usize,
        /// Why.
        source: RowError,
    },
    /// The list of attacks is none.
    #[error("the list of attacks cannot be read")]
    Attacks(#[from] serde_json::Error),
}

/// What the scorer knows of one call.
#[derive(Clone, Debug)]
pub struct CallFact {
    /// Its id.
    pub id: String,
    /// Account.
    pub account: String,
    /// Line.
    pub line: String,
    /// Where from.
    pub ip: String,
    /// When it is tried.
    pub at_ms: u64,
    /// As dialled.
    pub dialled: String,
    /// The number, where it is one.
    pub number: Option<E164>,
    /// Price a minute.
    pub per_minute: Money,
    /// Milliseconds it would talk.
    pub talk_ms: u64,
    /// Whether it would be answered.
    pub answered: bool,
    /// The attack it belongs to.
    pub attack: Option<String>,
    /// The oddity it belongs to.
    pub oddity: Option<&'static str>,
}

/// One attack of the list.
#[derive(Clone, Debug, Deserialize)]
pub struct AttackRow {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The account it strikes.
    pub account: String,
}

/// A world ready to be shown to the guard.
pub struct Trial {
    /// Its name in tables.
    pub name: String,
    events: Vec<u8>,
    deck: Deck,
    geo: (Vec<u8>, Vec<u8>),
    labels: Vec<u8>,
    /// Its attacks.
    pub attacks: Vec<AttackRow>,
    /// Every call, in order.
    pub calls: Vec<CallFact>,
    /// How many accounts it has.
    pub accounts: usize,
    /// From the first event to the last, milliseconds.
    pub span_ms: u64,
}

/// What the guard made of a trial.
pub struct Tried {
    /// A verdict for each call, in order.
    pub verdicts: Vec<Verdict>,
    /// What it opened.
    pub incidents: Vec<Incident>,
}

impl Trial {
    /// A generated world.
    ///
    /// # Errors
    /// [`TrialError`]: a mistake in the generator.
    pub fn of(name: String, world: &World) -> Result<Self, TrialError> {
        let attacks = world.attacks.iter().enumerate().map(|(at, attack)| AttackRow {
            id: World::attack_id(at),
            kind: attack.kind.to_owned(),
            account: world.firms[attack.firm].name.clone(),
        });
        let mut trial = Self::new(
            name,
            world.events_jsonl().into_bytes(),
            Deck::from_csv(world.rates_csv().as_bytes())?,
            World::geo(),
            world.labels_jsonl().into_bytes(),
            attacks.collect(),
        )?;
        let oddities = world.script.events.iter().filter_map(|event| match event.what {
            What::Call { oddity, .. } => Some(oddity),
            What::Register { .. } => None,
        });
        for (call, oddity) in trial.calls.iter_mut().zip(oddities) {
            call.oddity = oddity;
        }
        Ok(trial)
    }

    /// A world from a folder of files.
    ///
    /// # Errors
    /// [`TrialError`] for what cannot be read.
    pub fn read(folder: &Path) -> Result<Self, TrialError> {
        let zipped = |name: &str| {
            let mut bytes = Vec::new();
            MultiGzDecoder::new(std::fs::File::open(folder.join(name))?).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        let plain = |name: &str| std::fs::read(folder.join(name));
        let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let deck = Deck::from_csv(&plain("rates.csv")?)?;
        let geo = (plain("geo-city.mmdb")?, plain("geo-asn.mmdb")?);
        let attacks = serde_json::from_slice(&plain("attacks.json")?)?;
        Self::new(name, zipped("events.jsonl.gz")?, deck, geo, zipped("labels.jsonl.gz")?, attacks)
    }

    fn new(
        name: String,
        events: Vec<u8>,
        deck: Deck,
        geo: (Vec<u8>, Vec<u8>),
        labels: Vec<u8>,
        attacks: Vec<AttackRow>,
    ) -> Result<Self, TrialError> {
        let labelled = labelled(&labels)?;
        let (mut calls, mut accounts) = (Vec::new(), std::collections::BTreeSet::new());
        let (mut first_ms, mut last_ms) = (None, 0);
        for (row, bytes) in rows(&events) {
            let event = Event::parse(bytes).map_err(|source| TrialError::Row { row, source })?;
            first_ms.get_or_insert(event.at_ms);
            last_ms = event.at_ms;
            match &event.kind {
                Kind::Account(account) => drop(accounts.insert(account.account.to_string())),
                Kind::Register(_) => {}
                Kind::Call(call) => {
                    let number = replay_e164(&call.dialled);
                    let price = number.and_then(|number| deck.rate_for(number)).map(|rate| rate.per_minute);
                    calls.push(CallFact {
                        id: call.id.to_string(),
                        account: call.who.account.to_string(),
                        line: call.who.line.to_string(),
                        ip: call.who.ip.to_string(),
                        at_ms: event.at_ms,
                        dialled: call.dialled.to_string(),
                        number,
                        per_minute: price.unwrap_or(UNPRICED),
                        talk_ms: call.fate.talk_ms,
                        answered: call.fate.result == CallResult::Answered,
                        attack: labelled.get(&*call.id).cloned(),
                        oddity: None,
                    });
                }
            }
        }
        let span_ms = last_ms - first_ms.unwrap_or(last_ms);
        Ok(Self { name, events, deck, geo, labels, attacks, calls, accounts: accounts.len(), span_ms })
    }

    /// Shows it to the guard, without one kind of evidence where that is asked for.
    ///
    /// # Errors
    /// [`TrialError`]: a mistake in the generator.
    pub fn run(&self, without: Option<EvidenceKind>) -> Result<Tried, TrialError> {
        let mut truth = Truth::default();
        for (row, bytes) in rows(&self.labels) {
            truth.label(bytes).map_err(|source| TrialError::Row { row, source })?;
        }
        for (row, bytes) in rows(&self.events) {
            truth.witness(&Event::parse(bytes).map_err(|source| TrialError::Row { row, source })?);
        }
        let (city, asn) = self.geo.clone();
        let places =
            Places::new(PlaceSources { city: Some(city.into()), asn: Some(asn.into()), ..PlaceSources::default() })?;
        let mut replay = Replay::new(self.deck.clone(), places, Some(truth));
        if let Some(kind) = without {
            replay = replay.without(kind);
        }
        let mut verdicts = Vec::with_capacity(self.calls.len());
        for (row, bytes) in rows(&self.events) {
            let wrong = |source| TrialError::Row { row, source };
            replay.event(&Event::parse(bytes).map_err(wrong)?).map_err(wrong)?;
            verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
        }
        replay.finish();
        verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
        Ok(Tried { verdicts, incidents: replay.incidents().into_iter().cloned().collect() })
    }
}

fn rows(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (1..).zip(text.split(|byte| *byte == b'\n')).filter(|(_, row)| !row.is_empty())
}

/// The attack of each labelled call.
fn labelled(labels: &[u8]) -> Result<BTreeMap<String, String>, TrialError> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
        attack: String,
    }
    let mut attacks = BTreeMap::new();
    for (_, row) in rows(labels) {
        let row: Row = serde_json::from_slice(row)?;
        attacks.insert(row.id, row.attack);
    }
    Ok(attacks)
}
