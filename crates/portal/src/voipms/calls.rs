//! Call detail records, and the words they are chosen by.

use std::collections::BTreeMap;

use billing::{Cdr, Decision, Direction, LineId, Route};
use store::{CdrFilter, MAX_ROWS, Reader};

use super::Answer;
use super::ask::{Ask, clock_time, digits, money};
use super::clock::Clock;
use super::reply::{Reply, Row};
use super::status::{Failure, Status};

/// Days that one question may reach over.
const MAX_DAYS: i32 = 92;
/// Calls one question is answered with; where there are more, the range has to be smaller, so that no sum is short of some.
const MAX_CALLS: usize = 25_000;
/// Everything, wherever something may be chosen.
const ALL: &str = "all";

/// Which way calls went.
const TYPES: [(&str, &str, Option<Direction>); 4] = [
    (ALL, "All calls", None),
    ("outgoing", "Outgoing calls", Some(Direction::Outbound)),
    ("incoming", "Incoming calls", Some(Direction::Inbound)),
    ("internal", "Calls between sub-accounts", Some(Direction::Internal)),
];

/// Whether they cost something.
const BILLING: [(&str, &str, Option<bool>); 3] =
    [(ALL, "All calls", None), ("free", "Free calls", Some(false)), ("billed", "Billed calls", Some(true))];

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disposition {
    Answered,
    NoAnswer,
    Busy,
    Failed,
}

impl Disposition {
    /// Each with the field that asks for it and the word for it in a record.
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Answered, "answered", "ANSWERED"),
        (Self::NoAnswer, "noanswer", "NO ANSWER"),
        (Self::Busy, "busy", "BUSY"),
        (Self::Failed, "failed", "FAILED"),
    ];

    fn of(cdr: &Cdr) -> Self {
        match cdr.result.sip_status {
            _ if cdr.times.answer_ms.is_some() => Self::Answered,
            _ if cdr.verdict.decision == Decision::Refused => Self::Failed,
            486 | 600 => Self::Busy,
            408 | 480 | 487 => Self::NoAnswer,
            _ => Self::Failed,
        }
    }

    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or("", |(.., word)| word)
    }
}

/// `getCallTypes`.
pub(super) fn types(_: &Ask, _: &Reader) -> Answer {
    Ok(Reply::default().rows("call_types", TYPES.iter().map(|(value, text, _)| Row::code(value, text)).collect()))
}

/// `getCallBilling`.
pub(super) fn billing(_: &Ask, _: &Reader) -> Answer {
    Ok(Reply::default().rows("call_billing", BILLING.iter().map(|(value, text, _)| Row::code(value, text)).collect()))
}

/// `getCallAccounts`: all, the account itself (what comes in and rings no line), and each line.
pub(super) fn accounts(ask: &Ask, reader: &Reader) -> Answer {
    let id = ask.account.id.as_str();
    let mut rows = vec![Row::code(ALL, "All accounts"), Row::code(id, id)];
    for row in reader.lines(&ask.account.id)? {
        let name = ask.sub_account(&row.line.id);
        rows.push(Row::code(&name, &name));
    }
    Ok(Reply::list("accounts", rows, Status::NO_ACCOUNT)?)
}

/// Which calls are asked for, beside the days.
struct Wanted {
    dispositions: Vec<Disposition>,
    direction: Option<Direction>,
    is_billed: Option<bool>,
    /// The sub-account, or the account itself.
    account: Option<String>,
}

impl Wanted {
    fn of(ask: &Ask, reader: &Reader) -> Result<Self, Failure> {
        let chosen = |field: &str| Some(ask.get(field)).filter(|value| !value.is_empty()).unwrap_or(ALL).to_lowercase();
        let asked = Disposition::ALL.iter().filter(|(_, field, _)| ask.is_on(field));
        let dispositions: Vec<Disposition> = asked.map(|(disposition, ..)| *disposition).collect();
        if dispositions.is_empty() {
            return Err(Status::NO_CALLSTATUS.into());
        }
        let (kind, billing) = (chosen("calltype"), chosen("callbilling"));
        let kind = TYPES.iter().find(|(value, ..)| *value == kind).ok_or(Status::INVALID_CALL_TYPE)?;
        let billing = BILLING.iter().find(|(value, ..)| *value == billing).ok_or(Status::INVALID_CALLBILLING)?;
        let account = match ask.get("account") {
            "" | ALL => None,
            name if name == ask.account.id.as_str() => Some(name.to_owned()),
            name => {
                let lines = reader.lines(&ask.account.id)?;
                let line = lines.iter().find(|row| ask.is_named(&row.line, name));
                Some(ask.sub_account(&line.ok_or(Status::INVALID_ACCOUNT)?.line.id))
            }
        };
        Ok(Self { dispositions, direction: kind.2, is_billed: billing.2, account })
    }

    fn holds(&self, ask: &Ask, cdr: &Cdr) -> bool {
        self.dispositions.contains(&Disposition::of(cdr))
            && self.direction.is_none_or(|direction| cdr.who.direction == direction)
            && self.is_billed.is_none_or(|is_billed| cdr.money.charge.is_positive() == is_billed)
            && self.account.as_ref().is_none_or(|account| account_of(ask, cdr) == *account)
    }
}

/// `getCDR`, the latest call first.
pub(super) fn cdr(ask: &Ask, reader: &Reader) -> Answer {
    let (from, to) = ask.days()?;
    let clock = Clock::asked(ask.needed("timezone")?).ok_or(Status::INVALID_TIMEZONE)?;
    if (to - from).get_days() > MAX_DAYS {
        return Err(Status::INVALID_DATERANGE.into());
    }
    let wanted = Wanted::of(ask, reader)?;
    let lines = reader.lines(&ask.account.id)?;
    let names: BTreeMap<&LineId, &str> = lines.iter().map(|row| (&row.line.id, row.line.name.as_str())).collect();
    let mut filter = CdrFilter {
        account: Some(ask.account.id.clone()),
        since_ms: Some(clock.begins(from)),
        until_ms: Some(clock.ends(to)),
        limit: MAX_ROWS,
        ..CdrFilter::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = reader.cdrs(&filter)?;
        rows.extend(page.iter().filter(|cdr| wanted.holds(ask, cdr)).map(|cdr| row(ask, &clock, &names, cdr)));
        if rows.len() > MAX_CALLS {
            return Err(Status::INVALID_DATERANGE.into());
        }
        filter.before = page.last().map(|cdr| (cdr.times.start_ms, cdr.call));
        if page.len() < MAX_ROWS as usize {
            return Ok(Reply::list("cdr", rows, Status::NO_CDR)?);
        }
    }
}

/// The sub-account of a call: the line that placed it, or that it rang; else the account itself.
fn account_of(ask: &Ask, cdr: &Cdr) -> String {
    match (&cdr.who.line, &cdr.route) {
        (Some(line), _) | (None, Some(Route::Line(line))) => ask.sub_account(line),
        _ => ask.account.id.to_string(),
    }
}

fn row(ask: &Ask, clock: &Clock, names: &BTreeMap<&LineId, &str>, cdr: &Cdr) -> Row {
    let seconds = cdr.times.talk_ms().div_ceil(1000);
    Row::new([
        ("date", clock.write(cdr.times.start_ms)),
        ("callerid", caller_id(names, cdr)),
        ("destination", cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), digits)),
        ("description", description(cdr)),
        ("account", account_of(ask, cdr)),
        ("disposition", Disposition::of(cdr).word().to_owned()),
        ("duration", clock_time(seconds)),
        ("seconds", seconds.to_string()),
        ("rate", money(cdr.money.per_minute)),
        ("total", money(cdr.money.charge)),
        ("uniqueid", cdr.call.to_string()),
        ("destination_type", destination_type(cdr)),
        ("call_logs", String::new()),
        ("ip", cdr.from.ip.to_string()),
        ("useragent", cdr.from.user_agent.clone()),
    ])
}

/// `"Jo Law" <3035550100>`; behind a trunk, the extension that its PBX told of: `"Ext 204" <3035550100>`.
fn caller_id(names: &BTreeMap<&LineId, &str>, cdr: &Cdr) -> String {
    let number = cdr.who.caller.parse().map_or_else(|_| cdr.who.caller.clone(), digits);
    let line = cdr.who.line.as_ref().and_then(|line| names.get(line)).filter(|name| !name.is_empty());
    match (&cdr.who.told_by_pbx, line) {
        (Some(told), _) if !told.extension.is_empty() => {
            format!("\"Ext {}\" <{number}>", told.extension.replace('"', ""))
        }
        (_, Some(name)) => format!("\"{}\" <{number}>", name.replace('"', "")),
        _ => number,
    }
}

fn description(cdr: &Cdr) -> String {
    match cdr.who.direction {
        Direction::Outbound => cdr.number.destination.clone(),
        Direction::Inbound => "Inbound DID".to_owned(),
        Direction::Internal => "Internal".to_owned(),
    }
}

/// "OUT:AL": which way, and which country is called.
fn destination_type(cdr: &Cdr) -> String {
    let way = match cdr.who.direction {
        Direction::Outbound => "OUT",
        Direction::Inbound => "IN",
        Direction::Internal => "INTERNAL",
    };
    cdr.number.country.map_or_else(|| way.to_owned(), |country| format!("{way}:{country}"))
}
