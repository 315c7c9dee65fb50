//! Every dependency carries a permissive licence (the same list as in deny.toml).

use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;

const PERMISSIVE: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "0BSD",
    "Unlicense",
    "CC0-1.0",
    "MIT-0",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "NCSA",
];

/// Checks the licences of everything in Cargo.lock.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .exec()
        .context("cargo metadata")?;
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let licence = package.license.as_deref().unwrap_or("none");
        if !permissive(licence) {
            let text = format!("{} {} has the licence {licence}", package.name, package.version);
            findings.push(Finding { place: "Cargo.lock".into(), rule: "licence", text });
        }
    }
    Ok(findings)
}

/// Whether an SPDX expression can be met with permissive licences alone (AND of ORs, with one level of brackets).
fn permissive(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|name| PERMISSIVE.contains(&name.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        assert!(permissive("MIT OR GPL-3.0"));
        assert!(permissive("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(permissive("Unlicense/MIT"));
        assert!(!permissive("GPL-3.0-only"));
        assert!(!permissive("MIT AND LGPL-2.1"));
    }
}
