//! What a trunk's TLS certificate must show to prove the line: a domain or the certificate itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes of a SHA-256 fingerprint.
const FINGERPRINT_BYTES: usize = 32;
const PREFIX: &str = "sha256:";

/// A name that a certificate proves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CertificateName {
    /// A SIP domain among its subject alternative names, vouched for by an authority we trust (RFC 5922 section 7.1); in
    /// lower-case letters.
    Domain(String),
    /// The certificate itself, whoever vouches for it: the SHA-256 digest of its DER form.
    Sha256([u8; FINGERPRINT_BYTES]),
}

/// Neither a domain nor a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither a domain, such as pbx.example.net, nor a fingerprint: sha256: and 64 hexadecimal digits")]
pub struct NoCertificateName;

impl FromStr for CertificateName {
    type Err = NoCertificateName;

    fn from_str(text: &str) -> Result<Self, NoCertificateName> {
        let text = text.trim().to_ascii_lowercase();
        if let Some(digits) = text.strip_prefix(PREFIX) {
            let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
            let nibble = |byte: &u8| char::from(*byte).to_digit(16);
            let pairs = digits.chunks(2).map(|pair| match pair {
                [high, low] => u8::try_from(nibble(high)? << 4 | nibble(low)?).ok(),
                _ => None,
            });
            let bytes: Option<Vec<u8>> = pairs.collect();
            return bytes.and_then(|bytes| bytes.try_into().ok()).map(Self::Sha256).ok_or(NoCertificateName);
        }
        let fits = |label: &str| {
            (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let is_domain = text.len() <= 253 && text.contains('.') && text.split('.').all(fits);
        if is_domain { Ok(Self::Domain(text)) } else { Err(NoCertificateName) }
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => f.write_str(domain),
            Self::Sha256(bytes) => {
                f.write_str(PREFIX)?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl TryFrom<String> for CertificateName {
    type Error = NoCertificateName;

    fn try_from(text: String) -> Result<Self, NoCertificateName> {
        text.parse()
    }
}

impl From<CertificateName> for String {
    fn from(name: CertificateName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_fingerprints_are_read_as_they_are_written() {
        let text = |text: &str| text.parse::<CertificateName>().map(|name| name.to_string());
        let print = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(text("PBX.Example.net").as_deref(), Ok("pbx.example.net"));
        assert_eq!(text(&print), Ok(print.clone()));
        assert_eq!(text(&format!("SHA256:{}", vec!["0A"; 32].join(":"))), Ok(print));
        for bad in ["", "pbx", "*.example.net", "a..b", "sha256:0a", "sha256:zz"] {
            assert_eq!(text(bad), Err(NoCertificateName), "{bad}");
        }
    }
}
