//! What the tests share: a node, its customers, and the programs that talk to it.

mod baresip;
mod browser;
mod dns;
mod guesser;
mod hosts;
mod https_front;
mod kamailio;
mod linphone;
mod node;
mod office;
mod own_network;
mod pjsua2;
mod process;
mod record;
mod rtpengine;
pub mod sipp;
mod smtp;
mod wait;
mod wav;
mod wild_pbx;

pub use baresip::Baresip;
pub use browser::{Browser, Screen};
pub use dns::Dns;
#[allow(unused_imports, reason = "the benches try single words")]
pub use guesser::try_word;
pub use guesser::{Guessed, guess};
pub use hosts::Hosts;
pub use https_front::HttpsFront;
pub use kamailio::Kamailio;
pub use linphone::Linphone;
pub use node::{Node, NodeOptions};
pub use office::{CARRIER, CONTACT, Office, secret};
pub use own_network::{enter_own_network, enter_own_network_v6, set_mtu};
pub use pjsua2::Pjsua2;
pub use process::Child;
pub use rtpengine::Rtpengine;
pub use sipp::{Sipp, Traced, register};
pub use smtp::{Mail, MailServer};
pub use wait::{SOON, let_pass, wait_for, wait_until, wait_without};
pub use wild_pbx::WildPbx;
