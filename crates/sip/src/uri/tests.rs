//! Tests of URIs.

use super::*;

#[test]
fn reads_every_part() {
    let uri = Uri::parse(b"sip:alice:secret@[2001:db8::9]:5070;transport=tcp;lr?Subject=x").unwrap();
    assert_eq!(uri.user_raw, Some(&b"alice"[..]));
    assert_eq!(uri.password_raw, Some(&b"secret"[..]));
    assert_eq!(uri.hostport.unwrap().to_string(), "[2001:db8::9]:5070");
    assert_eq!(uri.params.value("Transport"), Some(&b"tcp"[..]));
    assert!(uri.params.has("lr"));
    assert_eq!(uri.headers_raw, b"Subject=x");
}

#[test]
fn a_semicolon_before_the_at_sign_is_the_users() {
    let uri = Uri::parse(b"sip:user;par=u%40example.net@example.com").unwrap();
    assert_eq!(uri.user().unwrap().as_ref(), b"user;par=u@example.net");
    assert_eq!(uri.host(), Some(Host::Name("example.com")));
}

#[test]
fn tel_has_a_number_and_no_host() {
    let uri = Uri::parse(b"TEL:+1-303-555-0100;phone-context=x").unwrap();
    assert_eq!((uri.scheme, uri.host()), (Scheme::Tel, None));
    assert_eq!(uri.user().unwrap().as_ref(), b"+1-303-555-0100");
}

#[test]
fn refusals_tell_scheme_from_grammar() {
    assert_eq!(Uri::parse(b"soap.beep://192.0.2.103:3002"), Err(UriError::Scheme));
    for bad in [
        &b"sip:"[..],
        b"sip",
        b":x",
        b"<sip:a@b>",
        b"sip:a b@c",
        b"sip:@c",
        b"sip:a@c:99999",
        b"sip:a@c:",
        b"sip:a@[::1",
        b"sip:a@c d",
        b"tel:",
    ] {
        assert!(matches!(Uri::parse(bad), Err(UriError::Malformed(_))), "{}", String::from_utf8_lossy(bad));
    }
}

#[test]
fn unescape_leaves_what_is_no_escape() {
    assert_eq!(unescape(b"%75se%72%zz%4").as_ref(), b"user%zz%4");
    assert!(matches!(unescape(b"plain"), Cow::Borrowed(_)));
}

proptest::proptest! {
    #[test]
    fn an_address_is_read_as_the_standard_library_reads_it(text in "[0-9.]{0,16}", ip: u32, behind in "([;?: /][0-9]{0,3})?") {
        for text in [text, std::net::Ipv4Addr::from(ip).to_string()] {
            let expected = text.parse::<std::net::Ipv4Addr>().ok();
            let whole = ipv4(text.as_bytes()).filter(|(_, len)| *len == text.len());
            proptest::prop_assert_eq!(whole.map(|(ip, _)| ip), expected);
            let begun = format!("{text}{behind}");
            let read = Host::begin(begun.as_bytes()).map(|(host, len)| (host.ip(), len));
            let expected = (expected.map(Into::into), text.len());
            proptest::prop_assert_eq!(read, (!text.is_empty()).then_some(expected));
        }
    }

    #[test]
    fn host_and_port_are_what_stands_around_the_colon(
        host in "[0-9a-z.-]{0,12}|\\[[0-9a-f:.]{0,12}\\]", port in "[0-9]{0,6}", space in "[ \t]{0,2}", odd in "[a-z:;@?]?",
    ) {
        let text = format!("{space}{host}{space}:{space}{port}{space}{odd}");
        let expected = Host::parse(host.as_bytes()).ok().zip(port.parse().ok()).filter(|_| odd.is_empty());
        let read = HostPort::parse(text.as_bytes()).ok();
        proptest::prop_assert_eq!(read, expected.map(|(host, port)| HostPort { host, port: Some(port) }));
    }
}
