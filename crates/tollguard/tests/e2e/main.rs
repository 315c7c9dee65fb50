//! The real binary with real peers: SIPp as phone, PBX and carrier, baresip as phones with voice, aiosmtpd as mail
//! server.
//!
//! One test program for all, so that the tests, which mostly wait, run side by side. Each has addresses of its own on
//! the loopback network and a directory of its own. `cargo xtask setup` installs the peers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod administrator;
mod api;
mod calls;
mod carriers;
mod crash;
mod credit;
mod datagrams;
mod dns;
mod drain;
mod flood;
mod forward;
mod full_disk;
mod hostile;
mod interop;
mod ipv6;
mod journal;
mod kills;
mod lockout;
mod mail;
mod nftables;
mod payment;
mod people;
mod played;
mod portal;
mod reconcile;
mod refusals;
mod register;
mod retention;
mod rtpengine;
mod screen;
mod secrets;
mod slow_disk;
mod support;
mod tcp;
mod tls;
mod torture;
mod transfer;
mod user;
mod voice;
mod voipms;
mod webhooks;
mod workers;
