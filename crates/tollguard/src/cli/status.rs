//! `tollguard status`: how the running node itself fares.

use clap::Args;
use node::{Command, CommandReply};
use serde_json::json;

use super::context::Context;
use super::error::refused;
use super::output::{self, fields};
use super::{CliError, Listing};

/// A record that waits for so long makes callers wait, milliseconds.
const SLOW_MS: u64 = 1_000;

/// How the running node itself fares: room on its disk, what waits to be written, carriers that are out of order.
#[derive(Debug, Args)]
#[command(long_about = "\
How the running node itself fares. A carrier that does not answer, or where the node is not registered, is passed over \
while there are others. While its disk is full, calls that cost money are refused; calls that run go on, and so \
do emergency calls and calls among phones. While it is slow, what spends money or promises something waits for it. It ends \
with 1 where something needs attention.")]
pub struct Status {
    #[command(flatten)]
    listing: Listing,
}

impl Status {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let mut node = context.node()?;
        let running = node.is_running();
        let CommandReply::Status { disk_full, waiting_records, waiting_ms } = node.ask(&Command::Status)? else {
            return refused("the node does not tell how it fares");
        };
        let CommandReply::Carriers(states) = node.ask(&Command::Carriers)? else {
            return refused("the node does not tell how its carriers fare");
        };
        let down: Vec<String> =
            states.iter().filter(|(_, up, _)| !up).map(|(id, _, text)| format!("{id} {text}")).collect();
        let is_slow = waiting_ms >= SLOW_MS;
        if self.listing.json {
            output::json(&json!({
                "running": running, "disk_full": disk_full, "waiting_records": waiting_records, "waiting_ms": waiting_ms,
                "carriers_down": down,
            }))?;
        } else {
            let disk = match (disk_full, is_slow) {
                (true, _) => "full: calls that cost money are refused",
                (false, true) => "slow: what spends money waits for it",
                (false, false) => "has room",
            };
            let waiting = format!(
                "{waiting_records} records are not on the disk yet, the oldest for {}.{} s",
                waiting_ms / 1000,
                waiting_ms % 1000 / 100
            );
            output::print(&fields(&[
                ("node", if running { "runs" } else { "does not run" }.to_owned()),
                ("disk", disk.to_owned()),
                ("waiting", waiting),
                ("carriers", if down.is_empty() { "nothing known against any".to_owned() } else { down.join("; ") }),
            ]));
        }
        if disk_full {
            return refused("make room on the disk of the data directory");
        }
        if is_slow {
            return refused("find out what makes the disk of the data directory slow");
        }
        if down.is_empty() {
            Ok(())
        } else {
            refused("ask the carriers that are out of order, or look at their settings")
        }
    }
}
