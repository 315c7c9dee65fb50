//! The one test command: set up, format, lint, house rules, tests, the story under many seeds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{setup, tidy};

/// Seeds of the story in one run of the tests.
const STORY_SEEDS: u64 = 1000;

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies one folder below the root").to_path_buf()
}

/// Runs everything, in the order in which mistakes are cheapest to find.
pub fn test() -> Result<()> {
    step("peers", setup::install)?;
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("house rules", || tidy::run(&root()))?;
    step("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))?;
    step("tests", || cargo(&["test", "--workspace", "--no-fail-fast"]))?;
    step("story", || sim(1, STORY_SEEDS))?;
    step("demonstration", demo)
}

/// The story in the simulator.
pub fn sim(from: u64, seeds: u64) -> Result<()> {
    let (from, seeds) = (from.to_string(), seeds.to_string());
    cargo(&["run", "--release", "--package", "sim", "--", "story", "--from", &from, "--seeds", &seeds])
}

/// A bench of a crate.
pub fn bench(package: &str, name: &str) -> Result<()> {
    cargo(&["bench", "--package", package, "--bench", name])
}

/// The demonstration, without a person looking.
fn demo() -> Result<()> {
    let out = root().join("target/demo.json");
    let out = out.to_string_lossy();
    cargo(&["run", "--release", "--", "demo", "--headless", "--json", &out])
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    work().with_context(|| format!("{name} failed"))?;
    println!("== {name}: {} s", start.elapsed().as_secs());
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("cargo {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}
