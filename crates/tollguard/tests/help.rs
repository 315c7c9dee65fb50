//! The whole `--help`, as people read it. `UPDATE_GOLDEN=1` writes it anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory};
use tollguard::cli::Cli;

/// The width of a page.
const COLUMNS: usize = 100;

fn pages(command: &mut Command, text: &mut String) {
    let title = command.get_bin_name().unwrap_or("tollguard").to_owned();
    let page = command.clone().term_width(COLUMNS).render_long_help();
    writeln!(text, "==== {title}\n\n{page}").unwrap();
    for subcommand in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        pages(subcommand, text);
    }
}

#[test]
fn help_is_what_was_reviewed() {
    let mut command = Cli::command();
    command.build();
    let mut text = String::new();
    pages(&mut command, &mut text);
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = text.lines().zip(reviewed.lines()).enumerate().find(|(_, (new, old))| new != old);
    assert_eq!(difference, None, "run with UPDATE_GOLDEN=1 and review the difference");
    assert_eq!(text.lines().count(), reviewed.lines().count(), "run with UPDATE_GOLDEN=1 and review the difference");
}

#[test]
fn arguments_make_sense() {
    Cli::command().debug_assert();
}
