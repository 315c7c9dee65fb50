//! The assignment problem on few edges: each row gets at most one call, as many rows as possible get one, and the sum of
//! their costs is least. Shortest augmenting paths, one row after the other (Jonker and Volgenant 1987).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What a row costs that gets no call: more than any number of pairs.
const NO_CALL: i128 = 1 << 64;
/// No pair costs more.
const DEAREST: u64 = 1 << 36;

/// For each row, which column it gets; `edges` has the columns it may get, with their costs.
pub(super) fn cheapest(edges: &[Vec<(usize, u64)>], columns: usize) -> Vec<Option<usize>> {
    let mut books = Books {
        // To stay without is a column of each row's own, behind the others.
        edges: edges
            .iter()
            .enumerate()
            .map(|(row, edges)| {
                let pairs = edges.iter().map(|(column, cost)| (*column, i128::from((*cost).min(DEAREST))));
                pairs.chain([(columns + row, NO_CALL)]).collect()
            })
            .collect(),
        price: vec![0; columns + edges.len()],
        row_of: vec![None; columns + edges.len()],
        column_of: vec![None; edges.len()],
    };
    for row in 0..edges.len() {
        books.find_place(row);
    }
    books.column_of.into_iter().map(|column| column.filter(|column| *column < columns)).collect()
}

struct Books {
    edges: Vec<Vec<(usize, i128)>>,
    /// What a column is worth beyond its cost, to those that want it.
    price: Vec<i128>,
    row_of: Vec<Option<usize>>,
    column_of: Vec<Option<usize>>,
}

/// The shortest way known to a column, and the row it comes from.
type Ways = BTreeMap<usize, (i128, usize)>;

impl Books {
    /// Gives a row a column; others may have to move on for it.
    fn find_place(&mut self, new: usize) {
        let (mut ways, mut done): (Ways, BTreeMap<usize, i128>) = (Ways::new(), BTreeMap::new());
        let mut queue = BinaryHeap::new();
        let (mut row, mut so_far) = (new, 0);
        let free = loop {
            let own = self.column_of[row].map_or(0, |own| self.cost(row, own) - self.price[own]);
            for &(column, cost) in &self.edges[row] {
                let way = so_far + cost - self.price[column] - own;
                if !done.contains_key(&column) && ways.get(&column).is_none_or(|(known, _)| way < *known) {
                    ways.insert(column, (way, row));
                    queue.push(Reverse((way, column)));
                }
            }
            // A row can always stay without, so that the queue never ends before a free column.
            let Some(Reverse((way, column))) = queue.pop() else { return };
            if done.contains_key(&column) {
                continue;
            }
            match self.row_of[column] {
                None => break (column, way),
                Some(owner) => {
                    done.insert(column, way);
                    (row, so_far) = (owner, way);
                }
            }
        };
        let (mut column, length) = free;
        for (seen, way) in done {
            self.price[seen] += way - length;
        }
        loop {
            let from = ways[&column].1;
            let before = self.column_of[from].replace(column);
            self.row_of[column] = Some(from);
            match before {
                Some(before) if from != new => column = before,
                _ => return,
            }
        }
    }

    fn cost(&self, row: usize, column: usize) -> i128 {
        let edge = self.edges[row].iter().find(|(known, _)| *known == column);
        edge.map_or(NO_CALL, |(_, cost)| *cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every way to give each row a column or none: most rows with one, then the least sum.
    fn by_trying(edges: &[Vec<(usize, u64)>], taken: &mut Vec<usize>) -> (usize, u64) {
        let Some((first, rest)) = edges.split_first() else { return (0, 0) };
        let (without, cost) = by_trying(rest, taken);
        let mut best = (without + 1, cost);
        for &(column, cost) in first {
            if !taken.contains(&column) {
                taken.push(column);
                let (without, others) = by_trying(rest, taken);
                taken.pop();
                best = best.min((without, others + cost));
            }
        }
        best
    }

    proptest! {
        #[test]
        fn none_is_better(edges in prop::collection::vec(prop::collection::btree_map(0..6_usize, 0..50_u64, 0..5), 0..7)) {
            let edges: Vec<Vec<(usize, u64)>> = edges.into_iter().map(|row| row.into_iter().collect()).collect();
            let found = cheapest(&edges, 6);
            let mut columns: Vec<usize> = found.iter().flatten().copied().collect();
            columns.sort_unstable();
            columns.dedup();
            prop_assert_eq!(columns.len(), found.iter().flatten().count(), "a column twice");
            let cost = |(row, column): (usize, &Option<usize>)| {
                let column = (*column)?;
                edges[row].iter().find(|(known, _)| *known == column).map(|(_, cost)| *cost)
            };
            let sum = found.iter().enumerate().filter_map(cost).sum();
            let without = found.iter().filter(|column| column.is_none()).count();
            prop_assert_eq!((without, sum), by_trying(&edges, &mut Vec::new()));
        }
    }
}
