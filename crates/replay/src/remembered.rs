//! Answers remembered: a table in which each key has one place, chosen by its bits; a later key takes the place.

/// 2^64 divided by the golden ratio: multiplied by it, bits that differ little come far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What was found last in each place.
pub(crate) struct Remembered<K, V> {
    places: Vec<Option<(K, V)>>,
    /// How far a spread key is shifted to give its place.
    shift: u32,
}

impl<K: PartialEq, V: Clone> Remembered<K, V> {
    /// An empty table of 2^`bits` places.
    pub(crate) fn new(bits: u32) -> Self {
        Self { places: std::iter::repeat_with(|| None).take(1 << bits).collect(), shift: u64::BITS - bits }
    }

    /// The answer for a key whose bits these are: the remembered one, or else the one that `look_up` finds.
    pub(crate) fn find(&mut self, key: K, bits: u64, look_up: impl FnOnce(&K) -> V) -> V {
        let place = usize::try_from(bits.wrapping_mul(SPREAD) >> self.shift).ok();
        let place = place.and_then(|place| self.places.get_mut(place));
        if let Some(Some((known, answer))) = &place
            && *known == key
        {
            return answer.clone();
        }
        let answer = look_up(&key);
        if let Some(place) = place {
            *place = Some((key, answer.clone()));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_answer_and_is_asked_for_once_while_it_is_remembered() {
        let mut remembered = Remembered::new(2);
        let mut asked = 0;
        for key in [7_u64, 7, 8, 9, 10, 11, 12, 7, 7] {
            let answer = remembered.find(key, key, |key| {
                asked += 1;
                key * 2
            });
            assert_eq!(answer, key * 2);
        }
        assert!((6..9).contains(&asked), "{asked} look-ups: six keys, in four places");
    }
}
