//! A scripted user agent: writes requests and answers as a phone or a carrier does.

use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::{Message, Name, ResponseBuilder};

use super::{REALM, World, addr, summary, text};

/// A phone, PBX or carrier at an address.
#[derive(Clone)]
pub struct Peer {
    pub at: &'static str,
    pub user: String,
    pub secret: String,
    pub call_id: String,
    pub tag: String,
    pub cseq: u32,
    pub branch: u32,
    /// Extra header lines of the next request.
    pub extra: Vec<String>,
    /// The request written last.
    pub last: String,
}

impl Peer {
    pub fn new(at: &'static str, user: &str) -> Self {
        Self {
            at,
            user: user.to_owned(),
            secret: format!("secret of {user}"),
            call_id: format!("{user}-call@phone"),
            tag: format!("tag{user}"),
            cseq: 0,
            branch: 0,
            extra: Vec::new(),
            last: String::new(),
        }
    }

    pub fn contact(&self) -> String {
        format!("sip:{}@{}", self.user, self.at)
    }

    /// A session description with one voice at this peer's address.
    pub fn sdp(&self, port: u16, direction: &str) -> String {
        let ip = addr(self.at).ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        format!(
            "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na={direction}\r\n"
        )
    }

    /// A request outside any dialog, with the next CSeq.
    pub fn request(&mut self, method: &str, uri: &str, body: &str) -> String {
        self.cseq += 1;
        let to = format!("<{uri}>");
        self.write(method, uri, &to, body)
    }

    fn write(&mut self, method: &str, uri: &str, to: &str, body: &str) -> String {
        self.branch += 1;
        let Self { at, user, tag, call_id, cseq, branch, .. } = &*self;
        let mut out = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{user}{branch};rport\r\nMax-Forwards: 70\r\n\
             From: \"Peer\" <sip:{user}@{REALM}>;tag={tag}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <{}>\r\nUser-Agent: Test phone\r\n",
            self.contact(),
        );
        for line in std::mem::take(&mut self.extra) {
            out.push_str(&line);
            out.push_str("\r\n");
        }
        if !body.is_empty() {
            out.push_str("Content-Type: application/sdp\r\n");
        }
        out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.last.clone_from(&out);
        out
    }

    /// A request within the dialog that `known` (a message of the other side) belongs to.
    pub fn within(&mut self, known: &Message, method: &str, body: &str) -> String {
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
        }
        let far = if known.is_request() { known.from() } else { known.to() }.unwrap();
        let near = if known.is_request() { known.to() } else { known.from() }.unwrap();
        if let Some(tag) = near.tag() {
            self.tag = text(tag);
        }
        self.call_id = text(known.call_id());
        let to = format!("<{}>;tag={}", text(far.uri), text(far.tag().unwrap()));
        let target = known.contacts().next().map_or_else(|| text(far.uri), |contact| text(contact.unwrap().uri));
        self.write(method, &target, &to, body)
    }

    /// The CANCEL of the INVITE sent last: same Request-URI, branch and CSeq number.
    pub fn cancel(&self) -> String {
        let (start, rest) = self.last.split_once("\r\n").unwrap();
        let uri = start.split(' ').nth(1).unwrap();
        let keep = ["Via:", "Max-Forwards:", "From:", "To:", "Call-ID:"];
        let lines: Vec<&str> = rest.split("\r\n").filter(|line| keep.iter().any(|k| line.starts_with(k))).collect();
        format!("CANCEL {uri} SIP/2.0\r\n{}\r\nCSeq: {} CANCEL\r\n\r\n", lines.join("\r\n"), self.cseq)
    }

    /// Credentials for a challenge, as the header line of the next request.
    pub fn authorize(&mut self, challenge: &Message, method: &str, uri: &str) {
        let challenges = challenge.headers(Name::WwwAuthenticate);
        let challenge = Challenge::strongest(challenges).expect("a challenge");
        let credentials = Credentials { username: &self.user, secret: &self.secret };
        let value = ClientAuth::new(&challenge).answer(credentials, method.as_bytes(), uri.as_bytes(), "cnonce");
        self.extra.push(format!("Authorization: {}", text(&value)));
    }

    /// Sends a request and answers the challenge; what came back after it is still on the wire.
    #[track_caller]
    pub fn authenticated(&mut self, world: &mut World, method: &str, uri: &str, body: &str) -> String {
        let extra = self.extra.clone();
        let first = self.request(method, uri, body);
        world.datagram(self.at, first.as_bytes());
        let challenge = world.one(self.at);
        assert_eq!(challenge.status(), Some(401));
        self.extra = extra;
        self.authorize(&challenge, method, uri);
        let second = self.request(method, uri, body);
        world.datagram(self.at, second.as_bytes());
        second
    }

    /// An answer to a request of the machine, with our tag.
    pub fn answer(&self, world: &mut World, request: &Message, status: u16, body: &str) {
        let mut builder = ResponseBuilder::from_request(request, status, "", Some(&self.tag), addr(super::US));
        builder.header(Name::Contact, format!("<{}>", self.contact()));
        let bytes = builder.finish_with_body(b"application/sdp", body.as_bytes());
        world.datagram(self.at, &bytes);
    }

    /// An answer with our tag and more headers.
    pub fn answer_with_all(
        &self,
        world: &mut World,
        request: &Message,
        status: u16,
        headers: &[(Name, &str)],
        body: &str,
    ) {
        let mut builder = ResponseBuilder::from_request(request, status, "", Some(&self.tag), addr(super::US));
        builder.header(Name::Contact, format!("<{}>", self.contact()));
        for (name, value) in headers {
            builder.header(*name, value);
        }
        let bytes = builder.finish_with_body(b"application/sdp", body.as_bytes());
        world.datagram(self.at, &bytes);
    }

    /// An answer with one more header.
    pub fn answer_with(&self, world: &mut World, request: &Message, status: u16, name: Name, value: &str) {
        let mut builder = ResponseBuilder::from_request(request, status, "", Some(&self.tag), addr(super::US));
        builder.header(name, value);
        world.datagram(self.at, &builder.finish());
    }

    /// The ACK of the machine's 2xx to our INVITE.
    pub fn ack(&mut self, world: &mut World, answer: &Message) {
        let cseq = self.cseq;
        self.cseq = answer.cseq().unwrap().number;
        let ack = self.within(answer, "ACK", "");
        self.cseq = cseq;
        world.datagram(self.at, ack.as_bytes());
    }
}

/// The one among them of that summary.
#[track_caller]
pub fn find<'a>(messages: &'a [Message], wanted: &str) -> &'a Message {
    let lines: Vec<String> = messages.iter().map(summary).collect();
    messages.iter().find(|message| summary(message) == wanted).unwrap_or_else(|| panic!("no {wanted} in {lines:?}"))
}
