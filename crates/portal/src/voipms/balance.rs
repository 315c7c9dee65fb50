//! The account's money: what there is, what calls cost, what was paid in.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use store::{Reader, Usage, UsageBy};

use super::Answer;
use super::ask::{Ask, clock_time, money};
use super::clock::Clock;
use super::reply::{Reply, Row};
use super::status::Status;

/// `getBalance`; with `advanced`, what answered calls came to, in all and on the account's own today.
pub(super) fn balance(ask: &Ask, reader: &Reader) -> Answer {
    let mut row = Row::new([("current_balance", money(ask.account.balance))]);
    if ask.is_on("advanced") {
        let of = |days| reader.usage(Some(&ask.account.id), days, UsageBy::Account);
        let today = day(&ask.account.settings.time_zone, ask.now_ms);
        let (total, today) = (of(0..u32::MAX)?, of(today..today.saturating_add(1))?);
        let (total, today) = (total.into_iter().next(), today.into_iter().next());
        let fields = [["spent_total", "calls_total", "time_total"], ["spent_today", "calls_today", "time_today"]];
        for ([spent, calls, time], usage) in fields.into_iter().zip([total, today]) {
            let Usage { answered, talk_ms, charge, .. } = usage.unwrap_or_default();
            row = row.and(spent, money(charge)).and(calls, answered.to_string()).and(time, clock_time(talk_ms / 1000));
        }
    }
    Ok(Reply::default().row("balance", row))
}

/// The day of a moment in a time zone, counted from the Unix epoch.
fn day(zone: &str, ms: u64) -> u32 {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
    let day = at.to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC)).date();
    u32::try_from((day - date(1970, 1, 1)).get_days()).unwrap_or(0)
}

/// `getTransactionHistory`: payments and corrections, and in one row what calls were charged. Times are those of VOIP.MS's
/// servers.
pub(super) fn transactions(ask: &Ask, reader: &Reader) -> Answer {
    let (from, to) = ask.days()?;
    let clock = Clock::of_servers();
    let time_ms = clock.begins(from)..clock.ends(to);
    let id = &ask.account.id;
    let mut rows: Vec<Row> = Vec::new();
    let charged = reader.charged_in(id, time_ms.clone())?;
    if charged.is_positive() {
        rows.push(Row::new([
            ("date", format!("{from} to {to}")),
            ("uniqueid", "n/a".to_owned()),
            ("type", "calls".to_owned()),
            ("description", "Calls".to_owned()),
            ("ammount", money(billing::Money::ZERO.saturating_sub(charged))),
        ]));
    }
    for entry in reader.payments_in(id, time_ms)? {
        rows.push(Row::new([
            ("date", clock.write(entry.at_ms)),
            ("uniqueid", entry.seq.to_string()),
            ("type", entry.kind.as_str().to_owned()),
            ("description", entry.note.clone()),
            ("ammount", money(entry.change())),
        ]));
    }
    Ok(Reply::list("transactions", rows, Status::NO_TRANSACTIONS)?)
}
