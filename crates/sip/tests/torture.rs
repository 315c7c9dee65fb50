//! Messages of RFC 4475, byte for byte as its appendix has them: what must be read is read, the rest refused.

use sip::{Invalid, Message, Method, Name, ParseError};

fn read(bytes: &[u8]) -> Result<Message, ParseError> {
    Message::parse(bytes)
}

macro_rules! torture {
    ($name:literal) => {
        read(include_bytes!(concat!("torture/", $name, ".dat"))).unwrap()
    };
}

#[test]
fn wsinv_a_tortuous_invite() {
    let m = torture!("wsinv");
    assert_eq!(m.validate(), Ok(()));
    assert_eq!(m.to().unwrap().tag(), Some(&b"1918181833n"[..]));
    assert_eq!(m.from().unwrap().display().as_ref(), b"J Rosenberg \\\"");
    assert_eq!(m.from().unwrap().tag(), Some(&b"98asjd8"[..]));
    assert_eq!(m.max_forwards(), Some(68));
    assert_eq!(m.cseq().unwrap().number, 9);
    let branches: Vec<_> =
        m.headers(Name::Via).map(|value| sip::Via::parse(value).unwrap().branch().unwrap()).collect();
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
    let m = torture!("intmeth");
    assert_eq!(m.validate(), Ok(()));
    assert_eq!(m.method(), Some(Method::Other));
    assert_eq!(m.method_raw(), b"!interesting-Method0123456789_*+`.%indeed'~");
    let uri = sip::Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user_raw, Some(&b"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"[..]));
    assert_eq!(uri.password_raw, Some(&b"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"[..]));
    assert_eq!(m.to().unwrap().display().as_ref(), b"BEL:\x07 NUL:\0 DEL:\x7f");
    assert_eq!(m.from().unwrap().tag(), Some(&b"_token~1'+`*%!-."[..]));
    assert_eq!(m.top_via().unwrap().branch(), Some(&b"z9hG4bK-.!%66*_+`'~"[..]));
}

#[test]
fn esc01_escapes_are_taken_out_once() {
    let m = torture!("esc01");
    assert_eq!(m.validate(), Ok(()));
    let uri = sip::Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"sips:user@example.com");
    assert_eq!(uri.host(), Some(sip::Host::Name("example.net")));
    let to = m.to().unwrap().parse_uri().unwrap();
    assert_eq!(to.user().unwrap().as_ref(), b"user");
    assert_eq!(m.contacts().next().unwrap().unwrap().parse_uri().unwrap().user().unwrap().as_ref(), b"caller");
}

#[test]
fn lwsdisp_no_space_before_the_bracket() {
    let m = torture!("lwsdisp");
    assert_eq!(m.validate(), Ok(()));
    assert_eq!(m.from().unwrap().display_raw, b"caller");
}

#[test]
fn dblreq_what_follows_the_first_request_is_ignored() {
    let m = torture!("dblreq");
    assert_eq!(m.validate(), Ok(()));
    assert_eq!((m.method(), m.body().len()), (Some(Method::Register), 0));
    assert_eq!(m.headers(Name::To).count(), 1);
}

#[test]
fn semiuri_the_semicolon_is_the_users() {
    let m = torture!("semiuri");
    assert_eq!(m.validate(), Ok(()));
    let uri = sip::Uri::parse(m.request_uri()).unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"user;par=u@example.net");
    assert_eq!(m.headers(Name::Accept).count(), 6);
}

#[test]
fn refused_with_the_right_status() {
    let cases = [
        ("multi01", torture!("multi01"), Invalid::Repeated(Name::To), 400),
        ("badvers", torture!("badvers"), Invalid::Version, 505),
        ("ncl", torture!("ncl"), Invalid::Header(Name::ContentLength), 400),
        ("clerr", torture!("clerr"), Invalid::BodyShort, 400),
    ];
    for (name, message, invalid, status) in cases {
        assert_eq!(message.validate(), Err(invalid), "{name}");
        assert_eq!(invalid.status(), status, "{name}");
    }
}
