//! Reading a description: its lines byte for byte, its streams as values.

use super::line::{Line, connection_ip};
use super::stream::{Direction, Stream};
use super::{MAX_LINES, MAX_MEDIA_LINES, MAX_SDP_BYTES, SdpError};
use crate::MAX_STREAMS;

/// A description, borrowed from the message that carried it.
///
/// It is read as phones write it: lines may end in a bare LF, the last one in nothing, blank lines are passed over, and
/// within the session part and each media part lines may stand in any order.
#[derive(Clone, Debug)]
pub struct Sdp<'a> {
    pub(super) lines: Vec<Line<'a>>,
    streams: Vec<Stream<'a>>,
}

impl<'a> Sdp<'a> {
    /// Reads a description.
    ///
    /// # Errors
    /// [`SdpError`] for whatever is longer or more than the maxima, and for lines that cannot be understood.
    pub fn parse(bytes: &'a [u8]) -> Result<Sdp<'a>, SdpError> {
        let lines = read_lines(bytes)?;
        let media_start = lines.iter().position(|line| line.kind == b'm').unwrap_or(lines.len());
        let (session, media) = lines.split_at(media_start);
        if !session.iter().any(|line| line.kind == b'v' && line.value.trim_ascii() == b"0") {
            return Err(SdpError::NoVersion);
        }
        if !session.iter().any(|line| line.kind == b'o') {
            return Err(SdpError::NoOrigin);
        }
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.kind == b'o') {
            if origin_id_and_version(line).is_none() {
                return Err(SdpError::BadOrigin { line: at + 1 });
            }
        }
        let session = Part::default().with_lines(session);
        let mut streams = Vec::with_capacity(1);
        let mut first_line = media_start + 1;
        for section in media.chunk_by(|_, next| next.kind != b'm') {
            if streams.len() == MAX_MEDIA_LINES {
                return Err(SdpError::TooManyMediaLines);
            }
            let stream = read_stream(section, streams.len(), session);
            streams.push(stream.ok_or(SdpError::BadMedia { line: first_line })?);
            first_line += section.len();
        }
        Ok(Sdp { lines, streams })
    }

    /// The streams, in the order of their m-lines.
    pub fn streams(&self) -> std::slice::Iter<'_, Stream<'a>> {
        self.streams.iter()
    }

    /// How many streams to ask the relay for: one for each m-line, but no more than [`MAX_STREAMS`].
    #[must_use]
    pub fn relay_streams(&self) -> usize {
        self.streams.len().min(MAX_STREAMS)
    }

    /// Whether the writer holds the call or is held: streams are in use, but none flows both ways.
    #[must_use]
    pub fn is_hold(&self) -> bool {
        let mut active = self.streams.iter().filter(|stream| stream.is_active()).peekable();
        active.peek().is_some() && active.all(|stream| stream.direction != Direction::SendRecv)
    }
}

/// As many lines as a phone's description usually has at most, so that the list seldom grows.
const USUAL_LINES: usize = 24;

fn read_lines(bytes: &[u8]) -> Result<Vec<Line<'_>>, SdpError> {
    if bytes.len() > MAX_SDP_BYTES {
        return Err(SdpError::TooLong);
    }
    let mut lines = Vec::with_capacity(USUAL_LINES);
    for raw in bytes.split_inclusive(|&byte| byte == b'\n') {
        if lines.len() == MAX_LINES {
            return Err(SdpError::TooManyLines);
        }
        lines.push(Line::read(raw).ok_or(SdpError::BadLine { line: lines.len() + 1 })?);
    }
    Ok(lines)
}

/// What a part of the description (the session, or one medium) says; the session's holds where a medium is silent.
#[derive(Clone, Copy, Default)]
struct Part {
    connection: Option<Option<std::net::IpAddr>>,
    direction: Option<Direction>,
    rtcp: Option<(u16, Option<std::net::IpAddr>)>,
}

impl Part {
    fn with_lines(mut self, lines: &[Line<'_>]) -> Part {
        for line in lines {
            if line.kind == b'c' {
                self.connection = Some(connection_ip(line));
            }
            let Some((name, value)) = line.attribute() else {
                continue;
            };
            self.direction = Direction::of_attribute(name).or(self.direction);
            if name == b"rtcp" {
                self.rtcp = read_rtcp(value);
            }
        }
        self
    }
}

/// The value of `a=rtcp:`: a port, perhaps followed by `IN IP4 address` (RFC 3605 §2.1).
fn read_rtcp(value: &[u8]) -> Option<(u16, Option<std::net::IpAddr>)> {
    let mut words = std::str::from_utf8(value).ok()?.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|&port| port != 0)?;
    Some((port, words.nth(2).and_then(|ip| ip.parse().ok())))
}

fn read_stream<'a>(section: &[Line<'a>], index: usize, session: Part) -> Option<Stream<'a>> {
    let (media_line, lines) = section.split_first()?;
    let mut words = media_line.words();
    let (media, port, proto) = (words.next()?, words.next()?, words.next()?);
    let port = port.split('/').next()?.parse().ok()?;
    let part = Part { rtcp: None, ..session }.with_lines(lines);
    let ip = part.connection.flatten();
    let direction = part.direction.unwrap_or_default();
    let direction = if ip.is_some_and(|ip| ip.is_unspecified()) { direction.deaf() } else { direction };
    let connected = part.connection.is_some();
    Some(Stream { index, media, port, proto, direction, ip, rtcp: part.rtcp, connected })
}

/// Session id and version of an o-line. They are counted from its end, as the user name may be empty or hold spaces.
pub(super) fn origin_id_and_version<'a>(line: &Line<'a>) -> Option<(&'a str, &'a str)> {
    let mut from_the_end = line.words().rev();
    // Behind them stand network type, address type and address.
    let version = from_the_end.nth(3)?;
    Some((from_the_end.next()?, version))
}
