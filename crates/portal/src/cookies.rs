//! Cookies: the session's token and a note for the next page.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};

use crate::state::PortalState;

/// Where the next page's note travels.
pub(crate) const NOTE: &str = "tollguard-note";
/// The longest note, bytes.
const MAX_NOTE_BYTES: usize = 1000;
/// How long a note waits for its page, seconds.
const NOTE_S: u32 = 60;

/// The value of a cookie.
pub(crate) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The session's token as the browser sends it: 64 hexadecimal digits or nothing.
pub(crate) fn token<'a>(headers: &'a HeaderMap, state: &PortalState) -> Option<&'a str> {
    value(headers, &state.cookie).filter(|token| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Sets the session's token; it ends with the browser, or earlier in the store.
pub(crate) fn set_token(state: &PortalState, token: &str) -> HeaderValue {
    header(&format!("{}={token}; Path=/{}", state.cookie, attributes(state)))
}

/// Takes the session's token away.
pub(crate) fn clear_token(state: &PortalState) -> HeaderValue {
    header(&format!("{}=; Path=/; Max-Age=0{}", state.cookie, attributes(state)))
}

/// Sets the note for the next page.
pub(crate) fn set_note(state: &PortalState, good: bool, text: &str) -> HeaderValue {
    let kind = if good { "good" } else { "bad" };
    let mut hex = String::new();
    for byte in text.bytes().take(MAX_NOTE_BYTES) {
        hex.push_str(&format!("{byte:02x}"));
    }
    header(&format!("{NOTE}={kind}.{hex}; Path=/; Max-Age={NOTE_S}{}", attributes(state)))
}

/// Takes the note away.
pub(crate) fn clear_note(state: &PortalState) -> HeaderValue {
    header(&format!("{NOTE}=; Path=/; Max-Age=0{}", attributes(state)))
}

/// The note for this page: whether it is good news, and its text.
pub(crate) fn note(headers: &HeaderMap) -> Option<(bool, String)> {
    let (kind, hex) = value(headers, NOTE)?.split_once('.')?;
    if hex.is_empty() || hex.len() > 2 * MAX_NOTE_BYTES {
        return None;
    }
    let digits = hex.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let text = String::from_utf8_lossy(&bytes.collect::<Option<Vec<u8>>>()?).into_owned();
    Some((kind == "good", text))
}

fn attributes(state: &PortalState) -> &'static str {
    if state.settings.is_https() { "; HttpOnly; SameSite=Lax; Secure" } else { "; HttpOnly; SameSite=Lax" }
}

fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("names, hexadecimal digits and fixed words are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())])
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = headers("a=1; tollguard=2;b=3");
        assert_eq!(value(&headers, "tollguard"), Some("2"));
        assert_eq!(value(&headers, "b"), Some("3"));
        assert_eq!(value(&headers, "c"), None);
    }

    #[test]
    fn notes_are_text_or_nothing() {
        assert_eq!(note(&headers("tollguard-note=good.48c3a9")), Some((true, "Hé".to_owned())));
        assert_eq!(note(&headers("tollguard-note=bad.4f4b")), Some((false, "OK".to_owned())));
        for bad in ["good.", "good.zz", "48", ""] {
            assert_eq!(note(&headers(&format!("tollguard-note={bad}"))), None, "{bad}");
        }
    }
}
