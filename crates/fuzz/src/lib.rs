//! Targets for fuzzing: each takes any bytes, and panics if something does not hold that must.
//!
//! `cargo test -p fuzz` replays the committed corpora with a bounded number of mutations; `cargo xtask fuzz` lets a
//! coverage-guided fuzzer look for more.

pub mod calls;
pub mod digest;
pub mod message;
mod mutator;
pub mod record;
pub mod sdp;

pub use mutator::Mutator;

/// A target: bytes in, nothing out.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: [(&str, Target); 5] =
    [("digest", digest::run), ("edge", calls::run), ("record", record::run), ("sdp", sdp::run), ("sip", message::run)];
