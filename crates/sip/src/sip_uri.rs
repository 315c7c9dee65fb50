//! A SIP URI we own: built part by part, stored with bindings and carriers, written with its escapes.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::uri::{Host, HostPort, Scheme, Uri, UriError};
use crate::{Malformed, scan};

/// An owned sip or sips URI without headers and password. Its parts are kept as they are written, escapes included, so
/// writing it costs nothing and equal URIs are equal text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SipUri {
    secure: bool,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    params: Vec<(String, Option<String>)>,
}

impl SipUri {
    /// `sip:host[:port]`.
    pub fn new(hostport: HostPort<'_>) -> SipUri {
        SipUri { secure: false, user: None, host: hostport.host.to_string(), port: hostport.port, params: Vec::new() }
    }

    /// `sip:address:port`.
    pub fn from_addr(addr: SocketAddr) -> SipUri {
        SipUri::new(HostPort { host: Host::Ip(addr.ip()), port: Some(addr.port()) })
    }

    /// The text of `sip:user@host[:port]`, of `sip:host[:port]` without a user. What may not stand in a user is escaped.
    pub fn text(user: &str, hostport: HostPort<'_>) -> String {
        /// As long as such a URI usually is at most.
        const USUAL_BYTES: usize = 64;
        let mut text = String::with_capacity(USUAL_BYTES);
        text.push_str("sip:");
        if !user.is_empty() {
            if user.bytes().all(is_user_byte) {
                text.push_str(user);
            } else {
                text.push_str(&escape(user.as_bytes(), is_user_byte, false));
            }
            text.push('@');
        }
        hostport.push_to(&mut text);
        text
    }

    /// Reads a sip or sips URI; password and headers are left out.
    ///
    /// # Errors
    /// As `Uri::parse`; `UriError::Scheme` for tel.
    pub fn parse(bytes: &[u8]) -> Result<SipUri, UriError> {
        SipUri::from_uri(&Uri::parse(bytes)?)
    }

    /// An owned copy; password and headers are left out.
    ///
    /// # Errors
    /// `UriError::Scheme` for tel.
    pub fn from_uri(uri: &Uri<'_>) -> Result<SipUri, UriError> {
        let hostport = uri.hostport.ok_or(UriError::Scheme)?;
        let mut owned = SipUri::new(hostport);
        owned.secure = uri.scheme == Scheme::Sips;
        owned.user = uri.user_raw.map(|user| escape(user, is_user_byte, true));
        let param = |bytes: &[u8]| escape(bytes, is_param_byte, true);
        owned.params = uri.params.iter().map(|(name, value)| (param(name), value.map(param))).collect();
        Ok(owned)
    }

    /// With this user part; what may not stand there is escaped.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> SipUri {
        self.user = (!user.is_empty()).then(|| escape(user.as_bytes(), is_user_byte, false));
        self
    }

    /// With this parameter, instead of one of the same name; what may not stand there is escaped.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> SipUri {
        self.params.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        let param = |text: &str| escape(text.as_bytes(), is_param_byte, false);
        self.params.push((param(name), value.map(param)));
        self
    }

    /// As `sips:`.
    #[must_use]
    pub fn secure(mut self) -> SipUri {
        self.secure = true;
        self
    }

    /// True for `sips:`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The user part with its escapes taken out, if it is UTF-8.
    pub fn user(&self) -> Option<String> {
        let user = crate::uri::unescape(self.user.as_deref()?.as_bytes()).into_owned();
        String::from_utf8(user).ok()
    }

    /// Host and port.
    ///
    /// # Errors
    /// `Malformed` only if the URI was stored by something else than this type.
    pub fn hostport(&self) -> Result<HostPort<'_>, Malformed> {
        Ok(HostPort { host: Host::parse(self.host.as_bytes())?, port: self.port })
    }

    /// The parameter of that name: `None` if absent, `Some(None)` if it has no value. Escapes are as written.
    pub fn param(&self, name: &str) -> Option<Option<&str>> {
        let found = self.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_deref())
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "sips:" } else { "sip:" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        for (name, value) in &self.params {
            write!(f, ";{name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for SipUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<SipUri, UriError> {
        SipUri::parse(text.as_bytes())
    }
}

/// Escapes every byte that `allowed` refuses; with `escaped`, percent signs are escapes already and stay.
fn escape(bytes: &[u8], allowed: fn(u8) -> bool, escaped: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &b in bytes {
        if allowed(b) || (escaped && b == b'%') {
            out.push(char::from(b));
        } else {
            out.push('%');
            out.push_str(&crate::hex::encode(&[b]));
        }
    }
    out
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

fn is_user_byte(b: u8) -> bool {
    is_unreserved(b) || matches!(b, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/')
}

fn is_param_byte(b: u8) -> bool {
    is_unreserved(b)
        || scan::is_token_byte(b) && b != b'%'
        || matches!(b, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_and_read_back() {
        let addr = "[2001:db8::1]:5062".parse().unwrap();
        let uri =
            SipUri::from_addr(addr).with_user("a b@c:%").with_param("transport", Some("udp")).with_param("lr", None);
        let text = uri.to_string();
        assert_eq!(text, "sip:a%20b%40c%3a%25@[2001:db8::1]:5062;transport=udp;lr");
        let host = HostPort::parse(b"[2001:db8::1]:5062").unwrap();
        assert_eq!(SipUri::text("a b@c:%", host), "sip:a%20b%40c%3a%25@[2001:db8::1]:5062");
        assert_eq!(SipUri::text("+1303", HostPort::parse(b"h.example").unwrap()), "sip:+1303@h.example");
        assert_eq!(SipUri::text("", HostPort::parse(b"10.0.0.1:5").unwrap()), "sip:10.0.0.1:5");
        let back: SipUri = text.parse().unwrap();
        assert_eq!(back, uri);
        assert_eq!(back.user().as_deref(), Some("a b@c:%"));
        assert_eq!(back.param("LR"), Some(None));
        assert_eq!(back.hostport().unwrap().socket_addr(5060), Some(addr));
    }

    #[test]
    fn odd_bytes_of_the_wire_are_escaped() {
        let uri = SipUri::parse(b"sips:\xff|x@h;p=\"q").err();
        assert!(uri.is_some(), "a quote may not stand in a URI");
        let uri = SipUri::parse(b"sips:\xff|x@h;p={").unwrap();
        assert_eq!(uri.to_string(), "sips:%ff%7cx@h;p=%7b");
        assert_eq!(SipUri::parse(b"tel:+1303"), Err(UriError::Scheme));
    }
}
