//! The second factor: codes of a phone's app (TOTP, RFC 6238: SHA-1, six digits, thirty seconds), and recovery codes.

use qrcode::{Color, QrCode};
use sha2::{Digest, Sha256};
use store::{Desk, Vault};
use totp_rs::{Builder, Secret};

use crate::random;

/// Bytes of a secret (RFC 4226 section 4 recommends 160 bits).
const SECRET_BYTES: usize = 20;
/// Recovery codes of one user.
pub(crate) const RECOVERY_CODES: usize = 10;
/// The quiet zone around a QR code, modules (ISO/IEC 18004).
const QUIET: usize = 4;

/// A new secret.
pub(crate) fn secret() -> Vec<u8> {
    random::bytes::<SECRET_BYTES>().to_vec()
}

/// The secret as people type it: base32 in groups of four.
pub(crate) fn written(secret: &[u8]) -> String {
    let text = Secret::from(secret).to_base32();
    let groups = text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(" ")
}

/// What the QR code says: Google's key URI, which every app reads.
pub(crate) fn uri(secret: &[u8], node: &str, login: &str) -> String {
    let (node, login) = (escaped(node), escaped(login));
    let secret = Secret::from(secret).to_base32();
    format!("otpauth://totp/{node}:{login}?secret={secret}&issuer={node}")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A text as a QR code, drawn as SVG in dark on light whatever the page's colours; `None` where it is too long for one.
pub(crate) fn drawn(text: &str) -> Option<String> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"QR code for the app on your phone; the same secret stands below as \
         text\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><rect class=\"qr-ground\" width=\"{side}\" \
         height=\"{side}\"/><path class=\"qr-ink\" d=\"{path}\"/></svg>"
    ))
}

/// The time step whose code this is, one step early or late allowed.
fn step_of(secret: &[u8], code: &str, now_ms: u64) -> Option<u64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let totp = Builder::new().with_secret(secret.to_vec()).build().ok()?;
    totp.check(&digits, now_ms / 1000)
}

/// Takes a code of the app, once.
///
/// # Errors
/// Database errors; where the secret cannot be opened.
pub(crate) fn takes_code(
    desk: &Desk,
    vault: &Vault,
    login: &str,
    code: &str,
    now_ms: u64,
) -> Result<bool, store::Error> {
    let Some(factor) = desk.second_factor(login)? else { return Ok(false) };
    let secret = vault.open_sealed(&factor.secret)?;
    match step_of(&secret, code, now_ms) {
        Some(step) => desk.take_step(login, step),
        None => Ok(false),
    }
}

/// Takes a code of the app or a recovery code, once.
///
/// # Errors
/// As [`takes_code`].
pub(crate) fn takes_any(
    desk: &Desk,
    vault: &Vault,
    login: &str,
    code: &str,
    now_ms: u64,
) -> Result<bool, store::Error> {
    Ok(takes_code(desk, vault, login, code, now_ms)? || desk.take_recovery_code(login, &kept(code))?)
}

/// New recovery codes.
pub(crate) fn recovery_codes() -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| random::code()).collect()
}

/// What is kept of a recovery code: it has 50 random bits, and tries are limited.
pub(crate) fn kept(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Sha256::digest(plain.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238 appendix B; its codes have eight digits there, of which an app shows the last six.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (at_s, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(step_of(SECRET, code, at_s * 1000), Some(at_s / 30), "{at_s}");
            assert_eq!(step_of(SECRET, &format!(" {} {}", &code[..3], &code[3..]), at_s * 1000), Some(at_s / 30));
            assert_eq!(step_of(SECRET, code, (at_s + 30) * 1000), Some(at_s / 30), "one step late");
            assert_eq!(step_of(SECRET, code, (at_s + 90) * 1000), None);
        }
        for bad in ["", "28708", "2870820", "abcdef", "ä87082"] {
            assert_eq!(step_of(SECRET, bad, 59_000), None, "{bad}");
        }
    }

    #[test]
    fn an_app_reads_the_uri() {
        assert_eq!(written(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let uri = uri(SECRET, "Rocky: Telecom", "dana");
        assert_eq!(
            uri,
            "otpauth://totp/Rocky%3A%20Telecom:dana?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rocky%3A%20Telecom"
        );
        let svg = drawn(&uri).unwrap();
        assert!(svg.contains("<path") && !svg.contains("style") && svg.len() < 40_000, "{}", svg.len());
    }

    #[test]
    fn recovery_codes_are_typed_as_one_likes() {
        let codes = recovery_codes();
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_eq!(kept(&codes[0]), kept(&format!(" {} ", codes[0].replace('-', "").to_uppercase())));
        assert_ne!(kept(&codes[0]), kept(&codes[1]));
    }
}
