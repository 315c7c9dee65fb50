//! Who tells of a payment: an HMAC-SHA256 over time and body, in the header that Stripe made known.
//!
//! `Tollguard-Signature: t=1700000000,v1=5257a8...`: the time in seconds since the Unix epoch, and the code in hexadecimal of
//! that number, a full stop and the body. Several `v1` may stand there, and several secrets be configured: one match is
//! enough, so that a secret can be changed without a gap.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header.
const HEADER: &str = "tollguard-signature";
/// How far the time of a signature may be from now, seconds: what was overheard is soon worth nothing.
const TOLERANCE_S: u64 = 300;
/// Codes looked at in one header.
const MAX_CODES: usize = 8;
/// The shortest secret, characters.
const MIN_SECRET_CHARS: usize = 24;
/// Secrets that may be in force at once: the old one and the new one, with some room.
const MAX_SECRETS: usize = 4;

/// A secret that payments are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentSecret(String);

impl std::fmt::Debug for PaymentSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentSecret")
    }
}

/// Why secrets are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none.
    #[error("there is no secret in it: write one in a line of its own")]
    None,
    /// One that would be found.
    #[error("a secret for payments needs at least {MIN_SECRET_CHARS} characters")]
    Short,
    /// Too many.
    #[error("at most {MAX_SECRETS} secrets can be in force at once")]
    Many,
}

impl PaymentSecret {
    /// The secrets of a file's text, one a line.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(text: &str) -> Result<Vec<Self>, SecretError> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match lines.len() {
            0 => Err(SecretError::None),
            more if more > MAX_SECRETS => Err(SecretError::Many),
            _ if lines.iter().any(|line| line.chars().count() < MIN_SECRET_CHARS) => Err(SecretError::Short),
            _ => Ok(lines.into_iter().map(|line| Self(line.to_owned())).collect()),
        }
    }

    fn of(&self, time: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        code.update(time.as_bytes());
        code.update(b".");
        code.update(body);
        code
    }
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("the header Tollguard-Signature is missing or not as it should be: t=SECONDS,v1=HEX")]
    Header,
    #[error("the signature is wrong")]
    Code,
    #[error("the signature's time is more than {TOLERANCE_S} seconds from now")]
    Time,
}

/// Whether one of the header's codes is that of one of the secrets, and of these minutes. Codes are compared in constant
/// time.
pub(super) fn verify(secrets: &[PaymentSecret], headers: &HeaderMap, body: &[u8], now_ms: u64) -> Result<(), Wrong> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok()).ok_or(Wrong::Header)?;
    let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let time = parts.iter().find(|(name, _)| *name == "t").map(|(_, time)| *time).ok_or(Wrong::Header)?;
    let time_s: u64 = time.parse().map_err(|_| Wrong::Header)?;
    let codes = parts.iter().filter(|(name, _)| *name == "v1").filter_map(|(_, code)| bytes(code)).take(MAX_CODES);
    let codes: Vec<Vec<u8>> = codes.collect();
    if codes.is_empty() {
        return Err(Wrong::Header);
    }
    let is_of = |secret: &PaymentSecret, code: &[u8]| secret.of(time, body).verify_slice(code).is_ok();
    if !secrets.iter().any(|secret| codes.iter().any(|code| is_of(secret, code))) {
        return Err(Wrong::Code);
    }
    if (now_ms / 1000).abs_diff(time_s) > TOLERANCE_S { Err(Wrong::Time) } else { Ok(()) }
}

/// Bytes written in hexadecimal.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.is_ascii() {
        return None;
    }
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `openssl dgst -sha256 -hmac` has it.
    const BODY: &[u8] = br#"{"amount":"25.00"}"#;
    const CODE: &str = "57182ae26817684e659c5c4be89f06b15048bd0540a2229fcdb860e8036d1114";
    const NOW_MS: u64 = 1_700_000_000_000;

    fn secrets() -> Vec<PaymentSecret> {
        PaymentSecret::read("an-old-secret-of-24-characters\n\nwhsec_0123456789abcdef0123\n").unwrap()
    }

    fn verified(header: &str, now_ms: u64) -> Result<(), Wrong> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, header.parse().unwrap());
        verify(&secrets(), &headers, BODY, now_ms)
    }

    #[test]
    fn a_signature_is_that_of_time_and_body() {
        let good = format!("t=1700000000,v1={CODE}");
        assert_eq!(verified(&good, NOW_MS), Ok(()));
        assert_eq!(verified(&good, NOW_MS + 300_000), Ok(()));
        assert_eq!(verified(&good, NOW_MS + 301_000), Err(Wrong::Time));
        assert_eq!(verified(&good, NOW_MS - 301_000), Err(Wrong::Time));
        assert_eq!(verified(&good.replace("t=17", "t=18"), NOW_MS), Err(Wrong::Code), "the time is signed too");
        assert_eq!(verified(&format!("t=1700000000, v0=ab, v1=00, v1={CODE}"), NOW_MS), Ok(()), "one of several");
        assert_eq!(verified("t=1700000000,v1=00", NOW_MS), Err(Wrong::Code));
        for bad in ["", "t=1700000000", "t=x,v1=00", "v1=00", "t=1700000000,v1=0", "t=1700000000,v1=gg"] {
            assert_eq!(verified(bad, NOW_MS), Err(Wrong::Header), "{bad}");
        }
    }

    #[test]
    fn secrets_are_long_and_few() {
        assert_eq!(PaymentSecret::read("\n \n"), Err(SecretError::None));
        assert_eq!(PaymentSecret::read("short"), Err(SecretError::Short));
        let one = "0123456789abcdef01234567\n";
        assert_eq!(PaymentSecret::read(&one.repeat(5)), Err(SecretError::Many));
        assert_eq!(format!("{:?}", PaymentSecret::read(one).unwrap()), "[PaymentSecret]");
    }
}
