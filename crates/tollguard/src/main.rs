//! The `tollguard` command.

use std::process::ExitCode;

/// Calls are many small values, made and freed all the time: it hands out again what was freed last, which the processor
/// still has at hand.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    tollguard::cli::main()
}
