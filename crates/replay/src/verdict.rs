//! The verdict on one call, and the queue that lets verdicts out in the order of their calls.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};

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

/// The verdict as a row of `verdicts.jsonl`, without the line's end.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"id\":{},\"verdict\":\"{}\",", Json(&self.id), self.outcome.name())?;
        write!(f, "\"carried_s\":{},\"score_db\":{},\"reasons\":[", Seconds(self.carried_ms), self.score)?;
        for (at, reason) in self.reasons.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", Json(reason))?;
        }
        f.write_str("]}")
    }
}

/// A text as JSON.
pub(crate) struct Json<'a>(pub(crate) &'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            f.write_char('"')?;
            f.write_str(self.0)?;
            return f.write_char('"');
        }
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

/// Milliseconds as seconds, without zeros at the end but with one digit after the point.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, self.0 % 1000);
        match rest {
            _ if rest % 100 == 0 => write!(f, "{whole}.{}", rest / 100),
            _ if rest % 10 == 0 => write!(f, "{whole}.{:02}", rest / 10),
            _ => write!(f, "{whole}.{rest:03}"),
        }
    }
}

/// The place of a verdict in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u64);

/// Verdicts, some still missing, in the order of their calls.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    waiting: VecDeque<Option<Verdict>>,
    /// The slot of the first that waits.
    first: u64,
}

impl Verdicts {
    /// Whether there is no room for one more call.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    /// Adds a call whose verdict is known.
    pub(crate) fn push(&mut self, verdict: Verdict) {
        self.waiting.push_back(Some(verdict));
    }

    /// Keeps the place of a call that runs.
    pub(crate) fn reserve(&mut self) -> Slot {
        self.waiting.push_back(None);
        Slot(self.first + self.waiting.len() as u64 - 1)
    }

    /// Puts the verdict of a call that ran into its place.
    pub(crate) fn fill(&mut self, slot: Slot, verdict: Verdict) {
        let at = usize::try_from(slot.0.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(place) = self.waiting.get_mut(at) {
            *place = Some(verdict);
        }
    }

    /// The next verdict, if it is known.
    pub(crate) fn next(&mut self) -> Option<Verdict> {
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
        assert_eq!(verdicts.next(), None);
        verdicts.fill(first, verdict("a"));
        assert_eq!(verdicts.next().unwrap().id, "a".into());
        let third = verdicts.reserve();
        assert_eq!(verdicts.next().unwrap().id, "b".into());
        assert_eq!(verdicts.next(), None);
        verdicts.fill(third, verdict("c"));
        assert_eq!(verdicts.next().unwrap().id, "c".into());
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
        assert_eq!(
            verdict.to_string(),
            r#"{"id":"c\"1","verdict":"refused","carried_s":31.25,"score_db":-0.5,"reasons":["new country","tab\there"]}"#
        );
        assert_eq!([0, 31_000, 7_005].map(|ms| Seconds(ms).to_string()), ["0.0", "31.0", "7.005"]);
    }
}
