//! `tollguard cdr report`: calls added up, from sums that are kept.

use std::ops::Range;
use std::str::FromStr;

use billing::AccountId;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use serde_json::json;
use store::{Usage, UsageBy};

use crate::cli::context::Context;
use crate::cli::error::refused;
use crate::cli::output::{self, Table, talk};
use crate::cli::{CliError, Listing};

/// Calls added up by day, line, country or carrier.
#[derive(Debug, Args)]
pub struct Report {
    /// Of this account [default: all; then sums of different currencies stand side by side].
    #[arg(long)]
    account: Option<AccountId>,
    /// A calendar month, such as 2026-03, by each account's own days.
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,
    /// What they are added up by.
    #[arg(long, default_value = "day")]
    by: By,
    #[command(flatten)]
    listing: Listing,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The account.
    Account,
    /// The day.
    Day,
    /// The line, of one account.
    Line,
    /// The country called.
    Country,
    /// The carrier.
    Carrier,
}

/// A calendar month, as days counted from the Unix epoch.
#[derive(Clone, Debug)]
struct Month(Range<u32>);

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a month such as 2026-03");
        let first: Date = format!("{text}-01").parse().map_err(|_| wrong())?;
        let next = first.last_of_month().tomorrow().map_err(|_| wrong())?;
        Ok(Self(day_number(first).ok_or_else(wrong)?..day_number(next).ok_or_else(wrong)?))
    }
}

fn epoch() -> Date {
    Date::constant(1970, 1, 1)
}

fn day_number(date: Date) -> Option<u32> {
    u32::try_from((date - epoch()).get_days()).ok()
}

fn date_of(day: &str) -> String {
    let days = day.parse::<i64>().ok().and_then(|day| jiff::Span::new().try_days(day).ok());
    days.and_then(|days| epoch().checked_add(days).ok()).map_or_else(|| day.to_owned(), |date| date.to_string())
}

impl Report {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        let reader = context.reader()?;
        let currency = match &self.account {
            Some(id) => Some(context.account(&reader, id)?.settings.currency),
            None => None,
        };
        if self.account.is_none() && matches!(self.by, By::Line) {
            return refused("lines are added up within an account: say which with --account");
        }
        let (by, heading) = match self.by {
            By::Account => (UsageBy::Account, "ACCOUNT"),
            By::Day => (UsageBy::Day, "DAY"),
            By::Line => (UsageBy::Line, "LINE"),
            By::Country => (UsageBy::Country, "COUNTRY"),
            By::Carrier => (UsageBy::Carrier, "CARRIER"),
        };
        let mut rows = reader.usage(self.account.as_ref(), self.month.0, by)?;
        if matches!(self.by, By::Day) {
            rows.iter_mut().for_each(|row| row.of = date_of(&row.of));
        }
        if self.listing.json {
            return output::json(&rows.iter().map(as_json).collect::<Vec<_>>());
        }
        let money = |amount: billing::Money| currency.map_or_else(|| amount.to_string(), |c| amount.format(&c));
        let headings = [heading, "CALLS", "ANSWERED", "TALK", "BILLED", "CHARGED", "COST", "MARGIN"];
        let mut table = Table::new(&headings, &[1, 2, 3, 4, 5, 6, 7]);
        for row in &rows {
            table.row(vec![
                if row.of.is_empty() { "-".to_owned() } else { row.of.clone() },
                row.calls.to_string(),
                row.answered.to_string(),
                talk(row.talk_ms),
                talk(row.billed_s * 1000),
                money(row.charge),
                money(row.cost),
                money(row.charge.saturating_sub(row.cost)),
            ]);
        }
        output::print(&table.text("There are no calls in that month."));
        Ok(())
    }
}

fn as_json(row: &Usage) -> serde_json::Value {
    json!({
        "of": row.of, "calls": row.calls, "answered": row.answered, "talk_ms": row.talk_ms, "billed_s": row.billed_s,
        "charge_micros": row.charge.micros(), "cost_micros": row.cost.micros(),
    })
}
