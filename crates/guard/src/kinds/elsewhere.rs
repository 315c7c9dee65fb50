//! Elsewhere: another account of the node was attacked with this number, or from this place, within two weeks.
//!
//! One crew sweeps many firms with one list of numbers from a few addresses (DESIGN section 6). Number: three in ten calls
//! of a thief go to a number that was in somebody else's incident; of an owner's fresh numbers one in two thousand, since
//! incidents hold some thousand numbers of all there are, and firms share an airline or a conference bridge: 28 dB. But the
//! incident over there may have been wrong, as one in two is where attacks are rare, and then the number is somebody's
//! business: half of it, 14 dB; two accounts are hardly wrong about one number: 20 dB. Place: three in ten thieves' new
//! places, one in a hundred of owners' (a hotel, a mobile network, an exit of a VPN): 15 dB, of which 8 count for one
//! account, 12 for more. The number counts while it is no habit of the line, the place while it is news.

use crate::Decibans;
use crate::scene::Scene;

/// By other accounts: none, one, more.
const NUMBER: [Decibans; 3] = [Decibans::whole(0), Decibans::whole(14), Decibans::whole(20)];
const PLACE: [Decibans; 3] = [Decibans::whole(0), Decibans::whole(8), Decibans::whole(12)];

fn step(table: &[Decibans; 3], accounts: u8, counts: bool) -> Decibans {
    if counts { table[usize::from(accounts.min(2))] } else { Decibans::default() }
}

fn number_db(scene: &Scene<'_>) -> Decibans {
    step(&NUMBER, scene.call.circumstances.elsewhere.number, scene.is_fresh())
}

fn place_db(scene: &Scene<'_>) -> Decibans {
    step(&PLACE, scene.call.circumstances.elsewhere.source, scene.origin.is_news())
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    number_db(scene).plus(place_db(scene))
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    // Whose accounts they are is nobody's business.
    let others = |accounts: u8| if accounts > 1 { "other accounts were" } else { "another account was" };
    let (number, source) = (scene.call.circumstances.elsewhere.number, scene.call.circumstances.elsewhere.source);
    match (number_db(scene).tenths() > 0, place_db(scene).tenths() > 0) {
        (true, true) => format!("{} attacked with this number, and from this place", others(number.max(source))),
        (true, false) => format!("{} attacked with this number", others(number)),
        (false, _) => format!("{} attacked from this place", others(source)),
    }
}

#[cfg(test)]
mod tests {
    use crate::story::{PARTNERS, Story, khan_yunis, office, tenths, words};
    use crate::{Elsewhere, EvidenceKind};

    #[test]
    fn numbers_and_places_that_others_were_attacked_with() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 3).at(21, 10, 0);
        let mut ask = |from: &crate::Origin, dialled: &str, number, source| {
            story.elsewhere = Elsewhere { version: 7, number, source };
            let said = story.wait_s(60).dial("101", from, dialled, 30).1;
            (tenths(&said, EvidenceKind::Elsewhere), words(&said, EvidenceKind::Elsewhere))
        };
        assert_eq!(ask(&office(), "355691234567", 0, 0).0, 0);
        assert_eq!(ask(&office(), "355691234567", 1, 0).0, 140);
        assert_eq!(ask(&office(), "355691234567", 3, 0).0, 200);
        assert_eq!(ask(&office(), PARTNERS[0], 3, 3).0, 0, "a habit, from the usual place");
        let (weight, words) = ask(&khan_yunis(), "355691234567", 1, 2);
        assert_eq!(weight, 260);
        assert_eq!(words, "other accounts were attacked with this number, and from this place");
    }
}
