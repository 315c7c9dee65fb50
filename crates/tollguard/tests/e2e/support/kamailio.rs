//! Kamailio: a proxy in the way of a call, as a firm's PBX or a carrier has one.

use std::net::Ipv4Addr;
use std::process::Command;

use tempfile::TempDir;

use super::process::Child;
use super::wait::{SOON, wait_until};

const HOP: &str = include_str!("../../peers/kamailio_hop.cfg");

/// A proxy at work; ends with its test.
pub struct Kamailio {
    child: Child,
    _directory: TempDir,
}

impl Kamailio {
    /// Starts one at `ip` that passes on what comes from `near` to `far`, and what comes from elsewhere to `near`; ready
    /// when it listens.
    #[track_caller]
    pub fn between(ip: Ipv4Addr, near: Ipv4Addr, far: Ipv4Addr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let places = [("@IP@", ip), ("@NEAR@", near), ("@FAR@", far)];
        let config = places.iter().fold(HOP.to_owned(), |text, (name, ip)| text.replace(name, &ip.to_string()));
        let path = directory.path().join("kamailio.cfg");
        std::fs::write(&path, config).unwrap();
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "32", "-M", "8", "-f"]).arg(&path);
        command.arg("-w").arg(directory.path()).arg("-Y").arg(directory.path());
        let mut kamailio = Self { child: Child::spawn("kamailio", &mut command), _directory: directory };
        wait_until(SOON, "kamailio to listen", || {
            assert!(kamailio.child.ended().is_none(), "kamailio ended:\n{}", kamailio.child.output());
            super::sipp::listens((ip, 5060).into(), "udp")
        });
        kamailio
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its main process ends the others, if it is asked to.
        self.child.terminate();
        self.child.wait(SOON);
    }
}
