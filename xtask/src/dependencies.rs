//! What we depend on: licences, sources and bans (`cargo deny`), and known weaknesses (`cargo audit`).

use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::verify::{cargo, root};

/// The subcommands of cargo that are needed, each in a crate of its name with `cargo-` before it.
const TOOLS: &[&str] = &["deny", "audit"];
/// What `cargo audit` says where the database of advisories is not to be had.
const UNREACHABLE: &[&str] = &["couldn't fetch advisory database", "git operation failed", "error sending request"];

/// Installs the tools that are missing: they are built, which takes minutes.
pub fn install() -> Result<()> {
    for tool in missing()? {
        println!("installing cargo-{tool}");
        cargo(&["install", "--locked", &format!("cargo-{tool}")], &[])?;
    }
    Ok(())
}

fn missing() -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for tool in TOOLS {
        if !output(&[tool, "--version"])?.status.success() {
            missing.push(*tool);
        }
    }
    Ok(missing)
}

/// Checks all of it. What cannot be checked here, for want of a tool or of a way to the database of advisories, is said.
pub fn check() -> Result<()> {
    let missing = missing()?;
    if !missing.is_empty() {
        println!("NOT CHECKED: `cargo xtask setup` installs what is missing: {}", missing.join(", "));
        return Ok(());
    }
    cargo(&["deny", "--offline", "--log-level", "error", "check", "bans", "licenses", "sources"], &[])?;
    let audit = output(&["audit", "--quiet"])?;
    if audit.status.success() {
        println!("no known weakness in a dependency");
        return Ok(());
    }
    let said = String::from_utf8_lossy(&audit.stdout).into_owned() + &String::from_utf8_lossy(&audit.stderr);
    if UNREACHABLE.iter().any(|words| said.contains(words)) {
        println!("NOT CHECKED: the database of advisories cannot be reached, known weaknesses are not looked for");
        return Ok(());
    }
    bail!("cargo audit has found something:\n{said}")
}

fn output(arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command.output().context("cargo could not be started")
}
