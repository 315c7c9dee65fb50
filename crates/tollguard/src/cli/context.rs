//! What the subcommands share: the configuration, the tables, and the way to the node.

use std::path::Path;

use account::{Actor, Change};
use billing::AccountId;
use node::{Command, CommandReply, NodeChange};
use store::{AccountRow, Desk, Home, Reader};

use super::CliError;
use super::error::refused;
use super::output::print;
use crate::config::Config;
use crate::control::Node;

/// A subcommand at work.
pub struct Context {
    /// The node's configuration.
    pub config: Config,
}

impl Context {
    /// Reads the configuration.
    pub fn load(path: &Path) -> Result<Self, CliError> {
        Ok(Self { config: Config::load(path)? })
    }

    /// The tables, for reading.
    pub fn reader(&self) -> Result<Reader, CliError> {
        let path = Home::database_in(&self.config.data_dir);
        if !path.exists() {
            return refused(format!("there is no database in {} yet", self.config.data_dir.display()));
        }
        Ok(Reader::open(&path)?)
    }

    /// What is in the database alone: users.
    pub fn desk(&self) -> Result<Desk, CliError> {
        let path = Home::database_in(&self.config.data_dir);
        if !path.exists() {
            return refused(format!("there is no database in {} yet", self.config.data_dir.display()));
        }
        Ok(Desk::open(&path)?)
    }

    /// The node, running or not.
    pub fn node(&self) -> Result<Node, CliError> {
        Ok(Node::reach(&self.config)?)
    }

    /// An account's row.
    pub fn account(&self, reader: &Reader, id: &AccountId) -> Result<AccountRow, CliError> {
        match reader.account(id)? {
            Some(row) => Ok(row),
            None => refused(format!("there is no account {id}")),
        }
    }

    /// Changes an account and prints what was done.
    pub fn change(&self, account: &AccountId, change: Change) -> Result<(), CliError> {
        self.say(&Command::Account { account: account.clone(), by: Actor::CommandLine, change })
    }

    /// Changes the node's book and prints what was done.
    pub fn change_node(&self, change: NodeChange) -> Result<(), CliError> {
        self.say(&Command::Node { by: Actor::CommandLine, change })
    }

    /// Sends a command and prints the answer's sentence.
    pub fn say(&self, command: &Command) -> Result<(), CliError> {
        if let CommandReply::Done(done) = self.node()?.ask(command)? {
            print(&format!("{}\n", done.text));
        }
        Ok(())
    }
}
