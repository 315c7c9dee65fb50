//! The command line: one file for each subcommand.

mod account;
mod api_key;
mod apply;
mod audit;
mod backup;
mod ban;
mod call;
mod carrier;
mod cdr;
mod completions;
mod context;
mod deck;
mod demo;
mod did;
mod error;
mod exposure;
mod incident;
mod init;
mod key;
mod line;
mod options;
mod output;
mod password;
mod payment;
mod reconcile;
mod replay;
mod serve;
mod span;
mod status;
mod strength;
mod user;
mod voipms;
mod webhook;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use context::Context;
pub use error::CliError;
pub use strength::weakness;

/// Where the configuration is looked for.
const CONFIG: &str = "tollguard.toml";

/// A phone service that watches its own bill.
#[derive(Debug, Parser)]
#[command(name = "tollguard", version, max_term_width = 110)]
#[command(long_about = "\
A phone service that watches its own bill: it registers phones, carries their calls to a carrier, meters every call \
against prepaid credit, and when an extension is hijacked it cuts international calling before the money is gone.

Begin with `tollguard init --dir DIR`, then `tollguard serve --config DIR/tollguard.toml`. All other commands work on \
the node of a configuration, whether it runs or not.

Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 the command line was not understood.")]
pub struct Cli {
    /// The node's configuration.
    #[arg(long, short, global = true, env = "TOLLGUARD_CONFIG", hide_env_values = true, default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "a command line is read once")]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Demo(demo::Demo),
    Account(account::Account),
    Line(line::Line),
    Carrier(carrier::Carrier),
    Did(did::Did),
    Deck(deck::Deck),
    Cdr(cdr::Cdr),
    Incident(incident::Incident),
    Ban(ban::Ban),
    Key(key::Key),
    User(user::User),
    Voipms(voipms::Voipms),
    Webhook(webhook::Webhook),
    ApiKey(api_key::ApiKey),
    Payment(payment::Payment),
    Call(call::Call),
    Status(status::Status),
    Audit(audit::Audit),
    Reconcile(reconcile::Reconcile),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Apply(apply::Apply),
    Replay(replay::Replay),
    Completions(completions::Completions),
}

/// How a listing is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Listing {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
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
    let context = || Context::load(&cli.config);
    match cli.command {
        Command::Init(init) => init.run(),
        Command::Serve(serve) => serve.run(&cli.config),
        Command::Demo(demo) => demo.run(),
        Command::Account(account) => account.run(&context()?),
        Command::Line(line) => line.run(&context()?),
        Command::Carrier(carrier) => carrier.run(&context()?),
        Command::Did(did) => did.run(&context()?),
        Command::Deck(deck) => deck.run(&context()?),
        Command::Cdr(cdr) => cdr.run(&context()?),
        Command::Incident(incident) => incident.run(&context()?),
        Command::Ban(ban) => ban.run(&context()?),
        Command::Key(key) => key.run(&context()?),
        Command::User(user) => user.run(&context()?),
        Command::Voipms(voipms) => voipms.run(&context()?),
        Command::Webhook(webhook) => webhook.run(&context()?),
        Command::ApiKey(api_key) => api_key.run(&context()?),
        Command::Payment(payment) => payment.run(&context()?),
        Command::Call(call) => call.run(&context()?),
        Command::Status(status) => status.run(&context()?),
        Command::Audit(audit) => audit.run(&context()?),
        Command::Reconcile(reconcile) => reconcile.run(&context()?),
        Command::Backup(backup) => backup.run(&context()?),
        Command::Restore(restore) => restore.run(&context()?),
        Command::Apply(apply) if apply.print_example() => Ok(()),
        Command::Apply(apply) => apply.run(&context()?),
        Command::Replay(replay) => replay.run(),
        Command::Completions(completions) => {
            completions.run();
            Ok(())
        }
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
