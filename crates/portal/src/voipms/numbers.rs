//! Numbers that ring lines from outside.

use store::{DidRow, Reader};

use super::Answer;
use super::ask::{Ask, digits, number};
use super::reply::{Reply, Row};
use super::server::POP;
use super::status::Status;

/// `getDIDsInfo`: all, or one.
pub(super) fn dids(ask: &Ask, reader: &Reader) -> Answer {
    let mut dids = reader.dids(Some(&ask.account.id))?;
    let wanted = ask.get("did");
    if !wanted.is_empty() {
        dids.retain(|row| Some(row.did.number) == number(wanted));
    }
    Ok(Reply::list("dids", dids.iter().map(|row| info(ask, row)).collect(), Status::NO_DID)?)
}

/// A number rings all its lines at once; VOIP.MS's routing names one account, so the description names them all.
fn info(ask: &Ask, row: &DidRow) -> Row {
    let lines: Vec<String> = row.did.lines.iter().map(|line| ask.sub_account(line)).collect();
    let none = || "none:".to_owned();
    Row::new([
        ("did", digits(row.did.number)),
        ("description", lines.join(", ")),
        ("routing", lines.first().map_or_else(none, |line| format!("account:{line}"))),
        ("failover_busy", none()),
        ("failover_unreachable", none()),
        ("failover_noanswer", none()),
        ("pop", POP.to_owned()),
        ("dialtime", ask.facts.programs.ring_limit_s.to_string()),
        ("cnam", "0".to_owned()),
        ("e911", "0".to_owned()),
        ("callerid_prefix", String::new()),
        ("note", String::new()),
        // By the minute.
        ("billing_type", "1".to_owned()),
        ("next_billing", String::new()),
        ("order_date", String::new()),
    ])
}
