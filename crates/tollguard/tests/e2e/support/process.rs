//! A program that a test started, its output, and its certain end.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::record::record;
use super::wait::wait_for;

/// What the node is called; all it says is recorded.
pub const THE_NODE: &str = "the node";

/// A child process that does not outlive its test.
pub struct Child {
    name: String,
    process: std::process::Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Child {
    /// Starts a program; both its outputs are read as one.
    pub fn spawn(name: &str, command: &mut Command) -> Self {
        Self::read(name, command.stdin(Stdio::null()))
    }

    /// The same, and lines can be written to its input.
    pub fn spawn_told(name: &str, command: &mut Command) -> (Self, ChildStdin) {
        let mut child = Self::read(name, command.stdin(Stdio::piped()));
        let input = child.process.stdin.take().unwrap();
        (child, input)
    }

    fn read(name: &str, command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started ({error}): run `cargo xtask setup`"));
        let (sender, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(process.stdout.take().unwrap()), Box::new(process.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            let is_recorded = name == THE_NODE;
            std::thread::spawn(move || {
                let mut output = BufReader::new(output);
                let mut line = Vec::new();
                while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if is_recorded {
                        record(&text);
                    }
                    // The test may have ended.
                    let _ = sender.send(text);
                    line.clear();
                }
            });
        }
        Self { name: name.to_owned(), process, lines, heard: Vec::new() }
    }

    /// Waits for a line that holds `text`; panics with everything heard when it does not come.
    #[track_caller]
    pub fn expect_line(&mut self, text: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.heard.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(why) => {
                    let ended = if why == RecvTimeoutError::Disconnected { " (it has ended)" } else { "" };
                    let said = self.output();
                    panic!("{} did not say `{text}` within {limit:?}{ended}; it said:\n{said}", self.name);
                }
            }
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        let Self { name, process, .. } = self;
        wait_for(limit, &format!("the end of {name}"), || process.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().unwrap()
    }

    /// Its number in the process table.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How much memory it has resident, bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(status.success(), "{} is gone already", self.name);
    }

    /// Ends it as a power failure would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Everything it has said; it must have ended.
    pub fn everything(mut self) -> String {
        let rest: Vec<String> = self.lines.iter().collect();
        self.heard.extend(rest);
        self.heard.join("\n")
    }

    /// The last 60 lines it said.
    pub fn output(&mut self) -> String {
        self.heard.extend(self.lines.try_iter());
        self.heard[self.heard.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let output = self.output();
            eprintln!("--- {} said:\n{output}\n---", self.name);
        }
    }
}
