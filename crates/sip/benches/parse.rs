//! `cargo xtask bench parse`: messages read a second on one core, beside the `rsip` crate in the same run, in turns.
//!
//! Each reads the same INVITE (with a session description), 200 and BYE from the bytes of a datagram, and gives what a
//! transaction needs of it: branch, Call-ID, both tags, CSeq. Ours also says whether the message is valid.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;
use std::time::Instant;

use rsip::headers::UntypedHeader;
use rsip::prelude::{HeadersExt, ToTypedHeader};
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

fn ours(datagram: &[u8]) {
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

fn theirs(datagram: &[u8]) {
    let message = rsip::SipMessage::try_from(datagram).unwrap();
    black_box((
        message.via_header().unwrap().typed().unwrap().branch().map(ToString::to_string),
        message.call_id_header().unwrap().value(),
        message.from_header().unwrap().tag().unwrap(),
        message.to_header().unwrap().tag().unwrap(),
        message.cseq_header().unwrap().typed().unwrap().seq,
    ));
}

/// Nanoseconds for a message.
fn measure(messages: &[String], read: impl Fn(&[u8])) -> f64 {
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
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (measure(&messages, ours), measure(&messages, theirs))).collect();
    let ours = median(rounds.iter().map(|round| round.0).collect());
    let theirs = median(rounds.iter().map(|round| round.1).collect());
    // Rounds are pairs, so that what else the machine does meets both.
    let ratio = median(rounds.iter().map(|round| round.0 / round.1).collect());
    println!("{:<12}{:>14}{:>20}", "", "ns a message", "messages a second");
    for (name, ns) in [("sip", ours), ("rsip", theirs)] {
        println!("{name:<12}{ns:>14.0}{:>20.0}", 1e9 / ns);
    }
    println!("ratio {ratio:.3}");
    if let Some(path) = std::env::var_os("BENCH_JSON") {
        let json = format!(
            "{{\"name\":\"parse\",\"ratio\":{ratio:.3},\"ns_per_message\":{ours:.0},\"rsip_ns_per_message\":{theirs:.0},\
             \"messages_per_s\":{:.0},\"rounds\":{ROUNDS}}}\n",
            1e9 / ours
        );
        std::fs::write(path, json).unwrap();
    }
}
