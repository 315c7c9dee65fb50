//! Kamailio, as it is usually guarded: a registrar whose failures fail2ban reads, and pike with a ban table.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::sipp::listens;
use crate::support::{SOON, wait_until};

/// Its modules in Debian.
const MODULES: &str = "/usr/lib/x86_64-linux-gnu/kamailio/modules/";

/// A running Kamailio.
pub struct Kamailio {
    process: std::process::Child,
    folder: TempDir,
}

impl Kamailio {
    /// Starts it at `address` with that many receiving processes and waits until it listens.
    pub fn start(address: SocketAddr, children: u32, modules: &[&str], routes: &str) -> Self {
        let mut command = Command::new("kamailio");
        command.args(["-m", "64", "-M", "16"]);
        Self::launch(command, address, children, modules, routes)
    }

    /// One receiving process on one processor, with the allocator that is fastest for it.
    pub fn tuned(address: SocketAddr, modules: &[&str], routes: &str, core: &str) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", core, "kamailio", "-x", "tlsf", "-X", "tlsf", "-m", "2048", "-M", "16"]);
        Self::launch(command, address, 1, modules, routes)
    }

    fn launch(mut command: Command, address: SocketAddr, children: u32, modules: &[&str], routes: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let load: String = modules.iter().map(|module| format!("loadmodule \"{module}.so\"\n")).collect();
        let text = format!(
            "#!KAMAILIO\ndebug=1\nlog_stderror=yes\nchildren={children}\nauto_aliases=no\ndisable_tcp=yes\n\
             maxbuffer=8388608\nlisten=udp:{address}\nserver_header=\"\"\nmpath=\"{MODULES}\"\n{load}{routes}"
        );
        let (config, log) = (folder.path().join("kamailio.cfg"), folder.path().join("log"));
        std::fs::write(&config, text).unwrap();
        command.args(["-DD", "-E", "-f"]).arg(&config).arg("-w").arg(folder.path()).arg("-Y").arg(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let process = command
            .spawn()
            .unwrap_or_else(|error| panic!("kamailio cannot be started ({error}): apt-get install kamailio"));
        let mut kamailio = Self { process, folder };
        wait_until(SOON, "kamailio to listen", || {
            let ended = kamailio.process.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}\n{}", kamailio.log_text());
            listens(address, "udp")
        });
        kamailio
    }

    /// Where it logs.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What it has logged.
    pub fn log_text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap()).into_owned()
    }

    /// Its main process and those it started: it listens before it starts them.
    pub fn processes(&self) -> Vec<u32> {
        let own = self.process.id();
        let look = || std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let mut children = String::new();
        wait_until(SOON, "kamailio to start its processes", || {
            std::thread::sleep(Duration::from_millis(200));
            let before = std::mem::replace(&mut children, look());
            !children.is_empty() && children == before
        });
        children.split_whitespace().filter_map(|id| id.parse().ok()).chain([own]).collect()
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its main process ends the others.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
