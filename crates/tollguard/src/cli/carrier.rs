//! `tollguard carrier`: where calls leave to and arrive from.

use account::Transport;
use billing::CarrierId;
use clap::{Args, Subcommand};
use node::{Command, CommandReply, NodeChange};
use serde_json::json;

use super::context::Context;
use super::error::refused;
use super::options::CarrierOptions;
use super::output::{self, Table, or_dash};
use super::password::first_line;
use super::{CliError, Listing};

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
            Action::List(listing) => list(context, listing),
            Action::Remove { id } => context.change_node(NodeChange::RemoveCarrier(id)),
        }
    }
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let carriers = context.reader()?.carriers()?;
    let mut node = context.node()?;
    let running = node.is_running();
    let CommandReply::Carriers(states) = node.ask(&Command::Carriers)? else {
        return refused("the node gave no list of carriers");
    };
    let state = |id: &CarrierId| states.iter().find(|(known, ..)| known == id);
    if listing.json {
        let rows: Vec<_> = carriers
            .iter()
            .map(|carrier| {
                let (up, text) = state(&carrier.id).map_or((None, None), |(_, up, text)| (Some(up), Some(text)));
                let username = carrier.auth.as_ref().map(|auth| &auth.username);
                json!({
                    "id": carrier.id, "name": carrier.name, "address": carrier.address,
                    "transport": carrier.transport, "domain": carrier.domain,
                    "sources": carrier.sources, "prefix": carrier.prefix, "plus": carrier.plus, "username": username,
                    "register_s": carrier.auth.as_ref().and_then(|auth| auth.register_s),
                    "options_s": carrier.options_s, "tell_origin": carrier.tell_origin, "cost_deck": carrier.cost_deck, "up": up, "state": text,
                })
            })
            .collect();
        return output::json(&rows);
    }
    let mut table = Table::new(&["CARRIER", "NAME", "ADDRESS", "LOGS IN AS", "STATE"], &[]);
    for carrier in carriers {
        let told = state(&carrier.id).map(|(_, _, text)| text.clone());
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
            told.unwrap_or_else(|| otherwise.to_owned()),
        ]);
    }
    output::print(&table.text("There are no carriers yet: `tollguard carrier add --help`."));
    Ok(())
}
