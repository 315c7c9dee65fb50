//! Offsets of time zones from UTC, from the bundled database, so that a replay elsewhere finds the same hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Time zones asked for so far, by IANA name.
#[derive(Debug)]
pub struct Zones {
    database: TimeZoneDatabase,
    known: BTreeMap<String, TimeZone>,
}

/// Names kept; beyond it the cache starts anew (there are about 600 zones).
const MAX_ZONES: usize = 1024;

impl Zones {
    /// An empty cache over the bundled database.
    pub fn new() -> Self {
        Self { database: TimeZoneDatabase::bundled(), known: BTreeMap::new() }
    }

    /// The zone's offset from UTC at `now_ms`, in minutes; 0 for a name nobody knows.
    pub fn offset_min(&mut self, name: &str, now_ms: u64) -> i16 {
        if !self.known.contains_key(name) {
            if self.known.len() >= MAX_ZONES {
                self.known.clear();
            }
            let zone = self.database.get(name).unwrap_or(TimeZone::UTC);
            self.known.insert(name.to_owned(), zone);
        }
        let Some(zone) = self.known.get(name) else { return 0 };
        let now = i64::try_from(now_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
        i16::try_from(zone.to_offset(now).seconds() / 60).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter() {
        let mut zones = Zones::new();
        assert_eq!(zones.offset_min("America/Denver", 1_772_323_200_000), -420); // 2026-03-01
        assert_eq!(zones.offset_min("America/Denver", 1_782_864_000_000), -360); // 2026-07-01
        assert_eq!(zones.offset_min("Nowhere/Land", 1_782_864_000_000), 0);
    }
}
