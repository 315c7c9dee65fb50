//! `tollguard line`: phones and trunks.

use account::{Change, Line as AccountLine, LineKind};
use billing::{AccountId, LineId};
use clap::{Args, Subcommand};
use portal::shapes;
use store::LineRow;

use super::context::Context;
use super::error::refused;
use super::options::{LineOptions, secrets};
use super::output::{self, Table, fields, local, now_ms, or_dash};
use super::password::SecretArgs;
use super::{CliError, Listing};
use crate::serve::read_run_file;

/// Phones and trunks: log-in, secret, registrations.
#[derive(Debug, Args)]
#[command(long_about = "\
Lines: one phone (extension) or a whole PBX (trunk). A phone logs in with a name and a secret; a trunk with a fixed \
address may be proven by that alone. Secrets are stored as digests and shown once, when they are made.

Examples:
  tollguard line add law-000 101 --name 'Jo Law'
  tollguard line add law-000 hq --kind trunk --auth-name law-hq
  tollguard line add law-000 hq2 --kind trunk --address 203.0.113.9
  tollguard line secret law-000 101
  tollguard line list law-000")]
pub struct Line {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Args)]
struct Which {
    /// The account.
    account: AccountId,
    /// The line in it, such as 101.
    line: LineId,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a line; its secret is made up and shown once.
    Add {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        options: LineOptions,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// An account's lines, and where they are registered.
    List {
        /// The account.
        account: AccountId,
        #[command(flatten)]
        listing: Listing,
    },
    /// One line in full.
    Show {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        listing: Listing,
    },
    /// Change a line; what is not given stays.
    Set {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        options: LineOptions,
    },
    /// Give a line a new secret: it is registered no more and its calls are hung up.
    Secret {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        secret: SecretArgs,
    },
    /// Remove a line: its calls are hung up.
    Remove {
        #[command(flatten)]
        which: Which,
    },
    /// End one registration of a line.
    DropBinding {
        #[command(flatten)]
        which: Which,
        /// Its contact, as `tollguard line show` lists it.
        contact: String,
    },
}

impl Line {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { which, options, secret } => add(context, &which, &options, &secret),
            Action::List { account, listing } => list(context, &account, listing),
            Action::Show { which, listing } => show(context, &which, listing),
            Action::Set { which, options } => set(context, &which, &options),
            Action::Secret { which, secret } => new_secret(context, &which, &secret),
            Action::Remove { which } => context.change(&which.account, Change::RemoveLine(which.line)),
            Action::DropBinding { which, contact } => {
                context.change(&which.account, Change::DropBinding { line: which.line, contact })
            }
        }
    }
}

fn row(context: &Context, which: &Which) -> Result<LineRow, CliError> {
    let reader = context.reader()?;
    context.account(&reader, &which.account)?;
    match reader.line(&which.account, &which.line)? {
        Some(row) => Ok(row),
        None => refused(format!("there is no line {} on account {}", which.line, which.account)),
    }
}

fn add(context: &Context, which: &Which, options: &LineOptions, secret: &SecretArgs) -> Result<(), CliError> {
    let reader = context.reader()?;
    let customer = context.account(&reader, &which.account)?.settings.name;
    if reader.line(&which.account, &which.line)?.is_some() {
        return refused(format!("there is a line {} already; change it with `tollguard line set`", which.line));
    }
    let mut line = options.create(&which.account, &which.line)?;
    let Some(name) = line.auth_name.clone() else {
        return context.change(&which.account, Change::PutLine(line));
    };
    let chosen = secret.choose(&about(context, which, &name, &line.name, &customer))?;
    line.secrets = Some(secrets(&name, &context.config.sip.realm, &chosen.text));
    context.change(&which.account, Change::PutLine(line))?;
    output::print(&phone_settings(context, &name, chosen.generated.then_some(&chosen.text)));
    Ok(())
}

fn set(context: &Context, which: &Which, options: &LineOptions) -> Result<(), CliError> {
    let mut line = row(context, which)?.line;
    let name = line.auth_name.clone();
    options.change(&mut line)?;
    if line.auth_name != name {
        return refused("a line's secret is bound to the name it logs in with: remove the line and add it anew");
    }
    context.change(&which.account, Change::PutLine(line))
}

fn new_secret(context: &Context, which: &Which, secret: &SecretArgs) -> Result<(), CliError> {
    let line = row(context, which)?.line;
    let Some(name) = line.auth_name else {
        return refused(format!("line {} is proven by its address and has no secret", which.line));
    };
    let customer = context.account(&context.reader()?, &which.account)?.settings.name;
    let chosen = secret.choose(&about(context, which, &name, &line.name, &customer))?;
    let secrets = secrets(&name, &context.config.sip.realm, &chosen.text);
    context.change(&which.account, Change::SetSecret { line: which.line.clone(), secrets })?;
    output::print(&phone_settings(context, &name, chosen.generated.then_some(&chosen.text)));
    Ok(())
}

/// What a guesser would know of a line.
fn about<'a>(context: &'a Context, which: &'a Which, name: &'a str, shown: &'a str, customer: &'a str) -> [&'a str; 6] {
    [name, which.line.as_str(), which.account.as_str(), shown, customer, &context.config.sip.realm]
}

/// What goes into the phone or the PBX.
fn phone_settings(context: &Context, name: &str, secret: Option<&String>) -> String {
    let bound = read_run_file(&context.config.data_dir).map(|run| run.sip);
    let addresses = bound.unwrap_or_else(|| context.config.sip.listen.clone());
    let servers: Vec<String> = context.config.servers(&addresses).iter().map(ToString::to_string).collect();
    let mut page = vec![
        ("SIP server", servers.join(" or ")),
        ("transport", transports(context)),
        ("user name", name.to_owned()),
        ("realm", context.config.sip.realm.clone()),
    ];
    if let Some(secret) = secret {
        page.push(("secret", format!("{secret}   (shown this once)")));
    }
    fields(&page)
}

/// How phones may come.
fn transports(context: &Context) -> String {
    match context.config.tls.as_ref().and_then(|tls| tls.listen.first()) {
        Some(tls) => format!("UDP or TCP; TLS at port {}", tls.port()),
        None => "UDP or TCP".to_owned(),
    }
}

fn list(context: &Context, account: &AccountId, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let zone = context.account(&reader, account)?.settings.time_zone;
    let lines = reader.lines(account)?;
    if listing.json {
        let now_ms = now_ms();
        return output::json(&lines.iter().map(|row| shapes::line(row, now_ms)).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["LINE", "KIND", "NAME", "LOGS IN AS", "REGISTERED FROM", "LAST SEEN", "STATE"], &[]);
    for LineRow { line, .. } in lines {
        let places: Vec<String> = line.bindings.iter().map(|b| format!("{} {}", b.flow.remote.ip(), b.place)).collect();
        let seen = line.last_seen.as_ref().map(|(at_ms, ..)| local(*at_ms, Some(&zone)));
        table.row(vec![
            line.id.to_string(),
            kind_word(line.kind).to_owned(),
            line.name.clone(),
            logs_in(&line),
            or_dash(Some(places.join("; ")).filter(|text| !text.is_empty())),
            or_dash(seen),
            state_word(&line),
        ]);
    }
    output::print(&table.text(&format!("Account {account} has no lines yet: `tollguard line add --help`.")));
    Ok(())
}

fn show(context: &Context, which: &Which, listing: Listing) -> Result<(), CliError> {
    let row = row(context, which)?;
    if listing.json {
        return output::json(&shapes::line(&row, now_ms()));
    }
    let settings = context.account(&context.reader()?, &which.account)?.settings;
    let (zone, currency) = (settings.time_zone, settings.currency);
    let line = &row.line;
    let seen =
        line.last_seen.as_ref().map(|(at_ms, ip, place)| format!("{} from {ip}, {place}", local(*at_ms, Some(&zone))));
    let bindings: Vec<String> = line
        .bindings
        .iter()
        .map(|binding| {
            format!(
                "{} from {}, {}\n  {}, since {}, until {}",
                binding.contact,
                binding.flow.remote,
                binding.place,
                binding.user_agent,
                local(binding.since_ms, Some(&zone)),
                local(binding.until_ms, Some(&zone)),
            )
        })
        .collect();
    output::print(&fields(&[
        ("line", format!("{} of {}", line.id, row.account)),
        ("kind", kind_word(line.kind).to_owned()),
        ("name", line.name.clone()),
        ("logs in as", logs_in(line)),
        ("secret", row.secret_version.map_or("none".to_owned(), |version| format!("set {version} times"))),
        ("caller ID", or_dash(line.caller_id.map(|number| number.to_string()))),
        ("international", state_word(line)),
        ("calls at once", line.max_calls.map_or_else(|| "as many as the account".to_owned(), |most| most.to_string())),
        ("limits", or_dash(Some(line.limits.in_words(&currency).join("\n")).filter(|text| !text.is_empty()))),
        ("last seen", or_dash(seen)),
        ("registered", or_dash(Some(bindings.join("\n")).filter(|text| !text.is_empty()))),
    ]));
    Ok(())
}

fn kind_word(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Extension => "extension",
        LineKind::Trunk => "trunk",
    }
}

fn logs_in(line: &AccountLine) -> String {
    let addresses = line.addresses.iter().map(ToString::to_string);
    let addresses: Vec<String> =
        addresses.chain(line.certificates.iter().map(|name| format!("certificate {name}"))).collect();
    match &line.auth_name {
        Some(name) if addresses.is_empty() => name.to_string(),
        Some(name) => format!("{name}, or from {}", addresses.join(", ")),
        None => format!("from {}", addresses.join(", ")),
    }
}

fn state_word(line: &AccountLine) -> String {
    match line.cut {
        Some(cut) => format!("international calling cut ({})", cut.incident),
        None if line.international => "on".to_owned(),
        None => "home calls only".to_owned(),
    }
}
