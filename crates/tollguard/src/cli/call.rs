//! `tollguard call`: calls that run now.

use account::Change;
use billing::{AccountId, CallId};
use clap::{Args, Subcommand};
use edge::CallView;
use node::{Command, CommandReply};
use portal::shapes;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, local, now_ms, or_dash, talk};
use super::{CliError, Listing};

/// Calls that run now.
#[derive(Debug, Args)]
#[command(long_about = "\
Calls that run now.

Examples:
  tollguard call list
  tollguard call hang-up c0000000000007")]
pub struct Call {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Running calls of one account, or of all.
    List {
        /// Of this account.
        #[arg(long)]
        account: Option<AccountId>,
        #[command(flatten)]
        listing: Listing,
    },
    /// End a running call.
    HangUp {
        /// Which.
        call: CallId,
    },
}

impl Call {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::List { account, listing } => list(context, account, listing),
            Action::HangUp { call } => {
                let calls = running(context, None)?;
                let Some(view) = calls.iter().find(|view| view.call == call) else {
                    return refused(format!("call {call} is not running"));
                };
                context.change(&view.account, Change::HangUp { call })
            }
        }
    }
}

fn running(context: &Context, account: Option<AccountId>) -> Result<Vec<CallView>, CliError> {
    match context.node()?.ask(&Command::Calls { account })? {
        CommandReply::Calls(calls) => Ok(calls),
        _ => refused("the node gave no list of calls"),
    }
}

fn list(context: &Context, account: Option<AccountId>, listing: Listing) -> Result<(), CliError> {
    let calls = running(context, account)?;
    if listing.json {
        return output::json(&calls.iter().map(shapes::running).collect::<Vec<_>>());
    }
    let now_ms = now_ms();
    let mut table = Table::new(&["SINCE", "ACCOUNT", "LINE", "FROM", "TO", "TALKS", "CALL"], &[5]);
    for call in calls {
        table.row(vec![
            local(call.start_ms, None),
            call.account.to_string(),
            or_dash(call.line),
            call.caller,
            call.callee,
            call.answer_ms.map_or_else(|| "ringing".to_owned(), |ms| talk(now_ms.saturating_sub(ms))),
            call.call.to_string(),
        ]);
    }
    output::print(&table.text("No call is running."));
    Ok(())
}
