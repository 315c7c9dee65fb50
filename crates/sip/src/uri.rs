//! URIs as they stand in a message: sip, sips and tel (RFC 3261 section 19.1, RFC 3966), borrowed and read once.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::decimal::{Digits, IpText};
use crate::{Malformed, Params, scan};

/// Which kind of URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966); the number stands in the user part, and there is no host.
    Tel,
}

impl Scheme {
    /// The scheme as written, without the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
        }
    }
}

/// Why a URI was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// A scheme other than sip, sips and tel: answered 416 in a Request-URI.
    #[error("unsupported URI scheme")]
    Scheme,
    /// Not a URI by the grammar: answered 400.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// A host: an address, or a name still to be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// An IPv4 address, or an IPv6 address in brackets.
    Ip(IpAddr),
    /// A domain name (letters, digits, `-`, `.`, `_`).
    Name(&'a str),
}

impl<'a> Host<'a> {
    /// The address, if the host is one.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) => None,
        }
    }

    /// Reads a host; an IPv6 address must stand in brackets.
    pub fn parse(bytes: &'a [u8]) -> Result<Host<'a>, Malformed> {
        match Host::begin(bytes) {
            Some((host, len)) if len == bytes.len() => Ok(host),
            _ => Err(Malformed::new("host")),
        }
    }

    /// Reads the host that `bytes` begins with, as far as there are bytes of one, and how long it is.
    fn begin(bytes: &'a [u8]) -> Option<(Host<'a>, usize)> {
        if bytes.first() == Some(&b'[') {
            let len = memchr::memchr(b']', bytes)? + 1;
            let inner = std::str::from_utf8(bytes.get(1..len - 1)?).ok()?;
            // RFC 3261's grammar makes a third colon before an embedded IPv4 address (RFC 5118 section 4.10).
            let ip = inner.parse::<Ipv6Addr>().or_else(|_| inner.replacen(":::", "::", 1).parse()).ok()?;
            return Some((Host::Ip(ip.into()), len));
        }
        let ends = |len: usize| bytes.get(len).is_none_or(|&b| !IN_NAME[usize::from(b)]);
        if let Some((ip, len)) = ipv4(bytes).filter(|(_, len)| ends(*len)) {
            return Some((Host::Ip(ip.into()), len));
        }
        let len = bytes.iter().position(|&b| !IN_NAME[usize::from(b)]).unwrap_or(bytes.len());
        let name = std::str::from_utf8(bytes.get(..len)?).ok()?;
        (!name.is_empty()).then_some((Host::Name(name), len))
    }
}

/// What may stand in a name of a host.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0usize;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        byte += 1;
    }
    table
};

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// A host and, if one is written, a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostPort<'a> {
    /// The host.
    pub host: Host<'a>,
    /// The port, if written.
    pub port: Option<u16>,
}

impl<'a> HostPort<'a> {
    /// Reads `host[:port]`; white space around either part is ignored, as Via allows it.
    pub fn parse(bytes: &'a [u8]) -> Result<HostPort<'a>, Malformed> {
        match HostPort::begin(bytes)? {
            (hostport, []) => Ok(hostport),
            _ => Err(Malformed::new("host")),
        }
    }

    /// Reads the `host[:port]` that `bytes` begins with; what follows it and white space.
    pub(crate) fn begin(bytes: &'a [u8]) -> Result<(HostPort<'a>, &'a [u8]), Malformed> {
        let bytes = scan::trim_start(bytes);
        let (host, len) = Host::begin(bytes).ok_or(Malformed::new("host"))?;
        let rest = scan::trim_start(bytes.get(len..).unwrap_or_default());
        let Some((b':', digits)) = rest.split_first() else { return Ok((HostPort { host, port: None }, rest)) };
        let (port, rest) = scan::begin_number(scan::trim_start(digits)).ok_or(Malformed::new("port"))?;
        let port = u16::try_from(port).map_err(|_| Malformed::new("port"))?;
        Ok((HostPort { host, port: Some(port) }, scan::trim_start(rest)))
    }

    /// Appends it as it is written.
    pub fn push_to(self, text: &mut String) {
        match self.host {
            Host::Ip(ip @ IpAddr::V4(_)) => text.push_str(IpText::new(ip).as_str()),
            Host::Ip(IpAddr::V6(ip)) => text.extend(["[", &ip.to_string(), "]"]),
            Host::Name(name) => text.push_str(name),
        }
        if let Some(port) = self.port {
            text.push(':');
            text.push_str(Digits::new(port.into()).as_str());
        }
    }

    /// The socket address, if the host is an address; `default_port` stands in for a port not written.
    pub fn socket_addr(self, default_port: u16) -> Option<SocketAddr> {
        self.host.ip().map(|ip| SocketAddr::new(ip, self.port.unwrap_or(default_port)))
    }
}

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

/// What may stand nowhere in a URI: controls, white space, and what sets a URI off.
const NEVER: u8 = 1;
/// The at sign, which ends a user part.
const AT: u8 = 2;

/// The bytes of a URI that are looked for.
const IN_URI: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = match byte as u8 {
            0..=b' ' | b'<' | b'>' | b'"' | 0x7f => NEVER,
            b'@' => AT,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// A URI of a message. The parts are as written, escapes included; `user()` and `password()` take the escapes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// Which kind.
    pub scheme: Scheme,
    /// The user part as written, parameters in it included; the number of a tel URI.
    pub user_raw: Option<&'a [u8]>,
    /// The password as written.
    pub password_raw: Option<&'a [u8]>,
    /// Host and port; `None` for tel.
    pub hostport: Option<HostPort<'a>>,
    /// The URI's parameters: transport, maddr, lr, user=phone.
    pub params: Params<'a>,
    /// What follows the question mark, without it; empty if nothing.
    pub headers_raw: &'a [u8],
}

impl<'a> Uri<'a> {
    /// Reads a sip, sips or tel URI that fills `bytes`.
    ///
    /// # Errors
    /// `UriError::Scheme` for another scheme, `UriError::Malformed` for anything that is not a URI.
    pub fn parse(bytes: &'a [u8]) -> Result<Uri<'a>, UriError> {
        const BAD: UriError = UriError::Malformed(Malformed::new("URI"));
        let (scheme, rest) = scan::split_once(bytes, b':');
        let rest = rest.ok_or(BAD)?;
        let found = rest.iter().fold(0, |found, &b| found | IN_URI[usize::from(b)]);
        if found & NEVER != 0 || !is_scheme(scheme) {
            return Err(BAD);
        }
        let at = if found & AT == 0 { None } else { memchr::memrchr(b'@', rest) };
        if scan::eq_ignore_case(scheme, "sip") {
            Ok(Uri::parse_sip(Scheme::Sip, rest, at)?)
        } else if scan::eq_ignore_case(scheme, "sips") {
            Ok(Uri::parse_sip(Scheme::Sips, rest, at)?)
        } else if scan::eq_ignore_case(scheme, "tel") {
            Ok(Uri::parse_tel(rest)?)
        } else {
            Err(UriError::Scheme)
        }
    }

    /// What stands behind the scheme, with its last at sign.
    fn parse_sip(scheme: Scheme, rest: &'a [u8], at: Option<usize>) -> Result<Uri<'a>, Malformed> {
        // Neither parameters nor headers may hold a bare '@', so the last one ends the user part, and a '?' or ';'
        // before it belongs to the user (RFC 4475 section 3.1.1.13).
        let (userinfo, rest) = match at.and_then(|at| rest.split_at_checked(at)) {
            Some((userinfo, rest)) => (Some(userinfo), rest.get(1..).unwrap_or_default()),
            None => (None, rest),
        };
        let (user, password) = userinfo.map_or((None, None), |info| {
            let (user, password) = scan::split_once(info, b':');
            (Some(user), password)
        });
        if user.is_some_and(<[u8]>::is_empty) {
            return Err(Malformed::new("user part"));
        }
        let (hostport, rest) = HostPort::begin(rest)?;
        let (params, headers) = match rest.split_first() {
            None => (rest, None),
            Some((b';', rest)) => scan::split_once(rest, b'?'),
            Some((b'?', headers)) => (&rest[..0], Some(headers)),
            Some(_) => return Err(Malformed::new("host")),
        };
        Ok(Uri {
            scheme,
            user_raw: user,
            password_raw: password,
            hostport: Some(hostport),
            params: Params::new(params),
            headers_raw: headers.unwrap_or_default(),
        })
    }

    fn parse_tel(rest: &'a [u8]) -> Result<Uri<'a>, Malformed> {
        let (number, params) = scan::split_once(rest, b';');
        if number.is_empty() || memchr::memchr(b'@', number).is_some() {
            return Err(Malformed::new("telephone number"));
        }
        Ok(Uri {
            scheme: Scheme::Tel,
            user_raw: Some(number),
            password_raw: None,
            hostport: None,
            params: Params::new(params.unwrap_or_default()),
            headers_raw: &[],
        })
    }

    /// The user part with its escapes taken out (the number of a tel URI).
    pub fn user(&self) -> Option<Cow<'a, [u8]>> {
        self.user_raw.map(unescape)
    }

    /// The password with its escapes taken out.
    pub fn password(&self) -> Option<Cow<'a, [u8]>> {
        self.password_raw.map(unescape)
    }

    /// A header that a request made of this URI shall have, with the escapes of its value taken out (RFC 3261 section
    /// 19.1.1).
    pub fn header(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let mut headers = self.headers_raw.split(|&b| b == b'&').map(|header| scan::split_once(header, b'='));
        let (_, value) = headers.find(|(found, _)| scan::eq_ignore_case(&unescape(found), name))?;
        Some(unescape(value.unwrap_or_default()))
    }

    /// The host; `None` for tel.
    pub fn host(&self) -> Option<Host<'a>> {
        self.hostport.map(|hostport| hostport.host)
    }

    /// The port, if written.
    pub fn port(&self) -> Option<u16> {
        self.hostport.and_then(|hostport| hostport.port)
    }
}

/// The four numbers up to 255 without leading zeros that `bytes` begins with, as `Ipv4Addr` reads them, and how long they
/// are: nearly every host of a message is one.
fn ipv4(bytes: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let (mut octets, mut number, mut digits, mut sum) = ([0_u8; 4], 0, 0, 0_u16);
    for (len, &b) in bytes.iter().enumerate() {
        if b.is_ascii_digit() && digits < 3 && !(digits == 1 && sum == 0) {
            (digits, sum) = (digits + 1, sum * 10 + u16::from(b - b'0'));
            continue;
        }
        if digits == 0 {
            return None;
        }
        octets[number] = u8::try_from(sum).ok()?;
        if number == 3 {
            return Some((octets.into(), len));
        }
        if b != b'.' {
            return None;
        }
        (number, digits, sum) = (number + 1, 0, 0);
    }
    octets[number] = u8::try_from(sum).ok()?;
    (number == 3 && digits > 0).then(|| (octets.into(), bytes.len()))
}

fn is_scheme(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Takes out `%XX` escapes; a percent sign that is no escape stays. Borrows if there is nothing to do.
pub fn unescape(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(crate::hex::decode::<1>);
        match escaped {
            Some([byte]) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
