//! The table of calls that several pages show.

use askama::Template;
use billing::{Cdr, Direction};

use crate::access::Scope;
use crate::words::{self, Badge};

/// One call of the table.
struct Row {
    href: String,
    iso: String,
    when: String,
    line: String,
    number: String,
    destination: String,
    result: Badge,
    talk: String,
    charge: String,
    ip: String,
    town: String,
}

/// The table, or a sentence where it is empty.
#[derive(Template)]
#[template(path = "call_table.html")]
pub(crate) struct CallTable {
    rows: Vec<Row>,
    empty: String,
}

impl CallTable {
    pub(crate) fn of(scope: &Scope, cdrs: &[Cdr], empty: &str) -> Self {
        Self { rows: cdrs.iter().map(|cdr| row(scope, cdr)).collect(), empty: empty.to_owned() }
    }
}

fn row(scope: &Scope, cdr: &Cdr) -> Row {
    let line = match (&cdr.who.line, cdr.who.direction) {
        (Some(line), _) => line.to_string(),
        (None, Direction::Inbound) => format!("from {}", non_empty(&cdr.who.caller, "a hidden number")),
        (None, _) => "outside".to_owned(),
    };
    let talk_ms = cdr.times.talk_ms();
    Row {
        href: scope.path(&format!("/calls/{}", cdr.call)),
        iso: scope.zone.iso(cdr.times.start_ms),
        when: scope.zone.short(cdr.times.start_ms),
        line,
        number: words::number(cdr),
        destination: words::destination(cdr),
        result: words::result(cdr),
        talk: if talk_ms == 0 { "no talk".to_owned() } else { words::length(talk_ms) },
        charge: scope.money(cdr.money.charge),
        ip: cdr.from.ip.to_string(),
        town: words::call_town(&cdr.from.place),
    }
}

/// A text, or other words where it is empty.
pub(crate) fn non_empty(text: &str, otherwise: &str) -> String {
    if text.trim().is_empty() { otherwise.to_owned() } else { text.to_owned() }
}
