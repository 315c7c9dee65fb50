//! What one worker holds in the end, for `cargo xtask profile bytes`: registrations, calls that go on, or what is left of
//! calls that are over. The allocator is the system's, whose calls valgrind sees.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![allow(dead_code, reason = "other benches use more of the wire")]

mod wire;

use wire::{Wire, firms};

/// What is held, as `xtask` says.
const WHAT: &str = "TOLLGUARD_PROFILE";
/// How many of them.
const COUNT: usize = 2_000;
/// Firms, and phones of each that calls.
const FIRMS: (usize, usize) = (10, 20);

fn main() {
    let wire = match std::env::var(WHAT).unwrap_or_default().as_str() {
        "registrations" => registrations(),
        "held-calls" => held_calls(),
        "over-calls" => over_calls(),
        _ => return,
    };
    // What it holds is counted when the program ends.
    std::mem::forget(wire);
}

/// Each of another phone.
fn registrations() -> Wire {
    let mut wire = Wire::start(firms(FIRMS.0, COUNT / FIRMS.0), 1);
    for phone in 0..COUNT {
        wire.register(phone);
        wire.tick();
    }
    wire.linger();
    wire
}

/// Calls that go on.
fn held_calls() -> Wire {
    let mut wire = Wire::start(firms(FIRMS.0, FIRMS.1), 1);
    for call in 0..COUNT {
        drop(wire.call(call % (FIRMS.0 * FIRMS.1), call));
        wire.tick();
    }
    wire.linger();
    wire
}

/// Calls that ended within the last seconds, whose transactions linger.
fn over_calls() -> Wire {
    let mut wire = Wire::start(firms(FIRMS.0, FIRMS.1), 1);
    for call in 0..COUNT {
        let held = wire.call(call % (FIRMS.0 * FIRMS.1), call);
        wire.hang_up(&held);
        wire.tick();
    }
    wire
}
