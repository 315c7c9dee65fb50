//! Tests of writing: what is written reads back, and no value breaks out of its line.

use proptest::prelude::*;

use crate::{Message, Method, Name, RequestBuilder, ResponseBuilder, Transport};

const REQUEST: &str = "INVITE sip:bob@example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.0.0.1:5099 ;rport=1;branch=z9hG4bK1;received=9.9.9.9, SIP/2.0/TCP p.example.com\r\n\
    v: SIP/2.0/UDP q.example.com\r\n\
    Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n\
    f: <sip:a@example.com>;tag=f1\r\n\
    t: <sip:bob@example.com>\r\n\
    Call-ID: c1\r\n\
    Timestamp: 54\r\n\
    CSeq: 7 INVITE\r\n\r\n";

fn request() -> Message {
    Message::parse(REQUEST.as_bytes()).unwrap()
}

#[test]
fn a_response_copies_what_section_8_2_6_says() {
    let source = "192.0.2.9:40000".parse().unwrap();
    let mut builder = ResponseBuilder::from_request(&request(), 180, "", Some("t1"), source);
    builder.copy_record_routes(&request()).header(Name::Contact, "<sip:us>");
    let text = String::from_utf8(builder.finish()).unwrap();
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/UDP 10.0.0.1:5099;branch=z9hG4bK1;received=192.0.2.9;rport=40000\r\n\
        Via: SIP/2.0/TCP p.example.com\r\n\
        Via: SIP/2.0/UDP q.example.com\r\n\
        From: <sip:a@example.com>;tag=f1\r\n\
        To: <sip:bob@example.com>;tag=t1\r\n\
        Call-ID: c1\r\n\
        CSeq: 7 INVITE\r\n\
        Record-Route: <sip:p1;lr>\r\n\
        Record-Route: <sip:p2;lr>\r\n\
        Contact: <sip:us>\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(text, expected);
}

#[test]
fn a_tag_is_never_replaced_and_100_has_the_timestamp() {
    let text = REQUEST.replace("t: <sip:bob@example.com>", "t: <sip:bob@example.com>;tag=theirs");
    let request = Message::parse(text.as_bytes()).unwrap();
    let source = "10.0.0.1:5099".parse().unwrap();
    let bytes = ResponseBuilder::from_request(&request, 100, "Wait", Some("ours"), source).finish();
    let m = Message::parse(&bytes).unwrap();
    assert_eq!((m.status(), m.reason()), (Some(100), &b"Wait"[..]));
    assert_eq!(m.to().unwrap().tag(), Some(&b"theirs"[..]));
    assert_eq!(m.header(Name::Timestamp), Some(&b"54"[..]));
    assert_eq!(m.validate(), Ok(()));
}

#[test]
fn received_only_where_it_says_something() {
    let text = REQUEST.replace("rport=1;", "").replace(";received=9.9.9.9", "");
    let request = Message::parse(text.as_bytes()).unwrap();
    let answer = |source: &str| {
        let bytes = ResponseBuilder::from_request(&request, 200, "", None, source.parse().unwrap()).finish();
        let m = Message::parse(&bytes).unwrap();
        let via = m.top_via().unwrap();
        (via.received().map(|ip| ip.to_string()), via.rport())
    };
    assert_eq!(answer("10.0.0.1:9"), (None, None));
    assert_eq!(answer("[2001:db8::1]:9"), (Some("2001:db8::1".into()), None));
}

#[test]
fn nothing_breaks_out_of_its_line() {
    let mut builder = RequestBuilder::new(Method::Options, "sip:a\r\nX: y@b c");
    builder.header(Name::Subject, "a\r\nEvil: 1").header_named("X Y\r\nZ", "v\n\rw\0");
    builder.header_display(Name::From, format_args!("<sip:{}@h>", "u\r\n"));
    builder.header(Name::ContentLength, "99").header_named("l", "99").header(Name::Other, "x");
    let bytes = builder.finish_with_body(b"text/plain\r\nEvil: 2", b"hi");
    let m = Message::parse(&bytes).unwrap();
    assert_eq!(m.request_uri(), b"sip:a%0d%0aX:%20y@b%20c");
    assert_eq!(m.header_named("Evil"), None);
    assert_eq!(m.header_named("X-Y--Z"), Some(&b"v  w"[..]));
    assert_eq!((m.content_length(), m.body()), (Some(2), &b"hi"[..]));
    assert_eq!(m.header_lines().count(), 5);
}

#[test]
fn a_via_of_ours_reads_back() {
    let host = "[2001:db8::1]:5061";
    let sent_by = crate::HostPort::parse(host.as_bytes()).unwrap();
    let mut builder = RequestBuilder::new(Method::Register, "sip:h");
    builder.via(Transport::Udp, sent_by, "z9hG4bKx");
    let m = Message::parse(&builder.finish()).unwrap();
    let via = m.top_via().unwrap();
    assert_eq!((via.sent_by, via.branch(), via.rport()), (sent_by, Some(&b"z9hG4bKx"[..]), Some(None)));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        headers in prop::collection::vec(("[A-Z][a-z]{3,12}-Q", prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        uri in prop::collection::vec(any::<u8>(), 1..40),
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut builder = RequestBuilder::with_method(b"X-CUSTOM", &uri);
        for (name, value) in &headers {
            builder.header_named(name, value);
        }
        let m = Message::parse(&builder.finish_with_body(b"a/b", &body)).unwrap();
        prop_assert_eq!(m.method_raw(), b"X-CUSTOM");
        prop_assert_eq!(m.body(), &body[..]);
        let read: Vec<_> = m.header_lines().take(headers.len()).collect();
        for ((name, value), (_, read_name, read_value)) in headers.iter().zip(read) {
            let clean: Vec<u8> = value.iter().map(|&b| if matches!(b, b'\r' | b'\n' | 0) { b' ' } else { b }).collect();
            prop_assert_eq!(name.as_bytes(), read_name);
            prop_assert_eq!(clean.trim_ascii(), read_value);
        }
    }
}
