//! The exposure window and the ground an account makes its own.

use super::*;

const ALBANIA: Ground = (None, NumberClass::Mobile);
const NOON_MS: u64 = 1_772_323_200_000 + 12 * 3_600_000;

#[test]
fn days_are_the_accounts_own_calendar_days() {
    let late_ms = NOON_MS + 11 * 3_600_000;
    assert_eq!(day(late_ms, 0), day(NOON_MS, 0));
    assert_eq!(day(late_ms, 120), day(NOON_MS, 0) + 1);
    assert_eq!(day(NOON_MS, -12 * 60 - 1), day(NOON_MS, 0) - 1);
    assert_eq!(day(0, -600), 0);
}

#[test]
fn three_different_days_of_sixty_make_it_ones_own() {
    let mut exposure = Exposure::default();
    for day in [100, 100, 101] {
        exposure.add(day, ALBANIA);
    }
    assert!(!exposure.is_own(101, ALBANIA));
    exposure.add(103, ALBANIA);
    assert!(exposure.is_own(103, ALBANIA));
    assert!(exposure.is_own(160, ALBANIA));
    assert!(!exposure.is_own(161, ALBANIA));
    assert!(!exposure.is_own(103, (None, NumberClass::Fixed)));
    exposure.withdraw(101, ALBANIA);
    assert!(!exposure.is_own(103, ALBANIA));
}

#[test]
fn numbers_of_no_country_never_become_ones_own() {
    let mut exposure = Exposure::default();
    for day in 100..110 {
        exposure.add(day, (None, NumberClass::Unknown));
    }
    assert!(!exposure.is_own(110, (None, NumberClass::Unknown)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut exposure = Exposure::default();
    for country in billing::Country::all() {
        for class in [NumberClass::Fixed, NumberClass::Mobile] {
            exposure.add(50, (Some(country), class));
        }
    }
    for day in 0..100 {
        exposure.add(day, ALBANIA);
        exposure.charge(u64::from(day) * SLOT_MS * 3, Money::from_cents(1));
    }
    assert_eq!(exposure.answered.len(), MAX_DESTINATIONS);
    assert_eq!(exposure.answered[&ALBANIA].len(), DAYS_KEPT);
    assert!(exposure.charged.len() <= 97);
}

#[test]
fn a_charge_counts_for_a_day_and_never_less() {
    let mut exposure = Exposure::default();
    exposure.charge(NOON_MS, Money::from_cents(5));
    exposure.charge(NOON_MS + SLOT_MS - 1, Money::from_cents(2));
    assert_eq!(exposure.charged(NOON_MS + SLOT_MS - 1 + WINDOW_MS), Money::from_cents(7));
    assert_eq!(exposure.charged(NOON_MS + SLOT_MS + WINDOW_MS), Money::ZERO);
}
