//! `tollguard completions`: what a shell completes.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, output};

/// A script that lets your shell complete commands and options.
#[derive(Debug, Args)]
#[command(long_about = "\
A script that lets your shell complete commands and options.

Examples:
  tollguard completions bash > /etc/bash_completion.d/tollguard
  tollguard completions zsh > ~/.zfunc/_tollguard
  tollguard completions fish > ~/.config/fish/completions/tollguard.fish")]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    /// Prints it.
    pub fn run(self) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "tollguard", &mut script);
        output::print(&String::from_utf8_lossy(&script));
    }
}
