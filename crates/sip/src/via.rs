//! One Via value (RFC 3261 section 20.42, RFC 3581): where a response goes, and which transaction it belongs to.

use std::net::{IpAddr, SocketAddr};

use crate::flow::Transport;
use crate::{HostPort, Malformed, Params, scan};

/// What every branch made by RFC 3261 begins with (section 8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// A Via value, borrowed from its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport, if it is one we have.
    pub transport: Option<Transport>,
    /// The transport as written.
    pub transport_raw: &'a [u8],
    /// Where its sender says it is.
    pub sent_by: HostPort<'a>,
    /// Its parameters.
    pub params: Params<'a>,
    /// The branch among them.
    pub(crate) branch: Option<&'a [u8]>,
}

impl<'a> Via<'a> {
    /// Reads one Via value; white space may stand nearly anywhere in it.
    ///
    /// # Errors
    /// `Malformed` if it is not `SIP/2.0/TRANSPORT host[:port];...`.
    pub fn parse(value: &'a [u8]) -> Result<Via<'a>, Malformed> {
        const BAD: Malformed = Malformed::new("Via");
        // Nearly always it is written as we would write it.
        let rest = match value.strip_prefix(b"SIP/2.0/") {
            Some(rest) => rest,
            None => behind_version(value).ok_or(BAD)?,
        };
        let rest = scan::trim_start(rest);
        let (transport_raw, rest) = rest.split_at(scan::token_len(rest));
        if transport_raw.is_empty() || !rest.first().is_some_and(u8::is_ascii_whitespace) {
            return Err(BAD);
        }
        let (sent_by, rest) = HostPort::begin(rest).map_err(|_| BAD)?;
        let params = match rest.split_first() {
            None => Params::default(),
            Some((b';', params)) => Params::new(params),
            Some(_) => return Err(BAD),
        };
        let transport = Transport::from_via(transport_raw);
        Ok(Via { transport, transport_raw, sent_by, params, branch: params.value("branch") })
    }

    /// The branch, if there is one.
    pub fn branch(&self) -> Option<&'a [u8]> {
        self.branch
    }

    /// True if the branch is one of RFC 3261: the cookie and something behind it. If not, a transaction is matched by
    /// the rules of RFC 2543 (section 17.2.3).
    pub fn has_rfc3261_branch(&self) -> bool {
        self.branch().is_some_and(|branch| {
            branch.len() > BRANCH_COOKIE.len()
                && branch.get(..BRANCH_COOKIE.len()).is_some_and(|b| scan::eq_ignore_case(b, BRANCH_COOKIE))
        })
    }

    /// The address the request came from, as the next hop saw it; IPv6 with or without brackets (RFC 5118 section 4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = std::str::from_utf8(self.params.value("received")?).ok()?;
        text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok()
    }

    /// RFC 3581: `None` without rport, `Some(None)` if it asks for one, `Some(Some(port))` once it is filled in.
    pub fn rport(&self) -> Option<Option<u16>> {
        let value = self.params.get("rport")?;
        Some(value.and_then(scan::number).and_then(|port| u16::try_from(port).ok()))
    }

    /// Where a response to this Via goes by its own words (RFC 3261 section 18.2.2, RFC 3581 section 4): received or
    /// the sent-by address, rport or the sent-by port or `default_port`. `None` if that takes a DNS look-up.
    pub fn response_addr(&self, default_port: u16) -> Option<SocketAddr> {
        let ip = self.received().or_else(|| self.sent_by.host.ip())?;
        let port = self.rport().flatten().or(self.sent_by.port).unwrap_or(default_port);
        Some(SocketAddr::new(ip, port))
    }
}

/// What stands behind `SIP/2.0/`, in any case and with white space in it.
fn behind_version(value: &[u8]) -> Option<&[u8]> {
    let (protocol, rest) = scan::split_once(value, b'/');
    let (version, rest) = scan::split_once(rest?, b'/');
    let fits = scan::eq_ignore_case(scan::trim(protocol), "SIP") && scan::trim(version) == b"2.0";
    rest.filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;

    #[test]
    fn white_space_is_nearly_anywhere() {
        let via = Via::parse(b"SIP  / 2.0  / TCP     spindle.example.com : 99  ;  branch  =   z9hG4bK9ikj8").unwrap();
        assert_eq!(via.transport, Some(Transport::Tcp));
        assert_eq!(via.sent_by, HostPort { host: Host::Name("spindle.example.com"), port: Some(99) });
        assert_eq!(via.branch(), Some(&b"z9hG4bK9ikj8"[..]));
        assert!(via.has_rfc3261_branch());
    }

    #[test]
    fn rport_and_received() {
        let via = Via::parse(b"SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK").unwrap();
        assert_eq!((via.rport(), via.received(), via.has_rfc3261_branch()), (Some(None), None, false));
        let via = Via::parse(b"SIP/2.0/UDP [::1];rport=7;received=[2001:db8::1]").unwrap();
        assert_eq!(via.response_addr(5060), Some("[2001:db8::1]:7".parse().unwrap()));
        let via = Via::parse(b"SIP/2.0/UDP host.example").unwrap();
        assert_eq!(via.response_addr(5060), None);
    }

    #[test]
    fn other_versions_and_half_values_are_refused() {
        for bad in [&b"SIP/7.0/UDP c.example.com"[..], b"SIP/2.0/UDP", b"SIP/2.0/UDP ", b"", b"SIP/2.0/ h", b";;"] {
            assert!(Via::parse(bad).is_err(), "{bad:?}");
        }
    }
}
