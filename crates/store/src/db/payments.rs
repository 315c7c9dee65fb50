//! Payments that the operator's payment system has told of: kept before they are answered, until they are booked, so that
//! none is lost and none is booked twice.

use billing::{AccountId, Money};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Desk;
use super::row::{int, maybe_unsigned, parsed, unsigned};
use crate::Error;

/// Payments that may wait at once; beyond it none is taken on.
pub const MAX_WAITING_PAYMENTS: u32 = 10_000;

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Whose money it is.
    pub account: AccountId,
    /// The payment's own reference, unique in the account.
    pub reference: String,
    /// How much, above zero, in the account's currency.
    pub amount: Money,
    /// When it was told.
    pub received_ms: u64,
    /// When it was booked; `None`: it waits.
    pub booked_ms: Option<u64>,
    /// Why it waits, in a sentence; empty before the first try.
    pub why: String,
    /// How often it was tried in vain.
    pub attempts: u32,
}

impl Desk {
    /// Keeps a payment, unless its reference is known, and returns what is kept under the reference; `None` where too many
    /// wait.
    ///
    /// # Errors
    /// Database errors.
    pub fn take_payment(&self, payment: &Payment) -> Result<Option<Payment>, Error> {
        let key = params![payment.account.as_str(), payment.reference];
        self.together("keep a payment", |connection| {
            if let Some(known) = find(connection, key)? {
                return Ok(Some(known));
            }
            let waiting: u32 =
                connection.query_row("SELECT count(*) FROM payments WHERE booked_ms IS NULL", [], |row| row.get(0))?;
            if waiting >= MAX_WAITING_PAYMENTS {
                return Ok(None);
            }
            connection.execute(
                "INSERT INTO payments VALUES (?1, ?2, ?3, ?4, NULL, '', 0, ?4)",
                params![payment.account.as_str(), payment.reference, payment.amount.micros(), int(payment.received_ms)],
            )?;
            find(connection, key)
        })
    }

    /// A payment is in the ledger.
    ///
    /// # Errors
    /// Database errors.
    pub fn payment_booked(&self, account: &AccountId, reference: &str, now_ms: u64) -> Result<(), Error> {
        self.run(
            "mark a payment as booked",
            "UPDATE payments SET booked_ms = ?3, why = '' WHERE account = ?1 AND reference = ?2 AND booked_ms IS NULL",
            params![account.as_str(), reference, int(now_ms)],
        )
        .map(drop)
    }

    /// A payment could not be booked and is tried again at `next_try_ms`.
    ///
    /// # Errors
    /// Database errors.
    pub fn payment_waits(
        &self,
        account: &AccountId,
        reference: &str,
        why: &str,
        next_try_ms: u64,
    ) -> Result<(), Error> {
        self.run(
            "let a payment wait",
            "UPDATE payments SET why = ?3, attempts = attempts + 1, next_try_ms = ?4
             WHERE account = ?1 AND reference = ?2 AND booked_ms IS NULL",
            params![account.as_str(), reference, why, int(next_try_ms)],
        )
        .map(drop)
    }

    /// The payment that is to be tried first, if one is due.
    ///
    /// # Errors
    /// Database errors.
    pub fn next_payment(&self, now_ms: u64) -> Result<Option<Payment>, Error> {
        self.one(
            "find a payment",
            "SELECT * FROM payments WHERE booked_ms IS NULL AND next_try_ms <= ?1 ORDER BY next_try_ms LIMIT 1",
            [int(now_ms)],
            payment,
        )
    }

    /// Payments, the latest first; only those that wait on request.
    ///
    /// # Errors
    /// Database errors.
    pub fn payments(&self, waiting_only: bool, limit: u32) -> Result<Vec<Payment>, Error> {
        self.all(
            "list payments",
            "SELECT * FROM payments WHERE NOT ?1 OR booked_ms IS NULL ORDER BY received_ms DESC, reference LIMIT ?2",
            params![waiting_only, limit.min(super::MAX_ROWS)],
            payment,
        )
    }
}

fn find(connection: &Connection, key: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Option<Payment>> {
    let sql = "SELECT * FROM payments WHERE account = ?1 AND reference = ?2";
    connection.query_row(sql, key, payment).optional()
}

fn payment(row: &Row<'_>) -> rusqlite::Result<Payment> {
    Ok(Payment {
        account: parsed(row, "account")?,
        reference: row.get("reference")?,
        amount: Money::from_micros(row.get("amount_micros")?),
        received_ms: unsigned(row, "received_ms")?,
        booked_ms: maybe_unsigned(row, "booked_ms")?,
        why: row.get("why")?,
        attempts: row.get("attempts")?,
    })
}
