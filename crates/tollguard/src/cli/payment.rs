//! `tollguard payment`: what the payment system told of.

use billing::Money;
use clap::{Args, Subcommand};
use serde_json::json;

use super::context::Context;
use super::output::{self, Table, local};
use super::{CliError, Listing};

/// Payments that the payment system told of, and those that wait.
#[derive(Debug, Args)]
#[command(long_about = "\
Payments that your payment system told of at /hooks/payment. One that its account does not take now waits and is booked \
as soon as it can be: when the incident is closed, when the limit of 24 hours leaves room. To book one by hand, use its \
reference: it is never booked twice.

Examples:
  tollguard payment list --waiting
  tollguard account top-up law-000 25 --reference pay_81")]
pub struct Payment {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The latest payments, the newest first.
    List {
        /// Only those that wait.
        #[arg(long)]
        waiting: bool,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
}

impl Payment {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let Action::List { waiting, limit, listing } = self.action;
        let payments = context.desk()?.payments(waiting, limit)?;
        if listing.json {
            let rows: Vec<_> = payments
                .iter()
                .map(|payment| {
                    json!({
                        "account": payment.account, "reference": payment.reference, "amount": payment.amount,
                        "received_ms": payment.received_ms, "booked_ms": payment.booked_ms, "why": payment.why,
                        "attempts": payment.attempts,
                    })
                })
                .collect();
            return output::json(&rows);
        }
        let reader = context.reader()?;
        let mut table = Table::new(&["TOLD", "ACCOUNT", "AMOUNT", "REFERENCE", "STATE"], &[2]);
        for payment in payments {
            let settings = reader.account(&payment.account)?.map(|account| account.settings);
            let zone = settings.as_ref().map(|settings| settings.time_zone.as_str());
            let exact = |amount: &Money| amount.to_string();
            table.row(vec![
                local(payment.received_ms, zone),
                payment.account.to_string(),
                settings.as_ref().map_or_else(|| exact(&payment.amount), |s| payment.amount.format(&s.currency)),
                payment.reference,
                match payment.booked_ms {
                    Some(_) => "booked".to_owned(),
                    None => format!("waits: {}", payment.why),
                },
            ]);
        }
        output::print(&table.text("There are none."));
        Ok(())
    }
}
