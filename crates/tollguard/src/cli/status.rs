//! `tollguard status`: how the running node itself fares.

use clap::Args;
use node::{Command, CommandReply};
use serde_json::json;

use super::context::Context;
use super::error::refused;
use super::output::{self, fields};
use super::{CliError, Listing};

/// How the running node itself fares: room on its disk, what waits to be written.
#[derive(Debug, Args)]
#[command(long_about = "\
How the running node itself fares. While its disk is full, calls that cost money are refused; calls that run go on, and so \
do emergency calls and calls among phones. It ends with 1 where something needs attention.")]
pub struct Status {
    #[command(flatten)]
    listing: Listing,
}

impl Status {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let mut node = context.node()?;
        let running = node.is_running();
        let CommandReply::Status { disk_full, waiting_records } = node.ask(&Command::Status)? else {
            return refused("the node does not tell how it fares");
        };
        if self.listing.json {
            output::json(&json!({"running": running, "disk_full": disk_full, "waiting_records": waiting_records}))?;
        } else {
            let disk = if disk_full { "full: calls that cost money are refused" } else { "has room" };
            output::print(&fields(&[
                ("node", if running { "runs" } else { "does not run" }.to_owned()),
                ("disk", disk.to_owned()),
                ("waiting", format!("{waiting_records} records are not on the disk yet")),
            ]));
        }
        if disk_full { refused("make room on the disk of the data directory") } else { Ok(()) }
    }
}
