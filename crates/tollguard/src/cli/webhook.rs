//! `tollguard webhook`: where an account's events are sent, what was delivered, and sending it again.

use billing::AccountId;
use clap::{Args, Subcommand};
use portal::{kept, shapes};
use store::{Desk, HookFormat, NewDelivery, Vault, Webhook as Row};

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, hand, local, now_ms, say};
use super::{CliError, Listing};

/// Where an account's events are sent.
#[derive(Debug, Args)]
#[command(long_about = "\
What is told by mail can also be posted to a program, or to Slack: incidents, a low balance, a new country or network, an \
emergency call. Each event is signed (docs/portal.md says how), tried for three days, and kept so that it can be sent again.

Examples:
  tollguard webhook add law-000 https://hooks.example.com/tollguard
  tollguard webhook add law-000 https://hooks.slack.com/services/T0/B0/x --format slack --event incident.opened
  tollguard webhook deliveries law-000
  tollguard webhook replay 17")]
pub struct Webhook {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send an account's events to an address; the secret that signs them is shown once.
    Add {
        /// The account.
        account: AccountId,
        /// The address.
        url: String,
        /// json or slack.
        #[arg(long, default_value = "json")]
        format: HookFormat,
        /// Only this event; may be given several times.
        #[arg(long)]
        event: Vec<String>,
    },
    /// All webhooks.
    List(Listing),
    /// Turn a webhook on.
    On {
        /// Its number.
        webhook: i64,
    },
    /// Turn a webhook off; what waits for it waits on.
    Off {
        /// Its number.
        webhook: i64,
    },
    /// Remove a webhook with what was delivered to it.
    Remove {
        /// Its number.
        webhook: i64,
    },
    /// Send something to a webhook, to see whether it is heard.
    Test {
        /// Its number.
        webhook: i64,
    },
    /// What was sent, the latest first.
    Deliveries {
        /// The account.
        account: AccountId,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// Send a delivery once more.
    Replay {
        /// Its number.
        delivery: i64,
    },
}

impl Webhook {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let desk = context.desk()?;
        match self.action {
            Action::Add { account, url, format, event } => add(context, &desk, account, url, format, event),
            Action::List(listing) => list(&desk, listing),
            Action::On { webhook } => switch(&desk, webhook, true),
            Action::Off { webhook } => switch(&desk, webhook, false),
            Action::Remove { webhook } => say(&kept::remove_webhook(&desk, &hand(), &find(&desk, webhook)?)?),
            Action::Test { webhook } => {
                let hook = find(&desk, webhook)?;
                let number = desk.queue_delivery(&NewDelivery::test(&hook, &context.config.name, now_ms()))?;
                output::print(&format!(
                    "Delivery {number} is on its way: `tollguard webhook deliveries {}`.\n",
                    hook.account
                ));
                Ok(())
            }
            Action::Deliveries { account, limit, listing } => deliveries(&desk, &account, limit, listing),
            Action::Replay { delivery } => {
                if !desk.send_again(None, delivery, now_ms())? {
                    return refused(format!("there is no delivery {delivery}"));
                }
                output::print(&format!("Delivery {delivery} is on its way once more.\n"));
                Ok(())
            }
        }
    }
}

fn find(desk: &Desk, id: i64) -> Result<Row, CliError> {
    match desk.webhook(id)? {
        Some(hook) => Ok(hook),
        None => refused(format!("there is no webhook {id}")),
    }
}

fn add(
    context: &Context,
    desk: &Desk,
    account: AccountId,
    url: String,
    format: HookFormat,
    events: Vec<String>,
) -> Result<(), CliError> {
    drop(context.account(&context.reader()?, &account)?);
    let vault = Vault::open(&context.config.data_dir, desk)?;
    let new = kept::NewWebhook { account, url, format, events };
    let (hook, secret) = kept::add_webhook(desk, &vault, &hand(), new)?;
    let text = format!("Events of {} are sent to {} (webhook {}).", hook.account, hook.url, hook.id);
    say(&format!("{text}\nSecret, shown this once: {secret}"))
}

fn switch(desk: &Desk, id: i64, is_on: bool) -> Result<(), CliError> {
    say(&kept::switch_webhook(desk, &hand(), &find(desk, id)?, is_on)?)
}

fn list(desk: &Desk, listing: Listing) -> Result<(), CliError> {
    let hooks = desk.webhooks(None)?;
    if listing.json {
        return output::json(&hooks.iter().map(shapes::webhook).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["WEBHOOK", "ACCOUNT", "ADDRESS", "FORM", "EVENTS", "STATE"], &[0]);
    for hook in hooks {
        let events = if hook.events.is_empty() { "all".to_owned() } else { hook.events.join(", ") };
        let state = if hook.is_on { "on" } else { "off" };
        let format = hook.format.to_string();
        table.row(vec![hook.id.to_string(), hook.account.to_string(), hook.url, format, events, state.to_owned()]);
    }
    output::print(&table.text("There are no webhooks yet: `tollguard webhook add --help`."));
    Ok(())
}

fn deliveries(desk: &Desk, account: &AccountId, limit: u32, listing: Listing) -> Result<(), CliError> {
    let deliveries = desk.deliveries(account, None, limit)?;
    if listing.json {
        return output::json(&deliveries.iter().map(shapes::delivery).collect::<Vec<_>>());
    }
    let mut table = Table::new(&["DELIVERY", "WEBHOOK", "QUEUED", "EVENT", "STATE", "TRIES", "ANSWER"], &[0, 1, 5]);
    for one in deliveries {
        table.row(vec![
            one.id.to_string(),
            one.webhook.to_string(),
            local(one.created_ms, None),
            one.event,
            one.state,
            one.attempts.to_string(),
            one.answer,
        ]);
    }
    output::print(&table.text("Nothing has been sent yet."));
    Ok(())
}
