//! `tollguard status`: how the running node itself fares.

use clap::Args;
use node::{Command, CommandReply};
use portal::health::{Counts, Health};

use super::context::Context;
use super::error::refused;
use super::output::{self, fields, local, now_ms, or_dash};
use super::{CliError, Listing};

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
        let CommandReply::Status(status) = node.ask(&Command::Status)? else {
            return refused("the node does not tell how it fares");
        };
        let CommandReply::Carriers(carriers) = node.ask(&Command::Carriers)? else {
            return refused("the node does not tell how its carriers fare");
        };
        let CommandReply::Calls(calls) = node.ask(&Command::Calls { account: None })? else {
            return refused("the node gave no list of calls");
        };
        let tables = Counts::read(&context.reader()?, now_ms())?;
        let health = Health { status: Some(status), carriers, calls: calls.len(), tables };
        let wrong = health.wrong();
        if self.listing.json {
            output::json(&health.shown())?;
        } else {
            output::print(&fields(&told(&health, running)));
        }
        if wrong.is_empty() { Ok(()) } else { refused(wrong.join(" ")) }
    }
}

fn told(health: &Health, running: bool) -> Vec<(&'static str, String)> {
    let status = health.status.clone().unwrap_or_default();
    let process = health.process();
    let waiting = format!(
        "{} records are not on the disk yet, the oldest for {}.{} s",
        status.waiting_records,
        status.waiting_ms / 1000,
        status.waiting_ms % 1000 / 100
    );
    let room = process.and_then(|process| process.disk).map(|(free, total)| {
        let gb = |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000);
        format!(": {} of {} are free", gb(free), gb(total))
    });
    let disk = match (status.disk_full, health.is_slow()) {
        (true, _) => "full: calls that cost money are refused".to_owned(),
        (false, true) => "slow: what spends money waits for it".to_owned(),
        (false, false) => format!("has room{}", room.unwrap_or_default()),
    };
    let mut rows = vec![
        ("node", if running { "runs" } else { "does not run" }.to_owned()),
        ("version", or_dash(process.map(|process| process.version.as_str()))),
        ("started", or_dash(process.map(|process| local(process.started_ms, None)))),
        ("workers", status.workers.to_string()),
        ("calls", health.calls.to_string()),
        ("registrations", health.tables.registrations.to_string()),
        ("incidents", format!("{} are open", health.tables.open_incidents)),
        ("disk", disk),
        ("waiting", waiting),
        ("lists", format!("{} records behind the journal", health.behind())),
        ("snapshot", or_dash(process.and_then(|process| process.snapshot).map(|(_, at_ms)| local(at_ms, None)))),
        ("mail", format!("{} wait, {} were not delivered", health.tables.mails_waiting, health.tables.mails_failed)),
    ];
    let wrong = health.wrong();
    rows.push(("wrong", if wrong.is_empty() { "nothing".to_owned() } else { wrong.join("\n") }));
    rows
}
