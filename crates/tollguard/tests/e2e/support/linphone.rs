//! linphonec: a telephone with voice that is told what to do on its standard input.

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{ChildStdin, Command};

use tempfile::TempDir;

use super::node::{Node, REALM};
use super::office::secret;
use super::process::Child;
use super::wait::{SOON, wait_until};
use super::wav;

const CONFIG: &str = include_str!("../../peers/linphonerc");

/// A telephone at work.
pub struct Linphone {
    _child: Child,
    orders: ChildStdin,
    directory: TempDir,
}

impl Linphone {
    /// Starts a phone that registers as `name` for a line, is at `ip` (see [`super::enter_own_network`]), and plays a tone into its
    /// calls; ready when it is registered.
    #[track_caller]
    pub fn start(node: &Node, line: &str, name: &str, ip: Ipv4Addr, tone_hz: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (tone, heard) = (directory.path().join("tone.wav"), directory.path().join("heard.wav"));
        wav::write_tone(&tone, tone_hz, 120);
        let (ip, registrar) = (ip.to_string(), node.ip().to_string());
        let places = [
            ("@IP@", &*ip),
            ("@NODE@", &*registrar),
            ("@NAME@", name),
            ("@REALM@", REALM),
            ("@SECRET@", &secret(name)),
        ];
        let config = places.iter().fold(CONFIG.to_owned(), |text, (mark, value)| text.replace(mark, value));
        let path = directory.path().join("linphonerc");
        std::fs::write(&path, config).unwrap();
        std::fs::create_dir_all(directory.path().join(".local/share/linphone")).unwrap();
        let mut command = Command::new("stdbuf");
        command.env("HOME", directory.path()).args(["-o0", "linphonec", "-c"]).arg(path);
        let (_child, orders) = Child::spawn_told(&format!("linphonec {name}"), &mut command);
        wait_until(SOON, "linphonec to register", || !node.line(line).bindings.is_empty());
        let mut phone = Self { _child, orders, directory };
        phone.tell("soundcard use files");
        phone.tell(&format!("play {}", tone.display()));
        phone.tell(&format!("record {}", heard.display()));
        phone
    }

    /// Gives it an order.
    pub fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// Waits until the last second of what it hears is this tone and not the other.
    #[track_caller]
    pub fn expect_tone(&self, freq_hz: u16, not_hz: u16) {
        wav::expect_tone(&self.directory.path().join("heard.wav"), freq_hz, not_hz);
    }
}
