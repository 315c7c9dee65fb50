//! rtpengine: a relay of its own, in user space.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use tempfile::TempDir;

use super::process::Child;
use super::wait::SOON;

/// An rtpengine at work.
pub struct Rtpengine {
    child: Child,
    _directory: TempDir,
}

impl Rtpengine {
    /// Starts one at an address; ready when it listens.
    #[track_caller]
    pub fn start(ip: Ipv4Addr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("rtpengine");
        command.args(["--table=-1", "--log-stderr", "--foreground", "--num-threads=1", "--log-level=6"]);
        command.args(["--port-min=31000", "--port-max=31199", "--timeout=3600"]);
        command.args(["--config-file=none", &format!("--listen-cli={ip}:2224")]);
        command.arg(format!("--interface={ip}")).arg(format!("--listen-ng={}", Self::address(ip)));
        command.arg(format!("--pidfile={}", directory.path().join("pid").display()));
        let mut child = Child::spawn("rtpengine", &mut command);
        child.expect_line("Startup complete", SOON);
        Self { child, _directory: directory }
    }

    /// Where one at this address is spoken to.
    pub fn address(ip: Ipv4Addr) -> SocketAddr {
        (ip, 2223).into()
    }

    /// Waits until it says something.
    #[track_caller]
    pub fn expect_line(&mut self, text: &str) {
        self.child.expect_line(text, SOON);
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill();
    }
}
