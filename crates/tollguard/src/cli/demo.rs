//! `tollguard demo`: the story of a hijacked extension, performed on this machine.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use crate::demo::{self, Options};

/// Show the story of a hijacked extension, with real packets, on this machine's loopback addresses.
///
/// A provider and a PBX, a carrier, telephones, an attacker and a mail server are started in a temporary directory; each
/// step is told and checked. It takes less than two minutes; then both portals stay open to look at until Ctrl-C.
#[derive(Debug, Args)]
pub struct Demo {
    /// Do not wait at the end; succeed only if every step did what it says.
    #[arg(long)]
    headless: bool,
    /// Write the result as JSON, and the mail beside it.
    #[arg(long, value_name = "OUT")]
    json: Option<PathBuf>,
    /// Put data and mails into this directory and keep them.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Send the mail to this server instead of the built-in one (smtp://host:25).
    #[arg(long, value_name = "URL")]
    smtp: Option<String>,
}

impl Demo {
    pub fn run(self) -> Result<(), CliError> {
        let Self { headless, json, keep, smtp } = self;
        Ok(demo::run(&Options { headless, json, keep, smtp })?)
    }
}
