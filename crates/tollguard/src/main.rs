//! The `tollguard` command.

use std::process::ExitCode;

/// Calls are many small allocations that are freed by other threads than made them; it halves what those cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tollguard::cli::main()
}
