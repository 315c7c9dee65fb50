//! `tollguard did`: numbers that ring lines from outside.

use account::{Change, Did as AccountDid};
use billing::{AccountId, E164, LineId};
use clap::{Args, Subcommand};
use portal::shapes;

use super::context::Context;
use super::output::{self, Table, or_dash};
use super::{CliError, Listing};

/// Numbers that ring lines from outside.
#[derive(Debug, Args)]
#[command(long_about = "\
DIDs: numbers that ring an account's lines when a carrier calls them.

Examples:
  tollguard did add law-000 +13035550100 --line 101 --line 102
  tollguard did list law-000")]
pub struct Did {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a number, or have it ring other lines.
    Add {
        /// The account.
        account: AccountId,
        /// The number.
        number: E164,
        /// A line it rings, again for each; all at once.
        #[arg(long = "line", value_name = "LINE", required = true)]
        lines: Vec<LineId>,
    },
    /// Numbers of one account, or of all.
    List {
        /// The account [default: all].
        account: Option<AccountId>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Take a number away.
    Remove {
        /// The account.
        account: AccountId,
        /// The number.
        number: E164,
    },
}

impl Did {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { account, number, lines } => {
                context.change(&account, Change::PutDid(AccountDid { number, lines }))
            }
            Action::List { account, listing } => list(context, account.as_ref(), listing),
            Action::Remove { account, number } => context.change(&account, Change::RemoveDid(number)),
        }
    }
}

fn list(context: &Context, account: Option<&AccountId>, listing: Listing) -> Result<(), CliError> {
    let dids = context.reader()?.dids(account)?;
    if listing.json {
        return output::json(&dids.iter().map(shapes::did).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["NUMBER", "ACCOUNT", "RINGS"], &[]);
    for row in dids {
        let lines: Vec<&str> = row.did.lines.iter().map(LineId::as_str).collect();
        let rings = or_dash(Some(lines.join(", ")).filter(|text| !text.is_empty()));
        table.row(vec![row.did.number.to_string(), row.account.to_string(), rings]);
    }
    output::print(&table.text("There are no numbers yet: `tollguard did add --help`."));
    Ok(())
}
