//! `cargo xtask bench parse`: messages read a second on one core: an INVITE with credentials and a session description, its
//! 200 and a BYE, each framed and validated, and what a transaction needs of it (branch, Call-ID, both tags, CSeq).
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;
use std::time::Instant;

use sip::Message;

const ROUNDS: usize = 9;
/// Messages of each kind in one round.
const TIMES: u32 = 30_000;

const SDP: &str = "v=0\r\no=- 53655765 2353687637 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
                   m=audio 6000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
                   a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

fn messages() -> [String; 3] {
    let common = "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK-524287-1---8a1f;rport\r\nMax-Forwards: 70\r\n\
                  From: \"Ana Diaz\" <sip:101@sip.example.com>;tag=6f2a\r\nCall-ID: 9b0c4711@192.0.2.4\r\n\
                  Contact: <sip:101@192.0.2.4:5060>\r\nUser-Agent: Desk phone 5.6\r\nAllow: INVITE, ACK, CANCEL, BYE\r\n";
    let to = "To: <sip:+13035550100@sip.example.com>";
    let length = SDP.len();
    [
        format!(
            "INVITE sip:+13035550100@sip.example.com SIP/2.0\r\n{common}{to}\r\nCSeq: 2 INVITE\r\n\
             Authorization: Digest username=\"101\", realm=\"sip.example.com\", nonce=\"00af83\", algorithm=MD5, \
             uri=\"sip:sip.example.com\", response=\"6629fae49393a05397450978507c4ef1\", qop=auth, nc=00000001, \
             cnonce=\"0a4f113b\"\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{SDP}"
        ),
        format!(
            "SIP/2.0 200 OK\r\n{common}{to};tag=b71e\r\nCSeq: 2 INVITE\r\nContent-Type: application/sdp\r\n\
             Content-Length: {length}\r\n\r\n{SDP}"
        ),
        format!(
            "BYE sip:+13035550100@sip.example.com SIP/2.0\r\n{common}{to};tag=b71e\r\nCSeq: 3 BYE\r\n\
             Content-Length: 0\r\n\r\n"
        ),
    ]
}

fn read(datagram: &[u8]) {
    let message = Message::parse(datagram).unwrap();
    message.validate().unwrap();
    black_box((
        message.top_via().unwrap().branch(),
        message.call_id(),
        message.from().unwrap().tag(),
        message.to().unwrap().tag(),
        message.cseq().unwrap(),
    ));
}

/// Nanoseconds for a message.
fn measure(messages: &[String]) -> f64 {
    let begun = Instant::now();
    for _ in 0..TIMES {
        messages.iter().for_each(|message| read(message.as_bytes()));
    }
    begun.elapsed().as_nanos() as f64 / f64::from(TIMES) / messages.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let messages = messages();
    let ns = median((0..ROUNDS).map(|_| measure(&messages)).collect());
    println!("{ns:.0} ns a message, {:.0} messages a second", 1e9 / ns);
    if let Some(path) = std::env::var_os("BENCH_JSON") {
        let json = format!(
            "{{\"name\":\"parse\",\"ns_per_message\":{ns:.0},\"messages_per_s\":{:.0},\"rounds\":{ROUNDS}}}\n",
            1e9 / ns
        );
        std::fs::write(path, json).unwrap();
    }
}
