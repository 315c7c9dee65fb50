//! SIP as this product speaks it: messages, transactions, dialogs and digest authentication (RFC 3261), pure.
#![forbid(unsafe_code)]

pub mod flow;
pub mod transaction;
