//! Distance: a new place in a town the line is used to, or one that nobody could have reached since it was last seen.
//!
//! Near (the same town as a place used for days): seven in ten of the new places of owners who stay in their network's
//! country (a home office, another provider, a mobile network), but one in ten of thieves', who mostly do not know or
//! care where the firm is (a residential proxy in the victim's own town is a hard case for that): 0.1 / 0.7 = -8 dB, at
//! most as much as the place itself says. Out of reach (500 km and more, faster than an aeroplane): four in ten of
//! thieves, since the phone goes on working while the thief calls; of owners' new places the line's own share, smoothed
//! with four at one in ten (VPNs, mobile gateways, a second phone): 6 dB at first, 8 at most. Both fade as the place
//! stops being news.

use crate::Decibans;
use crate::habit::Reach;
use crate::math::{faded_db, ratio_db};
use crate::scene::Scene;

use super::origin::HALF_LIFE_MS;

const NEAR: Decibans = Decibans::whole(-8);
const MOST_DB: i32 = 8;
const MILLION: u64 = 1_000_000;
const THIEF_OUT_OF_REACH: u64 = 400_000;
const FIRMS_OUT_OF_REACH: u64 = 100_000;
const SMOOTHING: u64 = 4;

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    let sight = &scene.origin;
    if !sight.is_news() {
        return Decibans::default();
    }
    match sight.reach {
        Reach::Elsewhere => Decibans::default(),
        Reach::Near => NEAR.max(sight.weight.part(-1, 1)).within(-100, 0),
        Reach::Beyond => {
            let (jumps, new) = scene.line.habit.origins.jumps();
            // This one is among them.
            let (jumps, new) = (jumps.saturating_sub(1), new.saturating_sub(1));
            let owner = (jumps * MILLION + SMOOTHING * FIRMS_OUT_OF_REACH) / (new + SMOOTHING);
            let weight = ratio_db(THIEF_OUT_OF_REACH, owner).within(0, MOST_DB);
            faded_db(weight, scene.now_ms.saturating_sub(sight.since_ms), HALF_LIFE_MS)
        }
    }
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match scene.origin.reach {
        Reach::Near => "the new place is in a town the line is used to".into(),
        _ => "nobody could have got there since the line was last seen".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, office, tenths};

    fn in_town(ip: &str, asn: u32, country: &[u8; 2], lat_lon_e4: (i32, i32)) -> crate::Origin {
        let mut origin = from(ip, asn, country, "Yealink SIP-T54W");
        origin.place.lat_lon_e4 = Some(lat_lon_e4);
        origin
    }

    #[test]
    fn near_speaks_for_the_owner_and_out_of_reach_against() {
        const DENVER: (i32, i32) = (397_400, -1_049_800);
        let mut story = Story::default();
        let office = crate::Origin { place: in_town("192.0.2.10", 7922, b"US", DENVER).place, ..office() };
        story.office_weeks(&["101", "102"], &office, 2).at(14, 10, 0);
        story.talk("101", &office, "13035550100", 1, 20);
        let mut ask = |minutes: u64, from: &crate::Origin| {
            tenths(&story.wait_s(minutes * 60).dial("101", from, PARTNERS[0], 2).1, EvidenceKind::Distance)
        };
        let boulder = in_town("198.51.100.9", 3356, b"US", (400_100, -1_052_700));
        assert_eq!(ask(5, &boulder), -80);
        assert_eq!(
            ask(30, &in_town("203.0.113.9", 12975, b"PS", (313_500, 343_000))),
            70,
            "Khan Yunis in half an hour"
        );
        assert_eq!(
            ask(2_000, &in_town("203.0.114.9", 3209, b"PT", (411_500, -86_100))),
            0,
            "Porto in a day and a half"
        );
    }
}
