//! baresip: a real telephone with voice, told what to do over its control connection (netstrings of JSON).

use std::io::{BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::node::{Node, REALM};
use super::office::secret;
use super::process::Child;
use super::wait::{SOON, wait_for, wait_until};
use super::wav;

/// The configuration, with what differs between phones left open.
const CONFIG: &str = include_str!("../../peers/baresip.config");

/// Where it is told what to do.
const CONTROL_PORT: u16 = 4444;

/// A telephone at work.
pub struct Baresip {
    /// Its process; its output is its SIP trace.
    pub child: Child,
    control: TcpStream,
    heard: Receiver<Value>,
    directory: TempDir,
}

impl Baresip {
    /// Starts a phone at a host that registers as `name` and plays a tone into its calls; ready when it is registered.
    #[track_caller]
    pub fn start(node: &Node, name: &str, host: u8, tone_hz: u16, account: &str) -> Self {
        Self::start_over("udp", node, name, host, tone_hz, account)
    }

    /// The same over another transport.
    #[track_caller]
    pub fn start_over(transport: &str, node: &Node, name: &str, host: u8, tone_hz: u16, account: &str) -> Self {
        Self::start_at(transport, node.hosts.host(host).into(), node.ip().into(), name, tone_hz, account)
    }

    /// The same at an address, which is the node's neighbour at `server`.
    #[track_caller]
    pub fn start_at(transport: &str, ip: IpAddr, server: IpAddr, name: &str, tone_hz: u16, account: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let tone = directory.path().join("tone.wav");
        wav::write_tone(&tone, tone_hz, 120);
        let config = CONFIG
            .replace("@IP@:5060", &SocketAddr::new(ip, 5060).to_string())
            .replace("@IP@:4444", &SocketAddr::new(ip, CONTROL_PORT).to_string())
            .replace("@IP@", &ip.to_string())
            .replace("@TONE_WAV@", tone.to_str().unwrap())
            .replace("@RECORD_DIR@", directory.path().to_str().unwrap());
        std::fs::write(directory.path().join("config"), config).unwrap();
        let port = if transport == "tls" { 5061 } else { 5060 };
        let server = SocketAddr::new(server, port);
        let account = format!(
            "<sip:{name}@{REALM}>;auth_user={name};auth_pass={};outbound=\"sip:{server};transport={transport}\";regint=60;\
             audio_codecs=PCMU,PCMA{account}\n",
            secret(name),
        );
        std::fs::write(directory.path().join("accounts"), account).unwrap();
        std::fs::write(directory.path().join("contacts"), "").unwrap();
        let mut command = Command::new("baresip");
        command.args([if ip.is_ipv4() { "-4" } else { "-6" }, "-s", "-v", "-f"]).arg(directory.path());
        let mut child = Child::spawn(&format!("baresip {name}"), &mut command);
        let control = connect(&mut child, ip);
        let heard = listen(&control);
        let mut phone = Self { child, control, heard, directory };
        phone.child.expect_line("200 OK", SOON);
        phone
    }

    /// Gives a command and waits for its answer.
    #[track_caller]
    pub fn tell(&mut self, command: &str, params: &str) {
        let text = json!({ "command": command, "params": params, "token": command }).to_string();
        write!(self.control, "{}:{text},", text.len()).unwrap();
        let answer = self.expect(command, |value| value["response"] == true && value["token"] == command);
        assert_eq!(answer["ok"], true, "{command} {params}: {answer}");
    }

    /// Waits for an event of a call ("CALL_ESTABLISHED").
    #[track_caller]
    pub fn expect_event(&mut self, kind: &str) {
        self.expect(kind, |value| value["event"] == true && value["type"] == kind);
    }

    #[track_caller]
    fn expect(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            match self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(value) if is_it(&value) => return value,
                Ok(_) => {}
                Err(_) => panic!("baresip told of no {what} within {SOON:?}"),
            }
        }
    }

    /// Waits until the last second of what it heard is this tone and not the other. It begins another recording whenever
    /// its media changes.
    #[track_caller]
    pub fn expect_tone(&self, freq_hz: u16, not_hz: u16) {
        wait_until(SOON, &format!("a tone of {freq_hz} Hz in {}", self.directory.path().display()), || {
            let files = std::fs::read_dir(self.directory.path()).unwrap().map(|file| file.unwrap().path());
            let mut heard = files.filter(|path| path.to_str().is_some_and(|name| name.ends_with("-dec.wav")));
            heard.any(|path| {
                wav::last_second_share(&path, freq_hz) > 0.8 && wav::last_second_share(&path, not_hz) < 0.05
            })
        });
    }
}

#[track_caller]
fn connect(child: &mut Child, ip: IpAddr) -> TcpStream {
    wait_for(SOON, "baresip's control connection", || {
        assert!(child.ended().is_none(), "baresip ended:\n{}", child.output());
        TcpStream::connect((ip, CONTROL_PORT)).ok()
    })
}

/// Reads netstrings on a thread, so that they can be waited for.
fn listen(control: &TcpStream) -> Receiver<Value> {
    control.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    let mut reader = BufReader::new(control.try_clone().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        while let Some(value) = netstring(&mut reader) {
            if sender.send(value).is_err() {
                return;
            }
        }
    });
    receiver
}

fn netstring(reader: &mut impl Read) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        reader.read_exact(&mut byte).ok()?;
        match byte[0] {
            b':' => break,
            digit => length = length * 10 + usize::from(digit.checked_sub(b'0')?),
        }
    }
    let mut text = vec![0; length + 1];
    reader.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text[..length]).ok()
}
