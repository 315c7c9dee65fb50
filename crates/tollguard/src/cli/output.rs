//! What people read: aligned tables, local times, money with its currency, JSON on request.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use account::Actor;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use portal::kept::Hand;
use serde::Serialize;

use super::CliError;

/// The wall clock, milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Whose hand a change beside the journal is by.
pub fn hand() -> Hand {
    Hand { by: Actor::CommandLine.name().to_owned(), at_ms: now_ms() }
}

/// A moment in a time zone by IANA name, or in this machine's.
pub fn local(ms: u64, zone: Option<&str>) -> String {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(TimeZone::system);
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "?".to_owned(), |at| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string())
}

/// A length of talk: "0:31", "1:02:03".
pub fn talk(ms: u64) -> String {
    let s = ms.div_ceil(1000);
    let (hours, minutes, seconds) = (s / 3600, s / 60 % 60, s % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A dash for what is not there.
pub fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A table with a heading and aligned columns.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    /// Columns whose text stands at the right (numbers).
    right: &'static [usize],
}

impl Table {
    /// With these headings; the columns in `right` hold numbers.
    pub fn new(headings: &[&str], right: &'static [usize]) -> Self {
        Self { rows: vec![headings.iter().map(ToString::to_string).collect()], right }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Its text; a sentence where it has no rows.
    pub fn text(&self, empty: &str) -> String {
        if self.rows.len() == 1 {
            return format!("{empty}\n");
        }
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column > 0 {
                    line.push_str("  ");
                }
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                if self.right.contains(&column) {
                    line.push_str(&padding);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// A page of names and values.
pub fn fields(fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for (name, value) in fields {
        let value = if value.is_empty() { "-" } else { value.as_str() };
        let padding = " ".repeat(width.saturating_sub(name.chars().count()));
        for (number, line) in value.lines().enumerate() {
            let (name, padding) = if number == 0 { (*name, padding.as_str()) } else { ("", &*" ".repeat(width)) };
            text.push_str(format!("{name}{padding}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Prints a text; a reader that went away (`| head`) is no failure.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints what was done.
pub fn say(text: &str) -> Result<(), CliError> {
    print(&format!("{text}\n"));
    Ok(())
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Refused(format!("this cannot be written as JSON: {error}")))?;
    print(&format!("{text}\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["ACCOUNT", "BALANCE"], &[1]);
        table.row(vec!["law".into(), "$9.00".into()]);
        table.row(vec!["Zürich-1".into(), "$120.00".into()]);
        assert_eq!(table.text("none"), "ACCOUNT   BALANCE\nlaw         $9.00\nZürich-1  $120.00\n");
        assert_eq!(Table::new(&["A"], &[]).text("There are none."), "There are none.\n");
    }

    #[test]
    fn times_are_local_to_the_account() {
        assert_eq!(local(1_772_323_200_000, Some("America/Denver")), "2026-02-28 17:00:00 MST");
        assert_eq!(talk(30_500), "0:31");
        assert_eq!(talk(3_723_000), "1:02:03");
    }

    #[test]
    fn pages_keep_their_columns_over_several_lines() {
        assert_eq!(fields(&[("a", "1".into()), ("bcd", "2\n3".into())]), "a    1\nbcd  2\n     3\n");
    }
}
