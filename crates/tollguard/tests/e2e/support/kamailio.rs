//! Kamailio: a proxy in the way of a call, as a firm's PBX or a carrier has one.

use std::net::Ipv4Addr;
use std::process::Command;

use tempfile::TempDir;

use super::process::Child;
use super::wait::{SOON, wait_until};

const HOP: &str = include_str!("../../peers/kamailio_hop.cfg");
const SCREEN: &str = include_str!("../../peers/kamailio_screen.cfg");
const REDIRECT: &str = include_str!("../../peers/kamailio_redirect.cfg");

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
        Self::start(HOP, ip, &[("@NEAR@", &near.to_string()), ("@FAR@", &far.to_string())])
    }

    /// Starts one at `ip` that asks the API of `node`, with a key, before it places calls at `far`.
    #[track_caller]
    pub fn screening(ip: Ipv4Addr, node: Ipv4Addr, key: &str, far: Ipv4Addr) -> Self {
        let api = format!("http://{node}:8080/api/v1");
        Self::start(SCREEN, ip, &[("@API@", &api), ("@KEY@", key), ("@FAR@", &far.to_string())])
    }

    /// Starts one at `ip` that asks `node` as a redirect server before it places calls.
    #[track_caller]
    pub fn redirected(ip: Ipv4Addr, node: Ipv4Addr) -> Self {
        Self::start(REDIRECT, ip, &[("@NEAR@", &node.to_string())])
    }

    #[track_caller]
    fn start(config: &str, ip: Ipv4Addr, places: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = config.replace("@IP@", &ip.to_string());
        let config = places.iter().fold(config, |text, (name, value)| text.replace(name, value));
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
