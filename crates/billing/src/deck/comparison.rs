//! What a table of prices changes of the one before.

use std::collections::BTreeMap;

use super::{Deck, Rate};

/// A table beside the one that was in force before.
#[derive(Debug, PartialEq, Eq)]
pub struct Comparison<'a> {
    /// Prices of prefixes that had none.
    pub new: usize,
    /// Prefixes that have a price no more.
    pub gone: usize,
    /// Prices that become others: before and after, in the order of the new table.
    pub changed: Vec<(&'a Rate, &'a Rate)>,
}

impl Deck {
    /// What is another than in the table before.
    #[must_use]
    pub fn compared_with<'a>(&'a self, before: &'a Self) -> Comparison<'a> {
        let old: BTreeMap<_, _> = before.rates().iter().map(|rate| (rate.prefix, rate)).collect();
        let pairs: Vec<_> = self.rates().iter().filter_map(|rate| Some((*old.get(&rate.prefix)?, rate))).collect();
        let (new, gone) = (self.rates().len() - pairs.len(), old.len() - pairs.len());
        Comparison { new, gone, changed: pairs.into_iter().filter(|(old, rate)| old != rate).collect() }
    }
}

impl Comparison<'_> {
    /// Prices whose minute costs more.
    #[must_use]
    pub fn dearer(&self) -> usize {
        self.changed.iter().filter(|(old, rate)| rate.per_minute > old.per_minute).count()
    }

    /// Prices whose minute costs less.
    #[must_use]
    pub fn cheaper(&self) -> usize {
        self.changed.iter().filter(|(old, rate)| rate.per_minute < old.per_minute).count()
    }

    /// Prices of which something else is another.
    #[must_use]
    pub fn otherwise(&self) -> usize {
        self.changed.len() - self.dearer() - self.cheaper()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_price_is_new_gone_changed_or_as_it_was() {
        let deck = |rows: &str| Deck::from_csv(format!("prefix,destination,rate\n{rows}").as_bytes()).unwrap();
        let before = deck("1,USA,0.01\n355,Albania,0.3\n44,UK,0.02\n33,France,0.02\n49,Germany,0.02\n");
        let after = deck("1,USA,0.01\n355,Albania,0.4\n44,UK,0.01\n33,La France,0.02\n39,Italy,0.02\n");
        let seen = after.compared_with(&before);
        assert_eq!((seen.new, seen.gone, seen.changed.len()), (1, 1, 3));
        assert_eq!((seen.dearer(), seen.cheaper(), seen.otherwise()), (1, 1, 1));
        assert_eq!(after.compared_with(&after), Comparison { new: 0, gone: 0, changed: Vec::new() });
    }
}
