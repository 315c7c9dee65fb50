//! Calls filed in blocks: for each thing that calls of a block have in common, one list of them in order of time.
//!
//! An index with a row for each call has a page of its own to change for nearly every call once there are millions; a list
//! that is written once for thousands of calls has not. A call is found again by opening the blocks in which there are calls
//! with all that is asked for (reader/find.rs).
//!
//! A list is made of numbers that grow, each written as its distance from the one before, seven bits a byte, the lowest
//! first. A number is when a call began, in milliseconds, and behind it, in [`ROW_BITS`] bits, its row in the block.

use std::collections::BTreeMap;
use std::net::IpAddr;

use billing::IncidentId;
use rusqlite::{Connection, params};

use super::calls::{Call, Part, Shown};
use super::row::int;

/// Calls in a block: so many are looked through in some milliseconds.
pub(super) const BLOCK_CALLS: u64 = 1 << ROW_BITS;
const ROW_BITS: u32 = 14;
/// The latest moment that a list can tell.
const MAX_MS: u64 = u64::MAX >> (ROW_BITS + 1);

/// The thing that all calls have in common.
pub(super) const ALL: &str = "calls";
/// The thing that refused calls have in common.
pub(super) const REFUSED: &str = "refused";

/// When a call began, in milliseconds, and its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) start_ms: u64,
    pub(super) row: u64,
}

/// The thing that calls have in common whose numbers begin so: country and area, as far as three digits tell. Numbers are
/// longer, so that those are left when the last digits are masked.
pub(super) fn beginning(number: &str) -> Option<String> {
    digits(number).map(|digits| thing("number", digits))
}

fn digits(number: &str) -> Option<&str> {
    number.get(..4).filter(|digits| digits.starts_with('+'))
}

/// The thing that the calls of an account, line, country, carrier, address or incident have in common.
pub(super) fn thing(kind: &str, of: &str) -> String {
    [kind, of].join(" ")
}

/// Kinds of things that are texts.
const KINDS: [&str; 4] = ["account", "line", "country", "carrier"];

/// Things by a text that calls have in common.
type By<T> = BTreeMap<Box<str>, Vec<T>>;

/// The number of a call, when it began, and its row.
type Numbered = (Box<str>, i64, i64);

/// The lists of a block that is made.
#[derive(Default)]
struct Lists {
    all: Vec<u64>,
    refused: Vec<u64>,
    beginnings: By<u64>,
    of: [By<u64>; KINDS.len()],
    ips: BTreeMap<IpAddr, Vec<u64>>,
    incidents: BTreeMap<u64, Vec<u64>>,
    /// By account.
    numbers: By<Numbered>,
}

/// Adds to what a text has. Most texts are there already, and need not be kept once more.
fn add<T>(by: &mut By<T>, text: &str, thing: T) {
    match by.get_mut(text) {
        Some(things) => things.push(thing),
        None => drop(by.insert(text.into(), vec![thing])),
    }
}

impl Lists {
    fn call(&mut self, call: &Call<'_>, first_row: u64) {
        let code = call.start_ms.min(MAX_MS) << ROW_BITS | call.row.saturating_sub(first_row);
        let Shown { account, line, number, country, carrier, ip, incident, is_refused, .. } = call.shown;
        self.all.push(code);
        if is_refused {
            self.refused.push(code);
        }
        if let Some(digits) = digits(number) {
            add(&mut self.beginnings, digits, code);
        }
        for (lists, of) in self.of.iter_mut().zip([Some(account), line, country, carrier]) {
            if let Some(of) = of {
                add(lists, of, code);
            }
        }
        self.ips.entry(ip).or_default().push(code);
        if let Some(incident) = incident {
            self.incidents.entry(incident).or_default().push(code);
        }
        add(&mut self.numbers, account, (number.into(), int(call.start_ms), int(call.row)));
    }

    /// Each with the thing that its calls have in common.
    fn named(self) -> impl Iterator<Item = (String, Vec<u64>)> {
        let whole = [(ALL.to_owned(), self.all), (REFUSED.to_owned(), self.refused)];
        let of = KINDS.into_iter().zip(self.of);
        let of = of.flat_map(|(kind, lists)| lists.into_iter().map(move |(of, list)| (thing(kind, &of), list)));
        let beginnings = self.beginnings.into_iter().map(|(digits, list)| (thing("number", &digits), list));
        let ips = self.ips.into_iter().map(|(ip, list)| (thing("ip", &ip.to_string()), list));
        let incidents = self.incidents.into_iter();
        let incidents = incidents.map(|(id, list)| (thing("incident", &IncidentId(id).to_string()), list));
        let all = whole.into_iter().chain(beginnings).chain(of).chain(ips).chain(incidents);
        all.filter(|(_, list)| !list.is_empty())
    }
}

/// Files the calls of these rows, in the caller's transaction. Those that have been removed meanwhile are not there. Of the
/// calls themselves only one part is in memory at a time.
pub(super) fn file(connection: &Connection, first_row: u64, last_row: u64) -> rusqlite::Result<()> {
    let rows = [int(first_row), int(last_row)];
    let mut lists = Lists::default();
    Part::each(connection, first_row..=last_row, |part| {
        for call in part.calls() {
            let call = call?;
            if (first_row..=last_row).contains(&call.row) {
                lists.call(&call, first_row);
            }
        }
        Ok(())
    })?;
    let times = lists.all.iter().map(|code| code >> ROW_BITS);
    let (first_ms, last_ms) = times.fold((u64::MAX, 0), |(first, last), ms| (first.min(ms), last.max(ms)));
    if lists.all.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached("INSERT INTO blocks (first_row, last_row, first_ms, last_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![rows[0], rows[1], int(first_ms), int(last_ms)])?;
    write_numbers(connection, std::mem::take(&mut lists.numbers))?;
    let mut insert = connection.prepare_cached("INSERT INTO filed VALUES (?1, ?2, ?3)")?;
    let mut named: Vec<(String, Vec<u64>)> = lists.named().collect();
    named.sort_unstable();
    for (thing, mut list) in named {
        list.sort_unstable();
        insert.execute(params![rows[0], thing, written(&list)])?;
    }
    Ok(())
}

fn write_numbers(connection: &Connection, numbers: By<Numbered>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO numbers VALUES (?1, ?2, ?3, ?4)")?;
    for (account, mut calls) in numbers {
        calls.sort_unstable();
        for (number, start_ms, row) in calls {
            insert.execute((&*account, &*number, start_ms, row))?;
        }
    }
    Ok(())
}

fn written(list: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(list.len() * 3 + 8);
    let mut before = 0;
    for &code in list {
        let mut rest = code - before;
        while rest > 0x7f {
            bytes.push(0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        before = code;
    }
    bytes
}

/// Reads a list; what is not whole at its end is left out.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (mut bytes, mut code) = (bytes.iter(), 0_u64);
    std::iter::from_fn(move || {
        let (mut step, mut bits) = (0_u64, 0);
        loop {
            let byte = *bytes.next()?;
            step |= u64::from(byte & 0x7f).wrapping_shl(bits);
            if byte & 0x80 == 0 {
                code = code.wrapping_add(step);
                return Some(code);
            }
            bits += 7;
        }
    })
}

/// Leaves of a list what is in the other, too.
pub(super) fn keep_common(list: &mut Vec<u64>, mut other: impl Iterator<Item = u64>) {
    let mut next = other.next();
    list.retain(|&code| {
        while let Some(before) = next
            && before < code
        {
            next = other.next();
        }
        next == Some(code)
    });
}

/// The call that a number of a list stands for.
pub(super) fn place(code: u64, first_row: u64) -> Place {
    Place { start_ms: code >> ROW_BITS, row: first_row + (code & (BLOCK_CALLS - 1)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_are_read_as_they_were_written(codes in prop::collection::btree_set(0..=u64::MAX >> 1, 0..300)) {
            let list: Vec<u64> = codes.into_iter().collect();
            prop_assert_eq!(read(&written(&list)).collect::<Vec<_>>(), list);
        }

        #[test]
        fn common_is_what_is_in_both(a: std::collections::BTreeSet<u8>, b: std::collections::BTreeSet<u8>) {
            let list = |set: &std::collections::BTreeSet<u8>| set.iter().map(|n| u64::from(*n)).collect::<Vec<_>>();
            let both = a.intersection(&b).map(|n| u64::from(*n)).collect::<Vec<_>>();
            let mut common = list(&a);
            keep_common(&mut common, list(&b).into_iter());
            prop_assert_eq!(common, both);
        }

        #[test]
        fn bytes_that_are_no_list_do_no_harm(bytes: Vec<u8>) {
            prop_assert!(read(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_place_is_when_and_where() {
        let code = 1_772_323_200_123 << ROW_BITS | 8_191;
        assert_eq!(place(code, 8_193), Place { start_ms: 1_772_323_200_123, row: 16_384 });
    }
}
