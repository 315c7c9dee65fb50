//! Tells the story on the terminal: headings, short paragraphs, lines of progress, small tables.

use std::io::{IsTerminal, Write, stdout};

/// Where paragraphs are broken, columns.
const WIDTH: usize = 92;

/// A colour, by its number in the terminal's palette (SGR).
#[derive(Clone, Copy)]
enum Ink {
    Heading = 36,
    Good = 32,
    Bad = 31,
    Quiet = 90,
}

/// The teller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Teller {
    colour: bool,
}

impl Teller {
    /// Colour only on a terminal, and not where `NO_COLOR` is set (no-color.org).
    pub(super) fn new() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: stdout().is_terminal() && !unwanted }
    }

    /// The title of the story or of a step.
    pub(super) fn heading(self, text: &str) {
        self.line(&format!("\n{}\n", self.ink(Ink::Heading, text)));
    }

    /// A paragraph.
    pub(super) fn say(self, text: &str) {
        for line in wrap(text, WIDTH) {
            self.line(&line);
        }
    }

    /// A line of progress, begun: what is done. [`Teller::then`] goes on with it, [`Teller::end`] ends it.
    pub(super) fn begin(self, text: &str) {
        self.write(&format!("  {text} "));
    }

    /// A line of progress goes on.
    pub(super) fn then(self, text: &str) {
        self.write(&self.ink(Ink::Quiet, &format!("... {text} ")));
    }

    /// A line of progress ends well.
    pub(super) fn end(self, text: &str) {
        self.line(&self.ink(Ink::Good, &format!("... {text}")));
    }

    /// A line of progress ends otherwise.
    pub(super) fn refused(self, text: &str) {
        self.line(&self.ink(Ink::Bad, &format!("... {text}")));
    }

    /// Something that happened by itself.
    pub(super) fn event(self, text: &str) {
        self.line(&format!("  {text}"));
    }

    /// As [`Teller::event`], of what came to nothing.
    pub(super) fn event_bad(self, text: &str) {
        self.line(&format!("  {}", self.ink(Ink::Bad, text)));
    }

    /// Something in the manner of a quotation: a mail.
    pub(super) fn quote(self, text: &str) {
        for line in text.lines() {
            self.line(&format!("  {} {line}", self.ink(Ink::Quiet, "|")));
        }
    }

    /// A table; its first row are the headings.
    pub(super) fn table(self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell: &String| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for (number, row) in rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
            let line = format!("  {}", cells.join("  ").trim_end());
            self.line(&if number == 0 { self.ink(Ink::Quiet, &line) } else { line });
        }
    }

    /// What failed, in words.
    pub(super) fn failed(self, text: &str) {
        self.line(&self.ink(Ink::Bad, text));
    }

    /// An empty line.
    pub(super) fn gap(self) {
        self.line("");
    }

    fn ink(self, ink: Ink, text: &str) -> String {
        if self.colour { format!("\x1b[{}m{text}\x1b[0m", ink as u8) } else { text.to_owned() }
    }

    fn line(self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    fn write(self, text: &str) {
        // A reader that has gone away does not stop the story: its result counts, too.
        let mut out = stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

/// Breaks a text into lines at blanks.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a last line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A number of things in words: "1 call", "2 calls".
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// A time span as people say it: "0.4 seconds", "7 seconds", "2 minutes".
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..=9_949 => {
            let tenths = (ms + 50) / 100;
            format!("{}.{} seconds", tenths / 10, tenths % 10)
        }
        9_950..=119_999 => format!("{} seconds", (ms + 500) / 1_000),
        _ => format!("{} minutes", ms / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn spans_read_as_people_say_them() {
        assert_eq!(span(0), "0.0 seconds");
        assert_eq!(span(1_449), "1.4 seconds");
        assert_eq!(span(31_400), "31 seconds");
        assert_eq!(span(180_000), "3 minutes");
        assert_eq!([count(1, "call"), count(2, "call")], ["1 call", "2 calls"]);
    }
}
