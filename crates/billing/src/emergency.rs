//! Emergency numbers by country, as they are dialled there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::short;
use crate::{Country, Error};

/// The most digits an emergency number has.
const MAX_EMERGENCY_DIGITS: usize = 5;

/// What answers at an emergency number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EmergencyKind {
    /// People who help.
    Help,
    /// A machine that reads the caller's address back, to try emergency calling (933 in the United
    /// States and Canada). Nobody need be told of such a call.
    Test,
}

/// An emergency number of a country: goes through whatever else is the matter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(Country, String)", into = "(Country, String)")]
pub struct EmergencyNumber {
    country: Country,
    /// The digits, then zero bytes.
    digits: [u8; MAX_EMERGENCY_DIGITS],
}

impl EmergencyNumber {
    /// The emergency number that `digits` are in `country`, if they are one.
    #[must_use]
    pub fn find(country: Country, digits: &str) -> Option<Self> {
        if digits.len() > MAX_EMERGENCY_DIGITS {
            return None;
        }
        numbers(country).find(|&number| number == digits)?;
        Self::of(country, digits)
    }

    /// All emergency numbers of a country.
    pub fn all(country: Country) -> impl Iterator<Item = Self> {
        numbers(country).filter_map(move |digits| Self::of(country, digits))
    }

    /// The number to call when all that is known is that it is an emergency.
    #[must_use]
    pub fn main(country: Country) -> Self {
        let usual = ["112", "911", "999"].into_iter().find_map(|d| Self::find(country, d));
        let first = || Self::all(country).next();
        usual.or_else(first).unwrap_or(Self { country, digits: *b"112\0\0" })
    }

    fn of(country: Country, text: &str) -> Option<Self> {
        let mut digits = [0; MAX_EMERGENCY_DIGITS];
        digits.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        plain.then_some(Self { country, digits })
    }

    /// What to send to the carrier: the digits alone.
    #[must_use]
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.digits).unwrap_or("").trim_end_matches('\0')
    }

    /// The country whose number it is.
    #[must_use]
    pub fn country(&self) -> Country {
        self.country
    }

    /// What answers there.
    #[must_use]
    pub fn kind(&self) -> EmergencyKind {
        let north = self.country == Country::US || self.country == Country::CA;
        if north && self.digits() == "933" { EmergencyKind::Test } else { EmergencyKind::Help }
    }
}

/// Any few digits are let in: a number that left the table may still stand in a journal.
impl TryFrom<(Country, String)> for EmergencyNumber {
    type Error = Error;
    fn try_from((country, digits): (Country, String)) -> Result<Self, Error> {
        Self::of(country, &digits).ok_or_else(|| Error::Emergency { text: short(&digits) })
    }
}

impl From<EmergencyNumber> for (Country, String) {
    fn from(number: EmergencyNumber) -> Self {
        (number.country, number.digits().to_owned())
    }
}

impl fmt::Display for EmergencyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.digits())
    }
}

impl fmt::Debug for EmergencyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.country, self.digits())
    }
}

/// Where the table has no row for a country: the number of ITU-T E.161.1.
const EVERYWHERE: &str = "112";

fn numbers(country: Country) -> impl Iterator<Item = &'static str> {
    let row = TABLE.binary_search_by(|(code, _)| code.as_slice().cmp(country.code().as_bytes()));
    let list = row.ok().and_then(|at| TABLE.get(at)).map_or(EVERYWHERE, |row| row.1);
    list.split(' ')
}

/// From libphonenumber's ShortNumberMetadata.xml, release 9.0.33 (`emergency`), which names its
/// sources country by country. The one difference: in the United States and Canada 112 works from
/// mobile phones only, and is a common extension in an office; 933 is there instead.
#[rustfmt::skip]
static TABLE: &[([u8; 2], &str)] = &[
    (*b"AC", "911 999"),
    (*b"AD", "110 112 116 118"),
    (*b"AE", "112 997 998 999"),
    (*b"AF", "100 102 119"),
    (*b"AG", "911 999"),
    (*b"AI", "911"),
    (*b"AL", "112 127 128 129"),
    (*b"AM", "101 102 103"),
    (*b"AO", "112 113 115"),
    (*b"AR", "100 101 107 911"),
    (*b"AS", "911"),
    (*b"AT", "112 122 133 144"),
    (*b"AU", "000 106 112"),
    (*b"AW", "100 911"),
    (*b"AX", "112"),
    (*b"AZ", "101 102 103 112"),
    (*b"BA", "122 123 124"),
    (*b"BB", "211 311 511 911"),
    (*b"BD", "100 101 102 199 999"),
    (*b"BE", "100 101 112"),
    (*b"BF", "17 18"),
    (*b"BG", "112 150 160 166"),
    (*b"BH", "199 999"),
    (*b"BI", "112 113 117"),
    (*b"BJ", "112 114 116 117 118"),
    (*b"BL", "18"),
    (*b"BM", "911"),
    (*b"BN", "991 993 995"),
    (*b"BO", "110 118 119"),
    (*b"BQ", "112 911"),
    (*b"BR", "112 128 190 192 193 911"),
    (*b"BS", "911 919"),
    (*b"BT", "110 112 113"),
    (*b"BW", "911 997 998 999"),
    (*b"BY", "101 102 103 112"),
    (*b"BZ", "90 911 990"),
    (*b"CA", "911 933"),
    (*b"CC", "000 112"),
    (*b"CD", "113 114 118 177 188"),
    (*b"CF", "117 118 1220"),
    (*b"CG", "117 118"),
    (*b"CH", "112 117 118 144"),
    (*b"CI", "110 111 170 180"),
    (*b"CK", "996 998 999"),
    (*b"CL", "131 132 133 911"),
    (*b"CM", "13 17 113 117"),
    (*b"CN", "110 119 120"),
    (*b"CO", "112 119 123 132 156"),
    (*b"CR", "112 911"),
    (*b"CU", "104 105 106"),
    (*b"CV", "130 131 132"),
    (*b"CW", "112 911"),
    (*b"CX", "000 112"),
    (*b"CY", "112 199"),
    (*b"CZ", "112 150 151 152 153 154 155 156 157 158 159"),
    (*b"DE", "110 112"),
    (*b"DJ", "17 18"),
    (*b"DK", "112 114"),
    (*b"DM", "333 911 999"),
    (*b"DO", "112 911"),
    (*b"DZ", "14 17 112"),
    (*b"EC", "101 102 112 911"),
    (*b"EE", "110 112"),
    (*b"EG", "122 123 180"),
    (*b"EH", "15 19 177"),
    (*b"ER", "112 113 114 116"),
    (*b"ES", "085 088 112"),
    (*b"ET", "91 92 93 911 939 991 997"),
    (*b"FI", "112"),
    (*b"FJ", "911 917"),
    (*b"FK", "999"),
    (*b"FM", "911"),
    (*b"FO", "112 114"),
    (*b"FR", "15 17 18 112"),
    (*b"GA", "18 1300 1730"),
    (*b"GB", "112 999"),
    (*b"GD", "911"),
    (*b"GE", "011 022 033 111 112 113 122"),
    (*b"GF", "15 17 18"),
    (*b"GG", "112 999"),
    (*b"GH", "191 192 193 999"),
    (*b"GI", "112 190 199"),
    (*b"GL", "112"),
    (*b"GM", "16 17 18 116 117 118"),
    (*b"GP", "15 17 18"),
    (*b"GR", "100 112 166 199"),
    (*b"GT", "110 120 123"),
    (*b"GU", "911"),
    (*b"GW", "113 117 118"),
    (*b"GY", "911 912 913"),
    (*b"HK", "112 992 999"),
    (*b"HN", "199"),
    (*b"HR", "93 94 112 192 193 194"),
    (*b"HT", "114 118"),
    (*b"HU", "104 105 107 112"),
    (*b"ID", "110 112 113 118 119"),
    (*b"IE", "112 999"),
    (*b"IL", "100 101 102 112"),
    (*b"IM", "999"),
    (*b"IN", "100 101 102 108 112 1298 2611"),
    (*b"IQ", "100 104 115 122"),
    (*b"IR", "110 112 115 125 911"),
    (*b"IS", "112"),
    (*b"IT", "112 113 115 118"),
    (*b"JE", "112 999"),
    (*b"JM", "110 112 119 911"),
    (*b"JO", "112 191 192 197 911"),
    (*b"JP", "110 119"),
    (*b"KE", "112 114 999"),
    (*b"KG", "101 102 103"),
    (*b"KH", "117 118 119 666"),
    (*b"KI", "192 193 194 195 992 993 994"),
    (*b"KM", "17 18"),
    (*b"KN", "333 911 999"),
    (*b"KP", "112 119 819"),
    (*b"KR", "112 119"),
    (*b"KW", "112"),
    (*b"KY", "911"),
    (*b"KZ", "101 102 103 112"),
    (*b"LA", "190 191 195"),
    (*b"LB", "112 140 175 999"),
    (*b"LC", "911 999"),
    (*b"LI", "112 117 118 144"),
    (*b"LK", "110 112 116 118 119"),
    (*b"LR", "355 911"),
    (*b"LS", "112 115 117"),
    (*b"LT", "01 02 03 011 022 033 101 102 103 112"),
    (*b"LU", "112 113"),
    (*b"LV", "01 02 03 110 112 113"),
    (*b"LY", "190 191 193"),
    (*b"MA", "15 19 177"),
    (*b"MC", "15 17 18 112"),
    (*b"MD", "112 901 902 903"),
    (*b"ME", "112 122 123 124"),
    (*b"MF", "15 17 18"),
    (*b"MG", "17 18 117 118"),
    (*b"MH", "911"),
    (*b"MK", "112 192 193 194"),
    (*b"ML", "15 17 18"),
    (*b"MM", "199"),
    (*b"MN", "100 101 102 103 105"),
    (*b"MO", "999"),
    (*b"MP", "911"),
    (*b"MQ", "15 17 18 112"),
    (*b"MR", "17 18"),
    (*b"MS", "911 999"),
    (*b"MT", "112"),
    (*b"MU", "114 115 995 999"),
    (*b"MV", "102 118 119"),
    (*b"MW", "199 997 998 999"),
    (*b"MX", "060 065 066 068 080 911"),
    (*b"MY", "112 999"),
    (*b"MZ", "117 119 197 198"),
    (*b"NA", "10111"),
    (*b"NC", "15 16 17 18"),
    (*b"NE", "15 17 18 118"),
    (*b"NF", "911 955 977"),
    (*b"NG", "199"),
    (*b"NI", "115 118 120 128"),
    (*b"NL", "112 911"),
    (*b"NO", "110 112 113"),
    (*b"NP", "100 101 102 103 112"),
    (*b"NR", "110 111 112"),
    (*b"NU", "999"),
    (*b"NZ", "111"),
    (*b"OM", "1444 9999"),
    (*b"PA", "911"),
    (*b"PE", "105 116 117"),
    (*b"PF", "15 17 18"),
    (*b"PG", "000 110 111"),
    (*b"PH", "112 117 911"),
    (*b"PK", "15 16 112 115 1122"),
    (*b"PL", "112 997 998 999"),
    (*b"PM", "15 17 18"),
    (*b"PR", "911"),
    (*b"PS", "100 101 102"),
    (*b"PT", "112 115"),
    (*b"PW", "911"),
    (*b"PY", "128 911"),
    (*b"QA", "999"),
    (*b"RE", "15 17 18 112"),
    (*b"RO", "112"),
    (*b"RS", "92 93 94 112"),
    (*b"RU", "01 02 03 101 102 103 112"),
    (*b"RW", "111 112"),
    (*b"SA", "112 911 997 999"),
    (*b"SB", "999"),
    (*b"SC", "999"),
    (*b"SD", "999"),
    (*b"SE", "112 90000"),
    (*b"SG", "993 995 999"),
    (*b"SH", "911 999"),
    (*b"SI", "112 113"),
    (*b"SJ", "110 112 113"),
    (*b"SK", "112 150 155 158"),
    (*b"SL", "019 999"),
    (*b"SM", "113 115 118"),
    (*b"SN", "17 18"),
    (*b"SO", "555 888 999"),
    (*b"SR", "115"),
    (*b"SS", "999"),
    (*b"ST", "112"),
    (*b"SV", "911 913"),
    (*b"SX", "919"),
    (*b"SY", "110 112 113"),
    (*b"SZ", "999"),
    (*b"TC", "911 999"),
    (*b"TD", "17 18"),
    (*b"TG", "117 118 171 172 177"),
    (*b"TH", "191 199 1669"),
    (*b"TJ", "101 102 103 112"),
    (*b"TL", "112 115"),
    (*b"TM", "01 02 03"),
    (*b"TN", "190 197 198"),
    (*b"TO", "911 922 933 999"),
    (*b"TR", "110 112 155"),
    (*b"TT", "990 999"),
    (*b"TV", "911"),
    (*b"TW", "110 112 119"),
    (*b"TZ", "110 111 112 114 115 999"),
    (*b"UA", "101 102 103 112"),
    (*b"UG", "999"),
    (*b"US", "911 933"),
    (*b"UY", "128 911"),
    (*b"UZ", "01 02 03 001 002 003 050"),
    (*b"VA", "112 113 115 118"),
    (*b"VC", "911 999"),
    (*b"VE", "112 171 911"),
    (*b"VG", "911 999"),
    (*b"VI", "911"),
    (*b"VN", "113 114 115"),
    (*b"VU", "112"),
    (*b"WF", "15 17 18"),
    (*b"WS", "911 994 995 996 999"),
    (*b"XK", "112 192 193 194"),
    (*b"YE", "191 194 195 199"),
    (*b"YT", "15 112"),
    (*b"ZA", "112 10111 10177"),
    (*b"ZM", "112 991 993 999"),
    (*b"ZW", "112 993 994 995 999"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn find(country: &str, digits: &str) -> Option<EmergencyNumber> {
        EmergencyNumber::find(country.parse().unwrap(), digits)
    }

    #[test]
    fn countries_have_their_own_numbers() {
        for (country, digits) in [
            ("US", "911"),
            ("US", "933"),
            ("CA", "911"),
            ("GB", "999"),
            ("GB", "112"),
            ("DE", "110"),
            ("DE", "112"),
            ("NO", "113"),
            ("FR", "15"),
            ("AU", "000"),
            ("JP", "119"),
            ("GA", "1730"),
        ] {
            assert_eq!(find(country, digits).unwrap().digits(), digits, "{country}");
        }
        for (country, digits) in [("US", "112"), ("US", "999"), ("GB", "911"), ("US", "9111"), ("US", "")] {
            assert_eq!(find(country, digits), None, "{country} {digits}");
        }
        assert_eq!(find("AQ", "112").unwrap().digits(), "112");
    }

    #[test]
    fn trying_is_told_from_calling() {
        assert_eq!(find("US", "933").unwrap().kind(), EmergencyKind::Test);
        assert_eq!(find("US", "911").unwrap().kind(), EmergencyKind::Help);
        assert_eq!(EmergencyNumber::all(Country::US).count(), 2);
        assert_eq!(EmergencyNumber::main(Country::US).digits(), "911");
        assert_eq!(EmergencyNumber::main("DE".parse().unwrap()).digits(), "112");
        assert_eq!(EmergencyNumber::main("AU".parse().unwrap()).digits(), "112");
        assert_eq!(EmergencyNumber::main("JP".parse().unwrap()).digits(), "110");
    }

    #[test]
    fn numbers_survive_the_journal() {
        let number = find("US", "911").unwrap();
        let bytes = postcard::to_stdvec(&number).unwrap();
        assert_eq!(bytes, b"US\x03911");
        assert_eq!(postcard::from_bytes::<EmergencyNumber>(&bytes).unwrap(), number);
        assert!(postcard::from_bytes::<EmergencyNumber>(b"US\x039 1").is_err());
    }

    #[test]
    fn the_table_is_sorted_and_plain() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, list) in TABLE {
            assert!(std::str::from_utf8(code).unwrap().parse::<Country>().is_ok());
            for number in list.split(' ') {
                assert!((2..=MAX_EMERGENCY_DIGITS).contains(&number.len()), "{number}");
                assert!(number.bytes().all(|b| b.is_ascii_digit()), "{number}");
            }
        }
    }
}
