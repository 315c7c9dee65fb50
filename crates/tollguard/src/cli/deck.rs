//! `tollguard deck`: rate tables.

use std::path::{Path, PathBuf};

use billing::{Column, ColumnNames, DeckId, DeckVersion, DeckVersions, Imported, Rate};
use clap::{Args, Subcommand};
use node::NodeChange;
use portal::shapes;
use store::MAX_ROWS;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, local, now_ms};
use super::span::Moment;
use super::{CliError, Listing};

/// The largest table that is read, bytes.
const MAX_TABLE_BYTES: u64 = 128 << 20;
/// Changed prices that a preview shows.
const MAX_SHOWN: usize = 20;

/// Rate tables.
#[derive(Debug, Args)]
#[command(long_about = "\
Decks: what a minute to each destination costs. A deck is imported from CSV; its header names the columns in the usual \
spellings: prefix (or code) and rate are needed; destination, connect fee, minimum and increment (seconds, or both as \
30/6), free seconds and effective date are not. What VOIP.MS's getRates answers is read as well. A number is priced by \
its longest prefix, in the version of the deck that is in force when the call begins.

Examples:
  tollguard deck preview standard rates.csv
  tollguard deck import standard rates.csv
  tollguard deck import premium tarif.csv --column prefix=Vorwahl --column rate=Preis
  tollguard deck import standard march.csv --from 2026-03-01
  tollguard deck show standard 355")]
pub struct Deck {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a deck, or a new version of one; calls that run keep their price.
    Import(Import),
    /// Read a table and tell what an import would change, and all faults by line; nothing is changed.
    Preview(Import),
    /// All decks and their versions.
    List(Listing),
    /// The prices of numbers that begin with these digits.
    Show {
        /// Which deck.
        id: DeckId,
        /// First digits, country code first; a whole number shows its price.
        digits: Option<String>,
        /// How many rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// As it is in force then [default: now].
        #[arg(long, value_name = "WHEN")]
        at: Option<Moment>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Remove a deck that no account and no carrier uses.
    Remove {
        /// Which.
        id: DeckId,
    },
}

#[derive(Debug, Args)]
struct Import {
    /// Its id: a-z, 0-9, `.`, `_` and `-`.
    id: DeckId,
    /// The table.
    file: PathBuf,
    /// Which column holds what, where its name does not say: prefix=CODE, rate=PRICE; again for each.
    #[arg(long = "column", value_name = "WHAT=NAME", value_parser = mapping)]
    columns: Vec<(Column, String)>,
    /// From when on rows without an effective date are in force [default: now].
    #[arg(long, value_name = "WHEN")]
    from: Option<Moment>,
}

fn mapping(text: &str) -> Result<(Column, String), String> {
    let (what, name) = text.split_once('=').ok_or("write what it holds, `=`, and its name")?;
    let column = what.parse::<Column>().map_err(|error| error.to_string())?;
    Ok((column, name.to_owned()))
}

impl Import {
    fn read(&self) -> Result<Imported, CliError> {
        let mut names = ColumnNames::default();
        for (column, name) in &self.columns {
            names.name(*column, name);
        }
        let now_ms = now_ms();
        read(&self.file, &names, self.from.map_or(now_ms, |from| from.ms(now_ms)))
    }
}

impl Deck {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Import(import) => {
                let versions = import.read()?.versions;
                context.change_node(NodeChange::PutDeck(import.id, versions))
            }
            Action::Preview(import) => preview(context, &import),
            Action::List(listing) => list(context, listing),
            Action::Show { id, digits, limit, at, listing } => {
                let now_ms = now_ms();
                let at_ms = at.map_or(now_ms, |at| at.ms(now_ms));
                show(context, &id, at_ms, digits.as_deref().unwrap_or(""), limit, listing)
            }
            Action::Remove { id } => context.change_node(NodeChange::RemoveDeck(id)),
        }
    }
}

/// Reads a table; all faulty rows are told together.
pub fn read(path: &Path, names: &ColumnNames, now_ms: u64) -> Result<Imported, CliError> {
    let failed = |source| CliError::File { what: "read", path: path.to_owned(), source };
    if path.metadata().map_err(failed)?.len() > MAX_TABLE_BYTES {
        return refused(format!("{} is larger than any rate table", path.display()));
    }
    Ok(DeckVersions::read(&std::fs::read(path).map_err(failed)?, names, now_ms)?)
}

fn preview(context: &Context, import: &Import) -> Result<(), CliError> {
    let imported = import.read()?;
    if !imported.unread.is_empty() {
        output::print(&format!("Columns that are left alone: {}.\n", imported.unread.join(", ")));
    }
    let reader = context.reader()?;
    for version in &imported.versions {
        let known = reader.deck(&import.id, version.from_ms)?;
        output::print(&compared(version, known.as_ref()));
    }
    Ok(())
}

/// What a version changes, in words.
fn compared(version: &DeckVersion, known: Option<&DeckVersion>) -> String {
    let from = local(version.from_ms, None);
    let rates = version.deck.rates();
    let Some(known) = known else { return format!("From {from}: {} prices of a new deck.\n", rates.len()) };
    let seen = version.deck.compared_with(&known.deck);
    let (dearer, cheaper) = (seen.dearer(), seen.cheaper());
    let mut shown = Table::new(&["PREFIX", "DESTINATION", "A MINUTE", "THEN"], &[2, 3]);
    for (old, rate) in seen.changed.iter().filter(|(old, rate)| old.per_minute != rate.per_minute).take(MAX_SHOWN) {
        let (prefix, name) = (rate.prefix.to_string(), rate.destination.to_string());
        shown.row(vec![prefix, name, old.per_minute.to_string(), rate.per_minute.to_string()]);
    }
    let mut text = format!(
        "From {from}: {} prices: {} new, {dearer} dearer, {cheaper} cheaper, {} changed otherwise, {} as they are; {} go.\n",
        rates.len(),
        seen.new,
        seen.otherwise(),
        rates.len() - seen.new - seen.changed.len(),
        seen.gone
    );
    if dearer + cheaper > 0 {
        text.push_str(&shown.text(""));
    }
    text
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    if listing.json {
        return output::json(&shapes::decks(&reader)?);
    }
    let decks = reader.decks()?;
    let mut table = Table::new(&["DECK", "IN FORCE FROM", "PRICES", "IMPORTED"], &[2]);
    for deck in decks {
        let from = if deck.from_ms == 0 { "the beginning".to_owned() } else { local(deck.from_ms, None) };
        table.row(vec![deck.id.to_string(), from, deck.rates.to_string(), local(deck.changed_ms, None)]);
    }
    output::print(&table.text("There are no decks yet: `tollguard deck import --help`."));
    Ok(())
}

fn show(
    context: &Context,
    id: &DeckId,
    at_ms: u64,
    digits: &str,
    limit: u32,
    listing: Listing,
) -> Result<(), CliError> {
    let digits = digits.trim_start_matches('+');
    let reader = context.reader()?;
    if !reader.decks()?.iter().any(|deck| deck.id == *id) {
        return refused(format!("there is no deck {id}"));
    }
    let mut rates = reader.rates(id, at_ms, digits, limit.min(MAX_ROWS))?;
    // Longer than any prefix: the row that prices the number is a shorter one.
    let mut shorter = digits;
    while rates.is_empty() && !shorter.is_empty() {
        shorter = &shorter[..shorter.char_indices().last().map_or(0, |(at, _)| at)];
        rates = reader.rates(id, at_ms, shorter, limit)?;
        rates.retain(|rate| rate.prefix.as_digits().as_str() == shorter);
    }
    if listing.json {
        return output::json(&rates.iter().map(shapes::rate).collect::<Vec<_>>());
    }
    let headings = ["PREFIX", "DESTINATION", "A MINUTE", "CONNECT", "MINIMUM", "STEP", "FREE"];
    let mut table = Table::new(&headings, &[2, 3, 4, 5, 6]);
    for rate in &rates {
        table.row(rate_row(rate));
    }
    output::print(&table.text(&format!("Deck {id} has no price there: such calls cost 0.40 a minute.")));
    Ok(())
}

fn rate_row(rate: &Rate) -> Vec<String> {
    // A deck is in the currency of the accounts that use it, so that no symbol is shown.
    let price = |money: billing::Money| money.to_string();
    vec![
        rate.prefix.to_string(),
        rate.destination.to_string(),
        price(rate.per_minute),
        price(rate.connect_fee),
        format!("{} s", rate.minimum_s),
        format!("{} s", rate.increment_s),
        format!("{} s", rate.free_s),
    ]
}
