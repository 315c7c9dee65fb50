//! The guard live is the guard of a replay.

use super::*;

#[test]
fn a_world_played_as_sip_gives_the_verdicts_of_its_replay() {
    let mut refused = 0;
    for (seed, mix) in [(2, Mix::Hard), (1, Mix::Published)] {
        let played = play_attacked(seed, mix, 1).unwrap();
        let differing: Vec<_> = played.differing().collect();
        assert!(differing.is_empty(), "{} of {} differ: {:#?}", differing.len(), played.calls.len(), differing.first());
        refused += played.refused();
    }
    assert!(refused > 0, "no call was refused: nothing is shown");
}
