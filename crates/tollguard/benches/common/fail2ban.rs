//! fail2ban with Debian's own nftables action, reading one log.

use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::Child;

/// A running fail2ban with one jail.
pub struct Fail2ban {
    child: Child,
    folder: TempDir,
}

impl Fail2ban {
    /// Starts it: `failures` lines that match `pattern` within ten minutes ban an address for an hour. Returns when it
    /// watches the log.
    pub fn start(log: &Path, pattern: &str, failures: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("filter.d")).unwrap();
        symlink("/etc/fail2ban/action.d", at("action.d")).unwrap();
        let (socket, pid) = (at("socket"), at("pid"));
        let main = format!(
            "[Definition]\nloglevel = INFO\nlogtarget = STDOUT\nsyslogsocket = auto\nsocket = {}\npidfile = {}\n\
             dbfile = None\ndbpurgeage = 1d\n",
            socket.display(),
            pid.display()
        );
        std::fs::write(at("fail2ban.conf"), main).unwrap();
        std::fs::write(
            at("filter.d/peer.conf"),
            format!("[Definition]\nfailregex = {pattern}\ndatepattern = {{NONE}}\n"),
        )
        .unwrap();
        let jail = format!(
            "[peer]\nenabled = true\nfilter = peer\nbackend = auto\nlogpath = {}\nmaxretry = {failures}\n\
             findtime = 600\nbantime = 3600\nusedns = no\nignoreself = false\nbanaction = nftables\n\
             action = nftables[type=allports, name=peer, protocol=udp]\n",
            log.display()
        );
        std::fs::write(at("jail.conf"), jail).unwrap();
        let mut command = Command::new("fail2ban-server");
        command.args(["-f", "-c"]).arg(folder.path()).arg("-s").arg(&socket).arg("-p").arg(&pid).arg("start");
        let mut child = Child::spawn("fail2ban", &mut command);
        child.expect_line("Jail 'peer' started", Duration::from_secs(30));
        Self { child, folder }
    }

    /// Lets an address in again.
    pub fn unban(&self, address: IpAddr) {
        let socket = self.folder.path().join("socket");
        let mut client = Command::new("fail2ban-client");
        client.arg("-s").arg(socket).args(["set", "peer", "unbanip", &address.to_string()]);
        assert!(client.output().unwrap().status.success(), "{address} cannot be unbanned");
    }

    /// Waits until it says that an address is banned, and tells when it said so: before it has told the packet filter.
    pub fn expect_ban(&mut self, address: IpAddr) -> Instant {
        let said = self.child.expect_line(&format!("Ban {address}"), Duration::from_secs(30));
        let at = Instant::now();
        assert!(!said.contains("already"), "{said}");
        at
    }
}
