//! Long fuzzing: libFuzzer over every target of the crate `fuzz`, with the stable compiler.
//!
//! The compiler's coverage instrumentation is reached through stable flags; the sanitizers, which are not, find nothing
//! in code without `unsafe`. Only our own crates and their dependencies are instrumented, not build scripts.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::verify::{cargo, root};

/// The targets, as `crates/fuzz/src/lib.rs` names them.
const TARGETS: [&str; 5] = ["digest", "edge", "record", "sdp", "sip"];

/// What makes the compiler count which branches a run takes, and check arithmetic.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on \
    --cfg fuzzing";

/// Runs one target, or each in turn, for so many seconds. What is new goes into `target/fuzz/corpus`; an input that fails
/// goes into `target/fuzz/failures`, to be fixed and then committed to the corpus.
pub fn run(only: Option<&str>, seconds: u64) -> Result<()> {
    let targets: Vec<&str> = TARGETS.into_iter().filter(|target| only.is_none_or(|only| only == *target)).collect();
    if targets.is_empty() {
        bail!("there is no such target: the targets are {}", TARGETS.join(", "));
    }
    let program = build()?;
    for target in targets {
        println!("== {target}");
        fuzz(&program, target, seconds).with_context(|| format!("fuzzing {target}"))?;
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().context("rustc could not be started")?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc tells no host")?;
    let folder = root().join("target/fuzz");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "fuzz", "--features", "libfuzzer", "--target", host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", INSTRUMENTED)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .current_dir(root())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("the fuzzer could not be built ({status}); it needs a C++ compiler");
    }
    Ok(folder.join(host).join("release/fuzz"))
}

fn fuzz(program: &PathBuf, target: &str, seconds: u64) -> Result<()> {
    let mut committed = vec![root().join("crates/fuzz/corpora").join(target)];
    if target == "sip" {
        committed.extend(["rfc4475", "rfc5118"].map(|rfc| root().join("crates/sip/tests/torture").join(rfc)));
    }
    let found = root().join("target/fuzz/corpus").join(target);
    let failures = root().join("target/fuzz/failures").join(target);
    for folder in [&found, &failures] {
        std::fs::create_dir_all(folder)?;
    }
    let mut fuzzer = Command::new(program)
        .env("FUZZ_TARGET", target)
        .args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={}/", failures.display())])
        // One input may take so many seconds and so many MB.
        .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1"])
        .arg(&found)
        .args(&committed)
        .stderr(Stdio::piped())
        .spawn()
        .context("the fuzzer could not be started")?;
    let said = fuzzer.stderr.take().context("the fuzzer says nothing")?;
    for line in BufReader::new(said).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if is_told(&line) {
            println!("{line}");
        }
    }
    let status = fuzzer.wait()?;
    if !status.success() {
        bail!("it found something ({status}): see {}", failures.display());
    }
    Ok(())
}

/// Whether a line of the fuzzer's is shown: how it goes (at every power of two of its runs) and what it finds, but not each
/// input that is new to it.
fn is_told(line: &str) -> bool {
    let is_input =
        line.starts_with('#') && !line.contains("pulse") && !line.contains("INITED") && !line.contains("DONE");
    !is_input && !line.starts_with(['\t', '"']) && !line.starts_with("WARNING: Failed to find function")
}

/// So many mutated datagrams at the running binary while calls go on.
pub fn datagrams(count: u64) -> Result<()> {
    let test = ["test", "--release", "--package", "tollguard", "--test", "e2e", "datagrams", "--", "--nocapture"];
    cargo(&test, &[("FUZZ_DATAGRAMS", &count.to_string())])
}
