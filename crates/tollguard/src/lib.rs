//! Tollguard: a phone service that watches its own bill. Configuration, a node at work, and the command line.

pub mod backup;
pub mod cli;
pub mod config;
pub mod control;
pub mod demo;
pub mod nftables;
pub mod serve;
