//! What Google's libphonenumber knows of numbering plans, behind three questions.

use rlibphonenumber::{CountryCodeSource, PHONE_NUMBER_UTIL, Region, get_national_significant_number_owned};

use crate::{Country, E164, NumberClass};

mod pattern;
mod plan;

/// How many of a number's first digits are its country code (ITU-T E.164 Annex, list of codes).
pub(crate) fn calling_code_digits(number: E164) -> u32 {
    let first_two =
        number.digit_count().checked_sub(2).map_or(number.value() * 10, |rest| number.value() / 10_u64.pow(rest));
    match (first_two / 10, first_two % 10) {
        (1 | 7, _) => 1,
        (2, 0 | 7)
        | (3, 0..=4 | 6 | 9)
        | (4, 0 | 1 | 3..=9)
        | (5, 1..=8)
        | (6, 0..=6)
        | (8, 1 | 2 | 4 | 6)
        | (9, 0..=5 | 8) => 2,
        _ => 3,
    }
}

/// The country a number belongs to (none for a worldwide service), and its class there; none if no country is known for
/// it, and class `Unknown` if nobody can have it.
pub(crate) fn country_and_class(number: E164) -> Option<(Option<Country>, NumberClass)> {
    let digits = number.as_digits();
    let (code, national) = digits.split_at_checked(calling_code_digits(number) as usize)?;
    if national.is_empty() {
        return None;
    }
    plan::find(code.parse().ok()?, national)
}

/// Whether somebody can have this number.
pub(crate) fn is_valid(number: E164) -> bool {
    country_and_class(number).is_some_and(|(_, class)| class != NumberClass::Unknown)
}

/// Digits as they are dialled inside a country, made international.
pub(crate) struct National {
    pub(crate) number: E164,
    /// The digits began with the country's international prefix.
    pub(crate) international: bool,
}

/// Reads digits as dialled in `country`: its trunk prefix and its international prefix are known.
pub(crate) fn parse_national(digits: &str, country: Country) -> Option<National> {
    let region = Region::from_code(country.code()).ok()?;
    let phone = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(digits, Some(region)).ok()?;
    let national = get_national_significant_number_owned(&phone);
    Some(National {
        number: E164::from_digits(&format!("{}{national}", phone.country_code))?,
        international: phone.country_code_source() == CountryCodeSource::FromNumberWithIdd,
    })
}

/// A number that somebody in `country` can have.
#[cfg(test)]
pub(crate) fn example_number(country: Country) -> Option<E164> {
    let region = Region::from_code(country.code()).ok()?;
    let phone = PHONE_NUMBER_UTIL.get_example_number(region).ok()?;
    let national = get_national_significant_number_owned(&phone);
    E164::from_digits(&format!("{}{national}", phone.country_code))
}

#[cfg(test)]
mod tests;
