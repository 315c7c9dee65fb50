//! Password guessing as scanners do it: REGISTER after REGISTER, user by user, no retransmissions, no manners.

use std::net::SocketAddr;
use std::sync::Arc;

use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Host, HostPort, Message, Method, Name, RequestBuilder, Transport};

use crate::Dice;

/// User agents scanners send; from published honeypot counts (DESIGN section 6).
pub const SCANNER_AGENTS: [&str; 6] =
    ["friendly-scanner", "sipvicious", "sipcli/v1.8", "sundayddr", "VaxSIPUserAgent/3.1", "pplsip"];
/// How long a scanner waits for an answer.
const PATIENCE_MS: u64 = 2_000;
/// Unanswered tries in a row after which a target counts as gone, or the scanner as locked out. A node answers strangers
/// with no more bytes than they send, which beside lost packets may well be every other try.
const SILENT_TRIES: u32 = 16;

/// What a scan tries.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Where to.
    pub target: SocketAddr,
    /// Host part of the URIs.
    pub domain: String,
    /// User names in order.
    pub users: Vec<String>,
    /// Passwords tried for each user, in order; `{user}` stands for the user name.
    pub passwords: Vec<String>,
    /// Pause between two tries.
    pub gap_ms: u64,
    /// User-Agent.
    pub user_agent: String,
}

/// What a step of the scan has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// These credentials work.
    Found { user: String, secret: String },
    /// Nothing answers any more.
    Silent,
    /// All was tried in vain.
    Exhausted,
}

#[derive(Debug)]
enum Step {
    /// The next try begins then.
    Wait(u64),
    /// A bare REGISTER waits for its challenge until then.
    Asked(u64),
    /// The guess waits for its verdict until then.
    Guessed(u64),
    Over,
}

/// One scan under way.
#[derive(Debug)]
pub(super) struct Scanner {
    scan: Scan,
    address: SocketAddr,
    dice: Dice,
    /// Which guess: user by user, password by password.
    at: usize,
    step: Step,
    call_id: String,
    cseq: u32,
    silent: u32,
    pub tries: u64,
}

impl Scanner {
    pub(super) fn new(scan: Scan, address: SocketAddr, seed: u64, now_ms: u64) -> Scanner {
        Scanner {
            scan,
            address,
            dice: Dice::new(seed),
            at: 0,
            step: Step::Wait(now_ms),
            call_id: String::new(),
            cseq: 0,
            silent: 0,
            tries: 0,
        }
    }

    pub(super) fn next_wake_ms(&self) -> Option<u64> {
        match self.step {
            Step::Wait(at_ms) | Step::Asked(at_ms) | Step::Guessed(at_ms) => Some(at_ms),
            Step::Over => None,
        }
    }

    fn guess(&self) -> Option<(String, String)> {
        let passwords = self.scan.passwords.len().max(1);
        let user = self.scan.users.get(self.at / passwords)?;
        let secret = self.scan.passwords.get(self.at % passwords)?;
        Some((user.clone(), secret.replace("{user}", user)))
    }

    pub(super) fn tick(&mut self, now_ms: u64, out: &mut Vec<Arc<[u8]>>) -> Option<Finding> {
        match self.step {
            Step::Wait(at_ms) if at_ms <= now_ms => self.ask(now_ms, out),
            Step::Asked(at_ms) | Step::Guessed(at_ms) if at_ms <= now_ms => {
                self.silent += 1;
                if self.silent >= SILENT_TRIES {
                    self.step = Step::Over;
                    return Some(Finding::Silent);
                }
                // The same guess again: a lost packet must not hide the right one.
                self.ask(now_ms, out)
            }
            _ => None,
        }
    }

    fn ask(&mut self, now_ms: u64, out: &mut Vec<Arc<[u8]>>) -> Option<Finding> {
        let Some((user, _)) = self.guess() else {
            self.step = Step::Over;
            return Some(Finding::Exhausted);
        };
        self.call_id = self.dice.token();
        self.cseq = 1;
        out.push(self.register(&user, None));
        self.step = Step::Asked(now_ms.saturating_add(PATIENCE_MS));
        None
    }

    fn register(&mut self, user: &str, credentials: Option<Vec<u8>>) -> Arc<[u8]> {
        let uri = format!("sip:{}", self.scan.domain);
        let address = format!("<sip:{user}@{}>", self.scan.domain);
        let branch = format!("z9hG4bK{}", self.dice.token());
        let sent_by = HostPort { host: Host::Ip(self.address.ip()), port: Some(self.address.port()) };
        let mut request = RequestBuilder::new(Method::Register, &uri);
        request.via(Transport::Udp, sent_by, &branch);
        request.header(Name::MaxForwards, "70");
        request.header_display(Name::From, format_args!("{address};tag={}", self.dice.token()));
        request.header(Name::To, &address);
        request.header(Name::CallId, &self.call_id);
        request.header_display(Name::CSeq, format_args!("{} REGISTER", self.cseq));
        request.header_display(Name::Contact, format_args!("<sip:{user}@{}>", self.address));
        request.header(Name::Expires, "60");
        request.header(Name::UserAgent, &self.scan.user_agent);
        if let Some(credentials) = credentials {
            request.header(Name::Authorization, credentials);
        }
        request.finish().into()
    }

    pub(super) fn datagram(&mut self, bytes: &[u8], now_ms: u64, out: &mut Vec<Arc<[u8]>>) -> Option<Finding> {
        let response = Message::parse(bytes).ok().filter(|message| message.call_id() == self.call_id.as_bytes())?;
        let current = response.cseq().is_ok_and(|cseq| cseq.number == self.cseq);
        let (status, (user, secret)) = (response.status().filter(|_| current)?, self.guess()?);
        match (&self.step, status) {
            (Step::Asked(_), 401 | 407) => {
                self.silent = 0;
                let values = response.header_lines().filter(|(name, ..)| *name == Name::WwwAuthenticate);
                let challenge = Challenge::strongest(values.map(|(_, _, value)| value))?;
                let uri = format!("sip:{}", self.scan.domain);
                let credentials = Credentials { username: &user, secret: &secret };
                let cnonce = self.dice.token();
                let mut auth = ClientAuth::new(&challenge);
                let value = auth.answer(credentials, b"REGISTER", uri.as_bytes(), &cnonce);
                self.cseq = 2;
                self.tries += 1;
                out.push(self.register(&user, Some(value)));
                self.step = Step::Guessed(now_ms.saturating_add(PATIENCE_MS));
                None
            }
            (Step::Guessed(_), 200..=299) => {
                self.step = Step::Over;
                Some(Finding::Found { user, secret })
            }
            (Step::Asked(_) | Step::Guessed(_), 200..=699) => {
                self.silent = 0;
                self.at += 1;
                self.step = Step::Wait(now_ms.saturating_add(self.scan.gap_ms));
                None
            }
            _ => None,
        }
    }
}
