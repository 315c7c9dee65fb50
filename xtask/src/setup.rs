//! Installs the real peers that the tests talk to and the tools that check dependencies, where they are missing.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::dependencies;

/// Program that must be there, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/bin/sipp", "sip-tester"),
    ("/usr/bin/baresip", "baresip-core"),
    ("/usr/bin/sox", "sox"),
    ("/usr/bin/svcrack", "sipvicious"),
    ("/usr/bin/fail2ban-regex", "fail2ban"),
    ("/usr/sbin/nft", "nftables"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/bin/python3", "python3"),
    ("/usr/lib/python3/dist-packages/aiosmtpd/__init__.py", "python3-aiosmtpd"),
];

/// Installs what is missing; needs root and a Debian system only if something is.
pub fn install() -> Result<()> {
    dependencies::install()?;
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(path, _)| !Path::new(path).exists()).map(|&(_, package)| package).collect();
    if missing.is_empty() {
        println!("all test peers are installed");
        return Ok(());
    }
    println!("installing {}", missing.join(", "));
    apt(&["update", "-q"])?;
    let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
    arguments.extend(&missing);
    apt(&arguments)
}

fn apt(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .context("apt-get could not be started: install the packages by hand on other systems than Debian")?;
    if !status.success() {
        bail!("apt-get {} failed ({status}); run it as root", arguments.join(" "));
    }
    Ok(())
}
