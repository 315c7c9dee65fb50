//! Header names: the ones we know, their compact forms, and which headers hold comma-separated lists.

use crate::scan;

/// Declares the known names.
macro_rules! names {
    ($($variant:ident $text:literal $compact:literal $list:literal,)*) => {
        /// A header name we know (RFC 3261 section 20 and extensions), or `Other`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Name {
            $(#[doc = $text] $variant,)*
            /// A header we have no name for; ask for it by its text.
            Other,
        }

        /// What is known of each name.
        const KNOWN: &[Known] = &[$(Known { name: Name::$variant, text: $text, compact: $compact, list: $list },)*];
    };
}

struct Known {
    name: Name,
    text: &'static str,
    /// The one-letter form; zero if there is none.
    compact: u8,
    /// Several values may share a line, separated by commas.
    list: bool,
}

names! {
    To "To" b't' false,
    Via "Via" b'v' true,
    CSeq "CSeq" 0 false,
    Date "Date" 0 false,
    From "From" b'f' false,
    Path "Path" 0 true,
    RAck "RAck" 0 false,
    RSeq "RSeq" 0 false,
    Allow "Allow" 0 true,
    Event "Event" b'o' false,
    Route "Route" 0 true,
    Accept "Accept" 0 true,
    MinSe "Min-SE" 0 false,
    Reason "Reason" 0 true,
    Server "Server" 0 false,
    CallId "Call-ID" b'i' false,
    Contact "Contact" b'm' true,
    Expires "Expires" 0 false,
    Privacy "Privacy" 0 false,
    Require "Require" 0 true,
    Subject "Subject" b's' false,
    Warning "Warning" 0 true,
    Priority "Priority" 0 false,
    ReferTo "Refer-To" b'r' false,
    Replaces "Replaces" 0 false,
    CallInfo "Call-Info" 0 true,
    Diversion "Diversion" 0 true,
    Supported "Supported" b'k' true,
    Timestamp "Timestamp" 0 false,
    AlertInfo "Alert-Info" 0 true,
    ErrorInfo "Error-Info" 0 true,
    UserAgent "User-Agent" 0 false,
    InReplyTo "In-Reply-To" 0 true,
    MinExpires "Min-Expires" 0 false,
    ReferredBy "Referred-By" b'b' false,
    RetryAfter "Retry-After" 0 false,
    Unsupported "Unsupported" 0 true,
    AllowEvents "Allow-Events" b'u' true,
    ContentType "Content-Type" b'c' false,
    HistoryInfo "History-Info" 0 true,
    InfoPackage "Info-Package" 0 false,
    MaxForwards "Max-Forwards" 0 false,
    MimeVersion "MIME-Version" 0 false,
    Organization "Organization" 0 false,
    RecordRoute "Record-Route" 0 true,
    Authorization "Authorization" 0 false,
    ProxyRequire "Proxy-Require" 0 true,
    ServiceRoute "Service-Route" 0 true,
    ContentLength "Content-Length" b'l' false,
    AcceptEncoding "Accept-Encoding" 0 true,
    AcceptLanguage "Accept-Language" 0 true,
    RemotePartyId "Remote-Party-ID" 0 true,
    SessionExpires "Session-Expires" b'x' false,
    ContentEncoding "Content-Encoding" b'e' true,
    ContentLanguage "Content-Language" 0 true,
    WwwAuthenticate "WWW-Authenticate" 0 false,
    ProxyAuthenticate "Proxy-Authenticate" 0 false,
    SubscriptionState "Subscription-State" 0 false,
    AuthenticationInfo "Authentication-Info" 0 false,
    ContentDisposition "Content-Disposition" 0 false,
    PAssertedIdentity "P-Asserted-Identity" 0 true,
    ProxyAuthorization "Proxy-Authorization" 0 false,
    PPreferredIdentity "P-Preferred-Identity" 0 true,
}

const _: () = assert!(KNOWN.len() < u64::BITS as usize, "a set of names is one word");

/// Which names there are in a message: a look at a set spares a look through all lines for what is not there.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Names(u64);

impl Names {
    pub(crate) const fn of(names: &[Name]) -> Names {
        let (mut set, mut i) = (Names(0), 0);
        while i < names.len() {
            set.add(names[i]);
            i += 1;
        }
        set
    }

    /// How many names there are, with the one for all others.
    pub(crate) const MAX: usize = KNOWN.len() + 1;

    pub(crate) const fn has(self, name: Name) -> bool {
        self.0 >> name as u8 & 1 == 1
    }

    pub(crate) const fn add(&mut self, name: Name) {
        self.0 |= 1 << name as u8;
    }
}

/// Words of eight letters in a name: none that we know has more than 24.
const WORDS: usize = 3;

/// A name as it is compared: eight letters at a time, each with the bits that count. Where a letter stands its case does not
/// count, and behind the name nothing does.
struct Pattern {
    words: [u64; WORDS],
    masks: [u64; WORDS],
}

const fn pattern(text: &[u8]) -> Pattern {
    assert!(text.len() <= WORDS * 8, "the name fits");
    let (mut words, mut masks) = ([0; WORDS], [0; WORDS]);
    let mut i = 0;
    while i < text.len() {
        let mask: u8 = if text[i].is_ascii_alphabetic() { !0x20 } else { 0xff };
        words[i / 8] |= (text[i] as u64) << (i % 8 * 8);
        masks[i / 8] |= (mask as u64) << (i % 8 * 8);
        i += 1;
    }
    Pattern { words, masks }
}

const PATTERNS: [Pattern; KNOWN.len()] = {
    let mut patterns = [const { pattern(b"") }; KNOWN.len()];
    let mut i = 0;
    while i < KNOWN.len() {
        patterns[i] = pattern(KNOWN[i].text.as_bytes());
        i += 1;
    }
    patterns
};

/// Where a name stands in the table of all: its letters, in either case and whatever stands behind them, tell every known
/// name from every other.
const fn place(words: &[u64; WORDS], len: usize) -> usize {
    /// Found by trying; that no two names have the same place is checked below.
    const FACTOR: u64 = 0xa38d_1ead_cca4_b02b;
    const LETTERS: u64 = u64::from_ne_bytes([0x1f; 8]);
    let (mut sum, mut i) = (0, 0);
    while i < WORDS && i * 8 < len {
        let left = len - i * 8;
        let here = if left < 8 { words[i] & ((1 << (left * 8)) - 1) } else { words[i] };
        sum = (here & LETTERS).wrapping_add(sum).wrapping_mul(FACTOR);
        i += 1;
    }
    (sum >> (u64::BITS - PLACES.ilog2())) as usize
}

const PLACES: usize = 256;

/// `AT[place]` is the index in `KNOWN` of the one name that may stand there.
const AT: [u8; PLACES] = {
    let mut at = [u8::MAX; PLACES];
    let mut i = 0;
    while i < KNOWN.len() {
        assert!(KNOWN[i].name as usize == i, "a name's number is its place in the list");
        let place = place(&PATTERNS[i].words, KNOWN[i].text.len());
        assert!(at[place] == u8::MAX, "no two names have the same place");
        at[place] = i as u8;
        i += 1;
    }
    at
};

/// `COMPACT[letter]` is the index in `KNOWN` of the name whose compact form is that letter, in either case.
const COMPACT: [u8; 256] = {
    let mut at = [u8::MAX; 256];
    let mut i = 0;
    while i < KNOWN.len() {
        let letter = KNOWN[i].compact;
        if letter != 0 {
            at[letter as usize] = i as u8;
            at[letter.to_ascii_uppercase() as usize] = i as u8;
        }
        i += 1;
    }
    at
};

/// The name of `len` letters that `words` begin with.
#[inline]
fn known(words: &[u64; WORDS], len: usize) -> Option<Name> {
    let at = if len == 1 { COMPACT[words[0] as usize & 0xff] } else { AT[place(words, len)] };
    let (known, pattern) = (KNOWN.get(usize::from(at))?, PATTERNS.get(usize::from(at))?);
    let differs = |i: usize| (words[i] ^ pattern.words[i]) & pattern.masks[i];
    let fits = len == 1 || known.text.len() == len && differs(0) | differs(1) | differs(2) == 0;
    fits.then_some(known.name)
}

impl Name {
    /// The name `text` stands for, full or compact, in any case (RFC 3261 sections 7.3.1 and 7.3.3).
    pub fn from_text(text: &[u8]) -> Name {
        let mut line = [0; WORDS * 8];
        let Some(begin) = line.get_mut(..text.len()) else { return Name::Other };
        begin.copy_from_slice(text);
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(line.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        known(&words, text.len()).unwrap_or(Name::Other)
    }

    /// The known name that `line` begins with, if a colon follows it at once, and its length: so it is nearly always written.
    #[inline]
    pub(crate) fn begin(line: &[u8]) -> Option<(Name, usize)> {
        let (chunks, _) = line.as_chunks::<8>();
        let mut words = [0; WORDS];
        for i in 0..WORDS {
            words[i] = u64::from_le_bytes(*chunks.get(i)?);
            if let Some(at) = scan::first_in_word(words[i], b':') {
                let len = i * 8 + at;
                return known(&words, len).map(|name| (name, len));
            }
        }
        None
    }

    /// The name in full, as we write it; empty for `Other`.
    pub fn as_str(self) -> &'static str {
        KNOWN.get(self as usize).map_or("", |known| known.text)
    }

    /// True if a line of this header may hold several values separated by commas.
    pub fn is_list(self) -> bool {
        KNOWN.get(self as usize).is_some_and(|known| known.list)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_in_its_compact_form() {
        for known in KNOWN {
            assert_eq!(Name::from_text(known.text.as_bytes()), known.name);
            assert_eq!(Name::from_text(known.text.to_uppercase().as_bytes()), known.name);
            assert_eq!(known.name.as_str(), known.text);
            if known.compact != 0 {
                assert_eq!(Name::from_text(&[known.compact.to_ascii_uppercase()]), known.name);
            }
        }
    }

    #[test]
    fn strangers_are_other() {
        for text in [&b""[..], b"\0", b"z", b"Vi", b"Vias", b"X-Very-Long-Header-Name-Indeed"] {
            assert_eq!(Name::from_text(text), Name::Other);
        }
        assert_eq!(Name::Other.as_str(), "");
    }

    proptest::proptest! {
        #[test]
        fn a_name_is_known_by_its_letters_alone(at in 0..KNOWN.len(), case: u32, odd in 0_usize..40, byte: u8, tail in "[ -~]{8}") {
            let mut name = KNOWN[at].text.as_bytes().to_vec();
            for (i, letter) in name.iter_mut().enumerate().filter(|(i, _)| case >> i & 1 == 1) {
                *letter = if i % 2 == 0 { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
            }
            if let Some(letter) = name.get_mut(odd) {
                *letter = byte;
            }
            let known = KNOWN.iter().find(|known| name.eq_ignore_ascii_case(known.text.as_bytes())).map(|known| known.name);
            proptest::prop_assert_eq!(Name::from_text(&name), known.unwrap_or(Name::Other));
            if byte != b':' {
                let line = [&name, &b":"[..], tail.as_bytes()].concat();
                proptest::prop_assert_eq!(Name::begin(&line), known.map(|known| (known, name.len())));
            }
        }
    }
}
