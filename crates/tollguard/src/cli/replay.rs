//! `tollguard replay`: what the guard would have done with recorded events.

mod html;
mod input;
mod journal;
mod output;
mod records;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Instant;

use billing::{ColumnNames, Country, Deck};
use clap::Args;
use geo::Places;
use jiff::tz::TimeZone;
use replay::{Event, Kind, Replay as Machine, Truth};

use super::CliError;
use super::deck;
use crate::serve::open_places;
use input::Rows;
use output::Output;
use records::{Home, Records, Suggestion, System};

/// Replay recorded events through the guard: what it would have refused, cut and hung up, and what that saves.
///
/// Events are JSON Lines, gzip allowed, in the order of time: accounts, registrations and calls. Every account gets the
/// guard a node would give it; cuts stand until the owner lifts them, and the owner is simulated where labels say which
/// calls were fraud: two hours after a cut they change the secrets if it was right, answer "that was us" if not, and lift
/// it. Without labels a cut stands to the end.
///
/// Call records that another system exported are replayed with --from as one account, and the most likely settings of
/// that firm are printed. There each cut is answered "that was us" after two hours, unless labels say more.
///
/// With --journal a node's own journal is replayed: its accounts handle every input once more and have to come to the
/// same effects, byte for byte; the first difference ends the replay with exit code 1.
///
/// Written into the directory: verdicts.jsonl, a row a call; incidents.jsonl, a row an incident; unread.txt, where there
/// are rows that are no events, with their numbers.
#[derive(Debug, Args)]
pub struct Replay {
    /// The events.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["from", "journal"], conflicts_with_all = ["from", "journal"])]
    events: Option<PathBuf>,
    /// Read call records of this system instead.
    #[arg(long, value_name = "SYSTEM", requires = "files")]
    from: Option<System>,
    /// The call records.
    #[arg(value_name = "RECORDS", requires = "from")]
    files: Vec<PathBuf>,
    /// Replay the journal in this data directory of a node that does not run.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "rates", "geo_city", "geo_asn", "labels", "html"])]
    journal: Option<PathBuf>,
    /// The country of the firm whose call records these are.
    #[arg(long, value_name = "CODE", default_value = "US", requires = "from")]
    country: Country,
    /// Its time zone; times in the records are read in it, too.
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "from")]
    time_zone: String,
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
        let output = Output::create(&self.out)?;
        match (&self.events, self.from, &self.journal) {
            (Some(events), _, _) => self.events(events, output),
            (None, Some(system), _) => self.records(system, output),
            (None, None, Some(dir)) => self.journal(dir, output),
            (None, None, None) => super::error::refused("give --events, --from with files, or --journal"),
        }
    }

    fn events(&self, events: &Path, mut output: Output) -> Result<(), CliError> {
        let start = Instant::now();
        let truth = self.labels.as_deref().map(|labels| witness(labels, events)).transpose()?;
        let mut machine = Machine::new(self.deck()?, self.places()?, truth);
        let rows = run(&mut machine, events, &mut output)?;
        self.tell(&machine, output, rows, start)
    }

    fn records(&self, system: System, mut output: Output) -> Result<(), CliError> {
        let start = Instant::now();
        let (deck, home) = (self.deck()?, self.home()?);
        let records = Records::read(system, &self.files, &home)?;
        let mut truth = self.labels.as_deref().map_or_else(|| Ok(Truth::default()), read_labels)?;
        records::events(&records, &home).for_each(|event| truth.witness(&event));
        let mut machine = Machine::new(deck.clone(), self.places()?, Some(truth));
        run_records(&mut machine, &records, &home, &mut output)?;
        self.tell(&machine, output, records.rows, start)?;
        let incidents = machine.incidents();
        let listed = incidents.iter().flat_map(|incident| &incident.calls).map(|call| &*call.id).collect();
        let suggestion = Suggestion::of(&records, &listed, &deck, &home);
        super::output::print(&format!(
            "{} records are calls in the house or from outside; the guard is not asked about those.\n\n{}",
            records.others,
            suggestion.text()
        ));
        Ok(())
    }

    fn journal(&self, dir: &Path, mut output: Output) -> Result<(), CliError> {
        let told = journal::replay(dir, &mut output)?;
        output.finish()?;
        super::output::print(&format!(
            "{} records from {} on lead to the same effects as when they were written: {} calls, {} incidents; written to {}.\n",
            told.records,
            told.first_lsn,
            told.calls,
            told.incidents,
            self.out.display()
        ));
        Ok(())
    }

    fn deck(&self) -> Result<Deck, CliError> {
        let Some(path) = &self.rates else { return Ok(Deck::starter()) };
        // A replay has one price for a number: the latest.
        let mut versions = deck::read(path, &ColumnNames::default(), 0)?.versions;
        Ok(versions.pop().map(|version| version.deck).unwrap_or_default())
    }

    fn places(&self) -> Result<Places, CliError> {
        Ok(open_places(self.geo_city.as_deref(), self.geo_asn.as_deref(), None, Vec::new())?)
    }

    fn home(&self) -> Result<Home, CliError> {
        let unknown = |error| CliError::Refused(format!("--time-zone {}: {error}", self.time_zone));
        Ok(Home { country: self.country, zone: TimeZone::get(&self.time_zone).map_err(unknown)? })
    }

    /// Writes what is left to write and prints the summary.
    fn tell(&self, machine: &Machine, mut output: Output, rows: u64, start: Instant) -> Result<(), CliError> {
        for incident in machine.incidents() {
            output.incident(&incident.facts, incident.at_ms(), incident.calls.iter().map(|call| &call.id))?;
        }
        let unread = output.finish()?;
        let seconds = start.elapsed().as_secs_f64();
        let labelled = self.labels.is_some();
        if let Some(path) = &self.html {
            let page = html::page(machine, labelled);
            std::fs::write(path, page).map_err(|source| CliError::File {
                what: "write",
                path: path.clone(),
                source,
            })?;
        }
        let run = summary::Run { rows, unread, seconds, out: &self.out };
        super::output::print(&summary::text(machine, labelled, &run));
        Ok(())
    }
}

/// Feeds all events; the number of rows read.
fn run(machine: &mut Machine, events: &Path, output: &mut Output) -> Result<u64, CliError> {
    let mut rows = Rows::open(events, "replaying")?;
    while let Some((number, row)) = rows.next()? {
        let done = Event::parse(row).and_then(|event| machine.event(&event));
        if let Err(error) = done {
            output.unread(&format!("row {number}: {}", super::error::in_full(&error)))?;
        }
        drain(machine, output)?;
    }
    machine.finish();
    drain(machine, output)?;
    Ok(rows.count())
}

/// Feeds all records.
fn run_records(machine: &mut Machine, records: &Records, home: &Home, output: &mut Output) -> Result<(), CliError> {
    for text in &records.unread {
        output.unread(text)?;
    }
    for event in records::events(records, home) {
        if let Err(error) = machine.event(&event) {
            let id = if let Kind::Call(call) = &event.kind { &*call.id } else { "" };
            output.unread(&format!("row {id}: {}", super::error::in_full(&error)))?;
        }
        drain(machine, output)?;
    }
    machine.finish();
    drain(machine, output)
}

fn drain(machine: &mut Machine, output: &mut Output) -> Result<(), CliError> {
    while let Some(verdict) = machine.next_verdict() {
        output.verdict(&verdict)?;
    }
    Ok(())
}

/// Reads the labels.
fn read_labels(labels: &Path) -> Result<Truth, CliError> {
    let mut truth = Truth::default();
    let mut rows = Rows::open(labels, "reading labels")?;
    while let Some((number, row)) = rows.next()? {
        truth.label(row).map_err(|error| {
            CliError::Refused(format!("{}, row {number}: {}", labels.display(), super::error::in_full(&error)))
        })?;
    }
    Ok(truth)
}

/// Reads the labels, then looks for their calls among the events: what comes after a cut has to be known at the cut.
fn witness(labels: &Path, events: &Path) -> Result<Truth, CliError> {
    let mut truth = read_labels(labels)?;
    let mut rows = Rows::open(events, "looking for labelled calls")?;
    while let Some((_, row)) = rows.next()? {
        // What cannot be read is told of in the replay itself.
        if let Ok(event) = Event::parse(row) {
            truth.witness(&event);
        }
    }
    Ok(truth)
}
