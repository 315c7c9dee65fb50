//! A phone that calls once: what it says, and where its call stands.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::digest::{Algorithm, Challenge, ClientAuth, Credentials};
use sip::{Message, Name, NameAddr};

/// What each side offers.
pub const SDP: &str = "v=0\r\no=- 53655765 2353687637 IN IP4 127.0.1.2\r\ns=-\r\nc=IN IP4 127.0.1.2\r\nt=0 0\r\n\
                       m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
                       a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Waits for the challenge.
    Asking,
    /// Has shown credentials.
    Calling,
    Talking,
    /// Has hung up.
    Ending,
    Over,
    Failed,
}

/// A phone and its one call.
pub struct Phone {
    pub stage: Stage,
    /// When it last asked for something.
    asked: Instant,
    /// Of the run, and within it.
    number: (u32, usize),
    here: SocketAddr,
    user: String,
    secret: String,
    bye: String,
}

impl Phone {
    /// Its INVITE without credentials.
    pub fn call(number: (u32, usize), here: SocketAddr, user: String, secret: String) -> (Self, String) {
        let (stage, asked) = (Stage::Asking, Instant::now());
        let phone = Self { stage, asked, number, here, user, secret, bye: String::new() };
        let invite = phone.invite(1, "");
        (phone, invite)
    }

    /// How long it has waited for an answer.
    pub fn has_waited(&self) -> Duration {
        if self.stage == Stage::Talking { Duration::ZERO } else { self.asked.elapsed() }
    }

    /// What it says to a final answer.
    pub fn hear(&mut self, answer: &Message, status: u16) -> Vec<String> {
        let cseq = answer.cseq().map_or(0, |cseq| cseq.number);
        match (self.stage, cseq, status) {
            (Stage::Asking, 1, 401 | 407) => {
                self.go_on(Stage::Calling);
                vec![self.ack_of_refusal(answer), self.invite(2, &self.proof(answer, status))]
            }
            (Stage::Calling, 2, 200) => {
                self.go_on(Stage::Talking);
                self.bye = self.within("BYE", 3, answer);
                vec![self.within("ACK", 2, answer)]
            }
            (Stage::Ending, 3, 200) => {
                self.go_on(Stage::Over);
                Vec::new()
            }
            // Sent again by the server.
            (_, 1, 401 | 407) | (_, 2, 200) => Vec::new(),
            _ => {
                self.go_on(Stage::Failed);
                Vec::new()
            }
        }
    }

    /// Its BYE.
    pub fn hang_up(&mut self) -> String {
        self.go_on(Stage::Ending);
        std::mem::take(&mut self.bye)
    }

    fn go_on(&mut self, stage: Stage) {
        (self.stage, self.asked) = (stage, Instant::now());
    }

    fn uri(&self) -> String {
        format!("sip:+1303{}@sip.test", 2_000_000 + self.number.1 * 7_919 % 7_999_999)
    }

    /// A request up to its CSeq; `to` with its tag.
    fn head(&self, method: &str, uri: &str, cseq: u32, to: &str) -> String {
        let Self { number: (run, call), here, user, .. } = self;
        // The ACK of a refusal has the branch of its INVITE.
        let branch = if method == "ACK" && cseq == 1 { "INVITE" } else { method };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{run}x{call}{branch}{cseq};rport\r\n\
             From: <sip:{user}@sip.test>;tag={run}u{call}\r\nTo: {to}\r\nCall-ID: {run}-{call}@phones\r\n\
             CSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n"
        )
    }

    fn invite(&self, cseq: u32, proof: &str) -> String {
        let uri = self.uri();
        let head = self.head("INVITE", &uri, cseq, &format!("<{uri}>"));
        let Self { here, user, .. } = self;
        format!(
            "{head}Contact: <sip:{user}@{here}>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, OPTIONS, INFO, UPDATE\r\nSupported: replaces, timer\r\n{proof}\
             User-Agent: Desk phone 5.6\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        )
    }

    fn proof(&self, answer: &Message, status: u16) -> String {
        let (asked, name) = match status {
            401 => (Name::WwwAuthenticate, "Authorization"),
            _ => (Name::ProxyAuthenticate, "Proxy-Authorization"),
        };
        // What SIPp would take of several.
        let mut challenges = answer.headers(asked).filter_map(|value| Challenge::parse(value).ok());
        let challenge = challenges.find(|challenge| challenge.algorithm == Algorithm::Md5).unwrap();
        let credentials = Credentials { username: &self.user, secret: &self.secret };
        let proof = ClientAuth::new(&challenge).answer(credentials, b"INVITE", self.uri().as_bytes(), "c");
        format!("{name}: {}\r\n", String::from_utf8_lossy(&proof))
    }

    fn ack_of_refusal(&self, answer: &Message) -> String {
        self.head("ACK", &self.uri(), 1, &text(answer.header(Name::To))) + "Content-Length: 0\r\n\r\n"
    }

    /// A request within the dialog that an answer has made.
    fn within(&self, method: &str, cseq: u32, answer: &Message) -> String {
        let contact = NameAddr::parse(answer.header(Name::Contact).unwrap()).unwrap();
        let head = self.head(method, &text(Some(contact.uri)), cseq, &text(answer.header(Name::To)));
        let mut routes: Vec<String> =
            answer.record_routes().map(|route| format!("Route: {}\r\n", text(Some(route)))).collect();
        routes.reverse();
        format!("{head}{}Content-Length: 0\r\n\r\n", routes.concat())
    }
}

fn text(value: Option<&[u8]>) -> String {
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// Run and call that a Call-ID names.
pub fn call_of(call_id: &[u8]) -> (u32, usize) {
    let text = String::from_utf8_lossy(call_id);
    let numbers = text.split('@').next().and_then(|numbers| numbers.split_once('-'));
    numbers.and_then(|(run, call)| Some((run.parse().ok()?, call.parse().ok()?))).unwrap_or((u32::MAX, 0))
}
