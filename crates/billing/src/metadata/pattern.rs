//! The patterns of numbering plans, matched without a regular-expression engine: they speak of digits alone.
//!
//! libphonenumber writes them as regular expressions of digits, classes of digits, groups, alternatives and counted
//! repetitions. A pattern is walked with the set of places it may begin at and gives the set of places it may end at, a
//! bit a place; so nothing is compiled, and nothing is tried twice.

/// Digits of a number, and places between them.
pub(super) const MAX_DIGITS: usize = 15;

/// Places in a number, a bit each: bit n stands before the digit n.
type Places = u32;

/// A number as patterns look at it.
pub(super) struct Subject {
    /// The digits, a bit each: 1 << digit.
    digits: [u16; MAX_DIGITS],
    len: usize,
    /// All places there are.
    places: Places,
}

impl Subject {
    /// The digits of a text; those beyond [`MAX_DIGITS`] are not looked at.
    pub(super) fn new(text: &str) -> Self {
        let mut subject = Self { digits: [0; MAX_DIGITS], len: 0, places: 1 };
        for (place, byte) in subject.digits.iter_mut().zip(text.bytes()) {
            *place = 1 << (byte.wrapping_sub(b'0') & 15);
            subject.len += 1;
            subject.places |= 1 << subject.len;
        }
        subject
    }

    /// The first digits of numbers of any length: what comes after them may be any digit.
    pub(super) fn beginning(text: &str) -> Self {
        let mut subject = Self::new(text);
        subject.digits.iter_mut().skip(subject.len).for_each(|digit| *digit = ANY);
        subject.places = (2 << MAX_DIGITS) - 1;
        subject
    }

    /// How many digits there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The digits that stand after some places.
    fn next(&self, mut from: Places) -> u16 {
        let mut next = 0;
        while from != 0 {
            next |= self.digits.get(from.trailing_zeros() as usize).copied().unwrap_or(0);
            from &= from - 1;
        }
        next
    }

    /// The places after a digit of the class, of those before one.
    fn step(&self, class: u16, mut from: Places) -> Places {
        if class == ANY {
            return (from << 1) & self.places;
        }
        let mut to = 0;
        while from != 0 {
            let at = from.trailing_zeros() as usize;
            if self.digits.get(at).is_some_and(|digit| digit & class != 0) {
                to |= 2 << at;
            }
            from &= from - 1;
        }
        to
    }
}

/// A pattern.
#[derive(Debug)]
pub(super) enum Pattern {
    /// One digit of a class, a bit a digit.
    Digit(u16),
    /// One after the other.
    Sequence(Vec<Self>),
    /// Any of them.
    Choice(Choice),
    /// Between so many and so many times.
    Repeat(Box<Self>, u8, u8),
}

/// Alternatives.
#[derive(Debug)]
pub(super) struct Choice {
    ways: Vec<Pattern>,
    /// Which of them may begin with a digit, a bit a way; those that may be nothing are among them.
    by_digit: [Ways; 10],
    /// Which of them may be nothing.
    empty: Ways,
}

/// Some of the ways of a choice, a bit each.
type Ways = u64;

impl Choice {
    /// `None` where there are more ways than are told apart.
    fn new(ways: Vec<Pattern>) -> Option<Self> {
        let mut choice = Self { ways, by_digit: [0; 10], empty: 0 };
        for (at, way) in choice.ways.iter().enumerate() {
            let (bit, first) = (1_u64.checked_shl(at as u32)?, way.first());
            let begins = |digit: usize| first & (EMPTY | 1 << digit) != 0;
            choice
                .by_digit
                .iter_mut()
                .enumerate()
                .filter(|(digit, _)| begins(*digit))
                .for_each(|(_, ways)| *ways |= bit);
            choice.empty |= if first & EMPTY == 0 { 0 } else { bit };
        }
        Some(choice)
    }

    /// The ways that may lead on from some places.
    fn open(&self, mut next: u16) -> Ways {
        let mut open = self.empty;
        while next != 0 {
            open |= self.by_digit.get(next.trailing_zeros() as usize).copied().unwrap_or(0);
            next &= next - 1;
        }
        open
    }

    fn walk(&self, subject: &Subject, from: Places) -> Places {
        let (mut open, mut to) = (self.open(subject.next(from)), 0);
        while open != 0 {
            if let Some(way) = self.ways.get(open.trailing_zeros() as usize) {
                to |= way.walk(subject, from);
            }
            open &= open - 1;
        }
        to
    }
}

impl Pattern {
    /// Reads a pattern; `None` where it is none of those.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let pattern = choice(&mut rest)?;
        rest.is_empty().then_some(pattern)
    }

    /// Whether it fits the whole number.
    pub(super) fn is_whole(&self, subject: &Subject) -> bool {
        self.walk(subject, 1) & (1 << subject.len) != 0
    }

    /// Whether the number begins with it.
    pub(super) fn is_start(&self, subject: &Subject) -> bool {
        self.walk(subject, 1) != 0
    }

    /// Whether it fits a whole number that begins so ([`Subject::beginning`]).
    pub(super) fn is_possible(&self, beginning: &Subject) -> bool {
        self.walk(beginning, 1) >> beginning.len != 0
    }

    /// The digits it may begin with, and [`EMPTY`] where it may be nothing.
    fn first(&self) -> u16 {
        match self {
            Self::Digit(class) => *class,
            Self::Sequence(parts) => {
                let mut first = EMPTY;
                for part in parts.iter().map(Self::first) {
                    if first & EMPTY == 0 {
                        break;
                    }
                    first = (first & !EMPTY) | part;
                }
                first
            }
            Self::Choice(choice) => choice.ways.iter().fold(0, |first, way| first | way.first()),
            Self::Repeat(part, least, _) => part.first() | if *least == 0 { EMPTY } else { 0 },
        }
    }

    fn walk(&self, subject: &Subject, from: Places) -> Places {
        match self {
            Self::Digit(class) => subject.step(*class, from),
            Self::Sequence(parts) => {
                let mut at = from;
                for part in parts {
                    if at == 0 {
                        break;
                    }
                    // Most parts are digits: no call for them.
                    at = if let Self::Digit(class) = part { subject.step(*class, at) } else { part.walk(subject, at) };
                }
                at
            }
            Self::Choice(choice) => choice.walk(subject, from),
            Self::Repeat(part, least, most) => {
                let (mut at, mut to) = (from, if *least == 0 { from } else { 0 });
                for times in 1..=*most {
                    at = if let Self::Digit(class) = **part { subject.step(class, at) } else { part.walk(subject, at) };
                    if at == 0 {
                        break;
                    }
                    if times >= *least {
                        to |= at;
                    }
                }
                to
            }
        }
    }
}

fn choice(rest: &mut &[u8]) -> Option<Pattern> {
    let first = sequence(rest)?;
    if rest.first() != Some(&b'|') {
        return Some(first);
    }
    let mut ways = vec![first];
    while take(rest, b'|') {
        ways.push(sequence(rest)?);
    }
    Choice::new(ways).map(Pattern::Choice)
}

fn sequence(rest: &mut &[u8]) -> Option<Pattern> {
    let mut parts = Vec::new();
    while rest.first().is_some_and(|byte| !b"|)".contains(byte)) {
        let part = atom(rest)?;
        parts.push(repeated(part, rest)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(Pattern::Sequence(parts)) }
}

fn atom(rest: &mut &[u8]) -> Option<Pattern> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    match first {
        b'0'..=b'9' => Some(Pattern::Digit(bit(*first))),
        b'\\' => take(rest, b'd').then_some(Pattern::Digit(ANY)),
        b'[' => class(rest),
        b'(' => {
            if take(rest, b'?') && !take(rest, b':') {
                return None;
            }
            let inside = choice(rest)?;
            take(rest, b')').then_some(inside)
        }
        _ => None,
    }
}

/// Every digit.
const ANY: u16 = (1 << 10) - 1;
/// Among the digits that a pattern may begin with: it may be nothing at all.
const EMPTY: u16 = 1 << 15;

const fn bit(digit: u8) -> u16 {
    1 << (digit - b'0')
}

/// A class after its opening bracket.
fn class(rest: &mut &[u8]) -> Option<Pattern> {
    let mut class = 0;
    loop {
        match rest {
            [b']', after @ ..] => {
                *rest = after;
                return Some(Pattern::Digit(class));
            }
            [b'\\', b'd', after @ ..] => {
                class |= ANY;
                *rest = after;
            }
            [from @ b'0'..=b'9', b'-', to @ b'0'..=b'9', after @ ..] => {
                class |= (*from..=*to).fold(0, |class, digit| class | bit(digit));
                *rest = after;
            }
            [digit @ b'0'..=b'9', after @ ..] => {
                class |= bit(*digit);
                *rest = after;
            }
            _ => return None,
        }
    }
}

/// What follows a part: `?`, `{n}`, `{n,m}`, or nothing.
fn repeated(part: Pattern, rest: &mut &[u8]) -> Option<Pattern> {
    if take(rest, b'?') {
        return Some(Pattern::Repeat(Box::new(part), 0, 1));
    }
    if !take(rest, b'{') {
        return Some(part);
    }
    let least = count(rest)?;
    let most = if take(rest, b',') { count(rest)? } else { least };
    take(rest, b'}').then(|| Pattern::Repeat(Box::new(part), least, most))
}

fn count(rest: &mut &[u8]) -> Option<u8> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, after) = rest.split_at(digits);
    *rest = after;
    std::str::from_utf8(number).ok()?.parse().ok()
}

fn take(rest: &mut &[u8], byte: u8) -> bool {
    match rest.split_first() {
        Some((first, after)) if *first == byte => {
            *rest = after;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_digits() {
        let pattern = Pattern::parse(r"(?:[2-479]|60)\d{3,4}|8(?:1?2)").unwrap();
        for (text, whole, start) in [
            ("2123", true, true),
            ("21234", true, true),
            ("212345", false, true),
            ("212", false, false),
            ("60123", true, true),
            ("601234", true, true),
            ("61123", false, false),
            ("812", true, true),
            ("82", true, true),
            ("", false, false),
        ] {
            let subject = Subject::new(text);
            assert_eq!((pattern.is_whole(&subject), pattern.is_start(&subject)), (whole, start), "{text}");
        }
        let possible = |text| pattern.is_possible(&Subject::beginning(text));
        assert_eq!(
            ["2", "60", "61", "8", "80", "812", "8123", ""].map(possible),
            [true, true, false, true, false, true, false, true]
        );
    }

    #[test]
    fn what_speaks_of_more_than_digits_is_no_pattern() {
        for text in ["a", "1+", "1*", r"\D", "[^1]", "(1", "1)", "1{", "(?=1)", "."] {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
        assert!(Pattern::parse("").unwrap().is_whole(&Subject::new("")));
    }
}
