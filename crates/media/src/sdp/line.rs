//! One line of a description, byte for byte, and the addresses that may stand in it.

use std::net::IpAddr;

/// A line as it stood: `kind` `=` `value` `ending`. A blank line has kind 0 and no value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub kind: u8,
    pub value: &'a [u8],
    /// CR LF, bare LF, or nothing on an unfinished last line.
    pub ending: &'a [u8],
    /// The whole line with its ending.
    pub raw: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads one line with its ending; `None` if it is not `x=value`.
    pub fn read(raw: &'a [u8]) -> Option<Line<'a>> {
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let ending = raw.get(text.len()..)?;
        match text {
            [] => Some(Line { kind: 0, value: text, ending, raw }),
            [kind, b'=', value @ ..] if kind.is_ascii_alphabetic() => Some(Line { kind: *kind, value, ending, raw }),
            _ => None,
        }
    }

    /// The value's words; empty if it is not UTF-8.
    pub fn words(&self) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        std::str::from_utf8(self.value).unwrap_or_default().split_ascii_whitespace()
    }

    /// An attribute's name (up to a colon) and value (after it), if this is an a-line.
    pub fn attribute(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.kind != b'a' {
            return None;
        }
        let colon = self.value.iter().position(|&byte| byte == b':');
        let (name, value) = self.value.split_at(colon.unwrap_or(self.value.len()));
        Some((name.trim_ascii(), value.get(1..).unwrap_or_default()))
    }

    /// Whether some part of the value is an IP address.
    pub fn names_address(&self) -> bool {
        let outside = |byte: &u8| !(byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        self.value.split(outside).any(holds_address)
    }
}

/// Whether a run of hexadecimal digits, colons and dots is an address, perhaps with something before or after it
/// (`host:192.0.2.1`, `192.0.2.1:5004`).
fn holds_address(run: &[u8]) -> bool {
    let Ok(run) = std::str::from_utf8(run) else {
        return false;
    };
    let whole = run.trim_end_matches('.');
    whole.parse::<IpAddr>().is_ok()
        || whole.trim_start_matches(':').parse::<IpAddr>().is_ok()
        || whole.trim_end_matches(':').parse::<IpAddr>().is_ok()
        || whole.split(':').any(|part| part.parse::<IpAddr>().is_ok())
}

/// The address of a c-line, without TTL and count (`224.2.1.1/127/3`); `None` for a host name.
pub(super) fn connection_ip(line: &Line<'_>) -> Option<IpAddr> {
    let address = line.words().nth(2)?;
    address.split('/').next()?.parse().ok()
}

/// An address as c- and o-lines write it: `IN IP4 192.0.2.1`.
pub(super) fn net_address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => format!("IN IP4 {v4}"),
        IpAddr::V6(v6) => format!("IN IP6 {v6}"),
    }
}
