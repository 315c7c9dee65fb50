//! Countries, the numbers in them, and what a minute to them costs: the deck of the worlds.
//!
//! Patterns follow the countries' numbering plans; a `#` is any digit. Prices are of the order of wholesale decks, in
//! ten-thousandths of a dollar: cents to the big markets, tens of cents where ranges are resold, dollars to satellites
//! and premium numbers. The deck draws ten per cent around them, so that no two worlds have the same prices.

use billing::{Destination, E164};

use crate::Dice;

/// What calls a country attracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fame {
    /// Firms call there, thieves seldom do.
    Market,
    /// Published destination of pumped traffic (DESIGN section 6 and the trade's yearly surveys).
    Pumped,
    /// Looks like a call within North America.
    Lookalike,
    /// Satellite, worldwide and premium services.
    Special,
}

/// One country, or one worldwide service.
#[derive(Clone, Copy, Debug)]
pub struct Land {
    /// A name for the deck.
    pub name: &'static str,
    fixed: &'static str,
    mobile: &'static str,
    fixed_price: u32,
    mobile_price: u32,
    /// What calls it attracts.
    pub fame: Fame,
}

const fn land(
    name: &'static str,
    fixed: &'static str,
    mobile: &'static str,
    (fixed_price, mobile_price): (u32, u32),
    fame: Fame,
) -> Land {
    Land { name, fixed, mobile, fixed_price, mobile_price, fame }
}

use Fame::{Lookalike, Market, Pumped, Special};

/// Every destination that the deck prices apart from North America itself.
pub const LANDS: &[Land] = &[
    land("GB", "4420########", "447#########", (110, 270), Market),
    land("DE", "4930#######", "49151########", (120, 350), Market),
    land("FR", "331########", "336########", (100, 330), Market),
    land("IT", "3906#######", "393########", (130, 420), Market),
    land("ES", "3491#######", "346########", (120, 310), Market),
    land("NL", "3120#######", "316########", (140, 390), Market),
    land("CH", "4144#######", "4179#######", (210, 1150), Market),
    land("SE", "468#######", "4670#######", (120, 210), Market),
    land("PL", "4822#######", "4850#######", (150, 260), Market),
    land("PT", "35121#######", "3519########", (130, 300), Market),
    land("IE", "3531#######", "35385#######", (120, 340), Market),
    land("IL", "9723#######", "97254#######", (160, 320), Market),
    land("JP", "813########", "8190########", (260, 840), Market),
    land("KR", "822########", "8210########", (190, 410), Market),
    land("CN", "8610########", "86138########", (170, 170), Market),
    land("HK", "8522#######", "8526#######", (210, 260), Market),
    land("SG", "656#######", "659#######", (100, 120), Market),
    land("TW", "8862########", "8869########", (180, 700), Market),
    land("IN", "9122########", "9198########", (160, 170), Market),
    land("AU", "612########", "614########", (150, 410), Market),
    land("MX", "5255########", "52811#######", (100, 150), Market),
    land("BR", "5511########", "55119########", (190, 620), Market),
    land("AR", "5411########", "54911########", (280, 1400), Market),
    land("CO", "5760########", "57310#######", (300, 410), Market),
    land("CL", "562########", "569########", (200, 350), Market),
    land("PH", "632#######", "63917#######", (1300, 1800), Market),
    land("VN", "8424########", "8491#######", (620, 700), Market),
    land("TH", "662#######", "668########", (280, 410), Market),
    land("TR", "90212#######", "90532#######", (580, 1900), Market),
    land("AE", "9714#######", "97150#######", (1800, 2100), Market),
    land("SA", "96611#######", "96650#######", (1150, 1700), Market),
    land("KE", "25420#######", "25472#######", (1500, 2100), Market),
    land("NG", "2341#######", "234803#######", (1100, 1500), Market),
    land("GH", "23330#######", "23324#######", (2100, 2600), Market),
    land("ZA", "2711#######", "2782#######", (600, 1300), Market),
    land("EG", "202########", "2010########", (1150, 1450), Market),
    land("PK", "9242########", "92300#######", (590, 680), Market),
    land("UA", "38044#######", "38067#######", (1900, 2400), Market),
    land("HT", "50922######", "50934######", (2700, 3100), Market),
    land("HN", "5042#######", "5049#######", (1900, 2400), Market),
    land("ET", "25111#######", "25191#######", (2300, 2500), Market),
    land("DO", "1809#######", "1829#######", (1050, 1150), Market),
    land("AL", "3554#######", "35569#######", (1700, 2800), Pumped),
    land("XK", "38338######", "38344######", (3000, 5100), Pumped),
    land("BA", "38733######", "38761######", (1800, 4100), Pumped),
    land("LT", "3705#######", "3706#######", (1200, 3700), Pumped),
    land("LV", "3716#######", "3712#######", (1300, 4400), Pumped),
    land("MD", "37322######", "37369######", (2500, 4100), Pumped),
    land("GM", "2204######", "2203######", (5700, 7100), Pumped),
    land("SO", "2521######", "25261#######", (6100, 7300), Pumped),
    land("SL", "23222######", "23276######", (5900, 7100), Pumped),
    land("GN", "22430######", "22462#######", (6100, 7200), Pumped),
    land("CU", "537#######", "535#######", (7700, 7900), Pumped),
    land("TN", "21671######", "21620######", (4500, 7100), Pumped),
    land("MV", "9603######", "9607######", (10500, 11900), Pumped),
    land("BF", "22625######", "22670######", (3500, 4300), Pumped),
    land("ML", "22320######", "22365######", (3000, 3500), Pumped),
    land("TD", "23522######", "23563######", (6900, 7900), Pumped),
    land("KM", "2697######", "2693######", (8800, 9800), Pumped),
    land("ZW", "26324#######", "26371#######", (3900, 5900), Pumped),
    land("AZ", "99412#######", "99450#######", (2600, 3800), Pumped),
    land("TL", "6703######", "6707#######", (7900, 8900), Pumped),
    land("PG", "6753######", "6757#######", (6500, 7600), Pumped),
    land("JM", "1876#######", "1876#######", (2300, 2400), Lookalike),
    land("GD", "1473#######", "1473#######", (3200, 3300), Lookalike),
    land("VG", "1284#######", "1284#######", (2800, 2900), Lookalike),
    land("TC", "1649#######", "1649#######", (3000, 3100), Lookalike),
    land("KN", "1869#######", "1869#######", (2800, 2900), Lookalike),
    land("DM", "1767#######", "1767#######", (2800, 2900), Lookalike),
    land("US premium", "1900#######", "1900#######", (39900, 39900), Special),
    land("Iridium", "88163#######", "88165#######", (78000, 78000), Special),
    land("Inmarsat", "87077#######", "87078#######", (64000, 64000), Special),
    land("Global networks", "88213########", "88234########", (38000, 38000), Special),
    land("GB personal", "4470########", "4470########", (5900, 5900), Special),
];

/// A number of a pattern that somebody can have, as far as that is known; an unallocated one where forty draws find none.
fn draw(dice: &mut Dice, pattern: &str) -> String {
    let mut number = String::new();
    for _ in 0..40 {
        number = pattern.chars().map(|c| if c == '#' { digit(dice) } else { c }).collect();
        if E164::from_digits(&number).is_some_and(|number| Destination::of(number).valid) {
            break;
        }
    }
    number
}

fn digit(dice: &mut Dice) -> char {
    char::from(b'0' + dice.below(10) as u8)
}

impl Land {
    /// One with this name.
    ///
    /// # Panics
    /// Where no land has the name: a mistake in the generator.
    pub fn named(name: &str) -> &'static Land {
        LANDS.iter().find(|land| land.name == name).expect("the table names every land that is asked for")
    }

    /// A number there, digits of its E.164.
    pub fn number(&self, dice: &mut Dice) -> String {
        let mobile = if self.fame == Fame::Market { 350 } else { 850 };
        let pattern = if dice.chance(mobile) { self.mobile } else { self.fixed };
        draw(dice, pattern)
    }

    /// A mobile number, where calls earn most.
    pub fn mobile(&self, dice: &mut Dice) -> String {
        draw(dice, self.mobile)
    }

    /// A fixed number.
    pub fn fixed(&self, dice: &mut Dice) -> String {
        draw(dice, self.fixed)
    }

    /// What a minute costs at most, ten-thousandths of a dollar.
    pub fn dearest(&self) -> u32 {
        self.fixed_price.max(self.mobile_price)
    }

    /// Numbers that follow each other, as a range that was bought does.
    pub fn range(&self, dice: &mut Dice, count: usize) -> Vec<String> {
        let first = self.mobile(dice);
        let (head, tail) = first.split_at(first.len().saturating_sub(4));
        let tail: u64 = tail.parse().unwrap_or_default();
        (0..count as u64).map(|n| format!("{head}{:04}", (tail + n * (1 + dice.below(40))) % 10_000)).collect()
    }
}

/// All lands of some fame.
pub fn lands(fame: Fame) -> Vec<&'static Land> {
    LANDS.iter().filter(|land| land.fame == fame).collect()
}

const AREAS: &[&str] = &[
    "303", "720", "512", "737", "206", "425", "404", "770", "617", "857", "402", "531", "212", "312", "214", "415",
    "503", "602", "702", "801", "416", "604", "514", "403",
];

/// An ordinary number of the United States or Canada, ten digits.
pub fn home(dice: &mut Dice) -> String {
    let area = dice.pick(AREAS).copied().unwrap_or("303");
    format!("{area}{}{:06}", dice.between(2, 9), dice.below(1_000_000))
}

/// The deck: prefix, name and price a minute in ten-thousandths of a dollar.
pub fn deck(dice: &mut Dice) -> Vec<(String, String, u32)> {
    let mut rows = vec![("1".to_owned(), "North America".to_owned(), 100)];
    let prefix = |pattern: &str| pattern.trim_end_matches('#').to_owned();
    for land in LANDS {
        let vary = |dice: &mut Dice, price: u32| (u64::from(price) * dice.between(90, 110) / 100) as u32;
        let mut country = shared(land.fixed, land.mobile);
        if country.is_empty() || country == "1" {
            country = prefix(land.fixed);
        }
        let (fixed, mobile) = (vary(dice, land.fixed_price), vary(dice, land.mobile_price));
        rows.push((country.clone(), format!("{} fixed", land.name), fixed));
        let mobile_prefix = prefix(land.mobile);
        if mobile_prefix != country {
            rows.push((mobile_prefix, format!("{} mobile", land.name), mobile));
        }
    }
    rows.sort();
    rows.dedup_by(|a, b| a.0 == b.0);
    rows
}

/// The digits that two patterns begin with alike.
fn shared(a: &str, b: &str) -> String {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b && *a != '#').map(|(a, _)| a).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_patterns_make_numbers_that_somebody_can_have() {
        let mut dice = Dice::new(1);
        let mut bad = Vec::new();
        for land in LANDS.iter().filter(|land| land.fame != Special) {
            for number in [land.fixed(&mut dice), land.mobile(&mut dice)] {
                if !Destination::of(E164::from_digits(&number).unwrap()).valid {
                    bad.push((land.name, number));
                }
            }
        }
        // A few numbering plans are narrower than their pattern, and some honest numbers are in no database either.
        assert!(bad.len() * 10 <= LANDS.len(), "{bad:?}");
    }

    #[test]
    fn the_deck_prices_every_land() {
        let deck = deck(&mut Dice::new(1));
        let mut dice = Dice::new(2);
        for land in LANDS {
            let number = land.mobile(&mut dice);
            let row = deck.iter().filter(|row| number.starts_with(&row.0)).max_by_key(|row| row.0.len()).unwrap();
            assert!(row.1.starts_with(land.name), "{} {number} {row:?}", land.name);
        }
    }
}
