//! Looks for secrets in everything that the node and its commands said during the tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Names the folder to the tests, which keep there what the node says.
pub const FOLDER: &str = "TOLLGUARD_TEST_LOGS";

/// What all secrets of lines and carriers in the tests end with, and the administrator's password.
const SECRETS: &[&str] = &["f7KqZt4w9Rmx", "correct horse battery"];

/// The folder, empty.
pub fn folder(target: &Path) -> Result<PathBuf> {
    let folder = target.join("test-logs");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Fails where a secret stands in what was kept, or where nothing was kept.
pub fn check(folder: &Path) -> Result<()> {
    let mut lines = 0_usize;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = fs::read(&path).with_context(|| path.display().to_string())?;
        for line in String::from_utf8_lossy(&text).lines() {
            lines += 1;
            if let Some(secret) = SECRETS.iter().find(|secret| line.contains(**secret)) {
                bail!("{} holds `{secret}`: {line}", path.display());
            }
        }
    }
    if lines == 0 {
        bail!("the tests have kept nothing that the node said");
    }
    println!("no secret in {lines} lines");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_what_was_said_is_found() {
        let target = std::env::temp_dir().join(format!("tollguard-secrets-{}", std::process::id()));
        let logs = folder(&target).unwrap();
        assert!(check(&logs).is_err(), "nothing was kept");
        fs::write(logs.join("1.log"), "INFO ready\n").unwrap();
        check(&logs).unwrap();
        fs::write(logs.join("2.log"), "DEBUG alice-f7KqZt4w9Rmx\n").unwrap();
        assert!(check(&logs).unwrap_err().to_string().contains("2.log holds"));
        fs::remove_dir_all(target).unwrap();
    }
}
