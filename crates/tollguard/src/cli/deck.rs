//! `tollguard deck`: rate tables.

use std::path::{Path, PathBuf};

use billing::{Deck as BillingDeck, DeckId, Rate};
use clap::{Args, Subcommand};
use node::NodeChange;
use serde_json::json;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, local};
use super::{CliError, Listing};

/// The largest table that is read, bytes.
const MAX_CSV_BYTES: u64 = 128 << 20;

/// Rate tables.
#[derive(Debug, Args)]
#[command(long_about = "\
Decks: what a minute to each destination costs. A deck is imported from CSV; its header names the columns in the usual \
spellings: prefix and rate are needed; destination, connect fee, minimum and increment (seconds) are not. A number is \
priced by its longest prefix.

Examples:
  tollguard deck import standard rates.csv
  tollguard deck show standard 355")]
pub struct Deck {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a deck from CSV, or put it in the place of the one of that name.
    Import {
        /// Its id: a-z, 0-9, `.`, `_` and `-`.
        id: DeckId,
        /// The table.
        file: PathBuf,
    },
    /// All decks.
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
        #[command(flatten)]
        listing: Listing,
    },
    /// Remove a deck that no account uses.
    Remove {
        /// Which.
        id: DeckId,
    },
}

impl Deck {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Import { id, file } => context.change_node(NodeChange::PutDeck(id, read(&file)?)),
            Action::List(listing) => list(context, listing),
            Action::Show { id, digits, limit, listing } => {
                show(context, &id, digits.as_deref().unwrap_or(""), limit, listing)
            }
            Action::Remove { id } => context.change_node(NodeChange::RemoveDeck(id)),
        }
    }
}

/// Reads a table; all faulty rows are told together.
pub fn read(path: &Path) -> Result<BillingDeck, CliError> {
    let failed = |source| CliError::File { what: "read", path: path.to_owned(), source };
    if path.metadata().map_err(failed)?.len() > MAX_CSV_BYTES {
        return refused(format!("{} is larger than any rate table", path.display()));
    }
    Ok(BillingDeck::from_csv(&std::fs::read(path).map_err(failed)?)?)
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let decks = context.reader()?.decks()?;
    if listing.json {
        let rows: Vec<_> = decks
            .iter()
            .map(|deck| json!({"id": deck.id, "rates": deck.rates, "changed_ms": deck.changed_ms}))
            .collect();
        return output::json(&rows);
    }
    let mut table = Table::new(&["DECK", "PRICES", "IMPORTED"], &[1]);
    for deck in decks {
        table.row(vec![deck.id.to_string(), deck.rates.to_string(), local(deck.changed_ms, None)]);
    }
    output::print(&table.text("There are no decks yet: `tollguard deck import --help`."));
    Ok(())
}

fn show(context: &Context, id: &DeckId, digits: &str, limit: u32, listing: Listing) -> Result<(), CliError> {
    let digits = digits.trim_start_matches('+');
    let reader = context.reader()?;
    if !reader.decks()?.iter().any(|deck| deck.id == *id) {
        return refused(format!("there is no deck {id}"));
    }
    let mut rates = reader.rates(id, digits, limit)?;
    // Longer than any prefix: the row that prices the number is a shorter one.
    let mut shorter = digits;
    while rates.is_empty() && !shorter.is_empty() {
        shorter = &shorter[..shorter.char_indices().last().map_or(0, |(at, _)| at)];
        rates = reader.rates(id, shorter, limit)?;
        rates.retain(|rate| rate.prefix.as_digits().as_str() == shorter);
    }
    if listing.json {
        return output::json(&rates);
    }
    let mut table = Table::new(&["PREFIX", "DESTINATION", "A MINUTE", "CONNECT", "MINIMUM", "STEP"], &[2, 3, 4, 5]);
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
    ]
}
