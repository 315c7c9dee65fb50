//! The call machine: authenticate, ask the account, bridge two legs, report.
//!
//! A datagram becomes a message, finds or makes its transaction, and then either its dialog or, through the gate and the
//! doorman, its line. A REGISTER goes to the account and comes back as an answer; an INVITE becomes a call, which asks
//! the account, opens the relay, calls phones or carriers, and tells the account how it ended.
#![forbid(unsafe_code)]

mod auth;
mod call;
mod calls;
mod carriers;
mod certificate;
mod common;
mod core;
mod directory;
mod edge;
mod farewell;
mod flow;
mod gate;
mod inside;
mod io;
mod limits;
mod mistakes;
mod peer;
mod random;
mod register;
mod remote;
mod text;
mod waiting;
mod wakes;

pub use certificate::Certificate;
pub use common::{Common, MAX_WORKERS, is_new_call, owner_of, worker_of_call, worker_of_reply};
pub use directory::{Asking, Carrier, CarrierAuth, Directory, EdgeSettings, LineEntry, NotAsking};
pub use edge::Edge;
pub use inside::from_other_end;
pub use io::{AuthReport, CallView, Input, Leave, Output};
pub use mistakes::{CarrierMistake, MAX_REGISTER_S, USUAL_OPTIONS_S};
pub use peer::{Located, NoPeerAddress, PeerAddress};
pub use remote::{MAX_REMOTE_S, Report, Screened};
