//! A folder of its own for each test, the binary run in it, and nodes that are waited for by what they print.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use tollguard::serve::{RunFile, banner::READY, read_run_file};

/// A set-up folder.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// `tollguard init` in a new folder, with ports of the system's choice.
    pub fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let folder = place.folder.path().to_str().unwrap().to_owned();
        place.ok(&["init", "--dir", &folder, "--listen", "127.0.0.1:0", "--portal", "127.0.0.1:0", "--generate"]);
        place
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tollguard.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollguard"));
        command.args(arguments).env("TOLLGUARD_CONFIG", self.config()).env("TZ", "UTC").env_remove("RUST_LOG");
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must do what it is told; gives what it prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that must be refused; gives the reason.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// All listings, for comparison.
    pub fn everything(&self) -> String {
        let listings: [&[&str]; 7] = [
            &["account", "list", "--json"],
            &["line", "list", "law", "--json"],
            &["did", "list", "--json"],
            &["deck", "list", "--json"],
            &["ban", "list", "--json"],
            &["user", "list", "--json"],
            &["account", "audit", "--json"],
        ];
        listings.iter().map(|arguments| self.ok(arguments)).collect()
    }

    /// Starts a node and waits until it says that it is ready.
    pub fn serve(&self) -> Node {
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.by_ref().any(|line| line.unwrap() == READY);
        assert!(ready, "the node ended before it was ready: {:?}", child.wait());
        let run = read_run_file(&self.data()).unwrap();
        assert_eq!(run.pid, child.id());
        Node { child, run }
    }
}

/// A running node; killed when it is dropped.
#[allow(dead_code, reason = "not every test program asks for everything")]
pub struct Node {
    child: Child,
    run: RunFile,
}

impl Node {
    /// Its SIP address.
    #[allow(dead_code, reason = "not every test program asks for everything")]
    pub fn sip(&self) -> SocketAddr {
        self.run.sip[0]
    }

    /// As SIGTERM asks: it must end well.
    pub fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }

    /// As `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Gone already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
