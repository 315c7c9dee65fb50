//! `tollguard replay`: what the guard would have done with recorded events.

mod html;
mod input;
mod output;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Instant;

use billing::Deck;
use clap::Args;
use replay::{Event, Replay as Machine, Truth};

use super::CliError;
use super::deck;
use crate::serve::open_places;
use input::Rows;
use output::Output;

/// Replay recorded events through the guard: what it would have refused, cut and hung up, and what that saves.
///
/// Events are JSON Lines, gzip allowed, in the order of time: accounts, registrations and calls. Every account gets the
/// guard a node would give it; cuts stand until the owner lifts them, and the owner is simulated where labels say which
/// calls were fraud: two hours after a cut they change the secrets if it was right, answer "that was us" if not, and lift
/// it. Without labels a cut stands to the end.
///
/// Written into the directory: verdicts.jsonl, a row a call; incidents.jsonl, a row an incident; unread.txt, where there
/// are rows that are no events, with their numbers.
#[derive(Debug, Args)]
pub struct Replay {
    /// The events.
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// The rate table (CSV); without it the starter deck.
    #[arg(long, value_name = "CSV")]
    rates: Option<PathBuf>,
    /// Database of cities (.mmdb).
    #[arg(long, value_name = "MMDB")]
    geo_city: Option<PathBuf>,
    /// Database of networks (.mmdb).
    #[arg(long, value_name = "MMDB")]
    geo_asn: Option<PathBuf>,
    /// Which calls were fraud (JSON Lines): simulate the owner, and tell fraud from honest calls in the summary.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Where to write; made if it is not there.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write a report as one page of HTML: a timeline of each incident, its evidence, money lost and saved.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Replay {
    pub fn run(self) -> Result<(), CliError> {
        let deck = self.rates.as_deref().map_or_else(|| Ok(Deck::starter()), deck::read)?;
        let places = open_places(self.geo_city.as_deref(), self.geo_asn.as_deref(), None, Vec::new())?;
        let truth = self.labels.as_deref().map(|labels| witness(labels, &self.events)).transpose()?;
        let labelled = truth.is_some();
        let mut machine = Machine::new(deck, places, truth);
        let mut output = Output::create(&self.out)?;
        let start = Instant::now();
        let rows = run(&mut machine, &self.events, &mut output)?;
        let unread = output.finish(&machine)?;
        let seconds = start.elapsed().as_secs_f64();
        if let Some(path) = &self.html {
            let page = html::page(&machine, labelled);
            std::fs::write(path, page).map_err(|source| CliError::File {
                what: "write",
                path: path.clone(),
                source,
            })?;
        }
        super::output::print(&summary::text(
            &machine,
            labelled,
            &summary::Run { rows, unread, seconds, out: &self.out },
        ));
        Ok(())
    }
}

/// Feeds all events; the number of rows read.
fn run(machine: &mut Machine, events: &Path, output: &mut Output) -> Result<u64, CliError> {
    let mut rows = Rows::open(events, "replaying")?;
    while let Some((number, row)) = rows.next()? {
        let done = Event::parse(row).and_then(|event| machine.event(&event));
        if let Err(error) = done {
            output.unread(number, &error)?;
        }
        while let Some(verdict) = machine.next_verdict() {
            output.verdict(&verdict)?;
        }
    }
    machine.finish();
    while let Some(verdict) = machine.next_verdict() {
        output.verdict(&verdict)?;
    }
    Ok(rows.count())
}

/// Reads the labels, then looks for their calls among the events: what comes after a cut has to be known at the cut.
fn witness(labels: &Path, events: &Path) -> Result<Truth, CliError> {
    let mut truth = Truth::default();
    let mut rows = Rows::open(labels, "reading labels")?;
    while let Some((number, row)) = rows.next()? {
        truth.label(row).map_err(|error| {
            CliError::Refused(format!("{}, row {number}: {}", labels.display(), super::error::in_full(&error)))
        })?;
    }
    let mut rows = Rows::open(events, "looking for labelled calls")?;
    while let Some((_, row)) = rows.next()? {
        // What cannot be read is told of in the replay itself.
        if let Ok(event) = Event::parse(row) {
            truth.witness(&event);
        }
    }
    Ok(truth)
}
