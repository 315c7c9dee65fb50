//! `tollguard incident`: what the guard noticed and did.

use account::Change;
use billing::{AccountId, Currency, IncidentId};
use clap::{Args, Subcommand};
use guard::{Action as GuardAction, Incident as Found, IncidentState};
use portal::shapes;

use super::context::Context;
use super::error::refused;
use super::output::{self, Table, fields, local, or_dash};
use super::{CliError, Listing};

/// What the guard noticed and did.
#[derive(Debug, Args)]
#[command(long_about = "\
Incidents: what the guard noticed, on which evidence, which calls, and what was cut. After putting things right, turn \
international calling back on with `tollguard account lift-cut`. If it was no attack, say so with `incident ours`; if \
it was one, with `incident theirs`. The guard learns from either at once, and `incident take-back` undoes it.

Examples:
  tollguard incident list --open
  tollguard incident show i0000000000010
  tollguard incident ours i0000000000010
  tollguard incident take-back i0000000000010")]
pub struct Incident {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Incidents, the latest first.
    List {
        /// Of this account.
        #[arg(long)]
        account: Option<AccountId>,
        /// Only open ones.
        #[arg(long)]
        open: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        listing: Listing,
    },
    /// One incident in full.
    Show {
        /// Which.
        incident: IncidentId,
        #[command(flatten)]
        listing: Listing,
    },
    /// "That was us": no attack; what it cut is turned back on, and calls like these are normal for the line at once.
    Ours {
        /// Which.
        incident: IncidentId,
    },
    /// "That was not us": its numbers and new places speak against whoever uses them again; the line is cut.
    Theirs {
        /// Which.
        incident: IncidentId,
    },
    /// Take the answer back: the guard unlearns it, and an incident that was open is open again.
    TakeBack {
        /// Which.
        incident: IncidentId,
    },
}

impl Incident {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<(), CliError> {
        match self.action {
            Action::List { account, open, limit, listing } => list(context, account.as_ref(), open, limit, listing),
            Action::Show { incident, listing } => show(context, incident, listing),
            Action::Ours { incident } => answer(context, incident, Change::ThatWasUs { incident }),
            Action::Theirs { incident } => answer(context, incident, Change::ThatWasNotUs { incident }),
            Action::TakeBack { incident } => answer(context, incident, Change::TakeBack { incident }),
        }
    }
}

fn answer(context: &Context, incident: IncidentId, change: Change) -> Result<(), CliError> {
    let account = find(context, incident)?.account;
    context.change(&account, change)
}

fn find(context: &Context, id: IncidentId) -> Result<Found, CliError> {
    match context.reader()?.incident(id)? {
        Some(incident) => Ok(incident),
        None => refused(format!("there is no incident {id}")),
    }
}

fn list(
    context: &Context,
    account: Option<&AccountId>,
    open: bool,
    limit: u32,
    listing: Listing,
) -> Result<(), CliError> {
    let incidents = context.reader()?.incidents(account, open, limit)?;
    if listing.json {
        return output::json(&incidents.iter().map(shapes::incident).collect::<Vec<_>>());
    }
    let headings = ["OPENED", "INCIDENT", "ACCOUNT", "LINE", "DONE", "CALLS", "SCORE", "STATE"];
    let mut table = Table::new(&headings, &[5, 6]);
    for incident in incidents {
        table.row(vec![
            local(incident.opened_ms, None),
            incident.id.to_string(),
            incident.account.to_string(),
            incident.line.to_string(),
            action_word(&incident).to_owned(),
            incident.calls.len().to_string(),
            format!("{} dB", incident.score),
            state_word(&incident),
        ]);
    }
    output::print(&table.text("There are no such incidents."));
    Ok(())
}

fn show(context: &Context, id: IncidentId, listing: Listing) -> Result<(), CliError> {
    let incident = find(context, id)?;
    if listing.json {
        return output::json(&shapes::incident(&incident));
    }
    let settings = context.reader()?.account(&incident.account)?.map(|row| row.settings);
    let zone = settings.as_ref().map(|settings| settings.time_zone.as_str());
    let currency = settings.as_ref().map_or(Currency::USD, |settings| settings.currency);
    let evidence: Vec<String> =
        incident.evidence.iter().map(|evidence| format!("{:>6} dB  {}", evidence.weight, evidence.text)).collect();
    let origins: Vec<String> = incident.origins.iter().map(|(ip, place)| format!("{ip}, {place}")).collect();
    let mut page = fields(&[
        ("incident", incident.id.to_string()),
        ("account", incident.account.to_string()),
        ("line", incident.line.to_string()),
        ("opened", local(incident.opened_ms, zone)),
        ("done", action_word(&incident).to_owned()),
        ("state", state_word(&incident)),
        ("score", format!("{} dB", incident.score)),
        ("why", incident.why()),
        ("evidence", or_dash(Some(evidence.join("\n")).filter(|text| !text.is_empty()))),
        ("from", or_dash(Some(origins.join("\n")).filter(|text| !text.is_empty()))),
        ("told by PBX", or_dash(Some(incident.told.join("\n")).filter(|text| !text.is_empty()))),
    ]);
    page.push('\n');
    let mut table = Table::new(&["WHEN", "NUMBER", "DESTINATION", "RESULT", "COST", "CALL"], &[4]);
    for call in &incident.calls {
        table.row(vec![
            local(call.start_ms, zone),
            call.number.to_string(),
            call.destination.clone(),
            call.result.clone(),
            or_dash(call.charge.map(|charge| charge.format(&currency))),
            call.call.to_string(),
        ]);
    }
    page.push_str(&table.text("No calls belong to it."));
    output::print(&page);
    Ok(())
}

fn action_word(incident: &Found) -> &'static str {
    match (incident.shadow, incident.action) {
        (true, _) => "watched only",
        (false, GuardAction::Alert) => "told the owner",
        (false, GuardAction::CutLine) => "cut the line",
        (false, GuardAction::CutInternational) => "cut the account",
    }
}

fn state_word(incident: &Found) -> String {
    let closed = incident.closed_ms.map(|ms| format!(" {}", local(ms, None))).unwrap_or_default();
    match incident.state {
        IncidentState::Open => "open".to_owned(),
        IncidentState::Lifted => format!("lifted{closed}"),
        IncidentState::Ours => format!("\"that was us\"{closed}"),
        IncidentState::Theirs if incident.is_open() => "open, \"that was not us\"".to_owned(),
        IncidentState::Theirs => format!("\"that was not us\", lifted{closed}"),
    }
}
