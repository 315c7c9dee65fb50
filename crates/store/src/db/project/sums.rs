//! What many records of a batch change in one place, written once: balances, the sums of a day, and ledger entries.

use std::collections::BTreeMap;

use billing::{AccountId, Cdr, Country, LineId, Money};
use rusqlite::{Transaction, params};

use super::run;
use crate::Error;
use crate::db::calls;
use crate::db::entries::Entries;
use crate::db::row::int;

/// Changes gathered from a batch.
#[derive(Default)]
pub(in crate::db) struct Sums<'a> {
    /// Balance and what is held, as the last record has them.
    balances: BTreeMap<&'a AccountId, (Money, Money)>,
    usage: BTreeMap<Day<'a>, Used>,
    pub(super) entries: Entries<'a>,
}

/// In place of the account, where calls of all are added up.
pub(in crate::db) const OF_NODE: &str = "";

/// Where a call is added up, in the order of the rows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Day<'a> {
    by: &'static str,
    account: &'a str,
    day: u32,
    of: &'a str,
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
    pub(super) fn call(&mut self, account: &'a AccountId, cdr: &'a Cdr) {
        let day = cdr.times.local_day();
        let line = cdr.who.line.as_ref().map_or("", LineId::as_str);
        let country = cdr.number.country.as_ref().map_or("", Country::code);
        let (account, carrier) = (account.as_str(), calls::carrier(cdr).unwrap_or(""));
        let sums = [
            ("line", account, line),
            ("country", account, country),
            ("carrier", account, carrier),
            ("account", OF_NODE, account),
            ("country", OF_NODE, country),
            ("carrier", OF_NODE, carrier),
        ];
        for (by, account, of) in sums {
            let used = self.usage.entry(Day { by, account, day, of }).or_default();
            used.calls += 1;
            used.answered += i64::from(cdr.times.answer_ms.is_some());
            used.talk_ms += cdr.times.talk_ms();
            used.billed_s += i64::from(cdr.money.billed_s);
            used.charge = used.charge.saturating_add(cdr.money.charge);
            used.cost = used.cost.saturating_add(cdr.money.cost.unwrap_or_default());
        }
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
        for (Day { by, account, day, of }, used) in &self.usage {
            run(
                transaction,
                "add calls up",
                "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET
                 calls = calls + ?5, answered = answered + ?6, talk_ms = talk_ms + ?7, billed_s = billed_s + ?8,
                 charge_micros = charge_micros + ?9, cost_micros = cost_micros + ?10",
                params![
                    by,
                    day,
                    account,
                    of,
                    used.calls,
                    used.answered,
                    int(used.talk_ms),
                    used.billed_s,
                    used.charge.micros(),
                    used.cost.micros(),
                ],
            )?;
        }
        self.entries.write(transaction)
    }
}
