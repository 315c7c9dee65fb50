//! SIP as this product speaks it: messages, transactions, dialogs and digest authentication (RFC 3261), pure.
#![forbid(unsafe_code)]

pub mod arena;
mod chunks;
mod decimal;
pub mod dialog;
pub mod digest;
pub mod flow;
pub mod framer;
pub mod hex;
pub mod ids;
mod keyed;
pub mod limits;
pub mod locate;
mod malformed;
pub mod message;
mod method;
pub mod multipart;
mod name;
mod nameaddr;
mod params;
mod reason;
mod scan;
mod sip_uri;
pub mod transaction;
pub mod uri;
mod via;
pub mod wheel;
pub mod write;

pub use dialog::{Dialog, DialogId};
pub use flow::{Flow, Transport};
pub use framer::{Frame, Framer};
pub use keyed::{HashKey, Keyed, Print};
pub use malformed::Malformed;
pub use message::{CSeq, Invalid, Message, ParseError, RAck};
pub use method::Method;
pub use name::Name;
pub use nameaddr::NameAddr;
pub use params::Params;
pub use reason::reason_phrase;
pub use scan::{eq_ignore_case, is_token};
pub use sip_uri::SipUri;
pub use transaction::TransactionTable;
pub use uri::{Host, HostPort, Uri};
pub use via::Via;
pub use write::{OwnContact, RequestBuilder, ResponseBuilder, ResponseHead};
