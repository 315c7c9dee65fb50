//! Our own machines, and an allocator that counts what they hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use geo::Place;
use guard::{Failures, Guard, Origin, Registered};

use crate::wire::{Wire, firms};

/// Lines of an account.
const LINES: usize = 1_000;
/// Accounts whose phones call, and how many phones each has.
const CALLING: (usize, usize) = (50, 2);

/// Counts bytes in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is the system's; counting changes no pointer.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn in_use() -> f64 {
    IN_USE.load(Ordering::Relaxed) as f64
}

/// Bytes for a fresh registration of each of so many lines.
pub fn line_bytes(lines: usize) -> f64 {
    let mut wire = Wire::start(firms(lines / LINES, LINES), 1);
    let before = in_use();
    for phone in 0..lines {
        wire.register(phone);
        wire.tick();
    }
    wire.linger();
    (in_use() - before) / lines as f64
}

/// Bytes of those that the guard keeps of a line that has registered, from one place and with one phone.
pub fn guard_bytes_a_line() -> f64 {
    let seen = |line: usize| Registered {
        line: format!("{}", 10_000 + line).parse().unwrap(),
        origin: Origin { ip: [10, 1, 0, 1].into(), place: Place::default(), user_agent: "Desk phone 5.6".into() },
        failures_before: Failures::NONE,
    };
    let mut guard = Guard::new();
    guard.registered(0, &seen(LINES));
    let before = in_use();
    for line in 0..LINES {
        guard.registered(0, &seen(line));
    }
    let bytes = in_use() - before;
    drop(guard);
    bytes / LINES as f64
}

/// Bytes for a held call, without what the first calls of its line have taught the guard.
pub fn call_bytes(calls: usize) -> f64 {
    let phones = CALLING.0 * CALLING.1;
    let mut wire = Wire::start(firms(CALLING.0, CALLING.1), 1);
    for phone in 0..phones {
        let held = wire.call(phone, calls + phone);
        wire.hang_up(&held);
    }
    wire.linger();
    let before = in_use();
    for call in 0..calls {
        drop(wire.call(call % phones, call));
        wire.tick();
    }
    wire.linger();
    (in_use() - before) / calls as f64
}
