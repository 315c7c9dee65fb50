//! Descriptions as real phones write them, against the expected rewriting, and what holds for any input.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::*;
use crate::{MAX_STREAMS, PortPair, RelayAddresses};

/// The relay's address in the golden files.
const RELAY_V4: &str = "203.0.113.250";

fn relay(ip: &str, streams: usize) -> RelayAddresses {
    let pair = |at: usize| PortPair { rtp: 40_000 + 2 * at as u16, rtcp: 40_001 + 2 * at as u16 };
    RelayAddresses { ip: ip.parse().unwrap(), other_ip: None, streams: (0..streams).map(pair).collect() }
}

fn addr(text: &str) -> Option<SocketAddr> {
    Some(text.parse().unwrap())
}

macro_rules! golden {
    ($($name:ident: $file:literal;)*) => { $(
        #[test]
        fn $name() {
            let input = include_bytes!(concat!("../../fixtures/", $file, ".sdp"));
            let expected = include_bytes!(concat!("../../fixtures/", $file, ".expected.sdp"));
            let output = rewrite(input, &relay(RELAY_V4, MAX_STREAMS)).unwrap();
            assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(expected));
        }
    )* };
}

golden! {
    baresip_is_rewritten: "baresip";
    linphone_loses_ice: "linphone";
    cisco_keeps_bare_lf_and_order: "cisco";
    asterisk_is_rewritten: "asterisk";
    snom_keeps_its_srtp_keys: "snom-srtp";
    an_old_hold_stays_a_hold: "old-hold";
    a_browser_keeps_only_what_the_relay_carries: "ipv6-browser";
    a_host_name_is_replaced: "host-name";
}

#[test]
fn streams_say_where_they_want_media() {
    let linphone = Sdp::parse(include_bytes!("../../fixtures/linphone.sdp")).unwrap();
    let streams: Vec<_> = linphone.streams().collect();
    assert_eq!(streams.len(), 2);
    assert_eq!((streams[0].media, streams[0].proto), ("audio", "RTP/AVP"));
    assert_eq!(streams[0].addr(), addr("10.0.0.23:7078"));
    assert_eq!(streams[0].rtcp_addr(), addr("203.0.113.77:52001"));
    assert_eq!((streams[1].is_active(), streams[1].addr()), (false, None));

    let cisco = Sdp::parse(include_bytes!("../../fixtures/cisco.sdp")).unwrap();
    let audio = cisco.streams().next().unwrap();
    assert_eq!(audio.addr(), addr("10.10.2.61:21498"));
    assert_eq!(audio.rtcp_addr(), addr("10.10.2.61:21499"));
    assert_eq!(audio.direction, Direction::SendOnly);

    let browser = Sdp::parse(include_bytes!("../../fixtures/ipv6-browser.sdp")).unwrap();
    let carried: Vec<bool> = browser.streams().map(Stream::is_carried).collect();
    assert_eq!(carried, [true, false, false, true, true]);
    assert_eq!(browser.streams().nth(1).unwrap().addr(), addr("[2001:db8:1::8]:54402"));
    assert_eq!(browser.relay_streams(), MAX_STREAMS);

    let host = Sdp::parse(include_bytes!("../../fixtures/host-name.sdp")).unwrap();
    assert_eq!(host.streams().next().unwrap().addr(), None);
}

#[test]
fn holds_are_seen_old_and_new() {
    let with = |session: &str, media: &str| {
        let text = format!("v=0\no=- 1 1 IN IP4 192.0.2.1\n{session}m=audio 4 RTP/AVP 0\n{media}");
        let sdp = Sdp::parse(text.as_bytes()).unwrap();
        (sdp.streams().next().unwrap().direction, sdp.is_hold())
    };
    let live = "c=IN IP4 192.0.2.1\n";
    let dead = "c=IN IP4 0.0.0.0\n";
    assert_eq!(with(live, ""), (Direction::SendRecv, false));
    assert_eq!(with(live, "a=sendonly\n"), (Direction::SendOnly, true));
    assert_eq!(with(live, "a=recvonly\n"), (Direction::RecvOnly, true));
    assert_eq!(with("c=IN IP4 192.0.2.1\na=inactive\n", ""), (Direction::Inactive, true));
    assert_eq!(with("a=inactive\n", "a=sendrecv\nc=IN IP4 192.0.2.1\n"), (Direction::SendRecv, false));
    assert_eq!(with(dead, ""), (Direction::SendOnly, true));
    assert_eq!(with(dead, "a=recvonly\n"), (Direction::Inactive, true));
    assert_eq!(with(dead, live), (Direction::SendRecv, false), "the medium's own address counts");
    assert_eq!(with("c=IN IP6 ::\n", ""), (Direction::SendOnly, true));
}

#[test]
fn a_refused_stream_is_no_hold() {
    let text = b"v=0\no=- 1 1 IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\na=inactive\n";
    assert!(!Sdp::parse(text).unwrap().is_hold());
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = |text: &str| Sdp::parse(text.as_bytes()).unwrap_err();
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\n";
    assert_eq!(error(""), SdpError::NoVersion);
    assert_eq!(error("v=1\no=- 1 1 IN IP4 192.0.2.1\n"), SdpError::NoVersion);
    assert_eq!(error("v=0\ns=-\n"), SdpError::NoOrigin);
    assert_eq!(error("v=0\no=- 1 IN IP4\n"), SdpError::BadOrigin { line: 2 });
    assert_eq!(error("v=0\nhello\n"), SdpError::BadLine { line: 2 });
    for media in ["m=audio", "m=audio x RTP/AVP 0", "m=audio 65536 RTP/AVP 0", "m=audio 4000", "m=audio -1 RTP/AVP 0"] {
        assert_eq!(error(&format!("{head}{media}\n")), SdpError::BadMedia { line: 3 }, "{media}");
    }
    assert_eq!(error(&format!("{head}m=audio 4 RTP/AVP 0\na=x\nm=y\n")), SdpError::BadMedia { line: 5 });
    let no_connection = format!("{head}m=audio 4000 RTP/AVP 0\n");
    let to = relay(RELAY_V4, 1);
    assert_eq!(rewrite(no_connection.as_bytes(), &to), Err(SdpError::NoConnection { stream: 0 }));
}

#[test]
fn maxima_are_kept() {
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\n";
    let lines = |count: usize| head.to_owned() + &"a=x\n".repeat(count - 2);
    assert!(Sdp::parse(lines(MAX_LINES).as_bytes()).is_ok());
    assert_eq!(Sdp::parse(lines(MAX_LINES + 1).as_bytes()).unwrap_err(), SdpError::TooManyLines);
    let media = |count: usize| head.to_owned() + &"m=audio 0 RTP/AVP 0\n".repeat(count);
    assert!(Sdp::parse(media(MAX_MEDIA_LINES).as_bytes()).is_ok());
    assert_eq!(Sdp::parse(media(MAX_MEDIA_LINES + 1).as_bytes()).unwrap_err(), SdpError::TooManyMediaLines);
    assert_eq!(Sdp::parse(&[b'\n'; MAX_SDP_BYTES + 1]).unwrap_err(), SdpError::TooLong);
}

#[test]
fn streams_beyond_the_relay_are_refused() {
    let text = "v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\n".to_owned()
        + &"m=audio 4000 RTP/AVP 0\na=rtcp:4001\n".repeat(3);
    let output = rewrite(text.as_bytes(), &relay("2001:db8::9", 2)).unwrap();
    let expected = "v=0\no=- 1 1 IN IP6 2001:db8::9\nc=IN IP6 2001:db8::9\n\
        m=audio 40000 RTP/AVP 0\na=rtcp:40001\nm=audio 40002 RTP/AVP 0\na=rtcp:40003\nm=audio 0 RTP/AVP 0\n";
    assert_eq!(String::from_utf8(output).unwrap(), expected);
}

/// Addresses that cannot be mistaken for the relay's, nor for each other's beginnings.
fn private_ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (100u8..=199, 100u8..=199).prop_map(|(c, d)| IpAddr::from([10, 77, c, d])),
        (0x1000u16..=0xffff).prop_map(|last| IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0x1234, last])),
    ]
}

fn net(ip: IpAddr) -> String {
    format!("IN {} {ip}", if ip.is_ipv4() { "IP4" } else { "IP6" })
}

/// Lines a phone may put anywhere in a session or media part; each names an address or none.
fn loose_line() -> impl Strategy<Value = String> {
    let named = (private_ip(), 0usize..9).prop_map(|(ip, kind)| match kind {
        0 => format!("c={}", net(ip)),
        1 => format!("a=rtcp:4011 {}", net(ip)),
        2 => format!("a=candidate:1 1 UDP 1694498687 {ip} 7078 typ srflx raddr {ip} rport 9"),
        3 => format!("a=alt:1 1 : 5A 8B {ip} 4000"),
        4 => format!("a=source-filter: incl {} {ip}", net(ip)),
        5 => format!("a=ssrc:1 cname:joe@{ip}"),
        6 => format!("i=call from {ip}"),
        7 => format!("e=joe@{ip}"),
        _ => format!("s=from {ip}."),
    });
    let plain = prop::sample::select(vec![
        "a=sendrecv",
        "a=inactive",
        "a=rtcp-mux",
        "a=ice-ufrag:a1b2",
        "t=0 0",
        "b=AS:64",
        "",
        "a=ptime:20",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4",
    ]);
    prop_oneof![named, plain.prop_map(str::to_owned)]
}

fn description() -> impl Strategy<Value = Vec<u8>> {
    let lines = || prop::collection::vec(loose_line(), 0..8);
    let proto = prop::sample::select(vec!["RTP/AVP", "RTP/SAVP", "udptl", "UDP/TLS/RTP/SAVPF"]);
    let medium = (0u16..=u16::MAX, proto, lines())
        .prop_map(|(port, proto, lines)| format!("m=audio {port} {proto} 0\n{}\n", lines.join("\n")));
    let media = prop::collection::vec(medium, 0..7);
    (private_ip(), private_ip(), lines(), media, any::<bool>()).prop_map(|(origin, connection, lines, media, crlf)| {
        let head = format!("v=0\no=joe 7 8 {}\nc={}\n{}\n", net(origin), net(connection), lines.join("\n"));
        let text = head + &media.concat();
        if crlf { text.replace('\n', "\r\n").into_bytes() } else { text.into_bytes() }
    })
}

/// Bytes that get past the first checks more often than random ones do.
fn nearly_a_description() -> impl Strategy<Value = Vec<u8>> {
    let junk = prop::collection::vec(any::<u8>(), 0..40);
    let start =
        prop::sample::select(vec!["m=", "c=", "a=rtcp:", "a=", "o=", "a=ice-", "m=audio ", "m=audio 1 ", "c=IN "]);
    let line = (start, junk).prop_map(|(start, junk)| [start.as_bytes(), &junk, b"\n"].concat());
    prop::collection::vec(line, 0..12)
        .prop_map(|lines| [b"v=0\no=- 1 1 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\n".to_vec(), lines.concat()].concat())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = rewrite(&bytes, &relay(RELAY_V4, MAX_STREAMS));
    }

    #[test]
    fn damaged_descriptions_never_panic_and_stay_readable(bytes in nearly_a_description(), streams in 0..=MAX_STREAMS) {
        if let Ok(output) = rewrite(&bytes, &relay(RELAY_V4, streams)) {
            prop_assert_eq!(Sdp::parse(&output).unwrap().streams().len(), Sdp::parse(&bytes).unwrap().streams().len());
        }
    }

    #[test]
    fn no_address_of_the_writer_is_left(bytes in description(), streams in 0..=MAX_STREAMS) {
        let output = String::from_utf8(rewrite(&bytes, &relay(RELAY_V4, streams)).unwrap()).unwrap();
        prop_assert!(!output.contains("10.77.") && !output.contains("fd00:") && !output.contains("joe"), "{}", output);
        prop_assert!(!output.contains("ice-") && !output.contains("rtcp-mux"));
    }

    #[test]
    fn rewriting_twice_changes_no_stream_and_nothing_more(bytes in description(), streams in 0..=MAX_STREAMS) {
        let to = relay(RELAY_V4, streams);
        let once = rewrite(&bytes, &to).unwrap();
        prop_assert_eq!(Sdp::parse(&once).unwrap().streams().len(), Sdp::parse(&bytes).unwrap().streams().len());
        prop_assert_eq!(&rewrite(&once, &to).unwrap(), &once);
    }

    #[test]
    fn every_carried_stream_points_at_the_relay(bytes in description(), streams in 0..=MAX_STREAMS) {
        let to = relay(RELAY_V4, streams);
        let output = rewrite(&bytes, &to).unwrap();
        let (before, after) = (Sdp::parse(&bytes).unwrap(), Sdp::parse(&output).unwrap());
        for (before, after) in before.streams().zip(after.streams()) {
            let ports = to.streams.get(before.index).filter(|_| before.is_active() && before.is_carried());
            prop_assert_eq!(after.port, ports.map_or(0, |ports| ports.rtp));
            prop_assert_eq!(after.addr(), ports.map(|ports| SocketAddr::new(to.ip, ports.rtp)));
            prop_assert_eq!(after.rtcp_addr(), ports.map(|ports| SocketAddr::new(to.ip, ports.rtcp)));
            prop_assert_eq!(after.direction, before.direction);
        }
    }
}
