//! Where addresses are, remembered: phones call from the same few thousand again and again.

use std::net::IpAddr;

use geo::{Place, Places};

use crate::remembered::Remembered;

/// Addresses remembered: 2 to the power of this.
const REMEMBERED_BITS: u32 = 12;

/// Looks addresses up.
pub(crate) struct Located {
    places: Places,
    remembered: Remembered<IpAddr, Place>,
}

impl Located {
    pub(crate) fn new(places: Places) -> Self {
        Self { places, remembered: Remembered::new(REMEMBERED_BITS) }
    }

    /// Where an address is.
    pub(crate) fn locate(&mut self, ip: IpAddr) -> Place {
        let bits = match ip {
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64 ^ v6.to_bits() as u64,
        };
        let places = &self.places;
        self.remembered.find(ip, bits, |&ip| places.locate(ip))
    }
}
