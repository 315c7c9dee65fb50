//! Money: what moved, and payments.

use billing::{LedgerEntry, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::CallName;

/// One line of the ledger, in micro-units of the account's currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct Entry {
    /// Counts up from 1 within the account, without gaps.
    seq: u64,
    at_ms: u64,
    /// top-up, hold, call, release or adjustment.
    kind: &'static str,
    /// What it changed the balance by, with its sign; 0 for holds and releases, which move money within it.
    change_micros: i64,
    /// How much moved.
    amount_micros: i64,
    /// The balance after it.
    balance_micros: i64,
    #[schema(value_type = Option<CallName>)]
    call: Option<String>,
    note: String,
    /// Who.
    by: String,
}

impl From<&LedgerEntry> for Entry {
    fn from(entry: &LedgerEntry) -> Self {
        Self {
            seq: entry.seq,
            at_ms: entry.at_ms,
            kind: entry.kind.as_str(),
            change_micros: entry.change().micros(),
            amount_micros: entry.amount.micros(),
            balance_micros: entry.balance.micros(),
            call: entry.call.map(|call| call.to_string()),
            note: entry.note.clone(),
            by: entry.by.clone(),
        }
    }
}

/// A payment to be booked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPayment {
    /// In micro-units of the account's currency, above zero.
    #[schema(minimum = 1, maximum = 1000000000000000_i64)]
    amount_micros: i64,
    /// The payment's own reference: the same one is never booked twice.
    #[schema(pattern = "^[!-~]([ -~]{0,78}[!-~])?$")]
    reference: String,
}

/// The largest payment, micro-units.
const MAX_PAYMENT_MICROS: i64 = 1_000_000_000_000_000;
/// The longest reference, characters.
const MAX_REFERENCE_CHARS: usize = 80;

impl NewPayment {
    /// Amount and reference, if they make sense.
    pub(crate) fn read(self) -> Result<(Money, String), crate::api::fault::Fault> {
        let wrong = |detail: &str| crate::api::fault::Fault::wrong(detail);
        if !(1..=MAX_PAYMENT_MICROS).contains(&self.amount_micros) {
            return Err(wrong("the amount must be above zero, and no more than anybody pays"));
        }
        let reference = self.reference.trim();
        let is_good =
            (1..=MAX_REFERENCE_CHARS).contains(&reference.chars().count()) && !reference.chars().any(char::is_control);
        if !is_good {
            return Err(wrong("a payment needs a reference of 1 to 80 characters"));
        }
        Ok((Money::from_micros(self.amount_micros), reference.to_owned()))
    }
}
