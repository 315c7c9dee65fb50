//! How mail is sent: the SMTP server, the sender, and where links lead.

use lettre::message::Mailbox;

use crate::links::{PortalUrl, PortalUrlError};

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// `smtp://`: none. For a mail server on this machine or a relay inside one's own network.
    Plain,
    /// `starttls://`: TLS is negotiated, and required, after the greeting (RFC 3207).
    StartTls,
    /// `smtps://`: TLS from the first byte (RFC 8314).
    Tls,
}

/// The parsed mail settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Host name or address of the mail server.
    pub host: String,
    /// Its port: 25, 587 or 465 unless given.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// User and password, where the server wants them.
    pub login: Option<(String, String)>,
    /// The sender.
    pub from: Mailbox,
    /// Where links lead.
    pub portal: PortalUrl,
}

/// Why the mail settings cannot be used. No message repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Unknown beginning.
    #[error("the mail server's address must begin with smtp://, starttls:// or smtps://")]
    Scheme,
    /// No host.
    #[error("the mail server's address has no host name")]
    NoHost,
    /// Something that is no host name.
    #[error("the mail server's host name may hold letters, digits, dots, dashes and, in brackets, an IPv6 address")]
    Host,
    /// Not a port.
    #[error("the mail server's port must be a number from 1 to 65535")]
    Port,
    /// A path or query.
    #[error("the mail server's address ends after the port; put %2F for a slash in a password")]
    Path,
    /// `%` without two hexadecimal digits, or not UTF-8.
    #[error("the mail server's user or password has a % that is not followed by two hexadecimal digits of UTF-8 text")]
    Percent,
    /// A user without a password.
    #[error("the mail server's address names a user but no password (smtps://user:password@host)")]
    NoPassword,
    /// A password over an unprotected connection to another machine.
    #[error("smtp:// would send the password in the clear: use starttls:// or smtps://")]
    ClearPassword,
    /// Not an address.
    #[error("the sender must be an e-mail address, or a name and one: Tollguard <alerts@example.com>")]
    From(#[source] lettre::address::AddressError),
    /// Not a portal address.
    #[error(transparent)]
    Portal(#[from] PortalUrlError),
    /// The TLS library refused the host name.
    #[error("TLS cannot be set up for this mail server")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl Settings {
    /// Reads the settings as they stand in the configuration.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(smtp_url: &str, from: &str, portal_url: &str) -> Result<Self, SettingsError> {
        let (security, rest) = scheme(smtp_url.trim())?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(read_login(login)?), place),
            None => (None, rest),
        };
        let (host, port) = host_and_port(place)?;
        if login.is_some() && security == Security::Plain && !is_loopback(&host) {
            return Err(SettingsError::ClearPassword);
        }
        let port = port.unwrap_or(match security {
            Security::Plain => 25,
            Security::StartTls => 587,
            Security::Tls => 465,
        });
        let from = from.trim().parse().map_err(SettingsError::From)?;
        Ok(Self { host, port, security, login, from, portal: portal_url.parse()? })
    }
}

/// Without the password.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("user", &self.login.as_ref().map(|(user, _)| user))
            .field("from", &self.from.to_string())
            .field("portal", &self.portal)
            .finish()
    }
}

fn scheme(url: &str) -> Result<(Security, &str), SettingsError> {
    let schemes = [("smtp://", Security::Plain), ("starttls://", Security::StartTls), ("smtps://", Security::Tls)];
    let found = schemes.iter().find_map(|(scheme, security)| Some((*security, url.strip_prefix(scheme)?)));
    found.ok_or(SettingsError::Scheme)
}

fn read_login(text: &str) -> Result<(String, String), SettingsError> {
    let (user, password) = text.split_once(':').ok_or(SettingsError::NoPassword)?;
    if user.is_empty() || password.is_empty() {
        return Err(SettingsError::NoPassword);
    }
    Ok((decode_percent(user)?, decode_percent(password)?))
}

fn decode_percent(text: &str) -> Result<String, SettingsError> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(SettingsError::Percent) };
        decoded.push((high * 16 + low) as u8);
    }
    String::from_utf8(decoded).map_err(|_| SettingsError::Percent)
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), SettingsError> {
    if place.contains(['/', '?', '#']) {
        return Err(SettingsError::Path);
    }
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(SettingsError::Host)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| SettingsError::Host)?;
            match rest {
                "" => (host, None),
                rest => (host, Some(rest.strip_prefix(':').ok_or(SettingsError::Host)?)),
            }
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    if host.is_empty() {
        return Err(SettingsError::NoHost);
    }
    if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:_".contains(&b)) {
        return Err(SettingsError::Host);
    }
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(SettingsError::Port));
    Ok((host.to_owned(), port.transpose()?))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Settings, SettingsError> {
        Settings::parse(url, "Tollguard <alerts@example.com>", "https://p.example")
    }

    #[test]
    fn addresses_of_mail_servers() {
        for (url, host, port, security, login) in [
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security::Plain, None),
            ("smtp://relay.lan/", "relay.lan", 25, Security::Plain, None),
            ("smtp://u:p@localhost", "localhost", 25, Security::Plain, Some(("u", "p"))),
            ("smtps://me%40x.org:a%3Ab%2Fc@mail.x.org", "mail.x.org", 465, Security::Tls, Some(("me@x.org", "a:b/c"))),
            ("starttls://me:p@ss@mail.x.org:2587", "mail.x.org", 2587, Security::StartTls, Some(("me", "p@ss"))),
            ("starttls://[2001:db8::1]", "2001:db8::1", 587, Security::StartTls, None),
        ] {
            let settings = parse(url).unwrap();
            assert_eq!((settings.host.as_str(), settings.port, settings.security), (host, port, security), "{url}");
            assert_eq!(settings.login, login.map(|(u, p): (&str, &str)| (u.to_owned(), p.to_owned())), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, words) in [
            ("mail.x.org", "begin with smtp://"),
            ("http://mail.x.org", "begin with smtp://"),
            ("smtp://", "no host name"),
            ("smtp://:25", "no host name"),
            ("smtp://a b", "may hold letters"),
            ("smtp://a:0", "from 1 to 65535"),
            ("smtp://a:hunter2", "from 1 to 65535"),
            ("smtps://a/x?y", "ends after the port"),
            ("smtps://user@a", "no password"),
            ("smtps://u:hunter2%zz@a", "two hexadecimal digits"),
            ("smtp://u:hunter2@mail.x.org", "in the clear"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(words), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
        assert!(matches!(Settings::parse("smtp://a", "alerts", "https://p"), Err(SettingsError::From(_))));
        assert!(matches!(Settings::parse("smtp://a", "a@b.c", "p"), Err(SettingsError::Portal(_))));
        assert!(!format!("{:?}", parse("smtps://u:hunter2@a").unwrap()).contains("hunter2"));
    }
}
