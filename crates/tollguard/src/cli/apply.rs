//! `tollguard apply`: accounts, lines, numbers, carriers and decks from a file; again and again, only what differs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use account::{Actor, Change, ChangeError, Did, Line};
use billing::{AccountId, CarrierId, ColumnNames, DeckId, DeckVersion, E164, LineId, Money};
use clap::Args;
use edge::Carrier;
use node::{Command, CommandError, CommandReply, NodeChange};
use serde::Deserialize;
use store::Reader;

use super::CliError;
use super::context::Context;
use super::deck;
use super::error::refused;
use super::options::{AccountOptions, CarrierOptions, LineOptions, secrets};
use super::output::{now_ms, print};
use super::password::generate;
use super::strength::weakness;
use crate::control::{AskError, Node};

const EXAMPLE: &str = include_str!("apply.toml");

/// Bring accounts, lines, numbers, carriers and decks in line with a file.
#[derive(Debug, Args)]
#[command(long_about = "\
Bring accounts, lines, numbers, carriers and decks in line with a TOML file. What the file does not name stays; what is as \
the file says is left alone, so that it can be applied again and again. Prints what it changed.

Examples:
  tollguard apply --example > accounts.toml
  tollguard apply accounts.toml")]
pub struct Apply {
    /// The file.
    #[arg(required_unless_present = "example")]
    file: Option<PathBuf>,
    /// Give lines and carriers that are there already the secrets in the file, too: their registrations end.
    #[arg(long)]
    secrets: bool,
    /// Take secrets although they would be guessed.
    #[arg(long)]
    force: bool,
    /// Print a commented example.
    #[arg(long, conflicts_with_all = ["file", "secrets"])]
    example: bool,
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    deck: BTreeMap<DeckId, DeckEntry>,
    carrier: BTreeMap<CarrierId, CarrierOptions>,
    account: BTreeMap<AccountId, AccountOptions>,
    line: BTreeMap<AccountId, BTreeMap<LineId, LineOptions>>,
    did: BTreeMap<E164, DidEntry>,
    payment: BTreeMap<String, PaymentEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeckEntry {
    file: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DidEntry {
    account: AccountId,
    lines: Vec<LineId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentEntry {
    account: AccountId,
    amount: String,
}

impl Apply {
    /// Whether it only prints the example, for which no node is needed.
    pub fn print_example(&self) -> bool {
        if self.example {
            print(EXAMPLE);
        }
        self.example
    }

    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let Some(path) = &self.file else { return refused("name a file") };
        let text = std::fs::read_to_string(path).map_err(|source| CliError::File {
            what: "read",
            path: path.clone(),
            source,
        })?;
        let file: File = toml::from_str(&text)
            .map_err(|error| CliError::Refused(format!("{}: {}", path.display(), error.to_string().trim_end())))?;
        let mut work = Work {
            context,
            reader: context.reader()?,
            node: context.node()?,
            secrets: self.secrets,
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            changed: 0,
            same: 0,
        };
        if !self.force {
            work.refuse_weak_secrets(&file)?;
        }
        work.apply(&file)?;
        print(&format!("{} changed, {} as they were.\n", work.changed, work.same));
        Ok(())
    }
}

struct Work<'c> {
    context: &'c Context,
    reader: Reader,
    node: Node,
    secrets: bool,
    folder: PathBuf,
    changed: u32,
    same: u32,
}

impl Work<'_> {
    /// Before anything is changed: all weak secrets that would be set, together.
    fn refuse_weak_secrets(&self, file: &File) -> Result<(), CliError> {
        let mut weak = Vec::new();
        for (account, lines) in &file.line {
            for (id, options) in lines {
                let Some(secret) = &options.secret else { continue };
                if !self.secrets && self.reader.line(account, id)?.is_some() {
                    continue;
                }
                let auth_name = options.create(account, id)?.auth_name.unwrap_or_default();
                let customer = file.account.get(account).and_then(AccountOptions::name).unwrap_or_default();
                let about = [&auth_name, id.as_str(), account.as_str(), customer, &self.context.config.sip.realm];
                weak.extend(
                    weakness(secret, &about).map(|why| format!("line {account}.{id}: the secret is weak: {why}")),
                );
            }
        }
        if weak.is_empty() {
            return Ok(());
        }
        weak.push(
            "Leave `secret` out and a strong one is made up and printed; or insist on yours with --force".to_owned(),
        );
        refused(weak.join("\n"))
    }

    /// In the order in which one thing needs the other.
    fn apply(&mut self, file: &File) -> Result<(), CliError> {
        for (id, entry) in &file.deck {
            self.deck(id, entry).map_err(|error| of("deck", id, error))?;
        }
        for (id, options) in &file.carrier {
            self.carrier(id, options).map_err(|error| of("carrier", id, error))?;
        }
        for (id, options) in &file.account {
            self.account(id, options).map_err(|error| of("account", id, error))?;
        }
        for (account, lines) in &file.line {
            for (id, options) in lines {
                self.line(account, id, options).map_err(|error| of("line", format!("{account}.{id}"), error))?;
            }
        }
        for (number, entry) in &file.did {
            self.did(*number, entry).map_err(|error| of("did", number, error))?;
        }
        for (reference, entry) in &file.payment {
            self.payment(reference, entry).map_err(|error| of("payment", reference, error))?;
        }
        Ok(())
    }

    fn deck(&mut self, id: &DeckId, entry: &DeckEntry) -> Result<(), CliError> {
        let now_ms = now_ms();
        let mut versions = deck::read(&self.folder.join(&entry.file), &ColumnNames::default(), now_ms)?.versions;
        // What is in force now begins anew with every reading; the later versions begin on the dates of the file.
        let is_known = |version: &DeckVersion| -> Result<bool, CliError> {
            let known = self.reader.deck(id, version.from_ms)?;
            Ok(known.is_some_and(|known| {
                known.deck == version.deck && (known.from_ms == version.from_ms || version.from_ms == now_ms)
            }))
        };
        let known = versions.iter().map(is_known).collect::<Result<Vec<_>, _>>()?;
        let mut known = known.into_iter();
        versions.retain(|_| !known.next().unwrap_or(false));
        if versions.is_empty() {
            self.same += 1;
            return Ok(());
        }
        self.say(Command::Node { by: Actor::CommandLine, change: NodeChange::PutDeck(id.clone(), versions) })
    }

    fn carrier(&mut self, id: &CarrierId, options: &CarrierOptions) -> Result<(), CliError> {
        let known = self.reader.carriers()?.into_iter().find(|carrier| carrier.id == *id);
        let carrier = options.make(id, known.clone())?;
        let is_same = known.as_ref().is_some_and(|known| without_secret(known) == without_secret(&carrier));
        if is_same && !(self.secrets && options.secret.is_some()) {
            self.same += 1;
            return Ok(());
        }
        if carrier.auth.as_ref().is_some_and(|auth| auth.secret.is_empty()) {
            return refused("the file must hold its secret when something else of it changes");
        }
        self.say(Command::Node { by: Actor::CommandLine, change: NodeChange::PutCarrier(carrier) })
    }

    fn account(&mut self, id: &AccountId, options: &AccountOptions) -> Result<(), CliError> {
        let settings = match self.reader.account(id)? {
            Some(row) => {
                let mut settings = row.settings.clone();
                options.change(&mut settings)?;
                if settings == row.settings {
                    self.same += 1;
                    return Ok(());
                }
                settings
            }
            None => {
                let carriers = self.reader.carriers()?.into_iter().map(|carrier| carrier.id).collect();
                options.create(id.as_str(), carriers)?
            }
        };
        self.change(id, Change::Settings(settings))
    }

    fn line(&mut self, account: &AccountId, id: &LineId, options: &LineOptions) -> Result<(), CliError> {
        let Some(row) = self.reader.line(account, id)? else {
            return self.new_line(account, options.create(account, id)?, options.secret.as_deref());
        };
        let mut line = row.line.clone();
        options.change(&mut line)?;
        match (&options.secret, &line.auth_name) {
            (Some(secret), Some(name)) if self.secrets || line.auth_name != row.line.auth_name => {
                line.secrets = Some(secrets(name, &self.context.config.sip.realm, secret));
            }
            _ if line == row.line => {
                self.same += 1;
                return Ok(());
            }
            _ => {}
        }
        self.change(account, Change::PutLine(line))
    }

    fn new_line(&mut self, account: &AccountId, mut line: Line, secret: Option<&str>) -> Result<(), CliError> {
        let mut shown = None;
        if let Some(name) = &line.auth_name {
            let secret = match secret {
                Some(secret) => secret.to_owned(),
                None => shown.insert(generate()?).clone(),
            };
            line.secrets = Some(secrets(name, &self.context.config.sip.realm, &secret));
        }
        let name = line.auth_name.clone();
        self.change(account, Change::PutLine(line))?;
        if let (Some(secret), Some(name)) = (shown, name) {
            print(&format!("  user name {name}, secret {secret} (shown this once)\n"));
        }
        Ok(())
    }

    fn did(&mut self, number: E164, entry: &DidEntry) -> Result<(), CliError> {
        let did = Did { number, lines: entry.lines.clone() };
        let is_same = self.reader.dids(Some(&entry.account))?.iter().any(|row| row.did == did);
        if is_same {
            self.same += 1;
            return Ok(());
        }
        self.change(&entry.account, Change::PutDid(did))
    }

    fn payment(&mut self, reference: &str, entry: &PaymentEntry) -> Result<(), CliError> {
        let amount: Money = entry.amount.parse()?;
        match self.change(&entry.account, Change::TopUp { amount, reference: reference.to_owned() }) {
            Err(CliError::Ask(AskError::Refused(CommandError::Account(ChangeError::DuplicatePayment(_))))) => {
                self.same += 1;
                Ok(())
            }
            other => other,
        }
    }

    fn change(&mut self, account: &AccountId, change: Change) -> Result<(), CliError> {
        self.say(Command::Account { account: account.clone(), by: Actor::CommandLine, change })
    }

    fn say(&mut self, command: Command) -> Result<(), CliError> {
        if let CommandReply::Done(done) = self.node.ask(&command)? {
            print(&format!("{}\n", done.text));
        }
        self.changed += 1;
        Ok(())
    }
}

/// What the tables know of a carrier: everything but its secret.
fn without_secret(carrier: &Carrier) -> Carrier {
    let mut carrier = carrier.clone();
    if let Some(auth) = &mut carrier.auth {
        auth.secret.clear();
    }
    carrier
}

/// An error with the section of the file it is about.
fn of(section: &str, name: impl std::fmt::Display, error: CliError) -> CliError {
    CliError::Refused(format!("[{section}.{name}] {}", super::error::in_full(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_understood_with_everything_it_shows() {
        toml::from_str::<File>(EXAMPLE).unwrap();
        let everything: Vec<&str> = EXAMPLE
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.contains(" = ") || rest.starts_with('[') => rest,
                _ => line,
            })
            .collect();
        let file: File = toml::from_str(&everything.join("\n")).unwrap();
        assert_eq!((file.deck.len(), file.carrier.len(), file.payment.len()), (1, 1, 1));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let error = toml::from_str::<File>("[account.law]\nnam = \"x\"\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("unknown field `nam`"), "{error}");
    }
}
