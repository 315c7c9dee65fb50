//! What is known of numbers is what libphonenumber says of them.

use proptest::prelude::*;
use rlibphonenumber::{PhoneNumber, PhoneNumberType};

use super::*;

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

/// What the library itself says.
fn by_library(number: E164) -> Option<(Option<Country>, NumberClass)> {
    let phone = phone_number(number)?;
    let region = PHONE_NUMBER_UTIL.get_region_for_number(&phone)?;
    let class = match PHONE_NUMBER_UTIL.get_number_type(&phone) {
        PhoneNumberType::FixedLine => NumberClass::Fixed,
        PhoneNumberType::Mobile => NumberClass::Mobile,
        PhoneNumberType::FixedLineOrMobile => NumberClass::FixedOrMobile,
        PhoneNumberType::TollFree => NumberClass::TollFree,
        PhoneNumberType::PremiumRate => NumberClass::Premium,
        PhoneNumberType::SharedCost => NumberClass::SharedCost,
        PhoneNumberType::VoIP => NumberClass::Voip,
        PhoneNumberType::PersonalNumber => NumberClass::PersonalNumber,
        PhoneNumberType::Pager => NumberClass::Pager,
        PhoneNumberType::UAN => NumberClass::Uan,
        PhoneNumberType::VoiceMail => NumberClass::Voicemail,
        PhoneNumberType::Unknown => NumberClass::Unknown,
    };
    Some((region.as_region_str().parse().ok(), class))
}

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
        let (found, _) = country_and_class(number).unwrap();
        assert_eq!(found.unwrap().calling_code(), country.calling_code(), "{number}");
        assert!(is_valid(number), "{country} {number}");
    }
}

#[test]
fn zeros_after_the_country_code_count() {
    for (digits, valid) in [("390612345678", true), ("39612345678", false), ("100", false), ("1000000", false)] {
        assert_eq!(is_valid(E164::from_digits(digits).unwrap()), valid, "{digits}");
    }
}

/// A number that begins with the example of some country and class, its last digits changed: near enough to the edges of
/// every pattern.
fn near_an_example() -> impl Strategy<Value = E164> {
    let types = [
        PhoneNumberType::FixedLine,
        PhoneNumberType::Mobile,
        PhoneNumberType::TollFree,
        PhoneNumberType::PremiumRate,
        PhoneNumberType::SharedCost,
        PhoneNumberType::VoIP,
        PhoneNumberType::PersonalNumber,
        PhoneNumberType::Pager,
        PhoneNumberType::UAN,
        PhoneNumberType::VoiceMail,
    ];
    let regions: Vec<Region> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    let examples = regions.into_iter().flat_map(move |region| {
        types.into_iter().filter_map(move |class| {
            let phone = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, class).ok()?;
            Some(format!("{}{}", phone.country_code, get_national_significant_number_owned(&phone)))
        })
    });
    let examples: Vec<String> = examples.collect();
    let changes = proptest::collection::vec((0_usize..15, 0_u8..10), 0..4);
    (proptest::sample::select(examples), changes, 0_usize..5).prop_filter_map("a number", |(text, changes, cut)| {
        let mut digits = text.into_bytes();
        for (at, digit) in changes {
            if let Some(place) = digits.get_mut(at) {
                *place = b'0' + digit;
            }
        }
        if cut < 4 {
            digits.truncate(digits.len() - cut.min(2));
        } else {
            digits.push(b'7');
        }
        E164::from_digits(std::str::from_utf8(&digits).ok()?)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn numbers_near_examples_are_what_the_library_says(number in near_an_example()) {
        prop_assert_eq!(country_and_class(number), by_library(number), "{}", number);
    }

    #[test]
    fn any_number_is_what_the_library_says(value in 1_u64..1_000_000_000_000_000, digits in 1_u32..15) {
        let number = E164::from_value(value / 10_u64.pow(15 - digits)).or(E164::from_value(value)).unwrap();
        prop_assert_eq!(country_and_class(number), by_library(number), "{}", number);
    }

    #[test]
    fn north_america_is_what_the_library_says(value in 2_000_000_000_u64..10_000_000_000) {
        let number = E164::from_value(10_000_000_000 + value).unwrap();
        prop_assert_eq!(country_and_class(number), by_library(number), "{}", number);
    }
}
