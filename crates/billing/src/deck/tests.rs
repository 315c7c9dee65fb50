//! Longest prefixes against a naive search, and the import's tolerance and complaints.

use proptest::prelude::*;

use super::*;
use crate::{Country, metadata};

fn rate(prefix: u64) -> Rate {
    Rate {
        prefix: Prefix::from_value(prefix).unwrap(),
        destination: "x".into(),
        per_minute: Money::from_cents(1),
        connect_fee: Money::ZERO,
        minimum_s: 6,
        increment_s: 6,
        free_s: 0,
    }
}

fn found(deck: &Deck, number: u64) -> Option<u64> {
    deck.rate_for(E164::from_value(number).unwrap()).map(|rate| rate.prefix.value())
}

#[test]
fn the_longest_prefix_wins() {
    let deck = Deck::new([1, 10, 100, 1876, 355, 3556, 35569123].map(rate).to_vec()).unwrap();
    for (number, prefix) in [
        (13_035_550_100, Some(1)),
        (18_762_345_678, Some(1876)),
        (1_000_000, Some(100)),
        (1_099_999, Some(10)),
        (1, Some(1)),
        (355_691_234_567, Some(35_569_123)),
        (355_691_300_000, Some(3556)),
        (355_999, Some(355)),
        (35, None),
        (44, None),
        (999_999_999_999_999, None),
    ] {
        assert_eq!(found(&deck, number), prefix, "{number}");
    }
}

#[test]
fn rates_that_cannot_be_charged_are_refused() {
    let mut zero_step = rate(1);
    zero_step.increment_s = 0;
    assert!(Deck::new(vec![zero_step]).is_err());
    let mut negative = rate(1);
    negative.per_minute = Money::from_cents(-1);
    assert!(Deck::new(vec![negative]).is_err());
    assert!(Deck::new(vec![rate(1), rate(1)]).is_err());
}

#[test]
fn tables_of_carriers_are_read() {
    let ours = b"prefix,destination,rate_per_minute,connect_fee,minimum_s,increment_s\n\
        1,US fixed,0.0100,0,6,6\n355,\"Albania, fixed\",0.2,0.05,60,1\n";
    let deck = Deck::from_csv(ours).unwrap();
    let albania = deck.rate_for("+355691".parse().unwrap()).unwrap();
    assert_eq!(&*albania.destination, "Albania, fixed");
    assert_eq!(albania.connect_fee, Money::from_cents(5));
    assert_eq!((albania.minimum_s, albania.increment_s), (60, 1));

    let theirs = b"\xef\xbb\xbfName;Dial Code;Rate/Min;Valid from\r\nAlbania; +355 ;0.2;2026-03-01\r\n\r\n";
    let deck = Deck::from_csv(theirs).unwrap();
    let albania = deck.rate_for("+355691".parse().unwrap()).unwrap();
    assert_eq!((albania.minimum_s, albania.increment_s), (60, 60));
}

#[test]
fn all_faults_are_reported_together() {
    let table = b"prefix,destination,rate_per_minute,minimum_s,increment_s\n\
        1,US,cheap,6,0\n0,Nowhere,0.1,6,6\n44,UK,0.1,6,6\n44,UK again,0.1,6,6\n45,DK,-1,99999,6\n";
    let text = Deck::from_csv(table).unwrap_err().to_string();
    assert_eq!(
        text,
        "6 row(s) of the rate table cannot be used: \
         line 2: `cheap` is not a price: write it like 0.0125; \
         line 2: `0` is not a number of seconds from 1 to 3600; \
         line 3: `0` is not a prefix of digits; \
         line 5: the prefix 44 is there twice; \
         line 6: `-1` is not a price: write it like 0.0125; \
         line 6: `99999` is not a number of seconds from 0 to 3600"
    );
    let text = Deck::from_csv(b"a,b\n1,2\n").unwrap_err().to_string();
    assert!(text.contains("no `prefix` column") && text.contains("no `rate_per_minute` column"));
    assert!(Deck::from_csv(b"").is_err());
    assert!(Deck::from_csv(b"prefix,rate\n").is_err());
    assert!(Deck::from_csv(b"prefix,rate\n\xff\xfe,1\n").is_err());
}

#[test]
fn decks_survive_the_journal() {
    let deck = Deck::new([1, 355, 3556].map(rate).to_vec()).unwrap();
    let bytes = postcard::to_stdvec(&deck).unwrap();
    assert_eq!(postcard::from_bytes::<Deck>(&bytes).unwrap(), deck);
}

#[test]
fn the_starter_deck_prices_what_matters() {
    let deck = Deck::starter();
    for (number, cents) in [
        ("+13035550100", 1),
        ("+14162345678", 1),
        ("+18002345678", 0),
        ("+18762345678", 25),
        ("+19002345678", 200),
        ("+35542234567", 22),
        ("+355691234567", 35),
        ("+881612345678", 600),
        ("+447400123456", 3),
        ("+447911123456", 22),
    ] {
        let price = deck.rate_for(number.parse().unwrap()).unwrap().per_minute;
        assert_eq!(price, Money::from_cents(cents), "{number}");
    }
}

/// Every number that libphonenumber gives as an example has a price, and one in its own country's
/// name unless several share the calling code.
#[test]
fn the_starter_deck_prices_every_country() {
    let deck = Deck::starter();
    let codes: Vec<_> = Country::all().filter_map(Country::calling_code).collect();
    for country in Country::all() {
        let Some(number) = metadata::example_number(country) else {
            continue;
        };
        let rate = deck.rate_for(number).unwrap_or_else(|| panic!("{country} {number}"));
        let shared = codes.iter().filter(|&&c| Some(c) == country.calling_code()).count() > 1;
        let named = rate.destination.starts_with(country.name());
        assert!(named || shared, "{country} {number} {}", rate.destination);
    }
    assert!(deck.rate_for("+9999999".parse().unwrap()).is_none());
}

proptest! {
    #[test]
    fn agrees_with_a_naive_search(
        prefixes in prop::collection::btree_set(1_u64..20_000, 1..200),
        numbers in prop::collection::vec(1_u64..2_000_000, 1..50),
    ) {
        let deck = Deck::new(prefixes.iter().copied().map(rate).collect()).unwrap();
        for number in numbers {
            let text = number.to_string();
            let naive = prefixes
                .iter()
                .filter(|prefix| text.starts_with(&prefix.to_string()))
                .max_by_key(|prefix| prefix.to_string().len());
            prop_assert_eq!(found(&deck, number), naive.copied(), "{}", number);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        Deck::from_csv(&bytes).ok();
    }
}
