//! The command line: one file for each subcommand.

mod context;
mod demo;
mod error;
mod init;
mod output;
mod password;
mod serve;
mod span;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

pub use error::CliError;

/// Where the configuration is looked for.
const CONFIG: &str = "tollguard.toml";

/// A phone service that watches its own bill.
#[derive(Debug, Parser)]
#[command(name = "tollguard", version, propagate_version = true, max_term_width = 110)]
#[command(long_about = "\
A phone service that watches its own bill: it registers phones, carries their calls to a carrier, meters every call \
against prepaid credit, and when an extension is hijacked it cuts international calling before the money is gone.

Begin with `tollguard init --dir DIR`, then `tollguard serve --config DIR/tollguard.toml`. All other commands work on \
the node of a configuration, whether it runs or not.")]
pub struct Cli {
    /// The node's configuration.
    #[arg(long, short, global = true, env = "TOLLGUARD_CONFIG", hide_env_values = true, default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Demo(demo::Demo),
}

/// Runs the command that this process was started with. 0: done; 1: refused or failed; 2: not understood.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log(matches!(cli.command, Command::Serve(_)));
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tollguard: {}", error::in_full(&error));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command.
///
/// # Errors
/// A sentence that says what to do.
pub fn run(cli: Cli) -> Result<(), CliError> {
    match cli.command {
        Command::Init(init) => init.run(),
        Command::Serve(serve) => serve.run(&cli.config),
        Command::Demo(demo) => demo.run(),
    }
}

/// Logs go to stderr; `RUST_LOG` chooses which (a node tells what it does, a command only what goes wrong).
fn log(node: bool) {
    let level = if node { "info" } else { "warn" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let is_terminal = std::io::stderr().is_terminal();
    let format = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    format.with_ansi(is_terminal).with_target(false).init();
}
