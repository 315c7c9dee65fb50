//! SIPp: plays the scenarios of `tests/sipp` as phone, PBX or carrier.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::Child;
use super::wait::{SOON, wait_until};

/// What phones call themselves.
pub const AGENT: &str = "Desk phone 5.6";

/// The path of a scenario.
fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp").join(format!("{name}.xml"))
}

/// How SIPp is to run; [`Sipp::start`] runs it.
pub struct SippOptions {
    name: String,
    here: SocketAddr,
    node: SocketAddr,
    arguments: Vec<String>,
    credentials: Option<(String, String)>,
    agent: String,
    limit: Duration,
    listens: bool,
    tcp: bool,
}

/// A SIPp at work.
pub struct Sipp {
    name: String,
    child: Child,
    directory: tempfile::TempDir,
    limit: Duration,
}

impl SippOptions {
    /// What is dialled.
    pub fn dial(mut self, number: &str) -> Self {
        self.arguments.extend(["-s".to_owned(), number.to_owned()]);
        self
    }

    /// Who it is: digest user name and secret.
    pub fn login(mut self, user: &str, secret: &str) -> Self {
        self.credentials = Some((user.to_owned(), secret.to_owned()));
        self
    }

    /// What it calls itself; a desk phone otherwise.
    pub fn agent(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// How many calls, and how many begin each second.
    pub fn calls(mut self, count: u32, per_second: u32) -> Self {
        self.arguments.retain(|argument| argument != "-m" && argument != "1");
        self.arguments.extend(["-m".into(), count.to_string(), "-r".into(), per_second.to_string()]);
        self
    }

    /// Over one TCP connection, or one for each that the node opens.
    pub fn over_tcp(mut self) -> Self {
        self.arguments.extend(["-t".into(), "t1".into()]);
        self.tcp = true;
        self
    }

    /// Each call from a port of its own.
    pub fn of_many_ports(mut self) -> Self {
        self.arguments.extend(["-t".into(), "un".into(), "-max_socket".into(), "1000".into()]);
        self
    }

    /// How long it may take.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it; one that waits for calls is listening when this returns.
    #[track_caller]
    pub fn start(self) -> Sipp {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new("sipp");
        command.current_dir(&directory).arg("-sf").arg(scenario(&self.name));
        let (ip, port) = (self.here.ip().to_string(), self.here.port().to_string());
        command.args(["-i", &ip, "-p", &port, "-mi", &ip, "-nostdin", "-max_retrans", "12"]);
        command.args(["-trace_err", "-error_file", "errors", "-trace_msg", "-message_file", "messages"]);
        command.args(["-timeout", &self.limit.as_secs().to_string(), "-timeout_error", "-cid_str", "%u-%p@%s"]);
        command.args(&self.arguments);
        if let Some((user, secret)) = &self.credentials {
            let agent = &self.agent;
            let text = format!("SEQUENTIAL\n{user};[authentication username={user} password={secret}];{agent}\n");
            std::fs::write(directory.path().join("who.csv"), text).unwrap();
            command.args(["-inf", "who.csv"]);
        }
        command.arg(self.node.to_string());
        let child = Child::spawn(&format!("sipp {} at {}", self.name, self.here), &mut command);
        let mut sipp = Sipp { name: self.name, child, directory, limit: self.limit };
        if self.listens {
            let (here, table) = (self.here, if self.tcp { "tcp" } else { "udp" });
            wait_until(SOON, &format!("sipp {} to listen", sipp.name), || {
                if sipp.child.ended().is_some() {
                    sipp.fail("ended at once");
                }
                listens(here, table)
            });
        }
        sipp
    }

    /// Starts it, waits until it has done all its calls as its scenario says, and returns all its messages.
    #[track_caller]
    pub fn run(self) -> String {
        self.start().finish()
    }
}

impl Sipp {
    /// One who calls: plays `scenario` from `here` towards `node`.
    pub fn calling(scenario: &str, here: SocketAddr, node: impl Into<IpAddr>) -> SippOptions {
        SippOptions {
            name: scenario.to_owned(),
            here,
            node: (node.into(), 5060).into(),
            arguments: vec!["-m".into(), "1".into()],
            credentials: None,
            agent: AGENT.into(),
            limit: Duration::from_secs(30),
            listens: false,
            tcp: false,
        }
    }

    /// One who waits for a call at `here`.
    pub fn answering(scenario: &str, here: SocketAddr, node: impl Into<IpAddr>) -> SippOptions {
        SippOptions { listens: true, ..Self::calling(scenario, here, node) }
    }

    /// Waits until it has done all its calls as its scenario says, and returns all its messages; panics with its errors
    /// and messages otherwise.
    #[track_caller]
    pub fn finish(mut self) -> String {
        // SIPp ends by itself at the limit.
        let status = self.child.wait(self.limit + SOON);
        if !status.success() {
            self.fail(&format!("failed ({status})"));
        }
        self.messages()
    }

    /// Whether it has done all its calls, or failed.
    pub fn is_done(&mut self) -> bool {
        self.child.ended().is_some()
    }

    /// Waits for its end, whatever became of its calls, and returns all its messages.
    #[track_caller]
    pub fn end(mut self) -> Vec<Traced> {
        self.child.wait(self.limit + SOON);
        self.trace()
    }

    /// Every message sent and received so far.
    pub fn trace(&self) -> Vec<Traced> {
        traced(&self.messages())
    }

    /// The same as one text.
    pub fn messages(&self) -> String {
        std::fs::read(self.directory.path().join("messages"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    #[track_caller]
    fn fail(&mut self, how: &str) -> ! {
        let errors = std::fs::read_to_string(self.directory.path().join("errors")).unwrap_or_default();
        let messages = self.messages();
        let tail = messages.char_indices().rev().nth(8_000).map_or(0, |(at, _)| at);
        panic!("sipp {} {how}\n--- errors\n{errors}\n--- messages\n{}", self.name, &messages[tail..]);
    }
}

/// Whether some process has bound this address, by the kernel's own table ("udp" or "tcp").
pub fn listens(address: SocketAddr, table: &str) -> bool {
    let word = |bytes: &[u8]| bytes.iter().rev().map(|byte| format!("{byte:02X}")).collect::<String>();
    let (table, ip) = match address.ip() {
        IpAddr::V4(ip) => (table.to_owned(), word(&ip.octets())),
        IpAddr::V6(ip) => (format!("{table}6"), ip.octets().chunks(4).map(word).collect()),
    };
    // A thread may be in a network of its own.
    let entries = std::fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap();
    entries.contains(&format!(" {ip}:{:04X} ", address.port()))
}

/// Registers a phone by its user name, with the secret that [`super::Office`] gives it, at a host.
#[track_caller]
pub fn register(node: &super::Node, name: &str, host: u8) {
    Sipp::calling("register", node.hosts.sip(host), node.ip()).login(name, &super::secret(name)).run();
}

/// A message that SIPp sent or received.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Sent, not received.
    pub sent: bool,
    /// The whole message.
    pub text: String,
}

impl Traced {
    /// Whether it begins so.
    pub fn is(&self, start: &str) -> bool {
        self.text.starts_with(start)
    }

    /// Its Call-ID.
    pub fn call_id(&self) -> &str {
        self.text.lines().find_map(|line| line.strip_prefix("Call-ID:")).unwrap_or_default().trim()
    }
}

/// Reads SIPp's message file: rules of dashes with the time, "UDP message sent (444 bytes):", an empty line, the message.
fn traced(messages: &str) -> Vec<Traced> {
    let parts = messages.split("\n----------------------------------------------- ");
    let read = |part: &str| {
        let (head, text) = part.split_once("\n\n").or_else(|| part.split_once("\n\r\n"))?;
        let sent = head.contains("message sent");
        (sent || head.contains("message received")).then(|| Traced { sent, text: text.to_owned() })
    };
    parts.filter_map(read).collect()
}
