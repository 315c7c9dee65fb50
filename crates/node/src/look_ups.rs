//! What an account is told with an input that the call machine cannot know: the place of the address, what the digits
//! mean, the price, the account's hour, what other accounts are attacked with.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{Account, Input};
use billing::CarrierId;
use edge::Carrier;
use geo::Places;
use guard::Bulletin;

use crate::book::{Decks, PricesAt};
use crate::zones::Zones;

/// Where it is looked up.
pub(crate) struct LookUps {
    pub places: Arc<Places>,
    pub decks: Decks,
    /// What other accounts are attacked with.
    pub bulletin: Arc<Bulletin>,
    zones: Zones,
}

impl LookUps {
    pub fn new(places: Arc<Places>, decks: Decks, bulletin: Arc<Bulletin>) -> Self {
        Self { places, decks, bulletin, zones: Zones::new() }
    }

    /// An account's hour: the offset of its time zone from UTC, minutes.
    pub fn offset_min(&mut self, zone: &str, now_ms: u64) -> i16 {
        self.zones.offset_min(zone, now_ms)
    }

    /// Fills them in.
    pub fn complete(
        &mut self,
        now_ms: u64,
        account: Option<&Account>,
        carriers: &BTreeMap<CarrierId, Carrier>,
        disk_full: bool,
        input: &mut Input,
    ) {
        match input {
            Input::Register(registration) => {
                registration.via.place = self.places.locate(registration.via.flow.remote.ip());
            }
            Input::Screen(attempt) => {
                let attempt = Arc::make_mut(attempt);
                attempt.via.place = self.places.locate(attempt.via.flow.remote.ip());
                if let Some(told) = &mut attempt.told {
                    told.locate(&self.places);
                }
                let Some(account) = account else { return };
                let Some(settings) = account.settings() else { return };
                let offset_min = self.offset_min(&settings.time_zone, now_ms);
                let prices = PricesAt { decks: &self.decks, carriers, now_ms };
                attempt.look_ups = account.look_up(&attempt.dialled, &prices, offset_min);
                attempt.look_ups.disk_full = disk_full;
                let ip = attempt.via.flow.remote.ip();
                attempt.look_ups.elsewhere = self.bulletin.look_up(account.id(), attempt.look_ups.number(), ip);
            }
            _ => {}
        }
    }
}
