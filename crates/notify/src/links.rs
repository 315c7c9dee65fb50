//! The portal's pages that mails link to. Every link is a plain page: opening it changes nothing.

use billing::{AccountId, IncidentId, LineId};

/// Longest base address accepted.
const MAX_URL_BYTES: usize = 512;

/// Where the portal is, as people reach it: "https://tollguard.example.net" or with a path below that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalUrl(String);

/// Why an address is no portal address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalUrlError {
    /// Neither http nor https.
    #[error("the portal's address must begin with https:// or http://")]
    Scheme,
    /// No host name.
    #[error("the portal's address has no host name")]
    NoHost,
    /// Something that does not belong into a base address.
    #[error("the portal's address may hold a host, a port and a path only: no user, query, fragment, quotes or blanks")]
    Characters,
    /// Too long.
    #[error("the portal's address is longer than {MAX_URL_BYTES} bytes")]
    TooLong,
}

impl std::str::FromStr for PortalUrl {
    type Err = PortalUrlError;

    fn from_str(text: &str) -> Result<Self, PortalUrlError> {
        let text = text.trim().trim_end_matches('/');
        if text.len() > MAX_URL_BYTES {
            return Err(PortalUrlError::TooLong);
        }
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        // "https://" alone has lost its slashes above.
        let rest = match rest {
            Some(rest) => rest,
            None if matches!(text, "https:" | "http:") => return Err(PortalUrlError::NoHost),
            None => return Err(PortalUrlError::Scheme),
        };
        if rest.is_empty() || rest.starts_with(['/', ':']) {
            return Err(PortalUrlError::NoHost);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:[]%".contains(&b);
        if !rest.bytes().all(allowed) {
            return Err(PortalUrlError::Characters);
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for PortalUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl PortalUrl {
    /// The page of an incident: calls, evidence, "that was us".
    #[must_use]
    pub fn incident(&self, account: &AccountId, incident: IncidentId) -> String {
        format!("{self}/accounts/{account}/incidents/{incident}")
    }

    /// The list of calls on that page.
    #[must_use]
    pub fn incident_calls(&self, account: &AccountId, incident: IncidentId) -> String {
        format!("{}#calls", self.incident(account, incident))
    }

    /// The page that asks before international calling is turned back on.
    #[must_use]
    pub fn turn_back_on(&self, account: &AccountId, incident: IncidentId) -> String {
        format!("{}/lift", self.incident(account, incident))
    }

    /// The page for a new secret of a line.
    #[must_use]
    pub fn change_secret(&self, account: &AccountId, line: &LineId) -> String {
        format!("{self}/accounts/{account}/lines/{line}/secret")
    }

    /// The page of the lock-out switch and the bans.
    #[must_use]
    pub fn lock_out(&self) -> String {
        format!("{self}/lockout")
    }

    /// The page where the guard is set to act or to watch.
    #[must_use]
    pub fn guard(&self, account: &AccountId) -> String {
        format!("{self}/accounts/{account}/guard")
    }

    /// The page of a link that does one thing once, by its token.
    #[must_use]
    pub fn once(&self, token: &str) -> String {
        format!("{self}/once/{token}")
    }

    /// The login.
    #[must_use]
    pub fn login(&self) -> String {
        format!("{self}/login")
    }

    /// The account's money.
    #[must_use]
    pub fn money(&self, account: &AccountId) -> String {
        format!("{self}/accounts/{account}/money")
    }

    /// The account's calls.
    #[must_use]
    pub fn calls(&self, account: &AccountId) -> String {
        format!("{self}/accounts/{account}/calls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_a_host_and_perhaps_a_path() {
        for (text, kept) in [
            ("https://tollguard.example.net", "https://tollguard.example.net"),
            (" http://127.0.0.1:8443/ ", "http://127.0.0.1:8443"),
            ("https://[::1]:8443/phones/", "https://[::1]:8443/phones"),
        ] {
            assert_eq!(text.parse::<PortalUrl>().unwrap().to_string(), kept);
        }
        for (text, error) in [
            ("tollguard.example.net", PortalUrlError::Scheme),
            ("javascript:alert(1)", PortalUrlError::Scheme),
            ("https://", PortalUrlError::NoHost),
            ("https:///x", PortalUrlError::NoHost),
            ("https://a/?x=1", PortalUrlError::Characters),
            ("https://a/\"onclick", PortalUrlError::Characters),
            ("https://user@a", PortalUrlError::Characters),
        ] {
            assert_eq!(text.parse::<PortalUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn pages_are_below_the_base() {
        let portal: PortalUrl = "https://p.example/x/".parse().unwrap();
        let account = AccountId::new("law-000").unwrap();
        let incident = IncidentId(32);
        assert_eq!(
            portal.turn_back_on(&account, incident),
            "https://p.example/x/accounts/law-000/incidents/i0000000000010/lift"
        );
        assert_eq!(
            portal.change_secret(&account, &LineId::new("107").unwrap()),
            "https://p.example/x/accounts/law-000/lines/107/secret"
        );
        assert_eq!(portal.lock_out(), "https://p.example/x/lockout");
    }
}
