//! The overview of the node for administrators: accounts, carriers, health. Owners are led to their account.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use billing::AccountId;
use edge::{CallView, Carrier};
use node::{Command, CommandReply};
use store::{AccountRow, Sending};

use super::carriers;
use crate::access::Visitor;
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{Badge, Tone, count};

/// Notices looked at.
const MAX_NOTICES: u32 = 200;
/// Incidents looked at.
const MAX_INCIDENTS: u32 = 1000;

struct Account {
    href: String,
    id: String,
    name: String,
    balance: String,
    held: String,
    calls: String,
    state: Badge,
}

#[derive(Template)]
#[template(path = "node.html")]
struct NodePage {
    f: Frame,
    accounts: Vec<Account>,
    rows: Vec<carriers::Row>,
    answers: bool,
    calls: String,
    bans: String,
    lockout: Badge,
    mail: Badge,
    lockout_href: String,
}

struct Found {
    accounts: Vec<AccountRow>,
    carriers: Vec<Carrier>,
    incidents: BTreeMap<AccountId, usize>,
    lockout_on: bool,
    bans: usize,
    waiting: usize,
    failed: usize,
}

/// The page.
pub(crate) async fn overview(visitor: Visitor) -> Result<Response, Problem> {
    if !visitor.is_admin() {
        let own = visitor.user.account.clone().ok_or(Problem::NotFound)?;
        return Ok(Redirect::to(&visitor.path(&format!("/accounts/{own}"))).into_response());
    }
    let found = visitor.state.read(|reader| {
        let mut incidents = BTreeMap::new();
        for incident in reader.incidents(None, true, MAX_INCIDENTS)? {
            *incidents.entry(incident.account).or_insert(0) += 1;
        }
        let notices = reader.outbox(None, MAX_NOTICES)?;
        let failed = |sending: &Sending| matches!(sending, Sending::Failed { .. });
        let waiting = |sending: &Sending| matches!(sending, Sending::Queued { .. });
        Ok(Found {
            accounts: reader.accounts()?,
            carriers: reader.carriers()?,
            incidents,
            lockout_on: reader.lockout()?.enabled,
            bans: reader.bans(crate::state::now_ms())?.len(),
            waiting: notices.iter().filter(|(_, sending)| waiting(sending)).count(),
            failed: notices.iter().filter(|(_, sending)| failed(sending)).count(),
        })
    });
    let found = found.await?;
    let calls = match visitor.state.control.send(Command::Calls { account: None }).await {
        Ok(CommandReply::Calls(calls)) => Some(calls),
        _ => None,
    };
    let states = carriers::states(&visitor).await;
    page(&NodePage {
        f: Frame::of_node(&visitor, Tab::Node, "All accounts", String::new()),
        accounts: found
            .accounts
            .iter()
            .map(|account| account_row(&visitor, account, &found, calls.as_deref()))
            .collect(),
        rows: found.carriers.iter().map(|carrier| carriers::row(&visitor, carrier, &states)).collect(),
        answers: calls.is_some(),
        calls: calls.map_or_else(|| "not known".to_owned(), |calls| count(calls.len(), "call")),
        bans: match found.bans {
            0 => "nobody is locked out".to_owned(),
            1 => "1 address locked out".to_owned(),
            many => format!("{many} addresses locked out"),
        },
        lockout: if found.lockout_on { Badge::new("on", Tone::Good) } else { Badge::new("off", Tone::Warn) },
        mail: mail(found.waiting, found.failed),
        lockout_href: visitor.path("/lockout"),
    })
}

fn mail(waiting: usize, failed: usize) -> Badge {
    match (failed, waiting) {
        (0, 0) => Badge::new("all sent", Tone::Good),
        (0, waiting) => Badge::new(format!("{waiting} waiting"), Tone::Plain),
        (failed, _) => Badge::new(format!("{failed} not delivered"), Tone::Bad),
    }
}

fn account_row(visitor: &Visitor, account: &AccountRow, found: &Found, calls: Option<&[CallView]>) -> Account {
    let settings = &account.settings;
    let open = found.incidents.get(&account.id).copied().unwrap_or(0);
    let running = calls.map(|calls| calls.iter().filter(|call| call.account == account.id).count());
    Account {
        href: visitor.path(&format!("/accounts/{}", account.id)),
        id: account.id.to_string(),
        name: settings.name.clone(),
        balance: account.balance.format(&settings.currency),
        held: account.held.format(&settings.currency),
        calls: running.map_or_else(|| "not known".to_owned(), |running| running.to_string()),
        state: match (open, account.cut) {
            (0, None) => Badge::new("nothing open", Tone::Good),
            (0, Some(_)) => Badge::new("cut", Tone::Bad),
            (open, _) => Badge::new(count(open, "open incident"), Tone::Bad),
        },
    }
}
