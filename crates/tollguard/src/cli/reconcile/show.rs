//! What came of it: outcomes, sums by destination, and the differences one by one.

use std::collections::BTreeMap;

use billing::{CarriedCall, InvoiceRow, InvoiceTable, Money, Pair, Reconciled};
use serde_json::{Value, json};

use crate::cli::output::{self, Table, local, or_dash};
use crate::cli::{CliError, Listing};

/// All that is to be shown.
pub struct Page<'a> {
    /// The invoice.
    pub table: &'a InvoiceTable,
    /// Our calls.
    pub calls: &'a [CarriedCall],
    /// What belongs together.
    pub found: &'a Reconciled,
    /// How many of each kind are listed.
    pub limit: usize,
}

/// What the two sides have of something.
#[derive(Clone, Default)]
struct Sums {
    rows: u64,
    calls: u64,
    billed_s: u64,
    talk_s: u64,
    billed: Money,
    cost: Money,
}

impl Sums {
    fn add(&mut self, row: Option<&InvoiceRow>, call: Option<&CarriedCall>) {
        if let Some(row) = row {
            self.rows += 1;
            self.billed_s += u64::from(row.billed_s);
            self.billed = self.billed.saturating_add(row.cost);
        }
        if let Some(call) = call {
            self.calls += 1;
            self.talk_s += call.talk_ms.div_ceil(1000);
            self.cost = self.cost.saturating_add(call.cost.unwrap_or_default());
        }
    }

    fn cells(&self, name: &str) -> Vec<String> {
        vec![
            name.to_owned(),
            self.rows.to_string(),
            self.calls.to_string(),
            self.billed_s.to_string(),
            self.talk_s.to_string(),
            self.billed.to_string(),
            self.cost.to_string(),
            self.billed.saturating_sub(self.cost).to_string(),
        ]
    }

    fn as_json(&self, name: &str) -> Value {
        json!({
            "name": name, "rows": self.rows, "calls": self.calls, "billed_s": self.billed_s, "talk_s": self.talk_s,
            "billed_micros": self.billed.micros(), "cost_micros": self.cost.micros(),
        })
    }
}

const HEADINGS: [&str; 7] = ["ON INVOICE", "OURS", "BILLED S", "TALK S", "BILLED", "COST", "DIFFERENCE"];

impl<'a> Page<'a> {
    /// Prints it.
    pub fn print(&self, listing: Listing) -> Result<(), CliError> {
        if listing.json {
            return output::json(&self.as_json());
        }
        let mut text = self.sums("OUTCOME", &self.outcomes());
        text.push('\n');
        text.push_str(&self.sums("DESTINATION", &self.destinations()));
        for (title, differences) in self.differences() {
            if differences.is_empty() {
                continue;
            }
            text.push_str(&format!("\n{title}: {}\n", differences.len()));
            text.push_str(&listed(&differences, self.limit));
        }
        if !self.table.unread.is_empty() {
            text.push_str(&format!("\nLines of the invoice that cannot be read: {}\n", self.table.unread.len()));
            for (line, fault) in self.table.unread.iter().take(self.limit) {
                text.push_str(&format!("line {line}: {fault}\n"));
            }
        }
        output::print(&text);
        Ok(())
    }

    fn sums(&self, heading: &str, all: &[(String, Sums)]) -> String {
        let mut table = Table::new(&[&[heading], &HEADINGS[..]].concat(), &[1, 2, 3, 4, 5, 6, 7]);
        for (name, sums) in all {
            table.row(sums.cells(name));
        }
        table.text("")
    }

    fn both(&self, pair: &Pair) -> Difference<'a> {
        Difference { row: self.table.rows.get(pair.row), call: self.calls.get(pair.call) }
    }

    /// Rows and calls that belong to nothing, and pairs that differ, by kind.
    fn differences(&self) -> [(&'static str, Vec<Difference<'a>>); 4] {
        let pairs = |differ: fn(&Pair) -> bool| {
            self.found.pairs.iter().filter(|pair| differ(pair)).map(|pair| self.both(pair)).collect()
        };
        let rows = self.found.rows_only.iter().map(|at| Difference { row: self.table.rows.get(*at), call: None });
        let calls = self.found.calls_only.iter().map(|at| Difference { row: None, call: self.calls.get(*at) });
        [
            ("Another duration", pairs(|pair| pair.other_duration)),
            ("Another price", pairs(|pair| pair.other_cost && !pair.other_duration)),
            ("On the invoice only", rows.collect()),
            ("In our records only", calls.collect()),
        ]
    }

    fn outcomes(&self) -> Vec<(String, Sums)> {
        let same = self.found.pairs.iter().filter(|pair| !pair.other_duration && !pair.other_cost);
        let same: Vec<Difference<'_>> = same.map(|pair| self.both(pair)).collect();
        let all = [("Matched", same)].into_iter().chain(self.differences());
        let mut outcomes = Vec::new();
        let mut total = Sums::default();
        for (name, of_it) in all {
            let mut sums = Sums::default();
            for one in of_it {
                sums.add(one.row, one.call);
                total.add(one.row, one.call);
            }
            outcomes.push((name.to_owned(), sums));
        }
        outcomes.push(("All".to_owned(), total));
        outcomes
    }

    fn destinations(&self) -> Vec<(String, Sums)> {
        let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
        let pairs = self.found.pairs.iter().map(|pair| self.both(pair));
        let [_, _, (_, rows), (_, calls)] = self.differences();
        for Difference { row, call } in pairs.chain(rows).chain(calls) {
            let of_call = call.map(|call| call.destination.clone());
            let of_row = row.map(|row| row.destination.clone()).filter(|name| !name.is_empty());
            sums.entry(of_call.or(of_row).unwrap_or_else(|| "-".to_owned())).or_default().add(row, call);
        }
        sums.into_iter().collect()
    }

    fn as_json(&self) -> Value {
        let sums = |all: Vec<(String, Sums)>| all.iter().map(|(name, sums)| sums.as_json(name)).collect::<Vec<_>>();
        let [duration, cost, rows, calls] = self
            .differences()
            .map(|(_, of_it)| of_it.iter().take(self.limit).map(Difference::as_json).collect::<Vec<_>>());
        let unread = self.table.unread.iter().take(self.limit);
        json!({
            "outcomes": sums(self.outcomes()),
            "destinations": sums(self.destinations()),
            "other_duration": duration,
            "other_cost": cost,
            "invoice_only": rows,
            "ours_only": calls,
            "unread": unread.map(|(line, fault)| json!({"line": line, "why": fault.to_string()})).collect::<Vec<_>>(),
        })
    }
}

/// A row and a call that belong together and differ, or one without the other.
struct Difference<'a> {
    row: Option<&'a InvoiceRow>,
    call: Option<&'a CarriedCall>,
}

impl Difference<'_> {
    fn as_json(&self) -> Value {
        json!({
            "line": self.row.map(|row| row.line),
            "call": self.call.map(|call| call.call.to_string()),
            "number": self.row.map(|row| row.number).or(self.call.map(|call| call.number)).map(|n| n.to_string()),
            "row_start_ms": self.row.map(|row| row.start_ms.0),
            "call_start_ms": self.call.map(|call| call.start_ms),
            "billed_s": self.row.map(|row| row.billed_s),
            "talk_ms": self.call.map(|call| call.talk_ms),
            "billed_micros": self.row.map(|row| row.cost.micros()),
            "cost_micros": self.call.and_then(|call| call.cost).map(Money::micros),
        })
    }
}

fn listed(differences: &[Difference<'_>], limit: usize) -> String {
    let headings = ["LINE", "CALL", "NUMBER", "INVOICE SAYS", "BEGAN", "BILLED S", "TALK S", "BILLED", "COST"];
    let mut table = Table::new(&headings, &[0, 5, 6, 7, 8]);
    for Difference { row, call } in differences.iter().take(limit) {
        let number = row.map(|row| row.number).or(call.map(|call| call.number));
        table.row(vec![
            or_dash(row.map(|row| row.line)),
            or_dash(call.map(|call| call.call)),
            or_dash(number),
            or_dash(row.map(|row| local(row.start_ms.0, None))),
            or_dash(call.map(|call| local(call.start_ms, None))),
            or_dash(row.map(|row| row.billed_s)),
            or_dash(call.map(|call| call.talk_ms.div_ceil(1000))),
            or_dash(row.map(|row| row.cost)),
            or_dash(call.and_then(|call| call.cost)),
        ]);
    }
    table.text("")
}
