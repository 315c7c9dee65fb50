//! Where addresses are, remembered: phones call from the same few thousand again and again.

use std::net::IpAddr;

use geo::{Place, Places};

/// Addresses remembered, each in the one place its digits choose; a later one takes the place.
const PLACES_BITS: u32 = 12;

/// Looks addresses up.
pub(crate) struct Located {
    places: Places,
    found: Vec<Option<(IpAddr, Place)>>,
}

impl Located {
    pub(crate) fn new(places: Places) -> Self {
        Self { places, found: vec![None; 1 << PLACES_BITS] }
    }

    /// Where an address is.
    pub(crate) fn locate(&mut self, ip: IpAddr) -> Place {
        let bits = match ip {
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64 ^ v6.to_bits() as u64,
        };
        let at = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES_BITS);
        let Some(found) = usize::try_from(at).ok().and_then(|at| self.found.get_mut(at)) else {
            return self.places.locate(ip);
        };
        if let Some((known, place)) = found
            && *known == ip
        {
            return place.clone();
        }
        let place = self.places.locate(ip);
        *found = Some((ip, place.clone()));
        place
    }
}
