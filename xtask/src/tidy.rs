//! The house rules that a machine can check: lengths, purity, direction of dependencies, licences, openings of files,
//! tests that documents name.

mod lengths;
mod licences;
mod manifests;
mod purity;
mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// A broken rule.
pub struct Finding {
    /// Where, relative to the root.
    pub place: String,
    /// Which rule (the word used in `tidy.toml`).
    pub rule: &'static str,
    /// What is wrong.
    pub text: String,
}

/// Reasoned exceptions: `[[exception]] place, rule, reason` in `xtask/tidy.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    place: String,
    rule: String,
    reason: String,
}

/// Checks the tree below `root`; prints every finding and fails if there is one.
pub fn run(root: &Path) -> Result<()> {
    let sources = sources(root)?;
    let mut findings = Vec::new();
    for path in &sources {
        let text = std::fs::read_to_string(path)?;
        let place = path.strip_prefix(root)?.to_string_lossy().into_owned();
        findings.extend(lengths::check(&place, &text)?);
        findings.extend(purity::check(&place, &text));
    }
    findings.extend(manifests::check(root)?);
    findings.extend(licences::check(root)?);
    findings.extend(shown::check(root)?);
    report(root, findings, sources.len())
}

fn report(root: &Path, findings: Vec<Finding>, files: usize) -> Result<()> {
    let text = std::fs::read_to_string(root.join("xtask/tidy.toml")).context("xtask/tidy.toml")?;
    let exceptions: Exceptions = toml::from_str(&text).context("xtask/tidy.toml")?;
    let mut unused: BTreeMap<(String, String), String> =
        exceptions.exception.into_iter().map(|e| ((e.place, e.rule), e.reason)).collect();
    if let Some((place, _)) = unused.iter().find(|(_, reason)| reason.trim().is_empty()) {
        bail!("the exception for {} gives no reason", place.0);
    }
    let mut excused = std::collections::BTreeSet::new();
    let mut broken = 0;
    for finding in findings {
        let key = (finding.place.clone(), finding.rule.to_owned());
        if unused.contains_key(&key) {
            excused.insert(key);
            continue;
        }
        broken += 1;
        println!("{}: {} ({})", finding.place, finding.text, finding.rule);
    }
    unused.retain(|key, _| !excused.contains(key));
    for (place, rule) in unused.keys() {
        broken += 1;
        println!("{place}: the exception for {rule} is no longer needed");
    }
    if broken > 0 {
        bail!("{broken} house rules are broken");
    }
    println!("house rules hold in {files} files ({} reasoned exceptions)", excused.len());
    Ok(())
}

/// All Rust sources of the workspace, in order.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
