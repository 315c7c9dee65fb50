//! The one test command: set up, format, lint, house rules, tests, the simulator under many seeds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{dependencies, secrets, setup, tidy};

/// Seeds of the story in one run of the tests, and of the honest day, in which there is far more to check.
const SEEDS: [(&str, &str); 2] = [("story", "1000"), ("workday", "200")];

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies one folder below the root").to_path_buf()
}

/// Runs everything, in the order in which mistakes are cheapest to find.
pub fn test() -> Result<()> {
    step("peers", setup::install)?;
    step("format", || cargo(&["fmt", "--all", "--check"], &[]))?;
    step("dependencies", dependencies::check)?;
    step("house rules", || tidy::run(&root()))?;
    step("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"], &[]))?;
    let logs = secrets::folder(&target())?;
    let variables = [(secrets::FOLDER, logs.to_string_lossy().into_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    step("tests", || cargo(&["test", "--workspace", "--no-fail-fast"], &variables))?;
    step("secrets", || secrets::check(&logs))?;
    step("release build", || {
        cargo(&["build", "--release", "--package", "sim", "--package", "tollguard", "--bins"], &[])
    })?;
    for (scenario, seeds) in SEEDS {
        step(scenario, || run(built("sim"), &[scenario, "--seeds", seeds], &[]))?;
    }
    let out = target().join("demo.json");
    step("demonstration", || run(built("tollguard"), &["demo", "--headless", "--json", &out.to_string_lossy()], &[]))
}

/// A scenario in the simulator, under so many seeds.
pub fn sim(scenario: &str, from: u64, seeds: u64) -> Result<()> {
    let (from, seeds) = (from.to_string(), seeds.to_string());
    cargo(&["run", "--release", "--package", "sim", "--", scenario, "--from", &from, "--seeds", &seeds], &[])
}

/// The running binary, killed so many times.
pub fn crash(kills: u32) -> Result<()> {
    let test = ["test", "--release", "--package", "tollguard", "--test", "e2e", "kills", "--", "--nocapture"];
    cargo(&test, &[("CRASH_KILLS", &kills.to_string())])
}

/// A bench of a crate. It prints its table, and may write its figures (`ratio` among them) to the file that `BENCH_JSON`
/// names: `target/bench/NAME.json`.
pub fn bench(package: &str, name: &str) -> Result<()> {
    let folder = target().join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let json = folder.join(format!("{name}.json"));
    cargo(&["bench", "--package", package, "--bench", name], &[("BENCH_JSON", &json.to_string_lossy())])
}

/// Our node under the load of a bench, with a table of where its time goes.
pub fn profile(what: &str) -> Result<()> {
    cargo(&["bench", "--package", "tollguard", "--bench", "profile"], &[("TOLLGUARD_PROFILE", what)])
}

/// Instructions of one worker that carries calls and of one that takes registrations, by function: of the worker's own
/// code, without that of the peers on the wire.
pub fn instructions() -> Result<()> {
    let folder = folder_of_profiles()?;
    let entries = ["datagram", "durable", "tick"];
    let counted = entries.map(|entry| format!("--toggle-collect=node::worker::Worker::{entry}")).join(" ");
    for what in ["calls", "registers"] {
        let counts = folder.join(format!("{what}.callgrind")).to_string_lossy().into_owned();
        let tool = format!("valgrind --tool=callgrind --collect-atstart=no {counted} --callgrind-out-file={counts}");
        let runner = format!("target.'cfg(unix)'.runner = '{tool}'");
        let variables = [("TOLLGUARD_PROFILE", what)];
        cargo(&["--config", &runner, "bench", "--package", "node", "--bench", "call"], &variables)?;
        run("callgrind_annotate".into(), &["--threshold=80", &counts], &[])?;
    }
    Ok(())
}

/// Where profiles are written.
pub fn folder_of_profiles() -> Result<PathBuf> {
    let folder = target().join("profile");
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(folder)
}

/// A program of the release build. Both are built at once, so that what they share is built once.
fn built(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let start = Instant::now();
    work().with_context(|| format!("{name} failed"))?;
    println!("== {name}: {} s", start.elapsed().as_secs());
    Ok(())
}

/// Runs cargo, with these variables set besides.
pub fn cargo(arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    run(env!("CARGO").into(), arguments, variables)
}

fn run(program: PathBuf, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    let command = format!("{} {}", program.file_name().unwrap_or_default().to_string_lossy(), arguments.join(" "));
    let status = Command::new(program).args(arguments).envs(variables.iter().copied()).current_dir(root()).status();
    let status = status.with_context(|| format!("{command} could not be started"))?;
    if !status.success() {
        bail!("{command} failed ({status})");
    }
    Ok(())
}
