//! Installs the real peers that the tests talk to, where they are missing (Debian packages and one Python package).

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::verify;

/// Program that must be there, and the Debian package that brings it.
const PROGRAMS: &[(&str, &str)] = &[
    ("/usr/bin/sipp", "sip-tester"),
    ("/usr/bin/baresip", "baresip-core"),
    ("/usr/bin/sox", "sox"),
    ("/usr/bin/svcrack", "sipvicious"),
    ("/usr/bin/fail2ban-regex", "fail2ban"),
    ("/usr/sbin/nft", "nftables"),
    ("/usr/bin/linphonec", "linphone-cli"),
    ("/usr/sbin/kamailio", "kamailio"),
    ("/usr/lib/x86_64-linux-gnu/kamailio/modules/db_sqlite.so", "kamailio-sqlite-modules"),
    ("/usr/bin/ip", "iproute2"),
    ("/usr/bin/strace", "strace"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/pip3", "python3-pip"),
    ("/usr/lib/python3/dist-packages/aiosmtpd/__init__.py", "python3-aiosmtpd"),
];

/// The Python package that brings one more telephone; it is kept below `target`.
const PJSUA2: &str = "pjsua2-python==2.15.1.post1";

/// Installs what is missing; needs root and a Debian system only if something is.
pub fn install() -> Result<()> {
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(path, _)| !Path::new(path).exists()).map(|&(_, package)| package).collect();
    if !missing.is_empty() {
        println!("installing {}", missing.join(", "));
        apt(&["update", "-q"])?;
        let mut arguments = vec!["install", "-q", "-y", "--no-install-recommends"];
        arguments.extend(&missing);
        apt(&arguments)?;
    }
    pjsua2()?;
    println!("all test peers are installed");
    Ok(())
}

fn pjsua2() -> Result<()> {
    let peers = verify::target().join("peers");
    if peers.join("pjsua2").exists() {
        return Ok(());
    }
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--root-user-action", "ignore", PJSUA2, "--target"]);
    let status = command.arg(&peers).stdin(Stdio::null()).status().context("python3 could not be started")?;
    if !status.success() {
        bail!("{PJSUA2} could not be installed ({status})");
    }
    Ok(())
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
