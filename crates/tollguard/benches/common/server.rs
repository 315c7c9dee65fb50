//! The servers that are measured beside each other: our own with a thousand phones' worth of settings, and Kamailio, tuned.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::kamailio::Kamailio;
use crate::support::sipp::listens;
use crate::support::{SOON, wait_until};

/// The processor of the server; the load has the other.
const CORE: &str = "0";
const REALM: &str = "sip.test";
const ACCOUNTS: u32 = 10;
/// Lines of each account, usually.
pub const LINES: u32 = 20;

/// A running server.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    /// All its processes.
    pub processes: Vec<u32>,
    /// How it challenges an INVITE.
    pub challenge: &'static str,
    /// Lines of each account.
    lines: u32,
    secrets: fn(&str) -> String,
    #[allow(dead_code, reason = "ends with the server")]
    life: Life,
}

#[allow(dead_code, reason = "what it holds ends with it")]
enum Life {
    Ours(Ours),
    Kamailio(Kamailio, TempDir),
}

struct Ours(Child, TempDir);

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn user(row: u32, lines: u32) -> String {
    format!("f{}l{}", row % ACCOUNTS, row / ACCOUNTS % lines)
}

fn secret(user: &str) -> String {
    format!("{user}-f7KqZt4w9Rmx")
}

impl Server {
    /// The user name of a row of the list of callers.
    pub fn user(&self, row: u32) -> String {
        user(row, self.lines)
    }

    /// The secret of a user.
    pub fn secret(&self, user: &str) -> String {
        (self.secrets)(user)
    }

    /// How many lines Kamailio has written to its flat files.
    pub fn accounted(&self) -> usize {
        let Life::Kamailio(_, folder) = &self.life else { return 0 };
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files =
            files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("acc_")));
        files.map(|path| std::fs::read(path).unwrap().split(|b| *b == b'\n').count() - 1).sum()
    }

    /// Our node with one worker, its guard and its books as they come, without the relay, as Kamailio is without one.
    pub fn ours(address: SocketAddr, carrier: SocketAddr) -> Self {
        Self::ours_with(address, carrier, LINES)
    }

    /// The same with so many lines for each of its ten accounts.
    pub fn ours_with(address: SocketAddr, carrier: SocketAddr, lines: u32) -> Self {
        Self::ours_of(address, carrier, lines, 1)
    }

    /// The same with so many workers, on the one processor.
    pub fn ours_of(address: SocketAddr, carrier: SocketAddr, lines: u32, workers: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (config, directory) = (at("tollguard.toml"), folder.path().to_string_lossy().into_owned());
        std::fs::write(at("password"), "correct horse battery\n").unwrap();
        let (listen, portal) = (address.to_string(), format!("{}:8080", address.ip()));
        let init = ["init", "--dir", &directory, "--listen", &listen, "--portal", &portal, "--realm", REALM];
        tollguard(&[&init[..], &["--password-file", &at("password")]].concat());
        let mut text = std::fs::read_to_string(&config).unwrap();
        let workers = workers.to_string();
        for (option, value) in [("workers", workers.as_str()), ("max_calls", "10000"), ("relay", "false")] {
            let line = text.lines().find(|line| line.starts_with(&format!("# {option} = "))).unwrap().to_owned();
            text = text.replace(&line, &format!("{option} = {value}"));
        }
        std::fs::write(&config, text).unwrap();
        std::fs::write(at("firms.toml"), firms(carrier, lines)).unwrap();
        tollguard(&["apply", &at("firms.toml"), "--config", &config]);
        let mut serve = Command::new("taskset");
        serve.args(["-c", CORE, env!("CARGO_BIN_EXE_tollguard"), "serve", "--config", &config]).env("RUST_LOG", "warn");
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until_bound(address);
        let processes = vec![child.id()];
        let life = Life::Ours(Ours(child, folder));
        Self { name: "tollguard", address, processes, challenge: "401", lines, secrets: secret, life }
    }

    /// The same server, called by users of so many lines for each account; Kamailio takes every user.
    pub fn with_lines(self, lines: u32) -> Self {
        Self { lines, ..self }
    }

    /// Kamailio with one worker that authenticates, keeps dialogs and accounts to flat files, or to SQLite.
    pub fn kamailio(address: SocketAddr, carrier: SocketAddr, sqlite: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (module, url) = if sqlite {
            // An absolute path has a slash of its own.
            ("db_sqlite", format!("sqlite:///{}", accounting(folder.path())))
        } else {
            ("db_flatstore", format!("flatstore:{}", folder.path().display()))
        };
        let routes = include_str!("../peers/kamailio_calls.cfg");
        let routes = routes.replace("@CARRIER@", &carrier.to_string()).replace("@DB_URL@", &url);
        let modules = "kex tm sl rr pv maxfwd usrloc registrar textops siputils auth dialog sanity cfgutils".split(' ');
        let modules: Vec<&str> = modules.chain([module, "acc"]).collect();
        let kamailio = Kamailio::tuned(address, &modules, &routes, CORE);
        let processes = kamailio.processes();
        let name = if sqlite { "kamailio with SQLite" } else { "kamailio" };
        let life = Life::Kamailio(kamailio, folder);
        Self { name, address, processes, challenge: "407", lines: LINES, secrets: |_| "secret".to_owned(), life }
    }
}

/// A database for accounting, with a write-ahead log; its path.
fn accounting(folder: &Path) -> String {
    let path = folder.join("acc.sqlite").to_string_lossy().into_owned();
    let script = "import sqlite3,sys; db=sqlite3.connect(sys.argv[1]); db.executescript('''PRAGMA journal_mode=WAL;
        CREATE TABLE version(table_name TEXT, table_version INTEGER); INSERT INTO version VALUES('acc',5);
        CREATE TABLE acc(id INTEGER PRIMARY KEY, method TEXT, from_tag TEXT, to_tag TEXT, callid TEXT, sip_code TEXT,
            sip_reason TEXT, time DATETIME);''')";
    assert!(Command::new("python3").args(["-c", script, &path]).status().unwrap().success());
    path
}

fn tollguard(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_tollguard")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Firms with phones and plenty of money.
fn firms(carrier: SocketAddr, lines: u32) -> String {
    let mut text = format!("[carrier.wholesale]\naddress = \"{carrier}\"\noptions_s = 0\n");
    for firm in 0..ACCOUNTS {
        let _ = writeln!(
            text,
            "[account.firm{firm}]\nname = \"Firm {firm}\"\ncountry = \"US\"\ntime_zone = \"America/Denver\"\n\
             area_code = \"303\"\ncarriers = [\"wholesale\"]\nnumbers = [\"+130355501{firm:02}\"]\nmax_calls = 10000\n\
             [payment.wire-{firm}]\naccount = \"firm{firm}\"\namount = \"1000000\""
        );
        for line in 0..lines {
            let user = user(line * ACCOUNTS + firm, lines);
            let (id, secret) = (100 + line, secret(&user));
            let _ = writeln!(text, "[line.firm{firm}.{id}]\nauth_name = \"{user}\"\nsecret = \"{secret}\"");
        }
    }
    text
}

/// Waits until somebody has bound this UDP address.
pub fn wait_until_bound(address: SocketAddr) {
    wait_until(SOON, &format!("somebody to listen at {address}"), || listens(address, "udp"));
}
