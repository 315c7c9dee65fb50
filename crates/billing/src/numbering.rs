//! What people and PBXs dial, made an international number, an emergency call or an extension.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::short;
use crate::metadata;
use crate::{Country, E164, EmergencyNumber, Error};

mod replay;

pub use replay::replay_e164;

/// The most characters of a dialled text that are looked at; a longer one is not diallable.
pub const MAX_DIALLED_CHARS: usize = 128;
/// The fewest digits of an international number that is sent anywhere (+290 2xxxx has 8; a few
/// services are shorter).
const MIN_E164_DIGITS: usize = 5;
/// The fewest and most digits of an extension.
const EXTENSION_DIGITS: std::ops::RangeInclusive<usize> = 2..=6;

/// How an account dials: its country, its town, and the digit for an outside line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawDialPlan", into = "RawDialPlan")]
pub struct DialPlan {
    country: Country,
    area_code: Option<String>,
    outside_prefix: Option<String>,
}

/// A dial plan as it is written down, not checked yet.
#[derive(Serialize, Deserialize)]
struct RawDialPlan {
    country: Country,
    area_code: Option<String>,
    outside_prefix: Option<String>,
}

/// What a dialled text means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialled {
    /// An international number.
    Number(E164),
    /// An emergency number of the account's country.
    Emergency(EmergencyNumber),
    /// 2 to 6 digits that are no number; the account knows whether it has such an extension.
    Extension(String),
    /// A feature code, like `*97`: it has a `*` or a `#` in it.
    Feature(String),
    /// Nothing that can be called.
    Invalid(NotDiallable),
}

/// Why a dialled text cannot be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum NotDiallable {
    /// Nothing was dialled.
    #[error("nothing was dialled")]
    Empty,
    /// The text is longer than anything that is looked at.
    #[error("what was dialled is too long")]
    TooLong,
    /// It is not made of digits.
    #[error("what was dialled is not a number")]
    NotDigits,
    /// A local number, but the account has no area code set.
    #[error("dial the area code too: none is set for this account")]
    NeedsAreaCode,
    /// It fits nothing that is dialled in the account's country.
    #[error("there is no such number")]
    NoSuchNumber,
    /// A local number of somewhere else (`phone-context`, RFC 3966, 5.1.5).
    #[error("a local number of another country cannot be called: dial it with + and its country code")]
    ForeignContext,
}

impl DialPlan {
    /// A dial plan.
    ///
    /// `area_code` is what stands before a local number inside the country, without trunk prefix
    /// ("303", "30"); `outside_prefix` what may be dialled before any outside number ("9").
    ///
    /// # Errors
    /// [`Error::AreaCode`] unless 1 to 6 digits, [`Error::OutsidePrefix`] unless 1 to 4 digits.
    pub fn new(country: Country, area_code: Option<&str>, outside_prefix: Option<&str>) -> Result<Self, Error> {
        if let Some(text) = area_code.filter(|code| !is_digits(code, 6)) {
            return Err(Error::AreaCode { text: short(text) });
        }
        if let Some(text) = outside_prefix.filter(|prefix| !is_digits(prefix, 4)) {
            return Err(Error::OutsidePrefix { text: short(text) });
        }
        Ok(Self { country, area_code: area_code.map(str::to_owned), outside_prefix: outside_prefix.map(str::to_owned) })
    }

    /// The account's country.
    #[must_use]
    pub fn country(&self) -> Country {
        self.country
    }

    /// What stands before a local number.
    #[must_use]
    pub fn area_code(&self) -> Option<&str> {
        self.area_code.as_deref()
    }

    /// What may be dialled before any outside number.
    #[must_use]
    pub fn outside_prefix(&self) -> Option<&str> {
        self.outside_prefix.as_deref()
    }

    /// What `dialled` means: the user part of a SIP URI, with or without its parameters, or what a
    /// person writes.
    ///
    /// The rules, in this order: a text with `*` or `#` is a feature code. Emergency numbers, also
    /// after the outside prefix. `+` and an international number. 2 to 6 digits are an extension,
    /// unless they are a whole number of the country. Then the digits are read as dialled in the
    /// country, after the outside prefix and as they stand. Preferred is a reading whose own prefix
    /// or length says what it is and whose number somebody can have; then the digits as they stand,
    /// if somebody can have that number; then the rest, so that the guard sees unallocated ones.
    ///
    /// `urn:service:sos` and its kin (RFC 5031) are the country's main emergency number.
    #[must_use]
    pub fn dial(&self, dialled: &str) -> Dialled {
        if is_sos(dialled.trim()) {
            return Dialled::Emergency(EmergencyNumber::main(self.country));
        }
        if dialled.len() > MAX_DIALLED_CHARS {
            return Dialled::Invalid(NotDiallable::TooLong);
        }
        let (user, parameters) = split_user(dialled.trim());
        match self.clean(user) {
            Ok(text) => self.read(&text, self.is_foreign_context(parameters)),
            Err(why) => Dialled::Invalid(why),
        }
    }

    /// The characters that count: digits, `*`, `#`, and a `+` before or right after the outside
    /// prefix.
    fn clean(&self, user: &str) -> Result<String, NotDiallable> {
        let user = unescape(user).ok_or(NotDiallable::NotDigits)?;
        let mut text = String::with_capacity(user.len());
        for c in user.chars() {
            match c {
                '0'..='9' | '*' | '#' => text.push(c),
                '+' if text.is_empty() || Some(text.as_str()) == self.outside_prefix() => text.push(c),
                '-' | '.' | ' ' | '(' | ')' => {}
                _ => return Err(NotDiallable::NotDigits),
            }
        }
        if text.is_empty() || text == "+" {
            return Err(NotDiallable::Empty);
        }
        Ok(text)
    }

    /// Whether the `phone-context` among URI parameters is a number of another country. A domain
    /// there, or a number of our own country, says no more than the dial plan does.
    fn is_foreign_context(&self, parameters: &str) -> bool {
        let context = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("phone-context").then_some(value)
        });
        let Some(digits) = context.and_then(|context| {
            let context = unescape(context)?;
            let digits = context.strip_prefix('+')?;
            Some(digits.chars().filter(char::is_ascii_digit).collect::<String>())
        }) else {
            return false;
        };
        let code = self.country.calling_code().map(|code| code.to_string());
        !code.is_some_and(|code| digits.starts_with(&code))
    }

    fn read(&self, text: &str, foreign_context: bool) -> Dialled {
        // The send key of old phones.
        let text = match text.strip_suffix('#') {
            Some(digits) if !digits.is_empty() && !digits.contains(['*', '#']) => digits,
            _ => text,
        };
        if text.contains(['*', '#']) {
            return Dialled::Feature(text.to_owned());
        }
        if let Some((_, digits)) = text.split_once('+') {
            return international(digits).map_or(NO_SUCH_NUMBER, Dialled::Number);
        }
        let outside = self.outside_prefix.as_deref().and_then(|prefix| text.strip_prefix(prefix));
        for digits in [Some(text), outside].into_iter().flatten() {
            if let Some(number) = EmergencyNumber::find(self.country, digits) {
                return Dialled::Emergency(number);
            }
        }
        if foreign_context {
            return Dialled::Invalid(NotDiallable::ForeignContext);
        }
        if EXTENSION_DIGITS.contains(&text.len()) {
            return match self.short_national(text) {
                Some(number) => Dialled::Number(number),
                None => Dialled::Extension(text.to_owned()),
            };
        }
        let after_prefix = outside.and_then(|digits| self.number(digits));
        match best(after_prefix, self.number(text)) {
            Some(number) => Dialled::Number(number),
            None if self.is_local_without_area(text) => Dialled::Invalid(NotDiallable::NeedsAreaCode),
            None => NO_SUCH_NUMBER,
        }
    }

    /// A whole national number of up to six digits, as small countries without trunk prefix have.
    fn short_national(&self, digits: &str) -> Option<E164> {
        if self.country.is_nanp() || self.country.trunk_prefix().is_some() {
            return None;
        }
        let number = metadata::parse_national(digits, self.country)?.number;
        let code = u64::from(self.country.calling_code()?);
        (number.starts_with(code) && metadata::is_valid(number)).then_some(number)
    }

    fn is_local_without_area(&self, digits: &str) -> bool {
        self.area_code.is_none() && self.country.is_nanp() && is_nanp_local(digits)
    }

    fn number(&self, digits: &str) -> Option<Reading> {
        if self.country.is_nanp() { self.nanp_number(digits) } else { self.other_number(digits) }
    }

    /// Digits as dialled in North America. 9011 is 011 by way of an outside line, and dialled by
    /// phones whose PBX needs no such prefix, too.
    fn nanp_number(&self, digits: &str) -> Option<Reading> {
        for prefix in ["011", "00", "9011"] {
            if let Some(rest) = digits.strip_prefix(prefix) {
                return international(rest).map(Reading::explicit);
            }
        }
        let first = digits.bytes().next();
        match (digits.len(), first) {
            (7, Some(b'2'..=b'9')) => {
                let area_code = self.area_code.as_deref()?;
                E164::from_digits(&format!("1{area_code}{digits}")).map(Reading::explicit)
            }
            (10, Some(b'2'..=b'9')) => E164::from_digits(&format!("1{digits}")).map(Reading::explicit),
            (11, Some(b'1')) => E164::from_digits(digits).map(Reading::explicit),
            (7 | 10, _) => None,
            _ => international(digits).map(Reading::guess),
        }
    }

    /// Digits as dialled in a country outside North America. Where a trunk prefix comes before
    /// national numbers, digits without it are local or international first.
    fn other_number(&self, digits: &str) -> Option<Reading> {
        let parsed = metadata::parse_national(digits, self.country);
        if let Some(parsed) = parsed.as_ref().filter(|parsed| parsed.international) {
            return Some(Reading::explicit(parsed.number));
        }
        let national = parsed.map(|parsed| parsed.number);
        let valid = |number: &E164| metadata::is_valid(*number);
        let with_trunk = self.country.trunk_prefix().is_none_or(|p| digits.starts_with(p));
        if with_trunk && let Some(number) = national.filter(valid) {
            return Some(Reading::explicit(number));
        }
        let bare = international(digits);
        self.local(digits)
            .filter(valid)
            .or_else(|| bare.filter(valid))
            .or_else(|| national.filter(valid))
            .or_else(|| digits.strip_prefix("00").and_then(international))
            .or(bare)
            .or(national)
            .map(Reading::guess)
    }

    /// The area code and these digits, none of which is a trunk prefix.
    fn local(&self, digits: &str) -> Option<E164> {
        if self.country.trunk_prefix().is_some_and(|trunk| digits.starts_with(trunk)) {
            return None;
        }
        let code = self.country.calling_code()?;
        let area_code = self.area_code.as_deref()?;
        E164::from_digits(&format!("{code}{area_code}{digits}"))
    }
}

/// One way to read some digits.
#[derive(Clone, Copy)]
struct Reading {
    number: E164,
    /// A prefix said what follows; otherwise it is a guess, which an explicit reading outranks.
    is_explicit: bool,
}

impl Reading {
    fn explicit(number: E164) -> Self {
        Self { number, is_explicit: true }
    }

    fn guess(number: E164) -> Self {
        Self { number, is_explicit: false }
    }
}

/// The reading that is meant, of those after the outside prefix and as it stands: an explicit one
/// that is somebody's number; what stands there, if it is somebody's; an explicit one; a guess.
fn best(after_prefix: Option<Reading>, as_it_stands: Option<Reading>) -> Option<E164> {
    let all = || after_prefix.into_iter().chain(as_it_stands);
    let explicit = || all().filter(|reading| reading.is_explicit);
    let valid = |reading: &Reading| metadata::is_valid(reading.number);
    let best = explicit()
        .find(valid)
        .or_else(|| as_it_stands.filter(valid))
        .or_else(|| explicit().next())
        .or_else(|| all().find(valid))
        .or_else(|| all().next());
    best.map(|reading| reading.number)
}

const NO_SUCH_NUMBER: Dialled = Dialled::Invalid(NotDiallable::NoSuchNumber);

fn is_digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits that are an international number as they stand.
fn international(digits: &str) -> Option<E164> {
    E164::from_digits(digits).filter(|_| digits.len() >= MIN_E164_DIGITS)
}

/// Seven digits that can follow an area code in North America (ATIS-0300051: N is 2 to 9).
fn is_nanp_local(digits: &str) -> bool {
    digits.len() == 7 && digits.starts_with(|c| matches!(c, '2'..='9'))
}

/// Whether a text is the emergency service URN or one of its sub-services (RFC 5031, 4.2).
fn is_sos(text: &str) -> bool {
    const SOS: &str = "urn:service:sos";
    text.split_at_checked(SOS.len())
        .is_some_and(|(urn, rest)| urn.eq_ignore_ascii_case(SOS) && (rest.is_empty() || rest.starts_with(['.', ';'])))
}

/// The user part and its parameters: what stands after `sip:`, `sips:` or `tel:`, if any, and before
/// the host, if any.
fn split_user(text: &str) -> (&str, &str) {
    let scheme = text
        .split_once(':')
        .filter(|(scheme, _)| ["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let rest = scheme.map_or(text, |(_, rest)| rest);
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split_once(';').unwrap_or((user, ""))
}

/// Resolves %-escapes (RFC 3261, 25.1); none if one is broken or not ASCII.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        let high = chars.next()?.to_digit(16)?;
        let low = chars.next()?.to_digit(16)?;
        plain.push(char::from_u32(high * 16 + low).filter(char::is_ascii)?);
    }
    Some(plain)
}

impl TryFrom<RawDialPlan> for DialPlan {
    type Error = Error;
    fn try_from(raw: RawDialPlan) -> Result<Self, Error> {
        Self::new(raw.country, raw.area_code.as_deref(), raw.outside_prefix.as_deref())
    }
}

impl From<DialPlan> for RawDialPlan {
    fn from(plan: DialPlan) -> Self {
        let DialPlan { country, area_code, outside_prefix } = plan;
        Self { country, area_code, outside_prefix }
    }
}

/// As people read it back: the number, or why not.
impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Emergency(number) => write!(f, "{number}"),
            Self::Extension(digits) | Self::Feature(digits) => f.write_str(digits),
            Self::Invalid(why) => write!(f, "{why}"),
        }
    }
}

#[cfg(test)]
mod tests;
