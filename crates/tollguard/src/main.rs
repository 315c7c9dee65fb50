//! The `tollguard` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tollguard::cli::main()
}
