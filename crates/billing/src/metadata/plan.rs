//! The numbering plans of all countries: which country a number belongs to, and of what class it is there.
//!
//! `data/numbering-plans.tsv` has a row for each kind of number of each country, in the order in which libphonenumber asks:
//! of countries that share a code the main one first, of a country's kinds the special ones first. It is read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use super::pattern::{Pattern, Subject};
use crate::{Country, NumberClass};

const ROWS: &str = include_str!("../../data/numbering-plans.tsv");

/// The plans by country code.
static PLANS: LazyLock<BTreeMap<u32, Vec<Plan>>> = LazyLock::new(|| {
    let mut plans: BTreeMap<u32, Vec<Plan>> = BTreeMap::new();
    for row in ROWS.lines().filter(|row| !row.starts_with('#')) {
        // A test reads every row.
        add(&mut plans, row);
    }
    plans
});

/// The numbers of one kind.
struct Numbers {
    /// How many digits they may have, a bit a length; none where the kind does not tell.
    lengths: u32,
    pattern: Pattern,
}

/// The plan of one country.
#[derive(Default)]
struct Plan {
    /// None for worldwide services.
    country: Option<Country>,
    /// What its numbers alone begin with, among countries that share a code.
    leading: Option<Pattern>,
    /// What every number of it looks like.
    general: Option<Numbers>,
    /// The classes, in the order in which they are asked; mobile right after fixed.
    classes: Vec<(NumberClass, Numbers)>,
    /// Which of them numbers may be in.
    likely: Likely,
}

/// Digits by which [`Likely`] tells numbers apart: in most countries three are an area or a network.
const LIKELY_DIGITS: usize = 3;

/// Which classes a number may be in, by its first digits: most patterns need not be walked for it. Worked out when such a
/// number is first asked for, and remembered.
struct Likely(Vec<AtomicU16>);

impl Likely {
    /// Every class may be the one.
    const ALL: u16 = u16::MAX;
    /// The bit of [`Plan::general`]; those below are the classes'.
    const GENERAL: usize = 14;
    /// Set in what is worked out.
    const KNOWN: u16 = 1 << 15;
}

impl Default for Likely {
    fn default() -> Self {
        Self((0..10_usize.pow(LIKELY_DIGITS as u32)).map(|_| AtomicU16::new(0)).collect())
    }
}

/// The country of a number and its class there, by its country code and the digits after that; none if no country is
/// known for it, and class `Unknown` if nobody can have it.
pub(super) fn find(code: u32, national: &str) -> Option<(Option<Country>, NumberClass)> {
    let plans = PLANS.get(&code)?;
    let subject = Subject::new(national);
    if let [only] = plans.as_slice() {
        return Some((only.country, only.class(national, &subject)));
    }
    plans.iter().find_map(|plan| {
        let class = plan.class(national, &subject);
        let leads = || plan.leading.as_ref().is_some_and(|leading| leading.is_start(&subject));
        (class != NumberClass::Unknown || leads()).then_some((plan.country, class))
    })
}

impl Plan {
    fn class(&self, national: &str, subject: &Subject) -> NumberClass {
        let likely = self.likely(national);
        let may_be = |bit: usize| likely & (1 << bit) != 0;
        if !may_be(Likely::GENERAL) || !self.general.as_ref().is_some_and(|general| general.fit(subject)) {
            return NumberClass::Unknown;
        }
        let fitting =
            self.classes.iter().enumerate().filter(|(bit, (_, numbers))| may_be(*bit) && numbers.fit(subject));
        let mut fitting = fitting.map(|(_, (class, _))| *class);
        match fitting.next() {
            Some(NumberClass::Fixed) if fitting.next().is_some() => NumberClass::FixedOrMobile,
            Some(class) => class,
            None => NumberClass::Unknown,
        }
    }

    /// Which classes a number may be in, a bit each.
    fn likely(&self, national: &str) -> u16 {
        let Some(first) = national.get(..LIKELY_DIGITS) else { return Likely::ALL };
        let Some(remembered) = first.parse().ok().and_then(|first: usize| self.likely.0.get(first)) else {
            return Likely::ALL;
        };
        let known = remembered.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let beginning = Subject::beginning(first);
        let classes = self.classes.iter().map(|(_, numbers)| numbers).enumerate();
        let all = classes.chain(self.general.as_ref().map(|general| (Likely::GENERAL, general)));
        let likely = all.filter(|(_, numbers)| numbers.pattern.is_possible(&beginning)).map(|(bit, _)| 1 << bit);
        let likely = likely.fold(Likely::KNOWN, |likely: u16, bit: u16| likely | bit);
        // Whoever else works it out comes to the same.
        remembered.store(likely, Ordering::Relaxed);
        likely
    }
}

impl Numbers {
    fn fit(&self, subject: &Subject) -> bool {
        (self.lengths == 0 || self.lengths & (1 << subject.len()) != 0) && self.pattern.is_whole(subject)
    }
}

/// Adds a row; `None` where it is none.
fn add(plans: &mut BTreeMap<u32, Vec<Plan>>, row: &str) -> Option<()> {
    let mut columns = row.split('\t');
    let mut column = || columns.next();
    let (code, country, kind, lengths, pattern) = (column()?, column()?, column()?, column()?, column()?);
    let country: Option<Country> = country.parse().ok();
    let sharing = plans.entry(code.parse().ok()?).or_default();
    if sharing.last().is_none_or(|last| last.country != country) {
        sharing.push(Plan { country, ..Plan::default() });
    }
    let plan = sharing.last_mut()?;
    let pattern = Pattern::parse(pattern)?;
    let lengths = lengths.split(',').filter_map(|length| 1_u32.checked_shl(length.parse().ok()?)).sum();
    match kind {
        "leading" => plan.leading = Some(pattern),
        "general" => plan.general = Some(Numbers { lengths, pattern }),
        kind => plan.classes.push((class(kind)?, Numbers { lengths, pattern })),
    }
    Some(())
}

fn class(kind: &str) -> Option<NumberClass> {
    const CLASSES: [NumberClass; 11] = [
        NumberClass::Premium,
        NumberClass::TollFree,
        NumberClass::SharedCost,
        NumberClass::Voip,
        NumberClass::PersonalNumber,
        NumberClass::Pager,
        NumberClass::Uan,
        NumberClass::Voicemail,
        NumberClass::Fixed,
        NumberClass::Mobile,
        NumberClass::FixedOrMobile,
    ];
    CLASSES.into_iter().find(|class| class.as_str() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let mut plans = BTreeMap::new();
        for row in ROWS.lines().filter(|row| !row.starts_with('#')) {
            assert!(add(&mut plans, row).is_some(), "{row}");
        }
        assert_eq!(plans[&1].len(), 25, "the countries of North America");
        assert_eq!(plans[&1][0].country, Some(Country::US));
    }
}
