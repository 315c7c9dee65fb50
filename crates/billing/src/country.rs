//! Countries by their ISO 3166 code, with English name and calling code.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::Error;
use crate::error::short;
use crate::ids::ParseVisitor;

/// A country or territory by its ISO 3166-1 alpha-2 code, plus the reserved codes that telephone
/// numbering uses: `XK` (Kosovo), `AC` (Ascension Island), `TA` (Tristan da Cunha).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The United States.
    pub const US: Self = Self(*b"US");
    /// Canada.
    pub const CA: Self = Self(*b"CA");

    /// Its code, in upper case.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// Its English name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }

    /// The country code its telephone numbers begin with; a few uninhabited places have none.
    #[must_use]
    pub fn calling_code(self) -> Option<u16> {
        self.row().map(|row| row.1).filter(|&code| code != 0)
    }

    /// What is dialled before a national number inside the country; none in countries that do
    /// without.
    #[must_use]
    pub fn trunk_prefix(self) -> Option<&'static str> {
        self.row().map(|row| row.2).filter(|prefix| !prefix.is_empty())
    }

    /// Whether it belongs to the North American Numbering Plan (calling code 1).
    #[must_use]
    pub fn is_nanp(self) -> bool {
        self.calling_code() == Some(1)
    }

    /// All of them, by code.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| Self(row.0))
    }

    fn row(self) -> Option<&'static Row> {
        let at = TABLE.binary_search_by_key(&self.0, |row| row.0).ok()?;
        TABLE.get(at)
    }
}

impl FromStr for Country {
    type Err = Error;

    /// Reads a two-letter code in either case.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || Error::Country { text: short(text) };
        let &[a, b] = text.as_bytes() else {
            return Err(unknown());
        };
        let country = Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]);
        if country.row().is_some() { Ok(country) } else { Err(unknown()) }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The code as text where people read it, two bytes where they do not.
impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(self.code())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_str(ParseVisitor::<Self>::new("country code"));
        }
        let country = Self(<[u8; 2]>::deserialize(deserializer)?);
        country.row().map(|_| country).ok_or_else(|| de::Error::custom("not a country code"))
    }
}

/// Code, calling code (0: none), trunk prefix (empty: none), English name.
type Row = ([u8; 2], u16, &'static str, &'static str);

/// In order of code. The names are the time zone database's usual English ones (iso3166.tab, public
/// domain) with a few made plainer; calling codes and trunk prefixes are those of Google's
/// libphonenumber (PhoneNumberMetadata.xml, release 9.0.33).
#[rustfmt::skip]
static TABLE: &[Row] = &[
    (*b"AC", 247, "", "Ascension Island"),
    (*b"AD", 376, "", "Andorra"),
    (*b"AE", 971, "0", "United Arab Emirates"),
    (*b"AF", 93, "0", "Afghanistan"),
    (*b"AG", 1, "1", "Antigua and Barbuda"),
    (*b"AI", 1, "1", "Anguilla"),
    (*b"AL", 355, "0", "Albania"),
    (*b"AM", 374, "0", "Armenia"),
    (*b"AO", 244, "", "Angola"),
    (*b"AQ", 672, "", "Antarctica"),
    (*b"AR", 54, "0", "Argentina"),
    (*b"AS", 1, "1", "American Samoa"),
    (*b"AT", 43, "0", "Austria"),
    (*b"AU", 61, "0", "Australia"),
    (*b"AW", 297, "", "Aruba"),
    (*b"AX", 358, "0", "Åland Islands"),
    (*b"AZ", 994, "0", "Azerbaijan"),
    (*b"BA", 387, "0", "Bosnia and Herzegovina"),
    (*b"BB", 1, "1", "Barbados"),
    (*b"BD", 880, "0", "Bangladesh"),
    (*b"BE", 32, "0", "Belgium"),
    (*b"BF", 226, "", "Burkina Faso"),
    (*b"BG", 359, "0", "Bulgaria"),
    (*b"BH", 973, "", "Bahrain"),
    (*b"BI", 257, "", "Burundi"),
    (*b"BJ", 229, "", "Benin"),
    (*b"BL", 590, "0", "Saint Barthélemy"),
    (*b"BM", 1, "1", "Bermuda"),
    (*b"BN", 673, "", "Brunei"),
    (*b"BO", 591, "0", "Bolivia"),
    (*b"BQ", 599, "", "Caribbean Netherlands"),
    (*b"BR", 55, "0", "Brazil"),
    (*b"BS", 1, "1", "Bahamas"),
    (*b"BT", 975, "", "Bhutan"),
    (*b"BV", 47, "", "Bouvet Island"),
    (*b"BW", 267, "", "Botswana"),
    (*b"BY", 375, "8", "Belarus"),
    (*b"BZ", 501, "", "Belize"),
    (*b"CA", 1, "1", "Canada"),
    (*b"CC", 61, "0", "Cocos (Keeling) Islands"),
    (*b"CD", 243, "0", "DR Congo"),
    (*b"CF", 236, "", "Central African Rep."),
    (*b"CG", 242, "", "Congo"),
    (*b"CH", 41, "0", "Switzerland"),
    (*b"CI", 225, "", "Ivory Coast"),
    (*b"CK", 682, "", "Cook Islands"),
    (*b"CL", 56, "", "Chile"),
    (*b"CM", 237, "", "Cameroon"),
    (*b"CN", 86, "0", "China"),
    (*b"CO", 57, "0", "Colombia"),
    (*b"CR", 506, "", "Costa Rica"),
    (*b"CU", 53, "0", "Cuba"),
    (*b"CV", 238, "", "Cape Verde"),
    (*b"CW", 599, "", "Curaçao"),
    (*b"CX", 61, "0", "Christmas Island"),
    (*b"CY", 357, "", "Cyprus"),
    (*b"CZ", 420, "", "Czechia"),
    (*b"DE", 49, "0", "Germany"),
    (*b"DJ", 253, "", "Djibouti"),
    (*b"DK", 45, "", "Denmark"),
    (*b"DM", 1, "1", "Dominica"),
    (*b"DO", 1, "1", "Dominican Republic"),
    (*b"DZ", 213, "0", "Algeria"),
    (*b"EC", 593, "0", "Ecuador"),
    (*b"EE", 372, "", "Estonia"),
    (*b"EG", 20, "0", "Egypt"),
    (*b"EH", 212, "0", "Western Sahara"),
    (*b"ER", 291, "0", "Eritrea"),
    (*b"ES", 34, "", "Spain"),
    (*b"ET", 251, "0", "Ethiopia"),
    (*b"FI", 358, "0", "Finland"),
    (*b"FJ", 679, "", "Fiji"),
    (*b"FK", 500, "", "Falkland Islands"),
    (*b"FM", 691, "", "Micronesia"),
    (*b"FO", 298, "", "Faroe Islands"),
    (*b"FR", 33, "0", "France"),
    (*b"GA", 241, "", "Gabon"),
    (*b"GB", 44, "0", "United Kingdom"),
    (*b"GD", 1, "1", "Grenada"),
    (*b"GE", 995, "0", "Georgia"),
    (*b"GF", 594, "0", "French Guiana"),
    (*b"GG", 44, "0", "Guernsey"),
    (*b"GH", 233, "0", "Ghana"),
    (*b"GI", 350, "", "Gibraltar"),
    (*b"GL", 299, "", "Greenland"),
    (*b"GM", 220, "", "Gambia"),
    (*b"GN", 224, "", "Guinea"),
    (*b"GP", 590, "0", "Guadeloupe"),
    (*b"GQ", 240, "", "Equatorial Guinea"),
    (*b"GR", 30, "", "Greece"),
    (*b"GS", 500, "", "South Georgia"),
    (*b"GT", 502, "", "Guatemala"),
    (*b"GU", 1, "1", "Guam"),
    (*b"GW", 245, "", "Guinea-Bissau"),
    (*b"GY", 592, "", "Guyana"),
    (*b"HK", 852, "", "Hong Kong"),
    (*b"HM", 672, "", "Heard and McDonald Islands"),
    (*b"HN", 504, "", "Honduras"),
    (*b"HR", 385, "0", "Croatia"),
    (*b"HT", 509, "", "Haiti"),
    (*b"HU", 36, "06", "Hungary"),
    (*b"ID", 62, "0", "Indonesia"),
    (*b"IE", 353, "0", "Ireland"),
    (*b"IL", 972, "0", "Israel"),
    (*b"IM", 44, "0", "Isle of Man"),
    (*b"IN", 91, "0", "India"),
    (*b"IO", 246, "", "British Indian Ocean Territory"),
    (*b"IQ", 964, "0", "Iraq"),
    (*b"IR", 98, "0", "Iran"),
    (*b"IS", 354, "", "Iceland"),
    (*b"IT", 39, "", "Italy"),
    (*b"JE", 44, "0", "Jersey"),
    (*b"JM", 1, "1", "Jamaica"),
    (*b"JO", 962, "0", "Jordan"),
    (*b"JP", 81, "0", "Japan"),
    (*b"KE", 254, "0", "Kenya"),
    (*b"KG", 996, "0", "Kyrgyzstan"),
    (*b"KH", 855, "0", "Cambodia"),
    (*b"KI", 686, "0", "Kiribati"),
    (*b"KM", 269, "", "Comoros"),
    (*b"KN", 1, "1", "Saint Kitts and Nevis"),
    (*b"KP", 850, "0", "North Korea"),
    (*b"KR", 82, "0", "South Korea"),
    (*b"KW", 965, "", "Kuwait"),
    (*b"KY", 1, "1", "Cayman Islands"),
    (*b"KZ", 7, "8", "Kazakhstan"),
    (*b"LA", 856, "0", "Laos"),
    (*b"LB", 961, "0", "Lebanon"),
    (*b"LC", 1, "1", "Saint Lucia"),
    (*b"LI", 423, "0", "Liechtenstein"),
    (*b"LK", 94, "0", "Sri Lanka"),
    (*b"LR", 231, "0", "Liberia"),
    (*b"LS", 266, "", "Lesotho"),
    (*b"LT", 370, "0", "Lithuania"),
    (*b"LU", 352, "", "Luxembourg"),
    (*b"LV", 371, "", "Latvia"),
    (*b"LY", 218, "0", "Libya"),
    (*b"MA", 212, "0", "Morocco"),
    (*b"MC", 377, "0", "Monaco"),
    (*b"MD", 373, "0", "Moldova"),
    (*b"ME", 382, "0", "Montenegro"),
    (*b"MF", 590, "0", "Saint Martin (French part)"),
    (*b"MG", 261, "0", "Madagascar"),
    (*b"MH", 692, "1", "Marshall Islands"),
    (*b"MK", 389, "0", "North Macedonia"),
    (*b"ML", 223, "", "Mali"),
    (*b"MM", 95, "0", "Myanmar"),
    (*b"MN", 976, "0", "Mongolia"),
    (*b"MO", 853, "", "Macao"),
    (*b"MP", 1, "1", "Northern Mariana Islands"),
    (*b"MQ", 596, "0", "Martinique"),
    (*b"MR", 222, "", "Mauritania"),
    (*b"MS", 1, "1", "Montserrat"),
    (*b"MT", 356, "", "Malta"),
    (*b"MU", 230, "", "Mauritius"),
    (*b"MV", 960, "", "Maldives"),
    (*b"MW", 265, "0", "Malawi"),
    (*b"MX", 52, "", "Mexico"),
    (*b"MY", 60, "0", "Malaysia"),
    (*b"MZ", 258, "", "Mozambique"),
    (*b"NA", 264, "0", "Namibia"),
    (*b"NC", 687, "", "New Caledonia"),
    (*b"NE", 227, "", "Niger"),
    (*b"NF", 672, "", "Norfolk Island"),
    (*b"NG", 234, "0", "Nigeria"),
    (*b"NI", 505, "", "Nicaragua"),
    (*b"NL", 31, "0", "Netherlands"),
    (*b"NO", 47, "", "Norway"),
    (*b"NP", 977, "0", "Nepal"),
    (*b"NR", 674, "", "Nauru"),
    (*b"NU", 683, "", "Niue"),
    (*b"NZ", 64, "0", "New Zealand"),
    (*b"OM", 968, "", "Oman"),
    (*b"PA", 507, "", "Panama"),
    (*b"PE", 51, "0", "Peru"),
    (*b"PF", 689, "", "French Polynesia"),
    (*b"PG", 675, "", "Papua New Guinea"),
    (*b"PH", 63, "0", "Philippines"),
    (*b"PK", 92, "0", "Pakistan"),
    (*b"PL", 48, "", "Poland"),
    (*b"PM", 508, "0", "Saint Pierre and Miquelon"),
    (*b"PN", 64, "", "Pitcairn"),
    (*b"PR", 1, "1", "Puerto Rico"),
    (*b"PS", 970, "0", "Palestine"),
    (*b"PT", 351, "", "Portugal"),
    (*b"PW", 680, "", "Palau"),
    (*b"PY", 595, "0", "Paraguay"),
    (*b"QA", 974, "", "Qatar"),
    (*b"RE", 262, "0", "Réunion"),
    (*b"RO", 40, "0", "Romania"),
    (*b"RS", 381, "0", "Serbia"),
    (*b"RU", 7, "8", "Russia"),
    (*b"RW", 250, "0", "Rwanda"),
    (*b"SA", 966, "0", "Saudi Arabia"),
    (*b"SB", 677, "", "Solomon Islands"),
    (*b"SC", 248, "", "Seychelles"),
    (*b"SD", 249, "0", "Sudan"),
    (*b"SE", 46, "0", "Sweden"),
    (*b"SG", 65, "", "Singapore"),
    (*b"SH", 290, "", "Saint Helena"),
    (*b"SI", 386, "0", "Slovenia"),
    (*b"SJ", 47, "", "Svalbard and Jan Mayen"),
    (*b"SK", 421, "0", "Slovakia"),
    (*b"SL", 232, "0", "Sierra Leone"),
    (*b"SM", 378, "", "San Marino"),
    (*b"SN", 221, "", "Senegal"),
    (*b"SO", 252, "0", "Somalia"),
    (*b"SR", 597, "", "Suriname"),
    (*b"SS", 211, "0", "South Sudan"),
    (*b"ST", 239, "", "São Tomé and Príncipe"),
    (*b"SV", 503, "", "El Salvador"),
    (*b"SX", 1, "1", "Sint Maarten"),
    (*b"SY", 963, "0", "Syria"),
    (*b"SZ", 268, "", "Eswatini"),
    (*b"TA", 290, "", "Tristan da Cunha"),
    (*b"TC", 1, "1", "Turks and Caicos Islands"),
    (*b"TD", 235, "", "Chad"),
    (*b"TF", 262, "", "French Southern Territories"),
    (*b"TG", 228, "", "Togo"),
    (*b"TH", 66, "0", "Thailand"),
    (*b"TJ", 992, "", "Tajikistan"),
    (*b"TK", 690, "", "Tokelau"),
    (*b"TL", 670, "", "Timor-Leste"),
    (*b"TM", 993, "8", "Turkmenistan"),
    (*b"TN", 216, "", "Tunisia"),
    (*b"TO", 676, "", "Tonga"),
    (*b"TR", 90, "0", "Türkiye"),
    (*b"TT", 1, "1", "Trinidad and Tobago"),
    (*b"TV", 688, "", "Tuvalu"),
    (*b"TW", 886, "0", "Taiwan"),
    (*b"TZ", 255, "0", "Tanzania"),
    (*b"UA", 380, "0", "Ukraine"),
    (*b"UG", 256, "0", "Uganda"),
    (*b"UM", 0, "", "US Outlying Islands"),
    (*b"US", 1, "1", "United States"),
    (*b"UY", 598, "0", "Uruguay"),
    (*b"UZ", 998, "", "Uzbekistan"),
    (*b"VA", 39, "", "Vatican City"),
    (*b"VC", 1, "1", "Saint Vincent and the Grenadines"),
    (*b"VE", 58, "0", "Venezuela"),
    (*b"VG", 1, "1", "British Virgin Islands"),
    (*b"VI", 1, "1", "US Virgin Islands"),
    (*b"VN", 84, "0", "Vietnam"),
    (*b"VU", 678, "", "Vanuatu"),
    (*b"WF", 681, "", "Wallis and Futuna"),
    (*b"WS", 685, "", "Samoa"),
    (*b"XK", 383, "0", "Kosovo"),
    (*b"YE", 967, "0", "Yemen"),
    (*b"YT", 262, "0", "Mayotte"),
    (*b"ZA", 27, "0", "South Africa"),
    (*b"ZM", 260, "0", "Zambia"),
    (*b"ZW", 263, "0", "Zimbabwe"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    #[test]
    fn countries_have_names_and_calling_codes() {
        assert_eq!(country("al").name(), "Albania");
        assert_eq!(country("XK").calling_code(), Some(383));
        assert_eq!(country("AQ").calling_code(), Some(672));
        assert_eq!(country("UM").calling_code(), None);
        assert_eq!(country("DE").trunk_prefix(), Some("0"));
        assert_eq!(country("HU").trunk_prefix(), Some("06"));
        assert_eq!(country("ES").trunk_prefix(), None);
        assert!(country("JM").is_nanp() && !country("MX").is_nanp());
        for bad in ["", "U", "USA", "ZZ", "é"] {
            assert!(bad.parse::<Country>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_table_is_sorted_for_its_search() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(Country::all().all(|c| !c.name().is_empty()));
        assert_eq!(Country::all().len(), 252);
    }

    #[test]
    fn serde_refuses_what_is_no_country() {
        assert_eq!(serde_json::to_string(&country("DE")).unwrap(), "\"DE\"");
        assert_eq!(postcard::to_stdvec(&country("DE")).unwrap(), b"DE");
        assert!(postcard::from_bytes::<Country>(b"ZZ").is_err());
        assert!(serde_json::from_str::<Country>("\"ZZ\"").is_err());
    }
}
