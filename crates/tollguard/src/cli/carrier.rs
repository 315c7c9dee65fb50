//! `tollguard carrier`: where calls leave to and arrive from.

use account::Transport;
use billing::CarrierId;
use clap::{Args, Subcommand};
use node::{Command, CommandReply, NodeChange};
use portal::shapes;

use super::context::Context;
use super::error::refused;
use super::options::CarrierOptions;
use super::output::{self, Table, or_dash};
use super::password::first_line;
use super::{CliError, Listing};

/// Calls whose ends are counted.
const LAST_CALLS: u32 = 1_000;

/// Where calls leave to and arrive from.
#[derive(Debug, Args)]
#[command(long_about = "\
Carriers: where calls leave to and arrive from. For a provider these are wholesale carriers; for a PBX, its provider. A \
new account uses all carriers that are there.

Examples:
  tollguard carrier add wholesale --address 198.51.100.9:5060
  tollguard carrier add second --address sip.example.net
  tollguard carrier add provider --address 192.0.2.10:5060 --username law-hq --secret-file trunk-secret \\
      --register-s 300 --tell-origin true")]
pub struct Carrier {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a carrier, or put another in its place.
    Add {
        /// Its id: a-z, 0-9, `.`, `_` and `-`.
        id: CarrierId,
        #[command(flatten)]
        options: Box<CarrierOptions>,
        /// Read the secret it challenges for from the first line of this file (- for standard input).
        #[arg(long, value_name = "FILE")]
        secret_file: Option<std::path::PathBuf>,
    },
    /// Change a carrier; what is not given stays, its secret with it.
    Set {
        /// Which.
        id: CarrierId,
        #[command(flatten)]
        options: Box<CarrierOptions>,
        /// Read the secret it challenges for from the first line of this file (- for standard input).
        #[arg(long, value_name = "FILE")]
        secret_file: Option<std::path::PathBuf>,
    },
    /// All carriers, and whether they answer.
    List(Listing),
    /// Remove a carrier that no account uses.
    Remove {
        /// Which.
        id: CarrierId,
    },
}

impl Carrier {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { id, mut options, secret_file } => {
                options.secret = secret_file.map(|path| first_line(&path)).transpose()?;
                context.change_node(NodeChange::PutCarrier(options.make(&id, None)?))
            }
            Action::Set { id, mut options, secret_file } => {
                options.secret = secret_file.map(|path| first_line(&path)).transpose()?;
                let Some(old) = context.reader()?.carriers()?.into_iter().find(|carrier| carrier.id == id) else {
                    return refused(format!("there is no carrier {id}"));
                };
                context.change_node(NodeChange::PutCarrier(options.make(&id, Some(old))?))
            }
            Action::List(listing) => list(context, listing),
            Action::Remove { id } => context.change_node(NodeChange::RemoveCarrier(id)),
        }
    }
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let mut node = context.node()?;
    let running = node.is_running();
    let CommandReply::Carriers(states) = node.ask(&Command::Carriers)? else {
        return refused("the node gave no list of carriers");
    };
    if listing.json {
        return output::json(&shapes::carriers(&reader, &states)?);
    }
    let mut table = Table::new(&["CARRIER", "NAME", "ADDRESS", "LOGS IN AS", "LAST CALLS", "STATE"], &[]);
    for carrier in reader.carriers()? {
        let told = states.iter().find(|(id, ..)| *id == carrier.id).map(|(_, _, text)| text.clone());
        let answers = reader.answers_of(&carrier.id, LAST_CALLS)?;
        let (answered, all) = answers.iter().fold((0, 0), |(answered, all), (status, calls)| {
            (answered + if *status == 200 { *calls } else { 0 }, all + calls)
        });
        let otherwise = if running { "nothing known yet" } else { "the node does not run" };
        table.row(vec![
            carrier.id.to_string(),
            carrier.name,
            match carrier.transport {
                None | Some(Transport::Udp) => carrier.address.to_string(),
                Some(Transport::Tcp) => format!("{} over TCP", carrier.address),
                Some(Transport::Tls) => format!("{} over TLS", carrier.address),
            },
            or_dash(carrier.auth.map(|auth| auth.username)),
            if all == 0 { "none".to_owned() } else { format!("{answered} of {all} answered") },
            told.unwrap_or_else(|| otherwise.to_owned()),
        ]);
    }
    output::print(&table.text("There are no carriers yet: `tollguard carrier add --help`."));
    Ok(())
}
