//! `tollguard account`: customers, their settings and their money.

use account::{Change, GuardMode, Settings, Terms};
use billing::{AccountId, LineId, Money};
use clap::{Args, Subcommand, ValueEnum};
use portal::shapes;
use store::{AccountRow, CdrFilter, MAX_ADDED_UP, Reader};

use super::context::Context;
use super::error::refused;
use super::options::AccountOptions;
use super::output::{self, Table, fields, local, now_ms, or_dash};
use super::{CliError, Listing};

/// Customers: settings, balance, guard.
#[derive(Debug, Args)]
#[command(long_about = "\
Customers: their settings, balance and guard. An account pays in advance; its lines place calls until the balance is used \
up.

Examples:
  tollguard account add law-000 --name 'Law & Sons' --country US --time-zone America/Denver --area-code 303 \\
      --number +13035550100 --contact 'Jo Law <jo@law.example>'
  tollguard account top-up law-000 100 --reference invoice-17
  tollguard account guard law-000 shadow
  tollguard account lift-cut law-000")]
pub struct Account {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an account.
    Add {
        /// Its id: a-z, 0-9, `.`, `_` and `-`.
        id: AccountId,
        #[command(flatten)]
        options: AccountOptions,
    },
    /// All accounts with their balances.
    List(Listing),
    /// One account in full.
    Show {
        /// Which.
        id: AccountId,
        #[command(flatten)]
        listing: Listing,
    },
    /// Change settings; what is not given stays.
    Set {
        /// Which.
        id: AccountId,
        #[command(flatten)]
        options: AccountOptions,
    },
    /// Book a payment.
    TopUp {
        /// Which account.
        id: AccountId,
        /// How much.
        amount: Money,
        /// The payment's own reference; the same one is never booked twice [default: made of the time].
        #[arg(long)]
        reference: Option<String>,
    },
    /// Correct the balance.
    #[command(allow_negative_numbers = true)]
    Adjust {
        /// Which account.
        id: AccountId,
        /// How much, with its sign.
        amount: Money,
        /// Why, for the ledger.
        #[arg(long)]
        note: String,
        /// The correction's own reference; the same one is never made twice [default: made of the time].
        #[arg(long)]
        reference: Option<String>,
    },
    /// Let the guard act, or only watch.
    Guard {
        /// Which account.
        id: AccountId,
        /// What it does.
        mode: Mode,
    },
    /// Turn international calling back on after an incident.
    LiftCut {
        /// Which account.
        id: AccountId,
        /// For this line alone.
        #[arg(long)]
        line: Option<LineId>,
    },
    /// What an account may lose at most, whatever the guard thinks.
    ///
    /// Calls to destinations that an account has not made its own may cost so much within any 24 hours, however many run
    /// at once: before each call, and before each further interval of it, is set aside what it will cost, and where that
    /// would exceed the ceiling the call is refused or ends. A destination (a country's numbers of one kind) is the
    /// account's own once calls there were answered on three different days of the last sixty.
    Exposure {
        /// Which account [default: all].
        id: Option<AccountId>,
        #[command(flatten)]
        listing: Listing,
    },
    /// The latest changes by people.
    Audit {
        /// Which account [default: all].
        id: Option<AccountId>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Refuse, cut and hang up.
    Active,
    /// Record what it would do, and stop nothing.
    Shadow,
}

impl Account {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::Add { id, options } => add(context, &id, &options),
            Action::List(listing) => list(context, listing),
            Action::Show { id, listing } => show(context, &id, listing),
            Action::Set { id, options } => {
                let mut settings = context.account(&context.reader()?, &id)?.settings;
                options.change(&mut settings)?;
                context.change(&id, Change::Settings(settings))
            }
            Action::TopUp { id, amount, reference } => {
                let reference = reference.unwrap_or_else(|| format!("cli-{}", now_ms()));
                context.change(&id, Change::TopUp { amount, reference })
            }
            Action::Adjust { id, amount, note, reference } => {
                let reference = reference.unwrap_or_else(|| format!("cli-{}", now_ms()));
                context.change(&id, Change::Adjust { amount, note, reference })
            }
            Action::Guard { id, mode } => {
                let mode = match mode {
                    Mode::Active => GuardMode::Active,
                    Mode::Shadow => GuardMode::Shadow,
                };
                context.change(&id, Change::Guard(mode))
            }
            Action::LiftCut { id, line } => context.change(&id, Change::LiftCut { line }),
            Action::Exposure { id, listing } => super::exposure::print(context, id, listing),
            Action::Audit { id, limit, listing } => audit(context, id.as_ref(), limit, listing),
        }
    }
}

fn add(context: &Context, id: &AccountId, options: &AccountOptions) -> Result<(), CliError> {
    let reader = context.reader()?;
    if reader.account(id)?.is_some() {
        return refused(format!("there is an account {id} already; change it with `tollguard account set`"));
    }
    let carriers = reader.carriers()?.into_iter().map(|carrier| carrier.id).collect();
    context.change(id, Change::Settings(options.create(id.as_str(), carriers)?))
}

fn list(context: &Context, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let accounts = reader.accounts()?;
    if listing.json {
        return output::json(&accounts.iter().map(shapes::account).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["ACCOUNT", "NAME", "LINES", "BALANCE", "HELD", "GUARD", "INTERNATIONAL"], &[2, 3, 4]);
    for row in accounts {
        let currency = row.settings.currency;
        table.row(vec![
            row.id.to_string(),
            row.settings.name.clone(),
            reader.lines(&row.id)?.len().to_string(),
            row.balance.format(&currency),
            row.held.format(&currency),
            guard_word(row.settings.guard).to_owned(),
            cut_word(&row),
        ]);
    }
    output::print(&table.text("There are no accounts yet: `tollguard account add --help`."));
    Ok(())
}

fn show(context: &Context, id: &AccountId, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    let row = context.account(&reader, id)?;
    if listing.json {
        return output::json(&shapes::account(&row));
    }
    output::print(&fields(&page(&reader, &row)?));
    Ok(())
}

fn page(reader: &Reader, row: &AccountRow) -> Result<Vec<(&'static str, String)>, CliError> {
    let settings = &row.settings;
    let money = |amount: Money| amount.format(&settings.currency);
    let contacts: Vec<String> = settings.contacts.iter().map(|c| format!("{} <{}>", c.name, c.email)).collect();
    let lines = reader.lines(&row.id)?;
    let registered = lines.iter().filter(|line| !line.line.bindings.is_empty()).count();
    let since_ms = Some(now_ms().saturating_sub(86_400_000));
    let totals = reader.totals_of(&CdrFilter { account: Some(row.id.clone()), since_ms, ..CdrFilter::default() })?;
    let latest = if totals.calls == u64::from(MAX_ADDED_UP) { "the latest " } else { "" };
    let plan = &settings.dial_plan;
    Ok(vec![
        ("account", row.id.to_string()),
        ("name", settings.name.clone()),
        ("balance", format!("{}, of which {} set aside for running calls", money(row.balance), money(row.held))),
        (
            "last 24 h",
            format!("{latest}{} calls, {} answered, {}", totals.calls, totals.answered, money(totals.charge)),
        ),
        ("lines", format!("{}, {registered} registered", lines.len())),
        ("guard", guard_word(settings.guard).to_owned()),
        ("international", cut_word(row)),
        ("exposure", format!("at most {} a day to new destinations", money(settings.exposure_ceiling))),
        ("calls at once", settings.max_calls.to_string()),
        ("terms", terms(&settings.terms, money)),
        (
            "limits",
            or_dash(Some(settings.limits.in_words(&settings.currency).join("\n")).filter(|text| !text.is_empty())),
        ),
        ("lock-out", lockout(settings)),
        ("country", format!("{}, area code {}", settings.country.name(), or_dash(plan.area_code()))),
        ("outside prefix", or_dash(plan.outside_prefix())),
        ("time zone", settings.time_zone.clone()),
        ("deck", settings.deck.to_string()),
        ("carriers", joined(&settings.carriers)),
        ("numbers", joined(&settings.numbers)),
        ("contacts", if contacts.is_empty() { "nobody is told by mail".into() } else { contacts.join("\n") }),
    ])
}

/// What was agreed about money, a line each.
fn terms(terms: &Terms, money: impl Fn(Money) -> String) -> String {
    let mut lines = Vec::new();
    if terms.markup_bp != 0 {
        let sign = if terms.markup_bp < 0 { "-" } else { "" };
        let bp = terms.markup_bp.abs();
        lines.push(format!("{sign}{}.{:02}% on the deck's prices", bp / 100, bp % 100));
    }
    for (limit, what) in [
        (terms.low_balance, "a mail when the balance falls below"),
        (terms.monthly_limit, "calls of a month cost at most"),
        (terms.auto_top_up_max, "automatic payments within 24 hours at most"),
    ] {
        lines.extend(limit.map(|limit| format!("{what} {}", money(limit))));
    }
    or_dash(Some(lines.join("\n")).filter(|text| !text.is_empty()))
}

/// What it sets for guesses at its lines.
fn lockout(settings: &Settings) -> String {
    let words = settings.lockout.in_words();
    if words.is_empty() { "as the node has it".to_owned() } else { words.join("\n") }
}

fn audit(context: &Context, id: Option<&AccountId>, limit: u32, listing: Listing) -> Result<(), CliError> {
    let rows = context.reader()?.audit(id, limit)?;
    if listing.json {
        return output::json(&rows.iter().map(shapes::audit).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["WHEN", "ACCOUNT", "BY", "WHAT"], &[]);
    for row in rows {
        let mut text = row.text;
        for change in row.changes {
            text.push_str(&format!("\n{}: {} -> {}", change.what, or_none(&change.before), or_none(&change.after)));
        }
        table.row(vec![local(row.at_ms, None), or_dash(row.account), row.by, text]);
    }
    output::print(&table.text("Nobody has changed anything yet."));
    Ok(())
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn guard_word(mode: GuardMode) -> &'static str {
    match mode {
        GuardMode::Active => "active",
        GuardMode::Shadow => "shadow",
    }
}

fn cut_word(row: &AccountRow) -> String {
    match row.cut {
        Some(cut) => {
            format!("cut since {} ({})", local(cut.since_ms, Some(&row.settings.time_zone)), cut.incident)
        }
        None => "on".to_owned(),
    }
}

fn joined<T: ToString>(items: &[T]) -> String {
    or_dash(Some(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty()))
}
