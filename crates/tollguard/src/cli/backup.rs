//! `tollguard backup` and `tollguard restore`: a copy of the node's data, and the way back.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::context::Context;
use super::output::print;
use crate::backup::{Copied, backup, restore};

/// Copy the node's data into a folder, while it runs or not.
#[derive(Debug, Args)]
#[command(long_about = "\
Copies the node's data into a folder that does not exist yet: journal, snapshots and tables, at one instant, while the node \
runs or not. The copy is opened and checked before it is called one. The node key (node.key) and the configuration are not \
part of it: keep a copy of each apart from it, for without the key it cannot be read.

Example:
  tollguard backup /backups/2026-03-01")]
pub struct Backup {
    /// The folder.
    to: PathBuf,
}

/// Put a copy in the place of data that is lost.
#[derive(Debug, Args)]
#[command(long_about = "\
Puts a copy that `tollguard backup` made where the configuration says that the data lies; nothing may lie there, and the \
node must not run. Calls that ran when the copy was made are settled at the next start, for no more than was set aside for \
them. What happened after the copy is not in it: calls since then are neither recorded nor charged, and payments since then \
have to be booked again.

Example:
  mv data data.damaged && tollguard restore /backups/2026-03-01 --key /safe/node.key")]
pub struct Restore {
    /// The copy.
    from: PathBuf,
    /// The node key of that time, where it is no systemd credential.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl Backup {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let copied = backup(&context.config.data_dir, &self.to)?;
        print(&format!("The copy in {} is whole: {}.\n", self.to.display(), told(copied)));
        Ok(())
    }
}

impl Restore {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let copied = restore(&self.from, &context.config.data_dir, self.key.as_deref())?;
        print(&format!("{} is restored: {}.\n", context.config.data_dir.display(), told(copied)));
        Ok(())
    }
}

fn told(copied: Copied) -> String {
    let Copied { lsn, accounts, calls } = copied;
    format!("{accounts} accounts, {lsn} records, {calls} running calls that the next start settles")
}
