//! Dependencies among our crates point one way, as ARCHITECTURE.md draws them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;

/// What each crate may depend on among ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sip", &[]),
    ("media", &[]),
    ("billing", &[]),
    ("geo", &["billing"]),
    ("lockout", &[]),
    ("guard", &["billing", "geo"]),
    ("account", &["billing", "geo", "guard", "lockout"]),
    ("replay", &["account", "billing", "geo", "guard", "lockout"]),
    ("edge", &["account", "billing", "geo", "lockout", "media", "sip"]),
    ("node", &["account", "billing", "edge", "geo", "guard", "lockout", "media", "sip"]),
    ("store", &["account", "billing", "edge", "geo", "guard", "lockout", "node"]),
    ("net", &["account", "billing", "edge", "geo", "lockout", "media", "node", "sip", "store"]),
    ("notify", &["account", "billing", "geo", "guard", "store"]),
    ("portal", &["account", "billing", "edge", "geo", "guard", "lockout", "node", "sip", "store"]),
    (
        "sim",
        &[
            "account", "billing", "edge", "geo", "guard", "lockout", "media", "net", "node", "notify", "replay", "sip",
            "store",
        ],
    ),
    (
        "tollguard",
        &[
            "account", "billing", "edge", "geo", "guard", "lockout", "media", "net", "node", "notify", "portal",
            "replay", "sim", "sip", "store",
        ],
    ),
    ("fuzz", &["account", "billing", "edge", "geo", "media", "node", "sip"]),
    ("xtask", &[]),
];

/// Checks every manifest of the workspace.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let place = format!("crates/{}", package.name);
        let Some(may) = allowed.get(package.name.as_str()) else {
            findings.push(Finding { place, rule: "manifest", text: "is not in the list of crates".into() });
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind != cargo_metadata::DependencyKind::Development)
        {
            let name = dependency.name.as_str();
            if allowed.contains_key(name) && !may.contains(&name) {
                findings.push(Finding {
                    place: place.clone(),
                    rule: "manifest",
                    text: format!("may not depend on {name}"),
                });
            }
        }
    }
    Ok(findings)
}
