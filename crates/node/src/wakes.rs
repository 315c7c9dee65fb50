//! When which account wants its time: each has at most one deadline.

use std::collections::{BTreeMap, BTreeSet};

use account::{Account, Change, Input};
use billing::{AccountId, LineId};

/// The lines that an input may take bindings from.
pub(crate) fn lines_of(input: &Input) -> Vec<&LineId> {
    let line = match input {
        Input::Lapse(lapsed) => return lapsed.iter().map(|(line, _)| line).collect(),
        Input::Register(registration) => Some(&registration.line),
        Input::Change { change, .. } => match &**change {
            Change::PutLine(line) => Some(&line.id),
            Change::SetSecret { line, .. } | Change::RemoveLine(line) | Change::DropBinding { line, .. } => Some(line),
            _ => None,
        },
        _ => None,
    };
    line.into_iter().collect()
}

/// What is known of one account's deadlines.
#[derive(Clone, Copy, Default)]
struct Due {
    /// No binding lapses before that. An account may have thousands of lines; not all of them are looked at for each of its
    /// inputs, so that this may lie before the first that does.
    lapse_ms: Option<u64>,
    /// What stands in the queue.
    at_ms: Option<u64>,
}

/// The deadlines of a worker's accounts.
#[derive(Default)]
pub(crate) struct Wakes {
    queue: BTreeSet<(u64, AccountId)>,
    of: BTreeMap<AccountId, Due>,
}

impl Wakes {
    /// Keeps the deadline of an account in step with it after an input; `None`: looks at all of its lines.
    pub fn set(&mut self, id: &AccountId, account: &Account, input: Option<&Input>) {
        let known = self.of.get(id).copied();
        let Due { lapse_ms, at_ms } = known.unwrap_or_default();
        let lapse_ms = match input {
            Some(Input::Register(registration)) if known.is_some() => {
                earlier(lapse_ms, account.first_lapse_of(&registration.line))
            }
            Some(Input::Screen(_) | Input::Answered { .. } | Input::Extend { .. } | Input::Settle(_))
                if known.is_some() =>
            {
                lapse_ms
            }
            _ => account.first_lapse_ms(),
        };
        let next_ms = earlier(lapse_ms, account.next_report_ms());
        if next_ms != at_ms {
            if let Some(old_ms) = at_ms {
                self.queue.remove(&(old_ms, id.clone()));
            }
            if let Some(next_ms) = next_ms {
                self.queue.insert((next_ms, id.clone()));
            }
        }
        if known.is_none_or(|known| (known.lapse_ms, known.at_ms) != (lapse_ms, next_ms)) {
            self.of.insert(id.clone(), Due { lapse_ms, at_ms: next_ms });
        }
    }

    /// The account whose deadline came first, if it has come; it stays until the account has another.
    pub fn due(&self, now_ms: u64) -> Option<AccountId> {
        self.queue.first().filter(|(at_ms, _)| *at_ms <= now_ms).map(|(_, id)| id.clone())
    }

    pub fn next_ms(&self) -> Option<u64> {
        self.queue.first().map(|(at_ms, _)| *at_ms)
    }
}

fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    a.into_iter().chain(b).min()
}
