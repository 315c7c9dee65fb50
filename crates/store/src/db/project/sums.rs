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
    /// By account and day.
    usage: BTreeMap<(&'a str, u32), Day<'a>>,
    pub(super) entries: Entries<'a>,
}

/// In place of the account, where calls of all are added up.
pub(in crate::db) const OF_NODE: &str = "";

/// Calls of an account on a day of its own, by each question that is asked of them.
#[derive(Default)]
struct Day<'a> {
    lines: BTreeMap<&'a str, Used>,
    countries: BTreeMap<&'a str, Used>,
    carriers: BTreeMap<&'a str, Used>,
}

#[derive(Clone, Copy, Default)]
struct Used {
    calls: i64,
    answered: i64,
    talk_ms: u64,
    billed_s: i64,
    charge: Money,
    cost: Money,
}

impl Used {
    fn by(cdr: &Cdr) -> Self {
        Self {
            calls: 1,
            answered: i64::from(cdr.times.answer_ms.is_some()),
            talk_ms: cdr.times.talk_ms(),
            billed_s: i64::from(cdr.money.billed_s),
            charge: cdr.money.charge,
            cost: cdr.money.cost.unwrap_or_default(),
        }
    }

    fn add(&mut self, more: Self) {
        self.calls += more.calls;
        self.answered += more.answered;
        self.talk_ms += more.talk_ms;
        self.billed_s += more.billed_s;
        self.charge = self.charge.saturating_add(more.charge);
        self.cost = self.cost.saturating_add(more.cost);
    }
}

impl<'a> Sums<'a> {
    /// An account's balance from now on.
    pub(super) fn balance(&mut self, account: &'a AccountId, balance: Money, held: Money) {
        self.balances.insert(account, (balance, held));
    }

    /// Adds a call.
    pub(super) fn call(&mut self, account: &'a AccountId, cdr: &'a Cdr) {
        let line = cdr.who.line.as_ref().map_or("", LineId::as_str);
        let country = cdr.number.country.as_ref().map_or("", Country::code);
        let (carrier, used) = (calls::carrier(cdr).unwrap_or(""), Used::by(cdr));
        let day = self.usage.entry((account.as_str(), cdr.times.local_day())).or_default();
        day.lines.entry(line).or_default().add(used);
        day.countries.entry(country).or_default().add(used);
        day.carriers.entry(carrier).or_default().add(used);
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
        // Of all accounts.
        let mut node: BTreeMap<(&str, u32, &str), Used> = BTreeMap::new();
        for ((account, day), of) in &self.usage {
            for (by, of) in [("line", &of.lines), ("country", &of.countries), ("carrier", &of.carriers)] {
                for (of, used) in of {
                    add_up(transaction, (by, *day, account, of), used)?;
                    if by != "line" {
                        node.entry((by, *day, of)).or_default().add(*used);
                    }
                    if by == "carrier" {
                        node.entry(("account", *day, account)).or_default().add(*used);
                    }
                }
            }
        }
        for ((by, day, of), used) in node {
            add_up(transaction, (by, day, OF_NODE, of), &used)?;
        }
        self.entries.write(transaction)
    }
}

/// Adds calls to a sum: by what, of which day, of which account, and of which of those.
fn add_up(
    transaction: &Transaction<'_>,
    (by, day, account, of): (&str, u32, &str, &str),
    used: &Used,
) -> Result<(), Error> {
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
    )
    .map(drop)
}
