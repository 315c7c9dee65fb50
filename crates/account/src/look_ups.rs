//! The look-ups the node makes for an attempt before the account screens it.

use billing::{Deck, Destination, Dialled, NotDiallable};

use guard::Elsewhere;

use crate::{Account, LookUps};

impl Account {
    /// What `dialled` means on this account, where it is and what it costs; what the bulletin says is added by who has
    /// one. The answer is journalled with the attempt,
    /// so that neither a new deck nor new numbering data changes a replay.
    pub fn look_up(&self, dialled: &str, deck: &Deck, utc_offset_min: i16) -> LookUps {
        let dialled = match self.settings() {
            Some(settings) => settings.dial_plan.dial(dialled),
            None => Dialled::Invalid(NotDiallable::NoSuchNumber),
        };
        let (destination, rate) = match dialled {
            Dialled::Number(number) => (Some(Destination::of(number)), deck.rate_for(number).cloned()),
            _ => (None, None),
        };
        LookUps { dialled, destination, rate, utc_offset_min, elsewhere: Elsewhere::NOTHING }
    }
}
