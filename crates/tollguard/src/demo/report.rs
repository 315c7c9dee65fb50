//! What the demonstration found, as JSON for machines.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// One step.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    /// Its number, from 1.
    pub(super) n: usize,
    /// What it shows.
    pub(super) what: &'static str,
    /// Whether it did.
    pub(super) ok: bool,
}

/// The result of the whole.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    /// The steps that were tried, in order.
    pub(super) steps: Vec<Step>,
    /// Fraudulent calls that reached the provider.
    pub(super) calls_tried: usize,
    /// Of which answered.
    pub(super) calls_answered: usize,
    /// What the provider charged for them, dollars.
    pub(super) loss_usd: f64,
    /// From the first of them to the cut, seconds.
    pub(super) first_fraud_call_to_cut_s: Option<f64>,
    /// The mail that told the firm, as received.
    pub(super) mail: Option<PathBuf>,
}

impl Report {
    /// Whether every one of `expected` steps did what it says.
    pub(super) fn passed(&self, expected: usize) -> bool {
        self.steps.len() == expected && self.steps.iter().all(|step| step.ok)
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        std::fs::write(path, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_must_have_been_done() {
        let step = |n, ok| Step { n, what: "x", ok };
        let report = |steps| Report { steps, ..Report::default() };
        assert!(report(vec![step(1, true), step(2, true)]).passed(2));
        assert!(!report(vec![step(1, true)]).passed(2));
        assert!(!report(vec![step(1, true), step(2, false)]).passed(2));
    }
}
