//! One worker that carries calls with digest authentication, and nothing else: for counting instructions, which is what no
//! other program on the machine can disturb (`cargo xtask profile instructions`).
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]
#![allow(dead_code, reason = "the bench of memory uses more of the wire")]

mod wire;

use wire::{Wire, firms};

/// Calls that are under way at once.
const AT_ONCE: usize = 300;
const CALLS: usize = 2_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut wire = Wire::start(firms(10, 20), 1);
    let mut held = std::collections::VecDeque::new();
    for call in 0..CALLS {
        held.push_back(wire.call(call % 200, call));
        if held.len() > AT_ONCE {
            wire.hang_up(&held.pop_front().unwrap());
        }
        wire.tick();
    }
    println!("{CALLS} calls");
}
