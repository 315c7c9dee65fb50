//! How soon a secret would be found: what leaked lists, SIP scanners and whoever knows the customer try first.

use zxcvbn::zxcvbn;

/// The shortest secret of a line, characters: a phone's secret is guessed at from everywhere.
pub const MIN_CHARS: usize = 12;
/// Guesses that a line's secret must withstand, as a power of ten. Lock-out lets a guesser try a few dozen a day; but who
/// listens on an unencrypted line can try thousands of millions a second at home.
const MIN_GUESSES_LOG10: f64 = 12.0;
/// Longest part of a secret that is looked at, characters; what comes after only helps.
const MAX_CHARS: usize = 72;

/// What scanners of SIP servers try: makers' defaults and the words of the trade.
const SIP_WORDS: &[&str] = &[
    "3cx",
    "9999",
    "aastra",
    "admin",
    "asterisk",
    "astersik",
    "avaya",
    "bria",
    "callcenter",
    "changeme",
    "cisco",
    "conference",
    "counterpath",
    "default",
    "digium",
    "elastix",
    "extension",
    "fanvil",
    "freepbx",
    "freeswitch",
    "fritzbox",
    "fusionpbx",
    "gateway",
    "gigaset",
    "grandstream",
    "issabel",
    "kamailio",
    "linksys",
    "linphone",
    "lobby",
    "mitel",
    "nopass",
    "office",
    "openser",
    "opensips",
    "operator",
    "panasonic",
    "password",
    "passw0rd",
    "pbx",
    "phone",
    "polycom",
    "provision",
    "reception",
    "secret",
    "sip",
    "sippass",
    "siptrunk",
    "snom",
    "spa",
    "switch",
    "telefon",
    "telefono",
    "telephone",
    "test",
    "trixbox",
    "trunk",
    "twilio",
    "unidata",
    "user",
    "vicidial",
    "voicemail",
    "voip",
    "vonage",
    "welcome",
    "xivo",
    "yealink",
    "yeastar",
    "zoiper",
];

/// Why a secret is no good for a line, in a sentence; `None` if it is. `about` is what a guesser would know of the line:
/// user name, extension, company.
pub fn weakness(secret: &str, about: &[&str]) -> Option<String> {
    let length = secret.chars().count();
    if length < MIN_CHARS {
        return Some(format!(
            "it has {length} characters and needs at least {MIN_CHARS}: guessing goes on day and night"
        ));
    }
    let looked_at: String = secret.chars().take(MAX_CHARS).collect();
    let mut known: Vec<String> = SIP_WORDS.iter().map(ToString::to_string).collect();
    for text in about {
        let lower = text.to_lowercase();
        known.extend(lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned));
        known.push(lower.clone());
        // The extension twice, and the company's name without its spaces.
        known.push(format!("{lower}{lower}"));
        known.push(lower.chars().filter(|c| c.is_alphanumeric()).collect());
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let found = zxcvbn(&looked_at, &known);
    if found.guesses_log10() >= MIN_GUESSES_LOG10 {
        return None;
    }
    let power = found.guesses_log10().max(0.0);
    let why = found.feedback().and_then(|feedback| feedback.warning()).map(|warning| warning.to_string());
    let why = why.map(|why| format!(" ({})", why.trim_end_matches('.'))).unwrap_or_default();
    Some(format!("a guesser who tries the likely ones first finds it within 10^{power:.0} tries{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: [&str; 5] = ["law-107", "107", "law-000", "Baker & Lund LLP", "sip.test"];

    #[test]
    fn what_scanners_try_is_weak() {
        for weak in [
            "107",
            "107107",
            "1234",
            "123456789012",
            "107107107107",
            "law-107law-107",
            "passwordpassword",
            "asterisk1234",
            "bakerlund2026",
            "bakerlundllp1",
            "Passw0rd2026!",
            "qwertyuiop12",
            "voipvoipvoip",
            "sip.test1234",
            "freepbx-extension",
            "111111111111",
            "iloveyou1234",
        ] {
            assert!(weakness(weak, &ABOUT).is_some(), "{weak} passed");
        }
    }

    #[test]
    fn what_is_made_up_here_and_long_phrases_are_strong() {
        let made_up = crate::cli::password::generate().unwrap();
        for strong in [made_up.as_str(), "horse battery staple lagoon", "vT9#kq2LmXw4", "107-f7KqZt4w9Rmx"] {
            assert_eq!(weakness(strong, &ABOUT), None, "{strong}");
        }
    }

    #[test]
    fn the_reason_is_told() {
        assert!(weakness("107107", &ABOUT).unwrap().starts_with("it has 6 characters and needs at least 12"));
        let told = weakness("passwordpassword", &ABOUT).unwrap();
        assert!(told.contains("10^"), "{told}");
    }
}
