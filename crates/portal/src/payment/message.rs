//! What is told of a payment.
//!
//! `{"account":"law-000","amount":"25.00","currency":"USD","reference":"pay_81"}`; what else is in it is left alone. The
//! amount is text, since JSON's numbers are floats to many.

use billing::{AccountId, Money};
use serde::Deserialize;
use store::{AccountRow, Payment};

/// The longest reference, characters.
const MAX_REFERENCE_CHARS: usize = 80;

/// A payment as it is told.
#[derive(Debug, Deserialize)]
struct Told {
    account: String,
    amount: String,
    currency: String,
    reference: String,
}

/// A payment that makes sense.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) account: AccountId,
    amount: Money,
    currency: String,
    reference: String,
}

/// What is wrong with one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("the body is not JSON with account, amount, currency and reference, all of them text")]
    NoJson,
    #[error("the amount must be money above zero, such as \"25.00\"")]
    Amount,
    #[error("the reference must have 1 to {MAX_REFERENCE_CHARS} characters, none of them a control character")]
    Reference,
    #[error("there is no such account")]
    Account,
    #[error("the account is kept in {0}")]
    Currency(String),
}

impl Message {
    /// Reads one.
    pub(super) fn read(body: &[u8]) -> Result<Self, Wrong> {
        let told: Told = serde_json::from_slice(body).map_err(|_| Wrong::NoJson)?;
        let amount: Money = told.amount.parse().map_err(|_| Wrong::Amount)?;
        if !amount.is_positive() {
            return Err(Wrong::Amount);
        }
        let reference = told.reference.trim().to_owned();
        let count = reference.chars().count();
        if !(1..=MAX_REFERENCE_CHARS).contains(&count) || reference.chars().any(char::is_control) {
            return Err(Wrong::Reference);
        }
        let account = told.account.parse().map_err(|_| Wrong::Account)?;
        Ok(Self { account, amount, currency: told.currency, reference })
    }

    /// The payment, if there is the account and it is kept in that currency.
    pub(super) fn payment(self, account: Option<&AccountRow>, now_ms: u64) -> Result<Payment, Wrong> {
        let currency = account.ok_or(Wrong::Account)?.settings.currency.code();
        if !currency.eq_ignore_ascii_case(&self.currency) {
            return Err(Wrong::Currency(currency.to_owned()));
        }
        let Self { account, amount, reference, .. } = self;
        Ok(Payment {
            account,
            reference,
            amount,
            received_ms: now_ms,
            booked_ms: None,
            why: String::new(),
            attempts: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(account: &str, amount: &str, reference: &str) -> Result<Message, Wrong> {
        let body = serde_json::json!({
            "account": account, "amount": amount, "currency": "usd", "reference": reference, "note": 7,
        });
        Message::read(body.to_string().as_bytes())
    }

    #[test]
    fn a_payment_is_of_somebody_for_something_under_a_reference() {
        let message = read("law-000", "25.00", " pay_81 ").unwrap();
        assert_eq!((message.amount, message.reference.as_str()), (Money::from_cents(2_500), "pay_81"));
        assert_eq!(message.payment(None, 0), Err(Wrong::Account));
        for (account, amount, reference, wrong) in [
            ("Law 0", "1", "a", Wrong::Account),
            ("law", "0", "a", Wrong::Amount),
            ("law", "-5", "a", Wrong::Amount),
            ("law", "NaN", "a", Wrong::Amount),
            ("law", "1", " ", Wrong::Reference),
            ("law", "1", "a\nb", Wrong::Reference),
            ("law", "1", &"x".repeat(81), Wrong::Reference),
        ] {
            assert_eq!(read(account, amount, reference).unwrap_err(), wrong, "{account} {amount} {reference}");
        }
        assert_eq!(Message::read(b"account=law").unwrap_err(), Wrong::NoJson);
        let number = br#"{"account":"law","amount":25.0,"currency":"USD","reference":"a"}"#;
        assert_eq!(Message::read(number).unwrap_err(), Wrong::NoJson);
    }
}
