//! What we depend on: licences, sources and bans (`cargo deny`), and known weaknesses (`cargo audit`).

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::setup::pip;
use crate::verify::{cargo, root, target};

/// The subcommands of cargo that are needed, each in a crate of its name with `cargo-` before it.
const TOOLS: &[&str] = &["deny", "audit"];
/// What `cargo audit` says where the database of advisories is not to be had.
const UNREACHABLE: &[&str] = &["couldn't fetch advisory database", "git operation failed", "error sending request"];

/// Installs the tools that are missing: as built programs, or where there is none for this machine by building them, which
/// takes minutes.
pub fn install() -> Result<()> {
    for tool in fetched()? {
        println!("building cargo-{tool}");
        cargo(&["install", "--locked", &format!("cargo-{tool}")], &[])?;
    }
    Ok(())
}

/// Fetches the tools that are missing, by their checksums; which are missing still.
fn fetched() -> Result<Vec<&'static str>> {
    if missing()?.is_empty() {
        return Ok(Vec::new());
    }
    let list = root().join("xtask/tools.txt");
    if let Err(error) = pip(&["--require-hashes", "--requirement", &list.to_string_lossy()], &folder()) {
        println!("{error:#}");
    }
    missing()
}

/// Where fetched tools are.
fn folder() -> PathBuf {
    target().join("tools")
}

/// Where programs are looked for: among the fetched tools first.
fn path() -> String {
    format!("{}:{}", folder().join("bin").display(), std::env::var("PATH").unwrap_or_default())
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
    let missing = fetched()?;
    if !missing.is_empty() {
        println!("NOT CHECKED: `cargo xtask setup` builds what is missing: {}", missing.join(", "));
        return Ok(());
    }
    // Licences are read in the crates, also in those that only other systems build. Without a network, in those at hand.
    output(&["fetch", "--locked", "--quiet"])?;
    let deny = ["deny", "--offline", "--log-level", "error", "check", "bans", "licenses", "sources"];
    cargo(&deny, &[("PATH", &path())])?;
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
    command.args(arguments).env("PATH", path()).current_dir(root()).stdin(Stdio::null());
    command.output().context("cargo could not be started")
}
