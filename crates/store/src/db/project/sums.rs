//! What many records of a batch change in one place, written once: balances, and the sums of a day.

use std::collections::BTreeMap;

use billing::{AccountId, Cdr, Country, LineId, Money};
use rusqlite::{Transaction, params};

use super::run;
use crate::Error;
use crate::db::row::int;

/// Changes gathered from a batch.
#[derive(Default)]
pub(in crate::db) struct Sums<'a> {
    /// Balance and what is held, as the last record has them.
    balances: BTreeMap<&'a AccountId, (Money, Money)>,
    usage: BTreeMap<Day<'a>, Used>,
}

/// Where a call is added up.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Day<'a> {
    account: &'a AccountId,
    day: u32,
    line: &'a str,
    country: &'a str,
    carrier: &'a str,
}

#[derive(Default)]
struct Used {
    calls: i64,
    answered: i64,
    talk_ms: u64,
    billed_s: i64,
    charge: Money,
    cost: Money,
}

impl<'a> Sums<'a> {
    /// An account's balance from now on.
    pub(super) fn balance(&mut self, account: &'a AccountId, balance: Money, held: Money) {
        self.balances.insert(account, (balance, held));
    }

    /// Adds a call.
    pub(super) fn call(&mut self, account: &'a AccountId, cdr: &'a Cdr, carrier: Option<&'a str>) {
        let day = Day {
            account,
            day: cdr.times.local_day(),
            line: cdr.who.line.as_ref().map_or("", LineId::as_str),
            country: cdr.number.country.as_ref().map_or("", Country::code),
            carrier: carrier.unwrap_or(""),
        };
        let used = self.usage.entry(day).or_default();
        used.calls += 1;
        used.answered += i64::from(cdr.times.answer_ms.is_some());
        used.talk_ms += cdr.times.talk_ms();
        used.billed_s += i64::from(cdr.money.billed_s);
        used.charge = used.charge.saturating_add(cdr.money.charge);
        used.cost = used.cost.saturating_add(cdr.money.cost.unwrap_or_default());
    }

    /// Writes everything, in the batch's transaction.
    pub(in crate::db) fn write(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        for (account, (balance, held)) in &self.balances {
            run(
                transaction,
                "write a balance",
                "UPDATE accounts SET balance_micros = ?2, held_micros = ?3 WHERE account = ?1",
                params![account.as_str(), balance.micros(), held.micros()],
            )?;
        }
        for (Day { account, day, line, country, carrier }, used) in &self.usage {
            run(
                transaction,
                "add calls up",
                "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET
                 calls = calls + ?6, answered = answered + ?7, talk_ms = talk_ms + ?8, billed_s = billed_s + ?9,
                 charge_micros = charge_micros + ?10, cost_micros = cost_micros + ?11",
                params![
                    account.as_str(),
                    day,
                    line,
                    country,
                    carrier,
                    used.calls,
                    used.answered,
                    int(used.talk_ms),
                    used.billed_s,
                    used.charge.micros(),
                    used.cost.micros(),
                ],
            )?;
        }
        Ok(())
    }
}
