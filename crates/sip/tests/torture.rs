//! The torture messages of RFC 4475 and RFC 5118, byte for byte: the table of what is expected, and what the odd ones
//! say once they are read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sip::{Host, Message, Method, Name, Uri, Via};

/// One row of `torture/expected.toml`; what the binary answers is tested in the crate `tollguard`.
#[derive(Deserialize)]
struct Row {
    file: String,
    judged: String,
}

#[derive(Deserialize)]
struct Table {
    message: Vec<Row>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture")
}

fn read(file: &str) -> Message {
    Message::parse(&std::fs::read(folder().join(format!("{file}.dat"))).unwrap()).unwrap()
}

/// "valid", or what is wrong.
fn judge(bytes: &[u8]) -> String {
    match Message::parse(bytes) {
        Ok(message) => message.validate().map_or_else(|invalid| invalid.to_string(), |()| "valid".into()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_message_is_judged_as_the_table_says() {
    let table: Table = toml::from_str(&std::fs::read_to_string(folder().join("expected.toml")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for row in &table.message {
        let judged = judge(&std::fs::read(folder().join(format!("{}.dat", row.file))).unwrap());
        if judged != row.judged {
            wrong.push(format!("{}: {judged}", row.file));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let files = ["rfc4475", "rfc5118"].map(|rfc| std::fs::read_dir(folder().join(rfc)).unwrap().count());
    assert_eq!((files, table.message.len()), ([49, 11], 60), "a file without a row, or a row without a file");
}

#[test]
fn wsinv_a_tortuous_invite() {
    let m = read("rfc4475/wsinv");
    assert_eq!(m.to().unwrap().tag(), Some(&b"1918181833n"[..]));
    assert_eq!(m.from().unwrap().display().as_ref(), b"J Rosenberg \\\"");
    assert_eq!(m.from().unwrap().tag(), Some(&b"98asjd8"[..]));
    assert_eq!(m.max_forwards(), Some(68));
    assert_eq!(m.cseq().unwrap().number, 9);
    let branches: Vec<_> = m.headers(Name::Via).map(|value| Via::parse(value).unwrap().branch().unwrap()).collect();
    assert_eq!(branches, [&b"390skdjuw"[..], b"z9hG4bK9ikj8", b"z9hG4bK30239"]);
    assert_eq!(m.header(Name::Subject), Some(&b""[..]));
    assert_eq!(m.header_named("UnknownHeaderWithUnusualValue"), Some(&b";;,,;;,;"[..]));
    let contact = m.contacts().next().unwrap().unwrap();
    assert_eq!(contact.display().as_ref(), b"Quoted string \"\"");
    assert_eq!(contact.params.value("newparam"), Some(&b"newvalue"[..]));
    assert_eq!(m.body().len(), 150);
}

#[test]
fn intmeth_every_character_in_its_place() {
    let m = read("rfc4475/intmeth");
    assert_eq!(m.method(), Some(Method::Other));
    assert_eq!(m.method_raw(), b"!interesting-Method0123456789_*+`.%indeed'~");
    let uri = Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user_raw, Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..]));
    assert_eq!(uri.password_raw, Some(&b"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"[..]));
    assert_eq!(m.to().unwrap().display().as_ref(), b"BEL:\x07 NUL:\0 DEL:\x7f");
    assert_eq!(m.from().unwrap().tag(), Some(&b"_token~1'+`*%!-."[..]));
    assert_eq!(m.top_via().unwrap().branch(), Some(&b"z9hG4bK-.!%66*_+`'~"[..]));
}

#[test]
fn esc01_escapes_are_taken_out_once() {
    let m = read("rfc4475/esc01");
    let uri = Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"sips:user@example.com");
    assert_eq!(uri.host(), Some(Host::Name("example.net")));
    let to = m.to().unwrap().parse_uri().unwrap();
    assert_eq!(to.user().unwrap().as_ref(), b"user");
    assert_eq!(m.contacts().next().unwrap().unwrap().parse_uri().unwrap().user().unwrap().as_ref(), b"caller");
}

#[test]
fn escnull_and_esc02_escapes_are_data_in_users_and_plain_elsewhere() {
    let m = read("rfc4475/escnull");
    assert_eq!(m.to().unwrap().parse_uri().unwrap().user().unwrap().as_ref(), b"null-\0-null");
    let users: Vec<_> = m.contacts().map(|one| one.unwrap().parse_uri().unwrap().user().unwrap().to_vec()).collect();
    assert_eq!(users, [&b"\0"[..], b"\0\0"]);
    let m = read("rfc4475/esc02");
    assert_eq!((m.method(), m.contacts().count()), (Some(Method::Other), 2));
    assert_eq!(m.to().unwrap().display_raw, b"%Z%45");
}

#[test]
fn longreq_all_vias_in_order() {
    let m = read("rfc4475/longreq");
    assert_eq!(m.headers(Name::Via).count(), 34);
    assert_eq!(m.top_via().unwrap().sent_by.host, Host::Name("sip33.example.com"));
    assert_eq!(m.from().unwrap().parse_uri().unwrap().host(), Some(Host::Name("example.net")));
}

#[test]
fn lwsdisp_no_space_before_the_bracket() {
    assert_eq!(read("rfc4475/lwsdisp").from().unwrap().display_raw, b"caller");
}

#[test]
fn dblreq_what_follows_the_first_request_is_ignored() {
    let m = read("rfc4475/dblreq");
    assert_eq!((m.method(), m.body().len()), (Some(Method::Register), 0));
    assert_eq!(m.headers(Name::To).count(), 1);
}

#[test]
fn semiuri_the_semicolon_is_the_users() {
    let m = read("rfc4475/semiuri");
    let uri = Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"user;par=u@example.net");
    assert_eq!(m.headers(Name::Accept).count(), 6);
}

#[test]
fn baddn_a_comma_does_not_split_a_single_value() {
    let mut bytes = std::fs::read(folder().join("rfc4475/baddn.dat")).unwrap();
    bytes.extend_from_slice(b"\r\n");
    let m = Message::parse(&bytes).unwrap();
    assert_eq!(m.validate(), Ok(()));
    assert_eq!(m.from().unwrap().display_raw, b"Bell, Alexander");
    assert_eq!(m.to().unwrap().parse_uri().unwrap().user().unwrap().as_ref(), b"t.watson");
}

#[test]
fn cparam_a_parameter_is_the_headers_or_the_uris() {
    let m = read("rfc4475/cparam01");
    let contact = m.contacts().next().unwrap().unwrap();
    assert!(contact.params.has("unknownparam") && !contact.parse_uri().unwrap().params.has("unknownparam"));
    let m = read("rfc4475/cparam02");
    let contact = m.contacts().next().unwrap().unwrap();
    assert!(!contact.params.has("unknownparam") && contact.parse_uri().unwrap().params.has("unknownparam"));
    let m = read("rfc4475/regescrt");
    let contact = m.contacts().next().unwrap().unwrap().parse_uri().unwrap();
    assert_eq!(contact.headers_raw, b"Route=%3Csip:sip.example.com%3E");
}

#[test]
fn one_bad_header_hides_no_other() {
    let m = read("rfc4475/scalar02");
    assert!(m.cseq().is_err());
    assert_eq!(m.call_id(), b"scalar02.23o0pd9vanlq3wnrlnewofjas9ui32");
    assert_eq!(m.to().unwrap().uri, b"sip:user@example.com");
    assert_eq!((m.expires(), m.contacts().next().unwrap().unwrap().expires_s()), (None, None));
    let m = read("rfc4475/badinv01");
    assert_eq!(m.from().unwrap().tag(), Some(&b"134161461246"[..]));
    assert_eq!(m.top_via().unwrap().sent_by.host, Host::Ip("192.0.2.15".parse().unwrap()));
    let m = read("rfc4475/quotbal");
    assert!(m.to().is_err());
    assert_eq!(m.contacts().count(), 1);
}

#[test]
fn ipv6_addresses_and_their_ports() {
    let host = |m: &Message| {
        let uri = Uri::parse(m.request_uri()).unwrap();
        (uri.host().and_then(Host::ip).unwrap().to_string(), uri.port())
    };
    assert_eq!(host(&read("rfc5118/4.1-ipv6-good")), ("2001:db8::10".into(), None));
    assert_eq!(host(&read("rfc5118/4.3-port-ambiguous")), ("2001:db8::10:5070".into(), None));
    assert_eq!(host(&read("rfc5118/4.4-port-unambiguous")), ("2001:db8::10".into(), Some(5070)));
    assert_eq!(host(&read("rfc5118/4.10-abnf-bug")), ("2001:db8::c000:201".into(), None));
    for file in ["rfc5118/4.5-via-received-no-delim", "rfc5118/4.5-via-received-with-delim"] {
        let m = read(file);
        assert_eq!(m.top_via().unwrap().received(), Some("2001:db8::9:255".parse().unwrap()), "{file}");
    }
    let m = read("rfc5118/4.9-ipv4-mapped-ipv6");
    let via = m.top_via().unwrap();
    assert_eq!(via.response_addr(5060), Some("[::ffff:192.0.2.10]:19823".parse().unwrap()));
    let m = read("rfc5118/4.7-mult-ip-in-header");
    let last = m.headers(Name::Via).last().map(|via| Via::parse(via).unwrap()).unwrap();
    assert_eq!(last.received(), Some("192.0.2.200".parse().unwrap()));
}

#[test]
fn mpart01_binary_parts() {
    let m = read("rfc4475/mpart01");
    let parts: Vec<_> = sip::multipart::parts(&m).collect();
    let read: Vec<_> = parts.iter().map(|part| (part.media_type(), part.body.len())).collect();
    assert_eq!(read, [(&b"text/plain"[..], 5), (b"application/octet-stream", 342)]);
    assert!(parts[1].body.contains(&0));
}
