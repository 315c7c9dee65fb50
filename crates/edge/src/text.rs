//! Small readers of message text: lossy, bounded, for people and look-ups.

use account::Caller;
use sip::{Message, Name, NameAddr, Uri};

use crate::limits::{MAX_TEXT_BYTES, MAX_USER_BYTES};

/// Text of at most `max` bytes; what is not UTF-8 is replaced.
pub(crate) fn bounded(bytes: &[u8], max: usize) -> String {
    let bytes = bytes.get(..max).unwrap_or(bytes);
    // Nearly all text is plain.
    if let Ok(text) = str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    while text.len() > max {
        text.pop();
    }
    text
}

/// What the sender calls itself.
pub(crate) fn user_agent(message: &Message) -> String {
    bounded(message.user_agent().unwrap_or_default(), MAX_TEXT_BYTES)
}

/// The user part of a URI, unescaped, without parameters other than `phone-context`, which the dial plan reads.
pub(crate) fn user_of(uri: &[u8]) -> String {
    let Ok(uri) = Uri::parse(uri) else { return String::new() };
    let user = uri.user().unwrap_or_default();
    let text = bounded(&user, MAX_USER_BYTES);
    let Some((number, params)) = text.split_once(';') else { return text };
    match params.split(';').find(|param| param.to_ascii_lowercase().starts_with("phone-context=")) {
        Some(context) => format!("{number};{context}"),
        None => number.to_owned(),
    }
}

/// Who a request says is calling: P-Asserted-Identity (RFC 3325) before From, and whether it asks for privacy
/// (RFC 3323). None of it is proven.
pub(crate) fn caller(request: &Message) -> Caller {
    let asserted = request.headers(Name::PAssertedIdentity).next().and_then(|value| NameAddr::parse(value).ok());
    let from = request.from().ok();
    let Some(address) = asserted.or(from) else { return Caller::default() };
    let asks = |value: &[u8]| {
        value.split(|&b| b == b';').any(|one| {
            let one = one.trim_ascii();
            ["id", "user", "header"].iter().any(|word| one.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    let user = user_of(address.uri);
    let is_anonymous = |user: &str| user.eq_ignore_ascii_case("anonymous");
    // Whoever asserts an identity may hide it in From.
    let anonymous = match from.filter(|_| asserted.is_some()) {
        Some(from) => is_anonymous(&user_of(from.uri)),
        None => is_anonymous(&user),
    };
    Caller {
        user,
        name: bounded(&address.display(), MAX_TEXT_BYTES),
        private: anonymous || request.headers(Name::Privacy).any(asks),
        diverted: None,
    }
}

/// A quoted string (RFC 3261 section 25.1): quotes and backslashes escaped, control characters left out.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &str) -> Message {
        let text = format!("INVITE sip:1@h SIP/2.0\r\n{headers}\r\n\r\n");
        Message::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn users_of_uris() {
        assert_eq!(user_of(b"sip:%2b1303@h"), "+1303");
        assert_eq!(user_of(b"sip:5550100;phone-context=+1303;x=1@h"), "5550100;phone-context=+1303");
        assert_eq!(user_of(b"tel:+1303;ext=5"), "+1303");
        assert_eq!(user_of(b"sip:h"), "");
        assert_eq!(user_of(b"\xff"), "");
    }

    #[test]
    fn the_asserted_identity_counts_and_privacy_is_seen() {
        let who = caller(&request("From: \"Ana\" <sip:101@h>;tag=1"));
        assert_eq!((who.user.as_str(), who.name.as_str(), who.private), ("101", "Ana", false));
        let who = caller(&request(
            "From: <sip:anonymous@anonymous.invalid>;tag=1\r\nP-Asserted-Identity: <sip:+1303@h>\r\nPrivacy: id",
        ));
        assert_eq!((who.user.as_str(), who.private), ("+1303", true));
        assert!(!caller(&request("From: <sip:101@h>;tag=1\r\nPrivacy: none")).private);
    }

    #[test]
    fn quoting_and_bounds() {
        assert_eq!(quoted("a\"b\\\r\n"), "\"a\\\"b\\\\\"");
        assert!(bounded(&[0xff; 300], 128).len() <= 128);
    }
}
