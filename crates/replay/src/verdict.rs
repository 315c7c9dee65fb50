//! The verdict on one call, and the queue that lets verdicts out in the order of their calls.

use std::collections::VecDeque;

use guard::Decibans;

/// Calls whose verdict may wait for an earlier call to end. Beyond it a replay stops and says so.
pub const MAX_WAITING: usize = 4_000_000;
/// Reasons kept of a call.
pub const MAX_REASONS: usize = 12;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was let through, and carried as long as the verdict says.
    Allowed,
    /// It was not let through.
    Refused,
    /// It was not placed: the owner had shut this attack out by then.
    Skipped,
}

impl Outcome {
    /// Its name in the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
        }
    }
}

/// The verdict on one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The call's id in the file.
    pub id: Box<str>,
    /// What became of it.
    pub outcome: Outcome,
    /// Milliseconds it talked before it ended or was cut.
    pub carried_ms: u64,
    /// The highest sum of evidence it ever had.
    pub score: Decibans,
    /// The facts behind that, strongest first; the sentence of a refusal before them.
    pub reasons: Vec<String>,
}

impl Verdict {
    /// Adds its row of `verdicts.jsonl`, with the line's end.
    pub fn write_row(&self, out: &mut String) {
        out.push_str("{\"id\":");
        push_json(out, &self.id);
        out.push_str(",\"verdict\":\"");
        out.push_str(self.outcome.name());
        out.push_str("\",\"carried_s\":");
        push_decimal(out, self.carried_ms, 1000);
        out.push_str(if self.score < Decibans::default() { ",\"score_db\":-" } else { ",\"score_db\":" });
        push_decimal(out, self.score.tenths().unsigned_abs().into(), 10);
        out.push_str(",\"reasons\":[");
        // What was unremarkable has not been put into words.
        for (at, reason) in self.reasons.iter().filter(|reason| !reason.is_empty()).enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_json(out, reason);
        }
        out.push_str("]}\n");
    }
}

/// Adds a text as JSON.
pub(crate) fn push_json(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // A text is always JSON.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// Adds a count of parts as the number of wholes (a power of ten parts each), without zeros at the end but with one digit
/// after the point.
fn push_decimal(out: &mut String, parts: u64, whole: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let (mut wholes, mut rest, mut unit) = (parts / whole, parts % whole, whole / 10);
    loop {
        at -= 1;
        digits[at] = b'0' + (wholes % 10) as u8;
        wholes /= 10;
        if wholes == 0 || at == 0 {
            break;
        }
    }
    digits[at..].iter().for_each(|digit| out.push(char::from(*digit)));
    out.push('.');
    loop {
        out.push(char::from(b'0' + (rest / unit) as u8));
        (rest, unit) = (rest % unit, (unit / 10).max(1));
        if rest == 0 {
            break;
        }
    }
}

/// The place of a verdict in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(u64);

/// Verdicts, some still missing, in the order of their calls.
#[derive(Debug, Default)]
pub struct Verdicts {
    waiting: VecDeque<Option<Verdict>>,
    /// The slot of the first that waits.
    first: u64,
}

impl Verdicts {
    /// Whether there is no room for one more call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    /// Adds a call whose verdict is known.
    pub fn push(&mut self, verdict: Verdict) {
        self.waiting.push_back(Some(verdict));
    }

    /// Keeps the place of a call that runs.
    pub fn reserve(&mut self) -> Slot {
        self.waiting.push_back(None);
        Slot(self.first + self.waiting.len() as u64 - 1)
    }

    /// Puts the verdict of a call that ran into its place.
    pub fn fill(&mut self, slot: Slot, verdict: Verdict) {
        let at = usize::try_from(slot.0.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(place) = self.waiting.get_mut(at) {
            *place = Some(verdict);
        }
    }

    /// The next verdict, if it is known.
    pub fn take(&mut self) -> Option<Verdict> {
        let next = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.first += 1;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_come_out_in_the_order_of_their_calls() {
        let verdict = |id: &str| Verdict {
            id: id.into(),
            outcome: Outcome::Allowed,
            carried_ms: 0,
            score: Decibans::default(),
            reasons: Vec::new(),
        };
        let mut verdicts = Verdicts::default();
        let first = verdicts.reserve();
        verdicts.push(verdict("b"));
        assert_eq!(verdicts.take(), None);
        verdicts.fill(first, verdict("a"));
        assert_eq!(verdicts.take().unwrap().id, "a".into());
        let third = verdicts.reserve();
        assert_eq!(verdicts.take().unwrap().id, "b".into());
        assert_eq!(verdicts.take(), None);
        verdicts.fill(third, verdict("c"));
        assert_eq!(verdicts.take().unwrap().id, "c".into());
    }

    #[test]
    fn a_row_is_as_the_format_says() {
        let verdict = Verdict {
            id: "c\"1".into(),
            outcome: Outcome::Refused,
            carried_ms: 31_250,
            score: Decibans::from_tenths(-5),
            reasons: vec!["new country".into(), "tab\there".into()],
        };
        let mut row = String::new();
        verdict.write_row(&mut row);
        assert_eq!(
            row.trim_end(),
            r#"{"id":"c\"1","verdict":"refused","carried_s":31.25,"score_db":-0.5,"reasons":["new country","tab\there"]}"#
        );
        let seconds = |ms| {
            let mut text = String::new();
            push_decimal(&mut text, ms, 1000);
            text
        };
        assert_eq!([0, 31_000, 7_005, 120_250].map(seconds), ["0.0", "31.0", "7.005", "120.25"]);
    }
}
