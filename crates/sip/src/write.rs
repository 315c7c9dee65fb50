//! Writing messages (RFC 3261 sections 7, 8.1.1 and 8.2.6): straight into one buffer.
//!
//! No value can break out of its line: every CR, LF and NUL in what is written before the body becomes a space, in a
//! Request-URI an escape. Content-Length is always written, last, and always right.

mod draft;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use draft::OwnContact;
pub use request::RequestBuilder;
pub use response::{ResponseBuilder, ResponseHead};
