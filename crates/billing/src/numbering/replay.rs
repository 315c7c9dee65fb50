//! Dialled digits of the replay format (version 1), made international by its own fixed rules.

use crate::E164;

/// The digits that must follow a prefix for it to be taken off.
const MIN_AFTER_PREFIX: usize = 9;

/// The number that `dialled` stands for in a replay file. The rules, in this order: a leading `+` is
/// dropped and the rest is the number; a leading 99900, 9011, 011, 000, 00, or 900 unless the whole
/// is a ten-digit number, is dropped if at least nine digits follow, and the rest is the number; ten
/// digits get country code 1; anything else is the number as it stands.
///
/// None if what is left is not 1 to 15 digits without a leading zero.
#[must_use]
pub fn replay_e164(dialled: &str) -> Option<E164> {
    if let Some(digits) = dialled.strip_prefix('+') {
        return E164::from_digits(digits);
    }
    for prefix in ["99900", "9011", "011", "000", "00", "900"] {
        if let Some(rest) = dialled.strip_prefix(prefix)
            && rest.len() >= MIN_AFTER_PREFIX
        {
            return E164::from_digits(rest);
        }
    }
    if dialled.len() == 10 {
        let value = E164::from_digits(dialled)?.value();
        return E164::from_value(10_000_000_000 + value);
    }
    E164::from_digits(dialled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_in_their_order() {
        for (dialled, number) in [
            ("+14704764324", Some(14704764324)),
            ("3053426363", Some(13053426363)),
            ("011355691234567", Some(355691234567)),
            ("9011355691234567", Some(355691234567)),
            ("99900355691234567", Some(355691234567)),
            ("000355691234567", Some(355691234567)),
            ("00355691234567", Some(355691234567)),
            ("900355691234567", Some(355691234567)),
            ("9002345678", Some(19002345678)),
            ("355691234567", Some(355691234567)),
            ("0111234567", None),
            ("101", Some(101)),
            ("", None),
            ("+", None),
            ("+0123", None),
            ("12a", None),
        ] {
            assert_eq!(replay_e164(dialled).map(E164::value), number, "{dialled}");
        }
    }
}
