//! The errors of this crate, each a sentence that says what to do.

use crate::{CallId, Money};

/// What can go wrong with numbers, prices and books.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text is not an id of that kind.
    #[error("`{text}` is not a valid {kind}: use 1 to 64 characters of {allowed}")]
    Id {
        /// What the text should have been, e.g. "line name".
        kind: &'static str,
        /// The characters it may have.
        allowed: &'static str,
        /// The text, cut short.
        text: String,
    },
    /// A text is not a call or incident id of ours.
    #[error("`{text}` is not a valid {kind}: it is `{prefix}` followed by 13 characters")]
    NumericId {
        /// What the text should have been, e.g. "call id".
        kind: &'static str,
        /// The letter such ids start with.
        prefix: char,
        /// The text, cut short.
        text: String,
    },
    /// A text is not an amount of money.
    #[error("`{text}` is not an amount: write it like 12.50, with at most six decimals")]
    Money {
        /// The text, cut short.
        text: String,
    },
    /// A text is not an ISO 4217 currency code.
    #[error("`{text}` is not a currency: use its three-letter code, like USD")]
    Currency {
        /// The text, cut short.
        text: String,
    },
    /// A text is not an E.164 number.
    #[error("`{text}` is not an international number: write `+`, the country code and the number, at most 15 digits")]
    E164 {
        /// The text, cut short.
        text: String,
    },
    /// A text is not a prefix of E.164 numbers.
    #[error("`{text}` is not a prefix: write 1 to 15 digits, starting with the country code")]
    Prefix {
        /// The text, cut short.
        text: String,
    },
    /// A text is not an ISO 3166 country code.
    #[error("`{text}` is not a country: use its two-letter code, like US")]
    Country {
        /// The text, cut short.
        text: String,
    },
    /// A text is not made of the few digits an emergency number has.
    #[error("`{text}` is not an emergency number: it has at most 5 digits")]
    Emergency {
        /// The text, cut short.
        text: String,
    },
    /// An area code holds something else than 1 to 6 digits.
    #[error("`{text}` is not an area code: write 1 to 6 digits, without the leading 0")]
    AreaCode {
        /// The text, cut short.
        text: String,
    },
    /// An outside-line prefix holds something else than 1 to 4 digits.
    #[error("`{text}` is not an outside-line prefix: write 1 to 4 digits, like 9")]
    OutsidePrefix {
        /// The text, cut short.
        text: String,
    },
    /// No column of a rate table is called so.
    #[error(
        "`{text}` is no column of a rate table: use prefix, destination, rate, connect-fee, minimum, increment, free or \
         effective"
    )]
    Column {
        /// The text, cut short.
        text: String,
    },
    /// What an invoice's column was said to hold is not known.
    #[error("`{text}` is no column of an invoice: use number, start, duration, cost or destination")]
    NotAnInvoiceColumn {
        /// The text, cut short.
        text: String,
    },
    /// An invoice lacks a column that is needed.
    #[error("the invoice has no column `{name}`: say which of its columns it is")]
    InvoiceColumn {
        /// The column.
        name: String,
    },
    /// An invoice is too long.
    #[error("the invoice has more than {max} rows")]
    InvoiceRows {
        /// The most there may be.
        max: usize,
    },
    /// A rate that cannot be charged.
    #[error("the rate for {prefix} cannot be used: {fault}")]
    Rate {
        /// The prefix of the rate.
        prefix: crate::Prefix,
        /// What is wrong with it.
        fault: DeckRowFault,
    },
    /// A deck's file has faulty rows; all of them are listed.
    #[error("{} row(s) of the rate table cannot be used: {}", rows.len(), list(rows))]
    Deck {
        /// The faulty rows, in the order of the file, at most [`crate::MAX_ROW_ERRORS`].
        rows: Vec<DeckRowError>,
    },
    /// An amount that must be more than nothing is not.
    #[error("the amount must be more than zero")]
    NotPositive,
    /// A sum left the range of [`Money`].
    #[error("the amount is too large for the books")]
    TooLarge,
    /// There is not enough money left that no running call holds.
    #[error("not enough credit: {need} asked, {available} available")]
    NotEnough {
        /// What was asked for.
        need: Money,
        /// What is paid in and neither captured nor held.
        available: Money,
    },
    /// A hold for this call exists already.
    #[error("call {call} already holds money")]
    AlreadyHeld {
        /// The call.
        call: CallId,
    },
    /// The call holds nothing: it never did, or it was captured or released before.
    #[error("call {call} holds no money")]
    NoHold {
        /// The call.
        call: CallId,
    },
    /// A charge is larger than the money the call holds.
    #[error("call {call} costs {amount} but holds only {held}")]
    OverHold {
        /// The call.
        call: CallId,
        /// The charge asked for.
        amount: Money,
        /// What the call holds.
        held: Money,
    },
    /// The account has as many holds as it may have.
    #[error("too many calls hold money at once: at most {max}")]
    TooManyHolds {
        /// The most holds an account may have.
        max: usize,
    },
}

/// A row of a rate table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct DeckRowError {
    /// The line of the file, counted from 1 (the header is line 1).
    pub line: u64,
    /// What is wrong there.
    pub fault: DeckRowFault,
}

/// What is wrong with a row of a rate table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeckRowFault {
    /// The header lacks a column that is needed.
    #[error("there is no `{0}` column")]
    NoColumn(String),
    /// The table is JSON, and not what VOIP.MS answers.
    #[error("the table is JSON without the `rates` that VOIP.MS's getRates answers with")]
    NotVoipMs,
    /// A date is written otherwise.
    #[error("`{0}` is not a date: write it like 2026-12-31, or with its time in UTC like 2026-12-31 08:00")]
    Date(String),
    /// The rows come into force on more dates than a deck may have versions.
    #[error("the rows have more than {0} effective dates")]
    TooManyDates(usize),
    /// The row cannot be read as CSV at all, or is not UTF-8.
    #[error("the row cannot be read as CSV")]
    NotCsv,
    /// The prefix is not 1 to 15 digits.
    #[error("`{0}` is not a prefix of digits")]
    Prefix(String),
    /// The same prefix stands in two rows.
    #[error("the prefix {0} is there twice")]
    Twice(crate::Prefix),
    /// A price is not an amount, or is below zero.
    #[error("`{0}` is not a price: write it like 0.0125")]
    Price(String),
    /// A number of seconds is missing, or out of range.
    #[error("`{0}` is not a number of seconds from {1} to {2}")]
    Seconds(String, u32, u32),
    /// The table holds no rate at all.
    #[error("the table has no rates")]
    Empty,
    /// The table holds more rows than a deck may.
    #[error("the table has more than {0} rows")]
    TooMany(usize),
}

fn list(rows: &[DeckRowError]) -> String {
    let mut text = String::new();
    for row in rows {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&row.to_string());
    }
    text
}

/// The first characters of a text of unknown length, for an error that quotes it.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
