//! pjsua2: a telephone that demands reliable ringing and refreshes its sessions, driven by `tests/peers/pjsua2_phone.py`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};

use tempfile::TempDir;

use super::node::{Node, REALM};
use super::office::secret;
use super::process::Child;
use super::wait::SOON;
use super::wav;

/// A telephone at work.
pub struct Pjsua2 {
    /// Its process; its output tells what happens, and is its SIP trace.
    pub child: Child,
    orders: ChildStdin,
    directory: TempDir,
}

impl Pjsua2 {
    /// Starts a phone at a host that registers as `name` and plays a tone into its calls; ready when it is registered.
    #[track_caller]
    pub fn start(node: &Node, name: &str, host: u8, tone_hz: u16, auto_answer: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (tone, heard) = (directory.path().join("tone.wav"), directory.path().join("heard.wav"));
        wav::write_tone(&tone, tone_hz, 120);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/pjsua2_phone.py");
        let mut command = Command::new("/usr/bin/python3");
        command.env("PYTHONPATH", Path::new(env!("CARGO_TARGET_TMPDIR")).join("../peers"));
        command.arg("-u").arg(script);
        command.args([&node.hosts.host(host).to_string(), &node.hosts.sip(1).to_string(), REALM, name, &secret(name)]);
        command.arg(tone).arg(heard).args(auto_answer.then_some("auto"));
        let (mut child, orders) = Child::spawn_told(&format!("pjsua2 {name}"), &mut command);
        child.expect_line("phone: registered", SOON);
        Self { child, orders, directory }
    }

    /// Gives it an order.
    pub fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Waits until it says that something has happened, or a message with this in it passes.
    #[track_caller]
    pub fn expect(&mut self, what: &str) {
        self.child.expect_line(what, SOON);
    }

    /// Its recording of what it heard.
    pub fn recording(&self) -> PathBuf {
        self.directory.path().join("heard.wav")
    }

    /// Waits until the last second of what it heard is this tone and not the other.
    #[track_caller]
    pub fn expect_tone(&self, freq_hz: u16, not_hz: u16) {
        wav::expect_tone(&self.recording(), freq_hz, not_hz);
    }
}
