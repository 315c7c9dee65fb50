//! The look-ups the node makes for an attempt before the account screens it.

use billing::{CarrierId, Deck, DeckId, Destination, Dialled, E164, NotDiallable, Rate, RateSource};

use crate::{Account, LookUps};

/// The node's decks as they are in force now.
pub trait Prices {
    /// What a deck asks for a number, and since when that version of it is in force.
    fn price(&self, deck: &DeckId, number: E164) -> Option<(u64, &Rate)>;
    /// What a carrier asks for a number, where its own deck tells.
    fn cost(&self, carrier: &CarrierId, number: E164) -> Option<&Rate>;
}

/// A deck for everybody, and carriers whose cost is not known: for simulations and tests.
impl Prices for Deck {
    fn price(&self, _: &DeckId, number: E164) -> Option<(u64, &Rate)> {
        self.rate_for(number).map(|rate| (0, rate))
    }

    fn cost(&self, _: &CarrierId, _: E164) -> Option<&Rate> {
        None
    }
}

impl Account {
    /// What `dialled` means on this account, where it is, what it costs and what each carrier asks. The answer is
    /// journalled with the attempt (what the bulletin says is added by who has one), so that neither a new deck nor new numbering data changes a replay, and no call
    /// changes its price while it runs.
    pub fn look_up(&self, dialled: &str, prices: &impl Prices, utc_offset_min: i16) -> LookUps {
        let mut found = LookUps { utc_offset_min, ..LookUps::none() };
        let Some(settings) = self.settings() else {
            return LookUps { dialled: Dialled::Invalid(NotDiallable::NoSuchNumber), ..found };
        };
        found.dialled = settings.dial_plan.dial(dialled);
        let Dialled::Number(number) = found.dialled else { return found };
        found.destination = Some(Destination::of(number));
        let markup_bp = settings.terms.markup_bp;
        if let Some((from_ms, rate)) = prices.price(&settings.deck, number) {
            found.rate = Some(if markup_bp == 0 { rate.clone() } else { rate.marked_up(markup_bp) });
            found.source = Some(RateSource { deck: settings.deck.clone(), from_ms, markup_bp });
        }
        let cost = |carrier: &CarrierId| Some((carrier.clone(), prices.cost(carrier, number)?.clone()));
        found.costs = settings.carriers.iter().filter_map(cost).collect();
        found
    }
}
