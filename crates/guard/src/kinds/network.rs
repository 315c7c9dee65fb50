//! Network: a new place that belongs to a hosting or VPN business.
//!
//! Three in ten thieves from outside call from rented servers or VPN exits; of the new places of owners one in seven is
//! such (commercial VPNs, a PBX moved into a data centre): 3 dB, as long as the place is news. A line that lives in a
//! data centre is used to it.

use crate::Decibans;
use crate::scene::Scene;

const HOSTING: Decibans = Decibans::whole(3);

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if scene.origin.is_news() && scene.call.origin.hosting { HOSTING } else { Decibans::default() }
}

pub(super) fn tell(_: &Scene<'_>) -> String {
    "the new network is a hosting or VPN business".into()
}

#[cfg(test)]
mod tests {
    use crate::EvidenceKind;
    use crate::story::{PARTNERS, Story, from, office, tenths};

    #[test]
    fn as_long_as_it_is_news() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 2);
        let mut server = from("203.0.113.5", 14061, b"US", "Yealink SIP-T54W");
        let mut ask = |day, server: &_| {
            tenths(&story.at(day, 10, 0).dial("101", server, PARTNERS[0], 2).1, EvidenceKind::Network)
        };
        assert_eq!(ask(14, &server), 0, "nothing is known of the network");
        server.place.hosting = Some(true);
        server.ip = "198.51.100.5".parse().unwrap();
        assert_eq!(ask(15, &server), 30);
        assert_eq!(ask(25, &server), 0, "used for days");
    }
}
