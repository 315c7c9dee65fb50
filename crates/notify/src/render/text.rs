//! The document as text, wrapped for any screen.

use super::document::{Block, Calls, Document, Evidence, Step};

/// Longest line written; only addresses of pages may be longer.
pub(super) const WIDTH: usize = 76;

/// Writes the text alternative.
pub(super) fn write(doc: &Document) -> String {
    let mut out = Lines::default();
    out.wrapped("", &doc.kicker);
    out.blank();
    out.wrapped("", &doc.title);
    out.line(&"=".repeat(WIDTH.min(doc.title.chars().count())));
    for sentence in &doc.lead {
        out.blank();
        out.wrapped("", sentence);
    }
    for block in &doc.blocks {
        write_block(&mut out, block);
    }
    out.blank();
    out.line("-- ");
    for sentence in &doc.footer {
        out.wrapped("", sentence);
    }
    out.0
}

fn write_block(out: &mut Lines, block: &Block) {
    match block {
        Block::Facts { heading, rows } => {
            out.heading(heading);
            let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 2;
            for (name, value) in rows {
                out.wrapped(&pad(&format!("{name}:"), width), value);
            }
        }
        Block::List { heading, items } => {
            out.heading(heading);
            for item in items {
                out.wrapped("- ", item);
            }
        }
        Block::Steps { heading, steps } => write_steps(out, heading, steps),
        Block::Calls(calls) => write_calls(out, calls),
        Block::Evidence(evidence) => write_evidence(out, evidence),
        Block::Hearsay { heading, mark, items, note } => {
            out.heading(&format!("{heading} ({mark})"));
            for item in items {
                out.wrapped("- ", item);
            }
            out.wrapped("", note);
        }
    }
}

fn write_steps(out: &mut Lines, heading: &str, steps: &[Step]) {
    out.heading(heading);
    for (at, step) in steps.iter().enumerate() {
        if at > 0 {
            out.blank();
        }
        out.wrapped(&pad(&format!("{}.", at + 1), 4), &step.title);
        out.wrapped("    ", &step.text);
        out.line(&format!("    {}", step.url));
    }
}

fn write_calls(out: &mut Lines, calls: &Calls) {
    out.heading(&calls.heading);
    out.wrapped("", &calls.caption);
    out.blank();
    let widest = |of: fn(&super::document::CallRow) -> &str, least: &str| {
        calls.rows.iter().map(|row| of(row).chars().count()).chain([least.chars().count()]).max().unwrap_or(0) + 2
    };
    let [time, number, result, cost] = calls.columns;
    let (time_w, number_w) = (widest(|row| &row.time, time), widest(|row| &row.number, number));
    let cost_w = widest(|row| &row.cost, cost).max(calls.total.1.chars().count() + 2);
    let result_w = WIDTH.saturating_sub(time_w + number_w + cost_w).max(16);
    out.line(&format!("{}{}{}{cost:>cost_w$}", pad(time, time_w), pad(number, number_w), pad(result, result_w)));
    for row in &calls.rows {
        // Destination and result share a column: the number's country first, so that it stands beside the number.
        let both = wrap(&format!("{}: {}", row.destination, row.result), result_w - 1);
        let (first, more) = both.split_first().map_or(("", &[][..]), |(first, more)| (first.as_str(), more));
        let start = format!("{}{}", pad(&row.time, time_w), pad(&row.number, number_w));
        out.line(&format!("{start}{}{:>cost_w$}", pad(first, result_w), row.cost));
        for line in more {
            out.line(&format!("{}{line}", " ".repeat(time_w + number_w + 2)));
        }
    }
    let total_w = time_w + number_w + result_w;
    out.line(&format!("{}{:>cost_w$}", pad(&calls.total.0, total_w), calls.total.1));
    if let Some(note) = &calls.note {
        out.wrapped("", note);
    }
}

fn write_evidence(out: &mut Lines, evidence: &Evidence) {
    out.heading(&evidence.heading);
    let width = evidence.rows.iter().map(|(weight, _)| weight.chars().count()).max().unwrap_or(0);
    for (weight, fact) in &evidence.rows {
        out.wrapped(&format!("{weight:>width$}  "), fact);
    }
    out.blank();
    out.wrapped("", &evidence.sum);
}

/// Lines of the text so far.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push_str(if text == "-- " { text } else { text.trim_end() });
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.blank();
        self.blank();
        self.line(&text.to_uppercase());
        self.line(&"-".repeat(WIDTH.min(text.chars().count())));
    }

    /// Wrapped text; the first line begins with `start`, the others are set in as far.
    fn wrapped(&mut self, start: &str, text: &str) {
        let indent = start.chars().count();
        for (at, line) in wrap(text, WIDTH.saturating_sub(indent)).iter().enumerate() {
            let begin = if at == 0 { start.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{begin}{line}"));
        }
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

/// Lines of at most `width` characters; a word that is longer is broken. At least one line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut rest: Vec<char> = word.chars().collect();
        if used > 0 && used + 1 + rest.len() <= width {
            if let Some(line) = lines.last_mut() {
                line.push(' ');
            }
            used += 1;
        } else if used > 0 {
            lines.push(String::new());
            used = 0;
        }
        while used + rest.len() > width {
            let tail = rest.split_off(width - used);
            if let Some(line) = lines.last_mut() {
                line.extend(rest);
            }
            lines.push(String::new());
            (rest, used) = (tail, 0);
        }
        used += rest.len();
        if let Some(line) = lines.last_mut() {
            line.extend(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_to_their_width() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("ab cdefgh", 4), ["ab", "cdef", "gh"]);
        assert_eq!(wrap("äöü äöü", 7), ["äöü äöü"]);
        let mut lines = Lines::default();
        lines.wrapped("- ", &"word ".repeat(40));
        assert!(lines.0.lines().all(|line| line.len() <= WIDTH && (line.starts_with("- ") || line.starts_with("  "))));
    }
}
