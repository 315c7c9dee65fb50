//! One worker that carries calls with digest authentication, or takes registrations, and nothing else: for counting
//! instructions (`cargo xtask profile instructions`), which no other program on the machine can disturb.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![allow(dead_code, reason = "the bench of memory uses more of the wire")]

mod wire;

use wire::{Wire, firms};

/// The program's own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is counted, as `xtask` says.
const WHAT: &str = "TOLLGUARD_PROFILE";
/// Calls that are under way at once.
const AT_ONCE: usize = 300;
/// Calls, or registrations.
const COUNT: usize = 2_000;
/// Firms, and phones of each.
const FIRMS: (usize, usize) = (10, 20);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    match std::env::var(WHAT).unwrap_or_default().as_str() {
        "registers" => registers(),
        _ => calls(),
    }
}

fn calls() {
    // The numbering plan is read once, and that is no part of a call.
    let _ = billing::Destination::of("+13035550100".parse().unwrap());
    let mut wire = Wire::start(firms(FIRMS.0, FIRMS.1), 1);
    let mut held = std::collections::VecDeque::new();
    for call in 0..COUNT {
        held.push_back(wire.call(call % (FIRMS.0 * FIRMS.1), call));
        if held.len() > AT_ONCE {
            wire.hang_up(&held.pop_front().unwrap());
        }
        wire.tick();
    }
    println!("{COUNT} calls");
}

/// Phones register one after the other, again and again.
fn registers() {
    let mut wire = Wire::start(firms(FIRMS.0, FIRMS.1), 1);
    for count in 0..COUNT {
        wire.register(count % (FIRMS.0 * FIRMS.1));
        wire.tick();
    }
    println!("{COUNT} registrations");
}
