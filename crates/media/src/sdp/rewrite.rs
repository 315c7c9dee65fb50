//! Rewriting a description so that media goes to the relay and nothing of the writer's network shows.

use super::SdpError;
use super::line::{Line, connection_ip, net_address};
use super::parse::{Sdp, origin_id_and_version};
use super::stream::{Direction, Stream};
use crate::{PortPair, RelayAddresses};

/// Attributes that do not pass, besides `ice-...` and `group:BUNDLE`.
///
/// The relay is no ICE agent (RFC 8839) and speaks no DTLS (RFC 5763); it has two ports for each stream, so nothing may
/// share a port (RFC 5761, 9143); the rest are other ways to name addresses (RFC 4570, 6947, and `alt` of old phones).
const DROPPED: [&[u8]; 13] = [
    b"candidate",
    b"remote-candidates",
    b"end-of-candidates",
    b"rtcp-mux",
    b"rtcp-mux-only",
    b"bundle-only",
    b"fingerprint",
    b"setup",
    b"tls-id",
    b"dtls-id",
    b"source-filter",
    b"altc",
    b"alt",
];

/// Rewrites a description for the side that is to send its media to `to`.
///
/// Streams that the relay carries get its address and ports. Streams that are refused (port 0), that the relay cannot
/// carry ([`Stream::is_carried`]) or that lie beyond `to.streams` get port 0. The o-line keeps session id and version
/// and loses user name and address. ICE, DTLS and multiplexing attributes go, as do contact lines (u, e, p) and any
/// other line that names an address. An address of 0.0.0.0 stays, since it means hold. All other lines, codecs and
/// `a=crypto` among them, stay byte for byte, each with its own line ending.
///
/// # Errors
/// What [`Sdp::parse`] returns, and [`SdpError::NoConnection`] for a stream in use without a c-line.
pub fn rewrite(sdp: &[u8], to: &RelayAddresses) -> Result<Vec<u8>, SdpError> {
    Sdp::parse(sdp)?.rewrite(to)
}

/// A description as its writer would offer it again with nothing on hold: without the attributes that say in which
/// direction a stream flows (RFC 3264 section 8.4).
#[must_use]
pub fn taken_up(sdp: &[u8]) -> Vec<u8> {
    let directs = |raw: &&[u8]| {
        let attribute = Line::read(raw).and_then(|line| line.attribute());
        attribute.is_some_and(|(name, _)| Direction::of_attribute(name).is_some())
    };
    sdp.split_inclusive(|&byte| byte == b'\n').filter(|raw| !directs(raw)).flatten().copied().collect()
}

impl Sdp<'_> {
    /// As [`rewrite`], for a description that is already parsed.
    ///
    /// # Errors
    /// [`SdpError::NoConnection`] for a stream in use without a c-line.
    pub fn rewrite(&self, to: &RelayAddresses) -> Result<Vec<u8>, SdpError> {
        let mut out = Vec::with_capacity(self.lines.iter().map(|line| line.raw.len()).sum::<usize>() + 64);
        let mut streams = self.streams();
        let mut ports = None;
        for line in &self.lines {
            if line.kind == b'm' {
                ports = match streams.next() {
                    Some(stream) => relay_ports(stream, to)?,
                    None => None,
                };
            }
            rewrite_line(line, to, ports, &mut out);
        }
        Ok(out)
    }
}

/// The relay's ports for a stream; `None` if it is not to flow.
fn relay_ports(stream: &Stream<'_>, to: &RelayAddresses) -> Result<Option<PortPair>, SdpError> {
    let ports = to.streams.get(stream.index).filter(|_| stream.is_active() && stream.is_carried()).copied();
    if ports.is_some() && !stream.connected {
        return Err(SdpError::NoConnection { stream: stream.index });
    }
    Ok(ports)
}

fn rewrite_line(line: &Line<'_>, to: &RelayAddresses, ports: Option<PortPair>, out: &mut Vec<u8>) {
    match line.kind {
        b'm' => media_line(line, ports, out),
        b'c' if connection_ip(line).is_some_and(|ip| ip.is_unspecified()) => out.extend_from_slice(line.raw),
        b'c' => put(line, net_address(to.ip).as_bytes(), out),
        b'o' => {
            if let Some((id, version)) = origin_id_and_version(line) {
                put(line, format!("- {id} {version} {}", net_address(to.ip)).as_bytes(), out);
            }
        }
        b's' if line.names_address() => put(line, b"-", out),
        b'u' | b'e' | b'p' => {}
        b'a' => attribute_line(line, ports, out),
        b'v' | b's' | b't' => out.extend_from_slice(line.raw),
        _ if line.names_address() => {}
        _ => out.extend_from_slice(line.raw),
    }
}

/// An m-line with another port; a number of ports (`5004/2`) goes, as the relay opens one pair for each stream.
fn media_line(line: &Line<'_>, ports: Option<PortPair>, out: &mut Vec<u8>) {
    let port = ports.map_or(0, |ports| ports.rtp).to_string();
    let value = line.value.trim_ascii_start();
    let (media, rest) = split_word(value);
    let (_, formats) = split_word(rest.trim_ascii_start());
    put(line, &[media, b" ", port.as_bytes(), formats].concat(), out);
}

fn split_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(u8::is_ascii_whitespace).unwrap_or(bytes.len()))
}

fn attribute_line(line: &Line<'_>, ports: Option<PortPair>, out: &mut Vec<u8>) {
    let Some((name, value)) = line.attribute() else {
        return;
    };
    if name.eq_ignore_ascii_case(b"rtcp") {
        if let Some(ports) = ports {
            put(line, format!("rtcp:{}", ports.rtcp).as_bytes(), out);
        }
        return;
    }
    let bundle = name.eq_ignore_ascii_case(b"group") && value.trim_ascii_start().starts_with(b"BUNDLE");
    let ice = name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"ice-")) || name == b"ice2";
    let dropped = DROPPED.iter().any(|dropped| dropped.eq_ignore_ascii_case(name));
    if !(bundle || ice || dropped || line.names_address()) {
        out.extend_from_slice(line.raw);
    }
}

/// Writes a line of the same kind and ending with another value.
fn put(line: &Line<'_>, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[line.kind, b'=']);
    out.extend_from_slice(value);
    out.extend_from_slice(line.ending);
}
