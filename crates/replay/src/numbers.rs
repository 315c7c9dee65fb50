//! What dialled digits mean and cost: the fixed dial rule of the format, the destination and the deck, remembered.

use std::sync::Arc;

use account::unpriced;
use billing::{Deck, Destination, E164, Rate, replay_e164};

/// Numbers remembered, each in the one place its digits choose; a later one takes the place.
const PLACES_BITS: u32 = 16;

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
    /// What was found last in each place: the numbering plan is asked for a pattern of all countries otherwise.
    found: Vec<Option<Arc<Looked>>>,
}

impl Numbers {
    pub(crate) fn new(deck: Deck) -> Self {
        Self { deck, found: vec![None; 1 << PLACES_BITS] }
    }

    /// What was dialled; `None` where it is no number.
    pub(crate) fn look_up(&mut self, dialled: &str) -> Option<Arc<Looked>> {
        let Some(number) = replay_e164(dialled) else {
            return Some(Arc::new(looked(short(dialled)?, None)));
        };
        let place = number.value().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES_BITS);
        let found = self.found.get_mut(usize::try_from(place).ok()?)?;
        if found.as_ref().is_none_or(|looked| looked.number != number) {
            *found = Some(Arc::new(looked(number, self.deck.rate_for(number))));
        }
        found.clone()
    }
}

fn looked(number: E164, rate: Option<&Rate>) -> Looked {
    Looked {
        number,
        destination: Destination::of(number),
        priced: rate.is_some(),
        rate: rate.cloned().unwrap_or_else(|| unpriced(number)),
    }
}

/// A short number behind a prefix for calls abroad. The format takes no prefix off so few digits, and what begins with a
/// zero is in no deck: it is dialled all the same, has no price, and the guard sees where it leads.
fn short(dialled: &str) -> Option<E164> {
    ["011", "000", "00", "0"].iter().find_map(|prefix| E164::from_digits(dialled.strip_prefix(prefix)?))
}
