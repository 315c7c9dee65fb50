//! `tollguard account exposure`: the most an account can lose, and how that comes about.

use account::{ExposureView, GroundView, OWN_DAYS, OWN_WINDOW_DAYS};
use billing::AccountId;
use node::{Command, CommandReply};
use portal::shapes;
use store::AccountRow;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, fields, local};
use super::{CliError, Listing};

/// Prints one account's exposure in full, or a table of all.
pub fn print(context: &Context, id: Option<AccountId>, listing: Listing) -> Result<(), CliError> {
    let reader = context.reader()?;
    if let Some(id) = &id {
        context.account(&reader, id)?;
    }
    let views = match context.node()?.ask(&Command::Exposure { account: id.clone() })? {
        CommandReply::Exposure(views) => views,
        _ => return refused("the node did not tell the exposure"),
    };
    if listing.json {
        return output::json(&views.iter().map(shapes::exposure).collect::<Vec<_>>());
    }
    let rows = reader.accounts()?;
    let known = |view: &ExposureView| rows.iter().find(|row| row.id == view.account).cloned();
    let views = views.into_iter().filter_map(|view| Some((known(&view)?, view)));
    if id.is_some() {
        for (row, view) in views {
            output::print(&in_full(&row, &view));
        }
        return Ok(());
    }
    let mut table = Table::new(&["ACCOUNT", "CEILING", "SPENT", "HELD", "LEFT", "OWN DESTINATIONS"], &[1, 2, 3, 4, 5]);
    for (row, ExposureView { bound, grounds, .. }) in views {
        let money = |amount: billing::Money| amount.format(&row.settings.currency);
        table.row(vec![
            row.id.to_string(),
            money(bound.ceiling),
            money(bound.charged),
            money(bound.held),
            money(bound.left),
            grounds.iter().filter(|ground| ground.own).count().to_string(),
        ]);
    }
    output::print(&table.text("There are no accounts yet: `tollguard account add --help`."));
    Ok(())
}

fn in_full(row: &AccountRow, ExposureView { bound, grounds, .. }: &ExposureView) -> String {
    let money = |amount: billing::Money| amount.format(&row.settings.currency);
    let calls = if bound.calls == 1 { "1 call".to_owned() } else { format!("{} calls", bound.calls) };
    let frees = bound.frees_ms.map_or_else(String::new, |at_ms| {
        format!("; the first of it may be spent again at {}", local(at_ms, Some(&row.settings.time_zone)))
    });
    let names = |own: bool| {
        let days = |ground: &GroundView| match own {
            true => ground.name.clone(),
            false => format!("{} ({} of {OWN_DAYS} days)", ground.name, ground.days),
        };
        let names: Vec<String> = grounds.iter().filter(|ground| ground.own == own).map(days).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    fields(&[
        ("account", row.id.to_string()),
        (
            "ceiling",
            format!("{} within any 24 hours, for destinations that are not the account's own", money(bound.ceiling)),
        ),
        ("spent there", format!("{} in the last 24 hours{frees}", money(bound.charged))),
        ("set aside", format!("{} for {calls} that run there now", money(bound.held))),
        ("left", format!("{}: the most that could still be lost there now", money(bound.left))),
        ("", "This holds whether or not the guard notices, and for any number of calls at once.".to_owned()),
        ("own", format!("{} (answered on {OWN_DAYS} different days of the last {OWN_WINDOW_DAYS})", names(true))),
        ("on their way", names(false)),
        (
            "elsewhere",
            format!(
                "calls to own destinations are bounded by the balance alone: {} free",
                money(row.balance.saturating_sub(row.held))
            ),
        ),
    ])
}
