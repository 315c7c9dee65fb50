//! The call machine: authenticate, ask the account, bridge two legs, report.
#![forbid(unsafe_code)]

mod directory;
mod io;

pub use directory::{Carrier, CarrierAuth, Directory, EdgeSettings, LineEntry};
pub use io::{AuthReport, CallView, Input, Output};
