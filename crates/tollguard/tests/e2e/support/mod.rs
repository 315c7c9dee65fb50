//! What the tests share: a node, its customers, and the programs that talk to it.

mod hosts;
mod node;
mod office;
mod process;
mod sipp;
mod wait;

pub use hosts::Hosts;
pub use node::{Node, NodeOptions};
pub use office::{CARRIER, FIRM, Office, secret};
pub use sipp::{Sipp, Traced, register};
pub use wait::{SOON, wait_for, wait_until, wait_without};
