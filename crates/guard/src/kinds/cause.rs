//! Cause: the call is placed by a forwarding setting or a transfer, to a fresh number abroad.
//!
//! Forwarding abuse is one of the known ways (DESIGN section 6): one in ten thieves. Of owners' calls abroad: the line's
//! share of forwarded ones, smoothed with ten towards the account's, that with ten towards one in fifty; at most 7 dB.

use crate::Decibans;
use crate::habit::Habit;
use crate::math::ratio_db;
use crate::scene::Scene;

const MOST_DB: i32 = 7;
const MILLION: u64 = 1_000_000;
const THIEF: u64 = MILLION / 10;
const FIRMS: u64 = MILLION / 50;
const SMOOTHING: u64 = 10;

fn share(habit: &Habit, wider: u64) -> u64 {
    (habit.moved * MILLION + SMOOTHING * wider) / (habit.calls + SMOOTHING)
}

pub(super) fn weigh(scene: &Scene<'_>) -> Decibans {
    if scene.call.circumstances.cause.is_none() || !scene.is_fresh() {
        return Decibans::default();
    }
    ratio_db(THIEF, share(&scene.line.habit, share(scene.account, FIRMS))).within(0, MOST_DB)
}

pub(super) fn tell(scene: &Scene<'_>) -> String {
    match scene.call.circumstances.cause {
        Some(crate::Cause::Transfer) => "a transfer places it".into(),
        _ => "a forwarding setting places it".into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::story::{Story, office, tenths};
    use crate::{Cause, EvidenceKind};

    #[test]
    fn a_forwarded_call_to_a_new_number_abroad() {
        let mut story = Story::default();
        story.office_weeks(&["101"], &office(), 3).at(21, 10, 0);
        let mut ask = |cause| {
            tenths(&story.wait_s(60).dial_by("101", &office(), "41442345678", Some(3), cause).1, EvidenceKind::Cause)
        };
        assert_eq!(ask(None), 0);
        assert_eq!(ask(Some(Cause::Forward)), 70);
    }
}
