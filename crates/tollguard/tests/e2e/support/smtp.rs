//! A real mail server: aiosmtpd, which keeps what it receives in a Maildir.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use super::process::Child;
use super::wait::{SOON, wait_for, wait_until};

/// Debian's Python, which has Debian's aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";

/// A mail server at work.
pub struct MailServer {
    child: Option<Child>,
    address: SocketAddr,
    directory: TempDir,
}

/// A mail as it was received.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub subject: String,
    pub from: String,
    pub to: String,
    pub message_id: String,
    pub text: String,
    pub html: String,
}

impl MailServer {
    /// Starts one and waits until it takes mail.
    #[track_caller]
    pub fn start(address: SocketAddr) -> Self {
        let mut server = Self { child: None, address, directory: tempfile::tempdir().unwrap() };
        server.restart();
        server
    }

    /// Its address as the configuration has it.
    pub fn url(&self) -> String {
        format!("\"smtp://{}\"", self.address)
    }

    /// Ends it: mail cannot be delivered.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts it again with the same Maildir.
    #[track_caller]
    pub fn restart(&mut self) {
        let mut command = Command::new(PYTHON);
        command.args(["-m", "aiosmtpd", "-n", "-l", &self.address.to_string(), "-c", "aiosmtpd.handlers.Mailbox"]);
        command.arg(self.directory.path().join("mail"));
        let mut child = Child::spawn("aiosmtpd", &mut command);
        wait_until(SOON, "the mail server to listen", || {
            assert!(child.ended().is_none(), "aiosmtpd ended:\n{}", child.output());
            std::net::TcpStream::connect(self.address).is_ok()
        });
        self.child = Some(child);
    }

    /// All mails received so far.
    pub fn received(&self) -> Vec<Mail> {
        let Ok(files) = std::fs::read_dir(self.directory.path().join("mail/new")) else { return Vec::new() };
        files.map(|file| read(&file.unwrap().path())).collect()
    }

    /// Waits for a mail whose subject holds `subject`.
    #[track_caller]
    pub fn expect(&self, subject: &str) -> Mail {
        self.expect_within(SOON, subject)
    }

    /// The same with more patience.
    #[track_caller]
    pub fn expect_within(&self, limit: Duration, subject: &str) -> Mail {
        wait_for(limit, &format!("a mail about `{subject}`"), || {
            self.received().into_iter().find(|mail| mail.subject.contains(subject))
        })
    }
}

fn read(path: &Path) -> Mail {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read_mail.py");
    let output = Command::new(PYTHON).arg(script).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
