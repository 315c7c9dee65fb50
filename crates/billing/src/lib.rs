//! Numbers, prices and books: what a dialled text means, what a call to it costs, and who has paid.
//!
//! Everything here is pure: no clock, no files, no randomness. Times are handed in as milliseconds
//! since the Unix epoch; money is [`Money`], whole micro-units of the account's [`Currency`].
#![forbid(unsafe_code)]

mod cdr;
mod charge;
mod country;
mod deck;
mod destination;
mod e164;
mod emergency;
mod error;
mod ids;
mod invoice;
mod ledger;
mod metadata;
mod money;
mod numbering;
mod time;

pub use cdr::{
    Cdr, CdrFrom, CdrMoney, CdrNumber, CdrPlace, CdrRate, CdrResult, CdrTimes, CdrVerdict, CdrWho, Decision, Direction,
    HungUpBy, MAX_TEXT_CHARS, RateSource, Route, ToldByPbx, cut_text,
};
pub use charge::{affordable_talk_s, billed_s, charge};
pub use country::Country;
pub use deck::{
    Column, ColumnNames, Comparison, Deck, DeckVersion, DeckVersions, Imported, MAX_DECK_ROWS, MAX_MARKUP_BP,
    MAX_ROW_ERRORS, MAX_STEP_S, MAX_VERSIONS, MIN_MARKUP_BP, Rate,
};
pub use destination::{Destination, NumberClass, cut_class};
pub use e164::{Digits, E164, Prefix};
pub use emergency::{EmergencyKind, EmergencyNumber};
pub use error::{DeckRowError, DeckRowFault, Error};
pub use ids::{AccountId, CallId, CarrierId, DeckId, IncidentId, LineId};
pub use invoice::{
    CarriedCall, InvoiceColumn, InvoiceColumns, InvoiceFault, InvoiceRow, InvoiceTable, MAX_INVOICE_ROWS, Pair,
    Reconciled, Tolerance, read_invoice, reconcile,
};
pub use ledger::{Book, Captured, EntryKind, Ledger, LedgerEntry, MAX_HOLDS, Posting};
pub use money::{Currency, Money};
pub use numbering::{DialPlan, Dialled, MAX_DIALLED_CHARS, NotDiallable, replay_e164};
pub use time::month_of_day;
