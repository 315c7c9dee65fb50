//! What dialled digits mean and cost: the fixed dial rule of the format, the destination and the deck, remembered.

use std::sync::Arc;

use account::unpriced;
use billing::{Country, Deck, Destination, DialPlan, Dialled, E164, Rate, replay_e164};

use crate::remembered::Remembered;

/// Numbers remembered: 2 to the power of this.
const REMEMBERED_BITS: u32 = 18;

/// A number with all that the guard and the bill want to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) number: E164,
    pub(crate) destination: Destination,
    pub(crate) rate: Rate,
    pub(crate) priced: bool,
}

/// Looks numbers up.
pub(crate) struct Numbers {
    deck: Deck,
    remembered: Remembered<E164, Arc<Looked>>,
}

impl Numbers {
    pub(crate) fn new(deck: Deck) -> Self {
        Self { deck, remembered: Remembered::new(REMEMBERED_BITS) }
    }

    /// What was dialled by an account at home in `home`; `None` where it is no number.
    pub(crate) fn look_up(&mut self, dialled: &str, home: Country) -> Option<Arc<Looked>> {
        match replay_e164(dialled) {
            Some(number) => Some(self.priced(number)),
            None => odd(dialled, home),
        }
    }

    fn priced(&mut self, number: E164) -> Arc<Looked> {
        let deck = &self.deck;
        self.remembered.find(number, number.value(), |&number| {
            let rate = deck.rate_for(number);
            Arc::new(Looked {
                number,
                destination: Destination::of(number),
                priced: rate.is_some(),
                rate: rate.cloned().unwrap_or_else(|| unpriced(number)),
            })
        })
    }
}

/// Digits that the rule of the format leaves with a leading zero: no deck prices them. They are shown to the guard as the
/// number that whoever dials so most likely means (011 before eight digits, a lone 0 before a country code).
fn odd(dialled: &str, home: Country) -> Option<Arc<Looked>> {
    let by_plan = match DialPlan::new(home, None, None).ok()?.dial(dialled) {
        Dialled::Number(number) => Some(number),
        _ => None,
    };
    let number = by_plan.or_else(|| E164::from_digits(dialled.trim_start_matches(['+', '0'])))?;
    let (destination, rate) = (Destination::of(number), unpriced(number));
    Some(Arc::new(Looked { number, destination, rate, priced: false }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(dialled: &str) -> Option<(u64, bool)> {
        let deck = Deck::from_csv(b"prefix,rate\n355,0.25\n500,1.00\n1,0.01\n").unwrap();
        let looked = Numbers::new(deck).look_up(dialled, Country::US)?;
        Some((looked.number.value(), looked.priced))
    }

    #[test]
    fn numbers_are_read_by_the_rule_and_priced_by_the_deck() {
        assert_eq!(looked("011355691234567"), Some((355_691_234_567, true)));
        assert_eq!(looked("3035550100"), Some((13_035_550_100, true)));
        assert_eq!(looked("+88213000001"), Some((88_213_000_001, false)));
    }

    #[test]
    fn what_the_rule_leaves_with_a_zero_is_shown_as_meant_and_has_no_price() {
        assert_eq!(looked("01150039254"), Some((50_039_254, false)));
        assert_eq!(looked("0972592315527"), Some((972_592_315_527, false)));
        assert_eq!(looked("ext"), None);
        assert_eq!(looked(""), None);
    }
}
