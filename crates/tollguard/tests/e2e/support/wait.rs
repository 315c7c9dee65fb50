//! Waiting on conditions: the only place where a test lets time pass.

use std::time::{Duration, Instant};

/// Enough for anything that should happen at once, also on a machine that compiles at the same time.
pub const SOON: Duration = Duration::from_secs(20);

/// How often a condition is looked at that nobody announces (a file, a table, a socket of another process).
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits until `condition` holds; panics with `what` was waited for when `limit` is over.
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(limit, what, || condition().then_some(()));
}

/// Lets some time pass: for an instant that nobody chooses.
pub fn let_pass(time: Duration) {
    let deadline = Instant::now() + time;
    while let Some(rest) = deadline.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(rest);
    }
}

/// Waits until there are no complaints; panics with those there are when `limit` is over.
#[track_caller]
pub fn wait_without(limit: Duration, mut complaints: impl FnMut() -> Vec<String>) {
    let deadline = Instant::now() + limit;
    loop {
        let found = complaints();
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "after {limit:?} there is still:\n{}", found.join("\n"));
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Waits until `look` finds something and returns it; panics with `what` was waited for when `limit` is over.
#[track_caller]
pub fn wait_for<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        std::thread::park_timeout(LOOK_EVERY);
    }
}
