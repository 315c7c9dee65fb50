//! Tests of framing, access and validation.

use proptest::prelude::*;

use super::*;
use crate::limits::MAX_HEADERS;
use crate::{Host, Name, Transport};

const INVITE: &str = "INVITE sip:bob@example.com SIP/2.0\r\n\
    v: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1, SIP/2.0/TCP p.example.com:5070;branch=z9hG4bK2\r\n\
    Via: SIP/2.0/UDP q.example.com\r\n\
    From: \"A, B\" <sip:a@example.com>;tag=f1\r\n\
    To: <sip:bob@example.com>\r\n\
    Call-ID: c1@example.com\r\n\
    CSeq: 7 INVITE\r\n\
    max-forwards: 70\r\n\
    Contact: <sip:a@10.0.0.1;x=1,2>;expires=60 , sip:b@h\r\n\
    Subject: one,\r\n\ttwo\r\n\
    X-Extra: first\r\n\
    x-extra: second\r\n\
    Content-Length: 4\r\n\r\nbodytrailing";

fn with(from: &str, to: &str) -> Message {
    let text = INVITE.replacen(from, to, 1);
    assert_ne!(text, INVITE, "the replacement must hit");
    Message::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_request_reads_back() {
    let m = Message::parse(format!("\r\n\r\n{INVITE}").as_bytes()).unwrap();
    assert_eq!(m.validate(), Ok(()));
    assert_eq!((m.method(), m.status()), (Some(Method::Invite), None));
    assert_eq!(m.request_uri(), b"sip:bob@example.com");
    assert_eq!(m.headers(Name::Via).count(), 3);
    let via = m.top_via().unwrap();
    assert_eq!((via.transport, via.rport()), (Some(Transport::Udp), Some(None)));
    assert_eq!(via.sent_by.host, Host::Ip("10.0.0.1".parse().unwrap()));
    assert_eq!(m.from().unwrap().tag(), Some(&b"f1"[..]));
    assert_eq!(m.from().unwrap().display_raw, b"A, B");
    assert_eq!(m.to().unwrap().tag(), None);
    assert_eq!(m.cseq(), Ok(CSeq { number: 7, method: Method::Invite }));
    assert_eq!(m.max_forwards(), Some(70));
    let contacts: Vec<_> = m.contacts().map(|contact| contact.unwrap().uri).collect();
    assert_eq!(contacts, [&b"sip:a@10.0.0.1;x=1,2"[..], b"sip:b@h"]);
    assert_eq!(m.header_named("X-EXTRA"), Some(&b"first"[..]));
    assert_eq!(m.header_named("i"), Some(&b"c1@example.com"[..]));
    assert_eq!(m.body(), b"body", "bytes behind Content-Length are not the body");
}

#[test]
fn a_fold_is_white_space() {
    let m = Message::parse(INVITE.as_bytes()).unwrap();
    assert_eq!(m.header(Name::Subject), Some(&b"one,  \ttwo"[..]));
    let m = with("one,", "o\rne,");
    assert_eq!(m.header(Name::Subject), Some(&b"o ne,  \ttwo"[..]), "a stray CR too");
}

#[test]
fn bare_line_feeds_end_lines() {
    let m = Message::parse(INVITE.replace("\r\n", "\n").as_bytes()).unwrap();
    assert_eq!(m.validate(), Ok(()));
    assert_eq!(m.body(), b"body");
}

#[test]
fn a_response_reads_back() {
    let text = INVITE.replacen("INVITE sip:bob@example.com SIP/2.0", "SIP/2.0 486  Busy Here ", 1);
    let m = Message::parse(text.as_bytes()).unwrap();
    assert_eq!(m.validate(), Ok(()));
    assert_eq!((m.status(), m.reason(), m.method()), (Some(486), &b"Busy Here"[..], None));
    for (line, reason) in [("SIP/2.0 200", ""), ("SIP/2.0 200 ", "")] {
        let text = INVITE.replacen("INVITE sip:bob@example.com SIP/2.0", line, 1);
        assert_eq!(Message::parse(text.as_bytes()).unwrap().reason(), reason.as_bytes());
    }
}

#[test]
fn what_cannot_be_framed() {
    let cases: [(&[u8], ParseError); 10] = [
        (b"", ParseError::Empty),
        (b"\r\n\r\n", ParseError::Empty),
        (b"INVITE sip:a@b SIP/2.0\r\nTo: x\r\nFr", ParseError::CutOff),
        (b"INVITE sip:a@b SIP/2.0", ParseError::CutOff),
        (b"GET / HTTP/1.1\r\n\r\n", ParseError::StartLine),
        (b"INVITE SIP/2.0\r\n\r\n", ParseError::StartLine),
        (b"SIP/2.0 4294967301 no\r\n\r\n", ParseError::StartLine),
        (b"SIP/2.0 20 no\r\n\r\n", ParseError::StartLine),
        (b"SIP/2.0 700 no\r\n\r\n", ParseError::StartLine),
        (b"SIP/2.0\r\n\r\n", ParseError::StartLine),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::parse(bytes).err(), Some(error), "{}", bytes.escape_ascii());
    }
    let mut many = String::from("OPTIONS sip:a@b SIP/2.0\r\n");
    many.push_str(&"a: b\r\n".repeat(MAX_HEADERS));
    assert!(Message::parse(format!("{many}\r\n").as_bytes()).is_ok());
    assert_eq!(Message::parse(format!("{many}a: b\r\n\r\n").as_bytes()).err(), Some(ParseError::TooManyHeaders));
    assert_eq!(Message::parse(&[b'x'; 65_536]).err(), Some(ParseError::TooLarge));
}

#[test]
fn what_is_framed_but_refused() {
    let long = format!("sip:{}@example.com", "b".repeat(5_000));
    let vias = format!("Via: {}\r\nFrom", "SIP/2.0/UDP h,".repeat(80).trim_end_matches(','));
    let cases = [
        ("INVITE sip:bob@example.com SIP/2.0", "INVITE sip:bob@example.com SIP/7.0", Invalid::Version, 505),
        ("INVITE sip:bob@example.com", "INVITE http://example.com", Invalid::UriScheme, 416),
        ("INVITE sip:bob@example.com", "INVITE <sip:bob@example.com>", Invalid::Uri, 400),
        ("INVITE sip:bob@example.com", "INVITE  sip:bob@example.com", Invalid::Uri, 400),
        ("INVITE sip:bob@example.com", &format!("INVITE {long}"), Invalid::UriTooLong, 414),
        ("INVITE sip", "INV{TE sip", Invalid::Method, 400),
        ("Subject: one", "Subject one", Invalid::HeaderLine, 400),
        ("Content-Length: 4\r\n\r\nbodytrailing", "", Invalid::NoEnd, 400),
        ("v: ", " v: ", Invalid::HeaderLine, 400),
        ("Call-ID: c1@example.com\r\n", "", Invalid::Missing(Name::CallId), 400),
        ("Call-ID: c1@", "Call-ID: c1\0@", Invalid::Header(Name::CallId), 400),
        ("Call-ID: c1", "i: c2\r\nCall-ID: c1", Invalid::Repeated(Name::CallId), 400),
        ("CSeq: 7 INVITE", "CSeq: 7 BYE", Invalid::CSeqMethod, 400),
        ("CSeq: 7 INVITE", "CSeq: 2147483648 INVITE", Invalid::Header(Name::CSeq), 400),
        ("CSeq: 7 INVITE", "CSeq: 7", Invalid::Header(Name::CSeq), 400),
        ("max-forwards: 70", "max-forwards: 300", Invalid::Header(Name::MaxForwards), 400),
        ("To: <sip:bob@example.com>", "To: \"bob <sip:bob@example.com>", Invalid::Header(Name::To), 400),
        ("From: \"A, B\" <sip:a@example.com>;tag=f1", "From: nobody", Invalid::Header(Name::From), 400),
        ("SIP/2.0/UDP q.example.com", "SIP/2.0/UDP q.example.com,,", Invalid::Header(Name::Via), 400),
        ("sip:b@h", "sip:b@h?Route=x", Invalid::Header(Name::Contact), 400),
        ("Content-Length: 4", "Content-Length: 40", Invalid::BodyShort, 400),
        ("Content-Length: 4", "Content-Length: 400000", Invalid::BodyTooLarge, 513),
        ("Content-Length: 4", "Content-Length: -4", Invalid::Header(Name::ContentLength), 400),
        ("Content-Length: 4", "Content-Length: 4\r\nl: 5", Invalid::Header(Name::ContentLength), 400),
        ("From", &vias, Invalid::TooManyVias, 482),
    ];
    for (from, to, invalid, status) in cases {
        let m = with(from, to);
        assert_eq!(m.validate(), Err(invalid), "{to}");
        assert_eq!(invalid.status(), status);
    }
}

#[test]
fn odd_but_valid() {
    for (from, to) in [
        ("Content-Length: 4\r\n", ""),
        ("Content-Length: 4", "Content-Length: 4\r\nl: 4"),
        ("max-forwards: 70\r\n", ""),
        ("SIP/2.0\r\n", "SIP/2.0  \r\n"),
        ("SIP/2.0\r\n", "sip/2.0\r\n"),
        ("To: <sip:bob@example.com>", "To: isbn:2983792873"),
    ] {
        assert_eq!(with(from, to).validate(), Ok(()), "{to}");
    }
}

/// Touches everything a message offers: none of it may panic.
fn exercise(m: &Message) {
    let _ = (m.validate(), m.from(), m.to(), m.cseq(), m.top_via(), m.max_forwards(), m.expires());
    let _ = (m.body().len(), m.contacts().count(), m.routes().count(), m.user_agent(), format!("{m:?}"));
    let _ = m.top_via().map(|via| (via.received(), via.rport(), via.response_addr(5060)));
    let _ = m.from().map(|from| (from.display(), from.parse_uri().map(|uri| uri.user())));
    for (_, _, value) in m.header_lines() {
        assert!(!value.iter().any(|b| matches!(b, b'\r' | b'\n')), "no value may hold a line end");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(m) = Message::parse(&bytes) {
            exercise(&m);
        }
    }

    #[test]
    fn no_damage_to_a_good_message_panics(
        cuts in prop::collection::vec((0..INVITE.len(), prop::sample::select(b"\r\n \t:;,<>\"\\=@%[]\0\xff".to_vec())), 1..12),
        len in 0..INVITE.len(),
    ) {
        let mut bytes = INVITE.as_bytes().to_vec();
        for (at, b) in cuts {
            bytes[at] = b;
        }
        bytes.truncate(bytes.len().max(len));
        if let Ok(m) = Message::parse(&bytes) {
            exercise(&m);
        }
    }

    #[test]
    fn header_order_and_bytes_are_kept(
        lines in prop::collection::vec(("[A-Za-z-]{1,20}", prop::collection::vec(0x21u8..=0xff, 0..30)), 0..40),
    ) {
        let mut bytes = b"OPTIONS sip:a@b SIP/2.0\r\n".to_vec();
        for (name, value) in &lines {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        let m = Message::parse(&bytes).unwrap();
        let read: Vec<_> = m.header_lines().map(|(_, name, value)| (name.to_vec(), value.to_vec())).collect();
        let written: Vec<_> = lines.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone())).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn however_a_line_is_written_it_says_the_same(
        lines in prop::collection::vec((0_usize..12, any::<u32>(), "[ \\t]{0,2}", "([ \\t]|\r?\n[ \\t]|\r)*", "\r?\n"), 1..20),
    ) {
        const LINES: [(&str, &str, &str); 12] = [
            ("Via", "v", "SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1"),
            ("Via", "Via", "SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK2, SIP/2.0/UDP h.example"),
            ("From", "f", "\"A, B\" <sip:a@example.com>;tag=f1"),
            ("To", "t", "<sip:bob@example.com>"),
            ("Call-ID", "i", "c1@example.com"),
            ("CSeq", "CSeq", "7 INVITE"),
            ("Max-Forwards", "Max-Forwards", "70"),
            ("Contact", "m", "<sip:a@10.0.0.1;x=1,2>;expires=60, sip:b@h"),
            ("Contact", "m", "*"),
            ("P-Preferred-Identity", "P-Preferred-Identity", "sip:a@b"),
            ("X-Extra", "X-Extra", ""),
            ("Content-Length", "l", "4"),
        ];
        let start = b"INVITE sip:bob@example.com SIP/2.0\r\n";
        let (mut plain, mut odd) = (start.to_vec(), start.to_vec());
        for (line, case, space, blank, end) in &lines {
            let (name, short, value) = LINES[*line];
            plain.extend(format!("{name}: {value}\r\n").bytes());
            let name = if case & 1 == 1 { short } else { name };
            let in_case = |(i, b): (usize, u8)| if case >> (i + 1) & 1 == 1 { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
            odd.extend(name.bytes().enumerate().map(in_case));
            odd.extend(format!("{space}:{blank}{value}{blank}{end}").bytes());
        }
        let read = |mut bytes: Vec<u8>| {
            bytes.extend(b"\r\nbodytrailing");
            let m = Message::parse(&bytes).unwrap();
            let values = m.header_lines().map(|(name, _, value)| (name, value.to_vec())).collect::<Vec<_>>();
            let lists = m.header_lines().map(|(name, ..)| m.headers(name).map(<[u8]>::to_vec).collect()).collect::<Vec<Vec<_>>>();
            let contacts = m.contacts().map(|contact| contact.map(|contact| contact.uri.to_vec())).collect::<Vec<_>>();
            let vias = m.vias().map(|via| via.map(|via| (via.sent_by.to_string(), via.rport()))).collect::<Vec<_>>();
            (values, lists, contacts, vias, m.cseq(), m.from().map(|from| from.tag() == Some(b"f1")), m.validate(), m.body().to_vec())
        };
        prop_assert_eq!(read(odd), read(plain));
    }
}
