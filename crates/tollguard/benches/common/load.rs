//! SIPp as the load: phones on one core, the server under measurement on the other.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::flood::{cpu_s, lost};
use super::report::percentile;
use super::server::Server;

/// Numbers and phones are drawn from a list of so many lines, over and over.
const LIST: u32 = 20_000;
/// The processor of the load; the server has the other.
pub const CORE: &str = "1";

/// The file with the list.
const WHO: &str = "who.csv";

/// How long after the last call has begun all must have ended: each talks for a second, and a lost message is sent again
/// after half a second and again after one more.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// What one run showed.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub done: u64,
    pub failed: u64,
    pub retransmissions: u64,
    /// Processor time of the server for 1,000 of them, milliseconds.
    pub cpu_ms: f64,
}

impl Seen {
    /// Whether all went as it should, the first time.
    pub fn is_clean(&self) -> bool {
        self.failed == 0 && self.retransmissions == 0
    }
}

/// Rates that are tried, sessions a second: steps of so many, up to the highest.
pub struct Rates {
    pub step: u32,
    pub highest: u32,
}

impl Rates {
    /// The highest rate that is clean, in whole steps, by halving what is not known; 0 where the first step is not.
    pub fn highest_clean(&self, server: &Server, run: impl Fn(u32) -> Seen) -> u32 {
        let is_clean = |rate: u32| {
            let clean = run(rate).is_clean();
            wait_until_quiet(server);
            println!("  {} at {rate} a second: {}", server.name, if clean { "clean" } else { "not clean" });
            clean
        };
        let (mut clean, mut too_much) = (0, self.highest / self.step + 1);
        while clean + 1 < too_much {
            let middle = clean.midpoint(too_much);
            if is_clean(middle * self.step) {
                clean = middle;
            } else {
                too_much = middle;
            }
        }
        clean * self.step
    }

    /// Rounds of two servers in turns, at a rate or at the next lower one at which all are clean; at the lowest whatever comes
    /// of it.
    pub fn in_turns(
        &self,
        servers: [&Server; 2],
        mut rate: u32,
        rounds: usize,
        run: impl Fn(&Server, u32) -> Seen,
    ) -> (u32, [Vec<Seen>; 2]) {
        'lower: loop {
            let mut seen = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                for (server, seen) in servers.into_iter().zip(&mut seen) {
                    let round = run(server, rate);
                    if !round.is_clean() && rate > self.step {
                        let Seen { failed, retransmissions, .. } = round;
                        let why = format!("{failed} failed, {retransmissions} sent again");
                        println!("  {} at {rate} a second: not clean for long ({why})", server.name);
                        wait_until_quiet(server);
                        rate -= self.step;
                        continue 'lower;
                    }
                    seen.push(round);
                }
            }
            return (rate, seen);
        }
    }

    /// A step below a rate.
    pub fn below(&self, rate: u32) -> u32 {
        rate.saturating_sub(self.step).max(self.step)
    }
}

/// The median of several runs.
pub fn median(seen: &[Seen], of: impl Fn(&Seen) -> f64) -> f64 {
    percentile(&seen.iter().map(of).collect::<Vec<_>>(), 50)
}

/// Runs a scenario of `benches/sipp` from `here` for that long, and measures the server meanwhile.
pub fn run(server: &Server, scenario: &str, here: SocketAddr, a_second: u32, length: Duration) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    run_in(&folder, server, scenario, here, a_second, length, &[])
}

/// The same; also the time from the first INVITE to the 200 of each call, milliseconds.
pub fn run_timed(server: &Server, here: SocketAddr, a_second: u32, length: Duration) -> (Seen, Vec<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let seen = run_in(&folder, server, "call", here, a_second, length, &["-trace_rtt", "-rtt_freq", "1000"]);
    let rows = std::fs::read_to_string(file(&folder, "_rtt.csv")).unwrap();
    (seen, rows.lines().skip(1).filter_map(|line| line.split(';').nth(1)?.parse().ok()).collect())
}

/// Begins so many calls or registrations, each of a user of its own, and goes on while the value lives; for a server that
/// takes every user.
pub fn begin(server: &Server, scenario: &str, here: SocketAddr, a_second: u32, count: u32) -> Answering {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(WHO), list(server, count, |row| format!("u{row}"))).unwrap();
    let mut command = phones(&folder, server, scenario, here);
    let (rate, count) = (a_second.to_string(), count.to_string());
    command.args(["-r", &rate, "-m", &count, "-l", "60000"]).arg(server.address.to_string());
    Answering(command.spawn().unwrap(), folder)
}

/// SIPp with a scenario and the list of callers; calls of scenario `held` do not end.
fn phones(folder: &TempDir, server: &Server, scenario: &str, here: SocketAddr) -> Command {
    let name = if scenario == "held" { "call" } else { scenario };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/sipp").join(format!("{name}.xml"));
    let mut text = std::fs::read_to_string(source).unwrap().replace("@CHALLENGE@", server.challenge);
    if scenario == "held" {
        text = text.replace("<pause milliseconds=\"1000\"/>", "<pause milliseconds=\"3600000\"/>");
    }
    let path = folder.path().join("scenario.xml");
    std::fs::write(&path, text).unwrap();
    let mut command = sipp(folder, &path, here);
    command.args(["-inf", WHO]);
    command
}

fn run_in(
    folder: &TempDir,
    server: &Server,
    scenario: &str,
    here: SocketAddr,
    a_second: u32,
    length: Duration,
    more: &[&str],
) -> Seen {
    let (rate, count) = (a_second.to_string(), u64::from(a_second) * length.as_secs());
    std::fs::write(folder.path().join(WHO), list(server, LIST, |row| server.user(row))).unwrap();
    let before_s = cpu_s(&server.processes);
    let lost_before = lost(server.address);
    let mut command = phones(folder, server, scenario, here);
    command.args(["-r", &rate, "-m", &count.to_string(), "-l", "60000", "-trace_stat"]).args(more);
    let ended = ends_within(command.arg(server.address.to_string()).spawn().unwrap(), length + PATIENCE);
    let cpu_ms = (cpu_s(&server.processes) - before_s) * 1e6 / count as f64;
    if !ended {
        return Seen { done: 0, failed: count, retransmissions: 0, cpu_ms };
    }
    let statistics = Statistics::of(folder);
    let value = |name: &str| statistics.value(name);
    let lost = lost(server.address) - lost_before;
    Seen {
        done: value("SuccessfulCall(C)"),
        failed: value("FailedCall(C)"),
        retransmissions: value("Retransmissions(C)") + lost,
        cpu_ms,
    }
}

/// Whether a SIPp ends in time; one that does not is ended: its calls wait for a server that has lost their messages.
fn ends_within(mut sipp: std::process::Child, longest: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < longest {
        if sipp.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    sipp.kill().unwrap();
    sipp.wait().unwrap();
    false
}

/// Waits until a server has nothing to do any more, so that what a rate too high left over harms no other run.
pub fn wait_until_quiet(server: &Server) {
    const LOOK: Duration = Duration::from_millis(500);
    for _ in 0..40 {
        let before_s = cpu_s(&server.processes);
        std::thread::sleep(LOOK);
        if cpu_s(&server.processes) - before_s < LOOK.as_secs_f64() * 0.1 {
            return;
        }
    }
}

/// A SIPp that ends with the value.
pub struct Answering(std::process::Child, #[allow(dead_code, reason = "lives as long as SIPp")] TempDir);

impl Answering {
    /// One that answers every call at `here`.
    pub fn start(here: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp/answer.xml");
        let child = sipp(&folder, &scenario, here).spawn().unwrap();
        super::server::wait_until_bound(here);
        Self(child, folder)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sipp(folder: &TempDir, scenario: &Path, here: SocketAddr) -> Command {
    let (ip, port) = (here.ip().to_string(), here.port().to_string());
    let mut command = Command::new("taskset");
    command.current_dir(folder).args(["-c", CORE, "sipp", "-sf"]).arg(scenario);
    command.args(["-i", &ip, "-p", &port, "-mi", &ip, "-nostdin", "-buff_size", "8388608"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Who calls whom: user, credentials, number.
fn list(server: &Server, rows: u32, user: impl Fn(u32) -> String) -> String {
    let mut text = "SEQUENTIAL\n".to_owned();
    for row in 0..rows {
        let user = user(row);
        let number = 2_000_000 + u64::from(row) * 7_919 % 7_999_999;
        let secret = server.secret(&user);
        let _ = writeln!(text, "{user};[authentication username={user} password={secret}];+1303{number}");
    }
    text
}

/// The file of SIPp's whose name ends so.
fn file(folder: &TempDir, end: &str) -> PathBuf {
    let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.to_string_lossy().ends_with(end)).expect("SIPp has written its statistics")
}

/// What SIPp has counted: the last line of its statistics, by the names of its columns.
pub struct Statistics(Vec<(String, u64)>);

impl Statistics {
    /// Of the SIPp that ran in a folder with `-trace_stat`.
    pub fn of(folder: &TempDir) -> Self {
        let text = std::fs::read_to_string(file(folder, "_.csv")).unwrap();
        let (names, last) = (text.lines().next().unwrap_or_default(), text.lines().last().unwrap_or_default());
        let pairs = names.split(';').zip(last.split(';'));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.parse().unwrap_or(0))).collect())
    }

    /// A column that must be there.
    pub fn value(&self, name: &str) -> u64 {
        let column = self.0.iter().find(|(known, _)| known == name);
        column.unwrap_or_else(|| panic!("SIPp counts no {name}")).1
    }
}
