//! Installs the real peers that the tests talk to, where they are missing (Debian packages, three of Python and one of npm).

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
    ("/usr/lib/x86_64-linux-gnu/kamailio/modules/http_client.so", "kamailio-utils-modules"),
    ("/usr/lib/x86_64-linux-gnu/kamailio/modules/json.so", "kamailio-json-modules"),
    ("/usr/bin/rtpengine", "rtpengine-daemon"),
    ("/usr/bin/perf", "linux-perf"),
    ("/usr/bin/valgrind", "valgrind"),
    ("/usr/bin/ip", "iproute2"),
    ("/usr/bin/strace", "strace"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/chromedriver", "chromium-driver"),
    ("/usr/bin/npm", "npm"),
    ("/usr/bin/python3", "python3"),
    ("/usr/bin/pip3", "python3-pip"),
    ("/usr/lib/python3/dist-packages/aiosmtpd/__init__.py", "python3-aiosmtpd"),
];

/// A package for Python; each is kept below `target`, in a folder of its own beside what it needs.
struct Package {
    name: &'static str,
    /// The folder below `target/peers`.
    folder: &'static str,
    /// What is in it once it is installed.
    holds: &'static str,
}

/// One more telephone, a tool of VOIP.MS's customers, and one that tries the JSON API by its document.
const PACKAGES: &[Package] = &[
    Package { name: "pjsua2-python==2.15.1.post1", folder: "", holds: "pjsua2" },
    Package { name: "voip-ms-moxad==0.8.5", folder: "voip-ms-moxad", holds: "bin/get-cdrs" },
    Package { name: "schemathesis==4.32.5", folder: "schemathesis", holds: "bin/st" },
];

/// The npm package that looks web pages over (MPL-2.0: fetched for the tests, part of nothing); kept below `target`.
const AXE: &str = "axe-core@4.14.1";

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
    PACKAGES.iter().try_for_each(Package::install)?;
    axe()?;
    println!("all test peers are installed");
    Ok(())
}

impl Package {
    fn install(&self) -> Result<()> {
        let folder = verify::target().join("peers").join(self.folder);
        if folder.join(self.holds).exists() {
            return Ok(());
        }
        pip(&[self.name], &folder)
    }
}

/// Has pip install something below a folder of its own.
pub fn pip(what: &[&str], folder: &Path) -> Result<()> {
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-m", "pip", "install", "--quiet", "--root-user-action", "ignore", "--target"]).arg(folder);
    let status = command.args(what).stdin(Stdio::null()).status().context("python3 could not be started")?;
    if !status.success() {
        bail!("pip could not install {} ({status})", what.join(" "));
    }
    Ok(())
}

fn axe() -> Result<()> {
    let folder = verify::target().join("peers/axe");
    if folder.join("node_modules/axe-core/axe.min.js").exists() {
        return Ok(());
    }
    let mut command = Command::new("/usr/bin/npm");
    command.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", AXE, "--prefix"]);
    let status = command.arg(&folder).stdin(Stdio::null()).status().context("npm could not be started")?;
    if !status.success() {
        bail!("{AXE} could not be installed ({status})");
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
