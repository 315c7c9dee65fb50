//! The story told by ten seeds, with every check.

#[test]
fn ten_seeds_tell_the_story() {
    for seed in 1..=10 {
        if let Err(failure) = super::tell(seed, false) {
            panic!("seed {seed}: {}\n{}\n{:#?}", failure.why, failure.told.join("\n"), failure.plan);
        }
    }
}
