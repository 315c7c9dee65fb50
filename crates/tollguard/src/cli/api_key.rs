//! `tollguard api-key`: what programs prove themselves to the JSON API with.

use billing::AccountId;
use clap::{Args, Subcommand};
use portal::{kept, shapes};
use store::KeyScope;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, hand, local, now_ms, or_dash, say};
use super::{CliError, Listing};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Keys of programs that use the JSON API.
#[derive(Debug, Args)]
#[command(long_about = "\
Keys for the JSON API at /api/v1 below the portal's address (docs/api.md). A key reaches one account, or the whole node \
without --account. Its text is shown once; what is kept is its hash.

Examples:
  tollguard api-key add 'office PBX' --account law-000 --scope screen
  tollguard api-key add 'billing' --scope read --scope money --days 365
  tollguard api-key list
  tollguard api-key revoke k7qm2xv9d3nt0")]
pub struct ApiKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and show it once.
    Add {
        /// What it is for.
        name: String,
        /// The account it reaches [default: the whole node].
        #[arg(long)]
        account: Option<AccountId>,
        /// What it may be used for, again for each: read, write (change things), money (book payments), screen (ask about
        /// calls of another switch), keys (make and revoke keys), people (invite, change and remove users).
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<KeyScope>,
        /// It ends after so many days [default: never].
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=36_500))]
        days: Option<u64>,
    },
    /// All keys.
    List(Listing),
    /// Take a key away: it is void at once.
    Revoke {
        /// Its id, as the list shows it.
        id: String,
    },
}

impl ApiKey {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { name, account, scopes, days } => add(context, name, account, scopes, days),
            Action::List(listing) => list(context, listing),
            Action::Revoke { id } => {
                let desk = context.desk()?;
                let Some(key) = desk.api_keys()?.into_iter().find(|key| key.id == id) else {
                    return refused(format!("there is no key {id}"));
                };
                say(&kept::revoke_key(&desk, &hand(), &key)?)
            }
        }
    }
}

fn add(
    context: &Context,
    name: String,
    account: Option<AccountId>,
    scopes: Vec<KeyScope>,
    days: Option<u64>,
) -> Result<(), CliError> {
    if let Some(account) = &account {
        context.account(&context.reader()?, account)?;
    }
    let expires_ms = days.map(|days| now_ms().saturating_add(days * DAY_MS));
    let new = kept::NewKey { name, scopes, account, expires_ms };
    let (key, text) = kept::make_key(&context.desk()?, &hand(), new)?;
    output::print(&format!("API key {} is made. Its text, shown this once: {text}\n", key.id));
    Ok(())
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let keys = context.desk()?.api_keys()?;
    if listing.json {
        return output::json(&keys.iter().map(shapes::key).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["KEY", "REACHES", "FOR", "SCOPES", "MADE", "ENDS", "LAST USED"], &[]);
    for key in keys {
        let scopes = key.scopes_in_words();
        table.row(vec![
            key.id,
            key.account.map_or_else(|| "the node".to_owned(), |account| account.to_string()),
            key.name,
            scopes,
            local(key.created_ms, None),
            key.expires_ms.map_or_else(|| "never".to_owned(), |at_ms| local(at_ms, None)),
            or_dash(key.last_used_ms.map(|at_ms| local(at_ms, None))),
        ]);
    }
    output::print(&table.text("There are no keys yet: `tollguard api-key add --help`."));
    Ok(())
}
