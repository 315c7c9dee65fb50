//! The simulator: telephones, carriers, attackers and ordinary traffic, and whole nodes run from a seed in one process.
//!
//! The stations ([`ua`], [`carrier`], [`attacker`], [`office`]) have no sockets and no clock: the simulator drives them
//! over a virtual network, the demonstration over real sockets.
#![forbid(unsafe_code)]

pub mod attacker;
pub mod books;
pub mod carrier;
mod check;
mod dice;
pub mod office;
mod sdp;
mod stack;
pub mod story;
mod talk;
pub mod ua;
pub mod world;
pub mod worlds;

pub use check::{Checks, Violation};
pub use dice::Dice;
pub use sdp::addresses_in;
pub use stack::{CallHandle, End};
