//! Where a line or an account calls and registers from, and how often that changes.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Decibans, Origin};
use geo::Place;

/// User agents remembered; the oldest is evicted.
const MAX_AGENTS: usize = 8;
/// Sightings of one origin count at most once in this time, so that a busy hour is one fact and not a thousand.
const SIGHTING_MS: u64 = 3_600_000;

/// An origin as habits know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OriginKey {
    pub(crate) source: Source,
    /// Autonomous system.
    pub(crate) asn: Option<u32>,
    /// ISO country.
    pub(crate) country: Option<[u8; 2]>,
    /// A hosting or VPN business.
    pub(crate) hosting: bool,
    /// Hash of the name of the user agent, without its version.
    agent: u32,
    /// The user agent is a tool of attack.
    pub(crate) tool: bool,
    /// Where that is, as far as the databases tell.
    spot: Option<Spot>,
}

/// Latitude and longitude in hundredths of a degree: about a kilometre, which is finer than the databases are right.
pub(crate) type Spot = (i16, i16);

fn spot((lat, lon): (i32, i32)) -> Spot {
    ((lat / 100) as i16, (lon / 100) as i16)
}

fn apart_km(a: Spot, b: Spot) -> Option<u32> {
    let place =
        |(lat, lon): Spot| Place { lat_lon_e4: Some((i32::from(lat) * 100, i32::from(lon) * 100)), ..Place::default() };
    place(a).distance_km(&place(b))
}

impl From<&Origin> for OriginKey {
    fn from(origin: &Origin) -> Self {
        Self {
            source: Source::from(origin.ip),
            asn: origin.place.asn,
            country: origin.place.country,
            hosting: origin.place.hosting == Some(true),
            agent: origin.user_agent.name(),
            spot: origin.place.lat_lon_e4.map(spot),
            tool: origin.user_agent.is_tool(),
        }
    }
}

impl OriginKey {
    /// Whether both come from the same /24 or /48.
    pub(crate) const fn same_prefix(&self, other: &Self) -> bool {
        self.source.0 == other.source.0
    }

    /// The hour of the day by the sun, where it is known how far east that is.
    pub(crate) fn solar_hour(&self, at_ms: u64) -> Option<u8> {
        let (_, lon) = self.spot?;
        // Fifteen degrees an hour: a hundredth of a degree is 2.4 seconds.
        let local_ms = at_ms.saturating_add_signed(i64::from(lon) * 2_400);
        Some((local_ms / 3_600_000 % 24) as u8)
    }

    fn same_network(&self, other: &Self) -> bool {
        self.asn.is_some() && self.asn == other.asn
    }
}

/// Addresses that count as one: a /24 (IPv4) or a /48 (IPv6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Source(u64);

impl From<IpAddr> for Source {
    fn from(ip: IpAddr) -> Self {
        Self(match ip.to_canonical() {
            IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
            IpAddr::V6(v6) => 1 << 63 | (v6.to_bits() >> 80) as u64,
        })
    }
}

/// How new an origin is, by the widest circle it is new in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Familiarity {
    /// The /24 is known.
    Known,
    /// A new /24 of a known network.
    NewPrefix,
    /// A new network in a known country, or one of which nothing is known.
    NewNetwork,
    /// A new country.
    NewCountry,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Known {
    key: OriginKey,
    last_ms: u64,
    /// What its first sighting was.
    sight: FirstSight,
}

/// What the first sighting of an origin was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FirstSight {
    /// How new it was.
    pub(crate) first: Familiarity,
    /// What that said then.
    pub(crate) weight: Decibans,
    /// How it lay to the places before it.
    pub(crate) reach: Reach,
    /// When that was.
    pub(crate) since_ms: u64,
}

/// How a new origin lies to the places before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reach {
    /// The databases do not tell, or it is neither near nor out of reach.
    Elsewhere,
    /// In the same town as a place used for days.
    Near,
    /// Nobody could have got there since the line was last seen.
    Beyond,
}

/// Addresses of one town are placed so far apart at most.
const TOWN_KM: u32 = 60;
/// Nearer than this, misplaced addresses are likelier than journeys.
const JOURNEY_KM: u32 = 500;
/// As fast as an aeroplane, door to door.
const FLIGHT_KM_H: u64 = 900;

impl Known {
    /// Seen only since then, and worth a word when it was: the first place of all is not.
    fn is_news_since(&self, since_ms: u64) -> bool {
        self.sight.since_ms >= since_ms && self.sight.weight >= Decibans::whole(1)
    }
}

/// Origins of a line or an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origins {
    known: Vec<Known>,
    agents: Vec<(u32, u64)>,
    /// Sightings, at most one an hour and origin.
    sightings: u64,
    /// How many of them were a new prefix, a new network, a new country.
    new: [u64; 3],
    /// How many new ones were out of reach.
    jumps: u64,
    /// The latest sighting, and where that was.
    last: Option<(u64, Spot)>,
}

impl Origins {
    /// Whether nothing was ever seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.sightings == 0
    }

    /// How many places are remembered.
    pub(crate) fn places(&self) -> usize {
        self.known.len()
    }

    /// How new an origin is.
    pub(crate) fn familiarity(&self, key: &OriginKey) -> Familiarity {
        if self.known.iter().any(|known| known.key.same_prefix(key)) {
            Familiarity::Known
        } else if self.known.iter().any(|known| known.key.same_network(key)) {
            Familiarity::NewPrefix
        } else if key.country.is_none() || self.known.iter().any(|known| known.key.country == key.country) {
            Familiarity::NewNetwork
        } else {
            Familiarity::NewCountry
        }
    }

    /// How often a sighting was at least this new: events and sightings.
    pub(crate) fn novelty(&self, at_least: Familiarity) -> (u64, u64) {
        let from = (at_least as usize).saturating_sub(1);
        (self.new.iter().skip(from).sum(), self.sightings)
    }

    /// What the first sighting of this origin was.
    pub(crate) fn first_sight(&self, key: &OriginKey) -> Option<FirstSight> {
        self.known.iter().find(|known| known.key.same_prefix(key)).map(|known| known.sight)
    }

    /// Whether a place that is no news (any more, at that time) is in the same town.
    pub(crate) fn is_near(&self, key: &OriginKey, since_ms: u64) -> bool {
        let Some(here) = key.spot else { return false };
        let settled =
            self.known.iter().filter(|known| !known.is_news_since(since_ms)).filter_map(|known| known.key.spot);
        settled.filter_map(|there| apart_km(here, there)).any(|km| km <= TOWN_KM)
    }

    /// Whether nobody could have got there since the latest sighting.
    pub(crate) fn is_out_of_reach(&self, now_ms: u64, key: &OriginKey) -> bool {
        let (Some(here), Some((last_ms, there))) = (key.spot, self.last) else { return false };
        let flown_km = now_ms.saturating_sub(last_ms) * FLIGHT_KM_H / 3_600_000;
        apart_km(here, there).is_some_and(|km| km >= JOURNEY_KM && u64::from(km) > flown_km)
    }

    /// How many new origins were out of reach, of how many new ones.
    pub(crate) fn jumps(&self) -> (u64, u64) {
        (self.jumps, self.new.iter().sum())
    }

    /// Whether the user agent was seen here before `before_ms`; `None` where no agent was.
    pub(crate) fn knows_agent(&self, key: &OriginKey, before_ms: u64) -> Option<bool> {
        let mut settled = self.agents.iter().filter(|(_, since)| *since < before_ms).peekable();
        settled.peek()?;
        Some(settled.any(|(agent, _)| *agent == key.agent))
    }

    /// Notes a sighting; `sight` is what it is if it is new. Above `most` the one not seen for longest is evicted.
    pub(crate) fn see(&mut self, now_ms: u64, key: OriginKey, sight: FirstSight, most: usize) {
        self.see_agent(now_ms, key.agent);
        self.last = key.spot.map(|spot| (now_ms, spot)).or(self.last);
        if let Some(known) = self.known.iter_mut().find(|known| known.key.same_prefix(&key)) {
            if now_ms.saturating_sub(known.last_ms) >= SIGHTING_MS {
                known.last_ms = now_ms;
                self.sightings = self.sightings.saturating_add(1);
            }
            return;
        }
        if self.known.len() >= most {
            let oldest = (0..self.known.len()).min_by_key(|&i| self.known[i].last_ms);
            oldest.map(|oldest| self.known.remove(oldest));
        }
        // How new it is to these origins, which may be the account's while `sight` is a line's.
        let sight = FirstSight { first: self.familiarity(&key), ..sight };
        if self.sightings > 0 && sight.first != Familiarity::Known {
            if let Some(count) = self.new.get_mut((sight.first as usize).saturating_sub(1)) {
                *count = count.saturating_add(1);
            }
            self.jumps = self.jumps.saturating_add(u64::from(sight.reach == Reach::Beyond));
        }
        self.sightings = self.sightings.saturating_add(1);
        // Most lines stay with one place and one phone.
        self.known.reserve_exact(1);
        self.known.push(Known { key, last_ms: now_ms, sight });
    }

    fn see_agent(&mut self, now_ms: u64, agent: u32) {
        if self.agents.iter().any(|(known, _)| *known == agent) {
            return;
        }
        if self.agents.len() >= MAX_AGENTS {
            self.agents.remove(0);
        }
        self.agents.reserve_exact(1);
        self.agents.push((agent, now_ms));
    }

    /// Forgets the origins that were news since `since_ms`, with what they taught: they may be the thief's. Gives them.
    pub(crate) fn forget_since(&mut self, since_ms: u64) -> Vec<OriginKey> {
        self.agents.retain(|(_, since)| *since < since_ms);
        let young: Vec<_> =
            self.known.iter().filter(|known| known.is_news_since(since_ms)).map(|known| known.key).collect();
        young.iter().for_each(|key| self.forget(key, since_ms));
        young
    }

    /// Forgets one origin, and its user agent, if it was news since `since_ms`.
    pub(crate) fn forget(&mut self, key: &OriginKey, since_ms: u64) {
        self.agents.retain(|(agent, since)| *since < since_ms || *agent != key.agent);
        let is_it = |known: &Known| known.is_news_since(since_ms) && known.key.same_prefix(key);
        let Some(known) = self.known.iter().position(is_it).map(|at| self.known.remove(at)) else {
            return;
        };
        self.sightings = self.sightings.saturating_sub(1);
        if let Some(count) = self.new.get_mut((known.sight.first as usize).saturating_sub(1)) {
            *count = count.saturating_sub(1);
        }
        self.jumps = self.jumps.saturating_sub(u64::from(known.sight.reach == Reach::Beyond));
    }

    /// What is known of this origin, to be put back.
    pub(crate) fn remembered(&self, key: &OriginKey) -> Option<Known> {
        self.known.iter().find(|known| known.key.same_prefix(key)).cloned()
    }

    /// Puts back what was known of an origin, or that nothing was.
    pub(crate) fn put_back(&mut self, key: &OriginKey, before: Option<&Known>) {
        match (self.known.iter_mut().find(|known| known.key.same_prefix(key)), before) {
            (Some(known), Some(before)) => known.sight = before.sight,
            (Some(_), None) => self.known.retain(|known| !known.key.same_prefix(key)),
            (None, _) => {}
        }
    }

    /// The owner owns to this origin: it says nothing from now on.
    pub(crate) fn trust(&mut self, key: &OriginKey) {
        for known in self.known.iter_mut().filter(|known| known.key.same_prefix(key)) {
            known.sight = FirstSight {
                first: Familiarity::Known,
                weight: Decibans::default(),
                reach: Reach::Elsewhere,
                ..known.sight
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Place;

    fn key(ip: &str, asn: u32, country: &[u8; 2], agent: &str) -> OriginKey {
        let place = Place { asn: Some(asn), country: Some(*country), ..Place::default() };
        OriginKey::from(&Origin { ip: ip.parse().unwrap(), place, user_agent: agent.into() })
    }

    fn sight(since_ms: u64, weight: Decibans) -> FirstSight {
        FirstSight { first: Familiarity::NewPrefix, weight, reach: Reach::Elsewhere, since_ms }
    }

    #[test]
    fn new_by_the_widest_circle() {
        let mut origins = Origins::default();
        origins.see(0, key("192.0.2.9", 1, b"US", "Yealink T54W 96.86"), sight(0, Decibans::default()), 16);
        let ask = |ip, asn, country| origins.familiarity(&key(ip, asn, country, ""));
        assert_eq!(ask("192.0.2.77", 1, b"US"), Familiarity::Known);
        assert_eq!(ask("198.51.100.1", 1, b"US"), Familiarity::NewPrefix);
        assert_eq!(ask("198.51.100.1", 2, b"US"), Familiarity::NewNetwork);
        assert_eq!(ask("198.51.100.1", 2, b"PS"), Familiarity::NewCountry);
        assert_eq!(origins.knows_agent(&key("192.0.2.1", 1, b"US", "Yealink T46"), 1), Some(true));
        assert_eq!(origins.knows_agent(&key("192.0.2.1", 1, b"US", "Snom"), 1), Some(false));
        assert_eq!(origins.knows_agent(&key("192.0.2.1", 1, b"US", "Snom"), 0), None);
    }

    #[test]
    fn the_origin_not_seen_for_longest_makes_room_and_the_young_are_forgotten() {
        let mut origins = Origins::default();
        for (at, ip) in
            [(0, "192.0.2.1"), (1, "198.51.100.1"), (SIGHTING_MS, "192.0.2.1"), (SIGHTING_MS + 1, "203.0.113.1")]
        {
            origins.see(at, key(ip, 1, b"US", "a"), sight(at, Decibans::whole(6)), 2);
        }
        assert_eq!(origins.familiarity(&key("198.51.100.1", 1, b"US", "")), Familiarity::NewPrefix);
        assert_eq!(origins.novelty(Familiarity::NewPrefix), (2, 4));
        origins.forget_since(SIGHTING_MS);
        assert_eq!(origins.familiarity(&key("192.0.2.5", 1, b"US", "")), Familiarity::Known);
        assert_eq!(origins.familiarity(&key("203.0.113.1", 1, b"US", "")), Familiarity::NewPrefix);
    }
}
