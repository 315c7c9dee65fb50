//! Our own machines, and an allocator that counts what they hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

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

/// What a held call takes.
pub struct Call {
    /// Bytes of each, with what the guard learned from all.
    pub each: f64,
    /// What the guard keeps of a line that called.
    pub guard_a_line: f64,
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

/// Bytes for a held call.
pub fn call_bytes(calls: usize) -> Call {
    let phones = CALLING.0 * CALLING.1;
    let mut wire = Wire::start(firms(CALLING.0, CALLING.1), 1);
    // What the first calls teach the guard stays when they have ended.
    let before = in_use();
    for phone in 0..phones {
        let held = wire.call(phone, calls + phone);
        wire.hang_up(&held);
    }
    wire.linger();
    let guard_a_line = (in_use() - before) / phones as f64;
    let before = in_use();
    for call in 0..calls {
        drop(wire.call(call % phones, call));
        wire.tick();
    }
    wire.linger();
    Call { each: (in_use() - before) / calls as f64, guard_a_line }
}
