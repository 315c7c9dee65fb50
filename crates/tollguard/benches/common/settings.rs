//! How long a bench runs: as it says, or, to see that it runs through at all (on a machine that has other work), shorter.

use std::time::Duration;

/// Set to 1 for the shortest run that shows every figure once.
const SHORT: &str = "TOLLGUARD_BENCH_SHORT";

/// Whether the bench is only tried.
pub fn are_short() -> bool {
    std::env::var(SHORT).is_ok_and(|value| value == "1")
}

/// How often each server is measured.
pub fn rounds(rounds: usize) -> usize {
    if are_short() { 1 } else { rounds }
}

/// How long each measurement is.
pub fn length(length: Duration) -> Duration {
    if are_short() { length.min(Duration::from_secs(2)) } else { length }
}
