//! `tollguard key`: what the data directory is sealed with.

use clap::{Args, Subcommand};
use store::Home;

use super::CliError;
use super::context::Context;
use super::output::print;

/// The key that the data directory is sealed with.
#[derive(Debug, Args)]
#[command(long_about = "\
Journal and snapshots hold digests of lines' secrets and the secrets for carriers. They are sealed with the node key: the \
file node.key in the data directory, or the systemd credential tollguard.key. Keep a copy of it apart from backups of the \
data: without it nothing in them can be read.

Examples:
  tollguard key rotate")]
pub struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Take a new key into use: everything is sealed anew, and the old key is destroyed. The node must be stopped.
    Rotate,
}

impl Key {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let Action::Rotate = self.action;
        store::rotate(Home::open(&context.config.data_dir)?)?;
        print("A new node key is in use. Keep a copy of it; backups of before need the old one.\n");
        Ok(())
    }
}
