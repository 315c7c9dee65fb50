//! A node: the real binary in a directory of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Output};

use billing::{AccountId, Cdr, LedgerEntry, Money};
use guard::Incident;
use node::CommandReply;
use store::{AccountRow, CdrFilter, Home, Reader};
use tempfile::TempDir;
use tollguard::config::Config;
use tollguard::control;

use super::hosts::Hosts;
use super::office::{FIRM, Office};
use super::process::{Child, THE_NODE};
use super::record::record;
use super::wait::{SOON, wait_for, wait_until};

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_tollguard");
/// The service's name in all tests.
pub const REALM: &str = "sip.test";

/// Changes to the configuration that `tollguard init` writes.
#[derive(Default)]
pub struct NodeOptions {
    changes: Vec<(String, String)>,
}

impl NodeOptions {
    /// Sets an option that the written file shows in a comment.
    pub fn set(mut self, option: &str, value: &str) -> Self {
        self.changes.push((format!("# {option} = "), format!("{option} = {value}")));
        self
    }

    /// Sets an option that the written file has already.
    pub fn reset(mut self, option: &str, value: &str) -> Self {
        self.changes.push((format!("{option} = "), format!("{option} = {value}")));
        self
    }

    /// The file's text with the changes made.
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (start, text) in &self.changes {
            let line = lines.iter_mut().find(|line| line.starts_with(start));
            text.clone_into(line.unwrap_or_else(|| panic!("the configuration shows no `{start}`")));
        }
        lines.join("\n")
    }
}

/// A node, running or not.
pub struct Node {
    /// Its network.
    pub hosts: Hosts,
    directory: TempDir,
    child: Option<Child>,
}

impl Node {
    /// Sets a node up at host 1, with `office` as its only customer, and starts it.
    #[track_caller]
    pub fn start(hosts: Hosts, options: &NodeOptions, office: &Office) -> Self {
        Self::start_at(hosts, hosts.sip(1), options, office)
    }

    /// The same, with SIP at another address.
    #[track_caller]
    pub fn start_at(hosts: Hosts, listen: SocketAddr, options: &NodeOptions, office: &Office) -> Self {
        let mut node = Self { hosts, directory: tempfile::tempdir().unwrap(), child: None };
        let password = node.path("password");
        std::fs::write(&password, "correct horse battery\n").unwrap();
        let (listen, portal) = (listen.to_string(), format!("{}:8080", hosts.node()));
        let directory = node.directory.path().to_str().unwrap().to_owned();
        let init = ["init", "--dir", &directory, "--listen", &listen, "--portal", &portal, "--realm", REALM];
        node.command(&[&init[..], &["--password-file", password.to_str().unwrap()]].concat());
        let config = node.path("tollguard.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, options.apply(&text)).unwrap();
        let file = node.path("firm.toml");
        std::fs::write(&file, office.text()).unwrap();
        node.command(&["apply", file.to_str().unwrap()]);
        node.serve();
        node
    }

    /// Its address.
    pub fn ip(&self) -> Ipv4Addr {
        self.hosts.node()
    }

    /// A file in its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Changes an option that is set already, for the next start.
    pub fn reconfigure(&self, option: &str, value: &str) {
        let config = self.path("tollguard.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let start = format!("{option} = ");
        let set = |line: &str| if line.starts_with(&start) { format!("{start}{value}") } else { line.to_owned() };
        std::fs::write(&config, text.lines().map(set).collect::<Vec<_>>().join("\n")).unwrap();
    }

    /// Starts the node and waits until it is ready.
    #[track_caller]
    pub fn serve(&mut self) {
        self.serve_saying(&std::env::var("RUST_LOG").unwrap_or_else(|_| "info".into()));
    }

    /// The same, with a log of that level.
    #[track_caller]
    pub fn serve_saying(&mut self, level: &str) {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--config"]).arg(self.path("tollguard.toml"));
        command.env("RUST_LOG", level);
        let mut child = Child::spawn(THE_NODE, &mut command);
        child.expect_line("Tollguard is ready.", SOON);
        self.child = Some(child);
    }

    /// Waits for a line of its log.
    #[track_caller]
    pub fn expect_line(&mut self, text: &str) {
        self.child.as_mut().unwrap().expect_line(text, SOON);
    }

    /// Ends the node in an orderly way.
    #[track_caller]
    pub fn stop(&mut self) {
        self.terminate();
        self.expect_end();
    }

    /// The same; returns everything it has said.
    #[track_caller]
    pub fn stop_and_hear(&mut self) -> String {
        self.terminate();
        let mut child = self.child.take().unwrap();
        let status = child.wait(SOON);
        assert!(status.success(), "the node ended with {status}:\n{}", child.output());
        child.everything()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.child.as_ref().unwrap().terminate();
    }

    /// Waits for its orderly end.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let mut child = self.child.take().unwrap();
        let status = child.wait(SOON);
        assert!(status.success(), "the node ended with {status}:\n{}", child.output());
    }

    /// Its number in the process table.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// How much memory it has resident, bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.child.as_ref().unwrap().resident_bytes()
    }

    /// Ends the node as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.take().unwrap().kill();
    }

    /// Waits until the running node logs a line that holds `text`, and returns what it has said lately.
    #[track_caller]
    pub fn expect_log(&mut self, text: &str) -> String {
        let child = self.child.as_mut().unwrap();
        child.expect_line(text, SOON);
        child.output()
    }

    /// Waits until the running node has logged a line that holds `text`, at whatever time since its start.
    #[track_caller]
    pub fn expect_logged(&mut self, text: &str) {
        let child = self.child.as_mut().unwrap();
        wait_until(SOON, text, || child.output().contains(text));
    }

    /// Runs a subcommand that must succeed, and returns what it printed.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.try_command(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "tollguard {arguments:?} failed:\n{out}{err}");
        out.into_owned()
    }

    /// Runs a subcommand.
    pub fn try_command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        let output = command.args(arguments).arg("--config").arg(self.path("tollguard.toml")).output().unwrap();
        record(&String::from_utf8_lossy(&output.stdout));
        record(&String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Sends a command to the running node.
    #[track_caller]
    pub fn ask(&self, command: &node::Command) -> CommandReply {
        self.try_ask(command).unwrap()
    }

    /// Sends a command that may be refused.
    pub fn try_ask(&self, command: &node::Command) -> Result<CommandReply, control::AskError> {
        let config = Config::load(&self.path("tollguard.toml")).unwrap();
        control::Node::reach(&config).unwrap().ask(command)
    }

    /// The tables.
    pub fn reader(&self) -> Reader {
        Reader::open(&Home::database_in(&self.path("data"))).unwrap()
    }

    /// All incidents, the latest first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.reader().incidents(None, false, 1_000).unwrap()
    }

    /// All CDRs, the oldest first.
    pub fn cdrs(&self) -> Vec<Cdr> {
        let mut cdrs = self.reader().cdrs(&CdrFilter { limit: 10_000, ..CdrFilter::default() }).unwrap();
        cdrs.reverse();
        cdrs
    }

    /// Waits until there are `count` CDRs, which must not become more.
    #[track_caller]
    pub fn expect_cdrs(&self, count: usize) -> Vec<Cdr> {
        let cdrs = wait_for(SOON, &format!("{count} CDRs"), || {
            let cdrs = self.cdrs();
            (cdrs.len() >= count).then_some(cdrs)
        });
        assert_eq!(cdrs.len(), count, "{cdrs:#?}");
        cdrs
    }

    /// Waits for the only CDR.
    #[track_caller]
    pub fn expect_cdr(&self) -> Cdr {
        self.expect_cdrs(1).remove(0)
    }

    /// The firm's row: balance and held.
    pub fn account(&self) -> AccountRow {
        self.reader().account(&FIRM.parse().unwrap()).unwrap().unwrap()
    }

    /// One of the firm's lines.
    pub fn line(&self, id: &str) -> account::Line {
        self.reader().line(&FIRM.parse().unwrap(), &id.parse().unwrap()).unwrap().unwrap().line
    }

    /// The firm's ledger, the oldest entry first.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let firm: AccountId = FIRM.parse().unwrap();
        let reader = self.reader();
        let mut entries: Vec<LedgerEntry> = Vec::new();
        loop {
            let more = reader.ledger(&firm, entries.last().map_or(0, |last| last.seq), store::MAX_ROWS).unwrap();
            if more.is_empty() {
                return entries;
            }
            entries.extend(more);
        }
    }

    /// Checks the firm's books: the ledger has no gaps, adds up to the balance, agrees with the CDRs' charges, nothing
    /// is held, nothing below zero. Returns the balance.
    #[track_caller]
    pub fn check_books(&self) -> Money {
        let ledger = self.ledger();
        let mut sum = 0;
        for (number, entry) in (1..).zip(&ledger) {
            sum += entry.change().micros();
            assert_eq!((entry.seq, entry.balance.micros()), (number, sum), "{entry:?}");
            assert!(sum >= 0, "below zero: {entry:?}");
        }
        let account = self.account();
        assert_eq!(account.balance.micros(), sum, "the balance is not the sum of the ledger");
        assert_eq!(account.held, Money::ZERO, "money is held though no call runs");
        let captured: i64 =
            ledger.iter().filter(|entry| entry.call.is_some()).map(|entry| -entry.change().micros()).sum();
        let charged: i64 = self.cdrs().iter().map(|cdr| cdr.money.charge.micros()).sum();
        assert_eq!(captured, charged, "ledger and CDRs disagree");
        account.balance
    }
}
