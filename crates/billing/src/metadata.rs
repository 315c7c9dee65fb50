//! What Google's libphonenumber knows of numbering plans, behind three questions.

use rlibphonenumber::{
    CountryCodeSource, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region, get_national_significant_number_owned,
};

use crate::{Country, E164};

/// How many of a number's first digits are its country code (ITU-T E.164 Annex, list of codes).
pub(crate) fn calling_code_digits(number: E164) -> u32 {
    let mut digits = number.digits();
    match (digits.next(), digits.next()) {
        (Some(1 | 7), _) => 1,
        (Some(2), Some(0 | 7))
        | (Some(3), Some(0..=4 | 6 | 9))
        | (Some(4), Some(0 | 1 | 3..=9))
        | (Some(5), Some(1..=8))
        | (Some(6), Some(0..=6))
        | (Some(8), Some(1 | 2 | 4 | 6))
        | (Some(9), Some(0..=5 | 8)) => 2,
        _ => 3,
    }
}

/// The number in the library's form; none if nothing follows the country code.
fn phone_number(number: E164) -> Option<PhoneNumber> {
    let digits = number.as_digits();
    let (code, national) = digits.split_at_checked(calling_code_digits(number) as usize)?;
    let zeros = national.bytes().take_while(|&b| b == b'0').count();
    // A number of zeros only keeps its last one as the number itself.
    let zeros = zeros.min(national.len().checked_sub(1)?);
    Some(PhoneNumber {
        country_code: code.parse().ok()?,
        national_number: national.parse().ok()?,
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: (zeros > 1).then_some(zeros as i32),
        ..PhoneNumber::default()
    })
}

/// The region a number belongs to, and its type there; none if no region is known for it, and type
/// `Unknown` if nobody can have it.
pub(crate) fn region_and_type(number: E164) -> Option<(Region, PhoneNumberType)> {
    let phone = phone_number(number)?;
    let region = PHONE_NUMBER_UTIL.get_region_for_number(&phone)?;
    let class = PHONE_NUMBER_UTIL.get_number_type(&phone);
    Some((region, class))
}

/// Whether somebody can have this number.
pub(crate) fn is_valid(number: E164) -> bool {
    region_and_type(number).is_some_and(|(_, class)| class != PhoneNumberType::Unknown)
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
mod tests {
    use super::*;

    #[test]
    fn calling_codes_are_split_off_whole() {
        for code in Country::all().filter_map(Country::calling_code).chain([800, 870, 881, 979]) {
            let number = E164::from_digits(&format!("{code}99999999")).unwrap();
            let digits = u32::try_from(code.to_string().len()).unwrap();
            assert_eq!(calling_code_digits(number), digits, "{code}");
        }
    }

    #[test]
    fn every_example_is_somebodys() {
        for country in Country::all() {
            let Some(number) = example_number(country) else {
                continue;
            };
            let (region, _) = region_and_type(number).unwrap();
            let found: Country = region.as_region_str().parse().unwrap();
            assert_eq!(found.calling_code(), country.calling_code(), "{number}");
            assert!(is_valid(number), "{country} {number}");
        }
    }

    #[test]
    fn zeros_after_the_country_code_count() {
        for (digits, valid) in [("390612345678", true), ("39612345678", false), ("100", false), ("1000000", false)] {
            assert_eq!(is_valid(E164::from_digits(digits).unwrap()), valid, "{digits}");
        }
    }
}
