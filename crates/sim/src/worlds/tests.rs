//! Worlds hold what they promise.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn the_same_seed_makes_the_same_world() {
    let (a, b) = (World::new(3, Mix::Hard), World::new(3, Mix::Hard));
    assert_eq!(a.events_jsonl(), b.events_jsonl());
    assert_ne!(a.labels_jsonl(), World::new(4, Mix::Hard).labels_jsonl());
}

#[test]
fn a_hard_world_leaves_nothing_out() {
    let world = World::new(5, Mix::Hard);
    let kinds: BTreeSet<&str> = world.attacks.iter().map(|attack| attack.kind).collect();
    assert_eq!(kinds, attacks::HARD.iter().map(|kind| kind.name).collect());
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut guesses: BTreeMap<&str, u32> = BTreeMap::new();
    for event in &world.script.events {
        match event.what {
            What::Call { oddity: Some(oddity), .. } => drop(seen.insert(oddity)),
            What::Register { ok: false } => *guesses.entry(event.who.line.as_str()).or_default() += 1,
            _ => {}
        }
    }
    // It places no call: it is seen by those who knock at its line.
    seen.extend(guesses.values().any(|guesses| *guesses >= 150).then_some("besieged"));
    for oddity in oddities::ODDITIES {
        assert!(seen.contains(oddity.name), "{}", oddity.name);
    }
    for whole in ["call-centre", "mobile-firm", oddities::NEW_CUSTOMER] {
        assert!(seen.contains(whole), "{whole}");
    }
}

#[test]
fn events_are_in_order_and_of_a_size_that_can_be_pooled() {
    for mix in [Mix::Published, Mix::Hard] {
        let world = World::new(1, mix);
        assert!(world.script.events.is_sorted_by_key(|event| event.at_ms));
        assert!((30_000..250_000).contains(&world.script.events.len()), "{}", world.script.events.len());
        assert!(world.attacks.len() >= ATTACKS);
    }
}
