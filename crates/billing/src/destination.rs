//! Where a number is and of what class, from libphonenumber's metadata.

use serde::{Deserialize, Serialize};

use crate::metadata;
use crate::{Country, E164};

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NumberClass {
    /// A fixed line.
    Fixed,
    /// A mobile phone.
    Mobile,
    /// One of the two; the numbering plan does not tell (North America).
    FixedOrMobile,
    /// The callee pays.
    TollFree,
    /// The callee earns.
    Premium,
    /// Caller and callee share the cost.
    SharedCost,
    /// Follows a person.
    PersonalNumber,
    /// A phone on the Internet.
    Voip,
    /// A pager.
    Pager,
    /// A company's one number for all its places.
    Uan,
    /// A mail box.
    Voicemail,
    /// A satellite phone, or a network of no country (+870, +881, +882, +883).
    Satellite,
    /// Fits no pattern: most likely nobody has this number.
    Unknown,
}

impl NumberClass {
    /// The words for it in tables: "mobile", "toll-free".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Mobile => "mobile",
            Self::FixedOrMobile => "fixed or mobile",
            Self::TollFree => "toll-free",
            Self::Premium => "premium",
            Self::SharedCost => "shared cost",
            Self::PersonalNumber => "personal number",
            Self::Voip => "voip",
            Self::Pager => "pager",
            Self::Uan => "company number",
            Self::Voicemail => "voicemail",
            Self::Satellite => "satellite",
            Self::Unknown => "unknown",
        }
    }

    /// Ordinary or toll-free: a call inside the home area to such a number is no way to make money.
    #[must_use]
    pub fn is_ordinary(self) -> bool {
        matches!(self, Self::Fixed | Self::Mobile | Self::FixedOrMobile | Self::TollFree | Self::Voip | Self::Uan)
    }
}

/// Where a number is, and of what class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// Its country; none for satellite and worldwide services, and where it cannot be told.
    pub country: Option<Country>,
    /// Its class.
    pub class: NumberClass,
    /// Whether somebody can have it. An unallocated number is a sign of its own: its calls end in
    /// the hands of whoever hijacked the range.
    pub valid: bool,
}

impl Destination {
    /// The destination of a number.
    #[must_use]
    pub fn of(number: E164) -> Self {
        let known = metadata::country_and_class(number);
        let valid = known.is_some_and(|(_, class)| class != NumberClass::Unknown);
        if let Some(class) = worldwide(number) {
            return Self { country: None, class, valid };
        }
        let (country, class) = known.unwrap_or((None, NumberClass::Unknown));
        Self { country: country.or_else(|| only_country(number)), class, valid }
    }

    /// Its name: "Albania mobile", "Jamaica", "satellite +881", "unallocated +1".
    #[must_use]
    pub fn name(&self, number: E164) -> String {
        let place = match self.country {
            Some(country) => country.name().to_owned(),
            None => format!("+{}", calling_code(number)),
        };
        match self.class {
            NumberClass::Fixed | NumberClass::FixedOrMobile => place,
            NumberClass::Unknown => format!("{place} unallocated"),
            class => format!("{place} {}", class.as_str()),
        }
    }
}

/// Whether a call to `number` is in the cut class of an account at home in `home`: everything but
/// ordinary and toll-free numbers of its home numbering area. The home area of an account in North
/// America is the United States, Canada and its own country; of any other, its own country. A number
/// that nobody can have is in the cut class, unless it begins as the home's numbers do: it is priced
/// as one, and a mistyped home number is no call abroad.
#[must_use]
pub fn cut_class(number: E164, home: Country) -> bool {
    Destination::of(number).in_cut_class(number, home)
}

impl Destination {
    /// [`cut_class`] of a number whose destination is known already.
    #[must_use]
    pub fn in_cut_class(&self, number: E164, home: Country) -> bool {
        if self.country.is_none() && self.class == NumberClass::Unknown {
            return home.calling_code().map(u64::from) != Some(calling_code(number));
        }
        let at_home = self.country.is_some_and(|country| {
            country == home || (home.is_nanp() && (country == Country::US || country == Country::CA))
        });
        !(at_home && self.class.is_ordinary())
    }
}

fn calling_code(number: E164) -> u64 {
    let rest = number.digit_count().saturating_sub(metadata::calling_code_digits(number));
    number.value() / 10_u64.pow(rest)
}

/// The class of numbers that belong to no country (ITU-T E.164, 6.2.2 to 6.2.4).
fn worldwide(number: E164) -> Option<NumberClass> {
    match calling_code(number) {
        800 => Some(NumberClass::TollFree),
        808 => Some(NumberClass::SharedCost),
        870 | 881 | 882 | 883 => Some(NumberClass::Satellite),
        878 => Some(NumberClass::PersonalNumber),
        979 => Some(NumberClass::Premium),
        _ => None,
    }
}

/// The country of a calling code that only one country has, for numbers that fit no pattern.
fn only_country(number: E164) -> Option<Country> {
    let code = u16::try_from(calling_code(number)).ok()?;
    let mut having = Country::all().filter(|country| country.calling_code() == Some(code));
    having.next().filter(|_| having.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(number: &str) -> Destination {
        Destination::of(number.parse().unwrap())
    }

    #[test]
    fn numbers_have_country_and_class() {
        use NumberClass::*;
        for (number, country, class) in [
            ("+13032345678", "US", FixedOrMobile),
            ("+14162345678", "CA", FixedOrMobile),
            ("+18762345678", "JM", Mobile),
            ("+18092345678", "DO", FixedOrMobile),
            ("+18002345678", "US", TollFree),
            ("+19002345678", "US", Premium),
            ("+355691234567", "AL", Mobile),
            ("+38344123456", "XK", Mobile),
            ("+442079460000", "GB", Fixed),
            ("+447400123456", "GB", Mobile),
            ("+443001234567", "GB", Uan),
            ("+493012345678", "DE", Fixed),
            ("+390612345678", "IT", Fixed),
            ("+5351234567", "CU", Mobile),
        ] {
            let found = destination(number);
            assert_eq!(found.country, country.parse().ok(), "{number}");
            assert_eq!(found.class, class, "{number}");
            assert!(found.valid, "{number}");
        }
    }

    #[test]
    fn satellites_are_of_no_country() {
        use NumberClass::*;
        for (number, class) in [
            ("+881612345678", Satellite),
            ("+870773123456", Satellite),
            ("+8823456789", Satellite),
            ("+88351001234567", Satellite),
            ("+979123456789", Premium),
            ("+80012345678", TollFree),
        ] {
            let found = destination(number);
            assert_eq!((found.country, found.class), (None, class), "{number}");
        }
    }

    #[test]
    fn unallocated_numbers_are_told() {
        for (number, country) in [("+35511", Some("AL")), ("+1", None), ("+15552345678", None), ("+9999999", None)] {
            let found = destination(number);
            assert!(!found.valid, "{number}");
            assert_eq!(found.class, NumberClass::Unknown, "{number}");
            assert_eq!(found.country, country.and_then(|c| c.parse().ok()), "{number}");
        }
    }

    #[test]
    fn names_are_plain() {
        for (number, name) in [
            ("+355691234567", "Albania mobile"),
            ("+18762345678", "Jamaica mobile"),
            ("+13032345678", "United States"),
            ("+881612345678", "+881 satellite"),
            ("+35511", "Albania unallocated"),
        ] {
            assert_eq!(destination(number).name(number.parse().unwrap()), name);
        }
    }

    #[test]
    fn the_cut_class_is_all_but_home() {
        for (number, home, cut) in [
            ("+13032345678", "US", false),
            ("+14162345678", "US", false),
            ("+18002345678", "US", false),
            ("+18762345678", "US", true),
            ("+19002345678", "US", true),
            ("+15552345678", "US", false),
            ("+15552345678", "GB", true),
            ("+9999999", "US", true),
            ("+881612345678", "US", true),
            ("+442079460000", "US", true),
            ("+18762345678", "JM", false),
            ("+13032345678", "JM", false),
            ("+13032345678", "GB", true),
            ("+442079460000", "GB", false),
            ("+443001234567", "GB", false),
            ("+449012345678", "GB", true),
            ("+441534123456", "GB", true),
            ("+493012345678", "DE", false),
        ] {
            let got = cut_class(number.parse().unwrap(), home.parse().unwrap());
            assert_eq!(got, cut, "{number} from {home}");
        }
    }
}
