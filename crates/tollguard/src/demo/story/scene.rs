//! The two nodes and the stations, and the questions the story asks of them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use account::{Actor, Change, Cut};
use billing::{Cdr, Currency, LineId, Money};
use guard::Incident;
use node::{Command, CommandError, CommandReply};
use store::{AccountRow, CdrFilter, Home, LineRow, Reader};

use super::Trouble;
use crate::config::Config;
use crate::demo::DemoError;
use crate::demo::cast::{self, Addresses, PUMPED, PUMPED_PREFIX, Side};
use crate::demo::drive::Stage;
use crate::demo::smtp::MailServer;
use crate::serve::{self, Running};

/// How often a question is asked again.
const PACE: Duration = Duration::from_millis(50);

/// Everything on stage.
pub(in crate::demo) struct Theatre {
    pub(in crate::demo) stage: Stage,
    /// Provider and PBX.
    pub(in crate::demo) sides: [Node; 2],
    pub(in crate::demo) addresses: Addresses,
    /// The built-in mail server, unless another one is used.
    pub(in crate::demo) mail: Option<MailServer>,
}

/// A running node and a reader of its tables.
pub(in crate::demo) struct Node {
    running: Option<Running>,
    reader: Reader,
}

impl Node {
    /// Starts the node as `tollguard serve` does.
    pub(in crate::demo) fn start(config: &Config) -> Result<Self, DemoError> {
        let running = serve::start(config).map_err(|error| DemoError::Node(Box::new(error)))?;
        let reader = Reader::open(&Home::database_in(&config.data_dir));
        let reader = reader.map_err(|error| DemoError::Node(Box::new(error)))?;
        Ok(Self { running: Some(running), reader })
    }

    /// Where its portal is reached.
    pub(super) fn portal_url(&self) -> Option<String> {
        self.running.as_ref().and_then(|running| running.portal_url.clone())
    }

    /// Asks the node, as portal and command line do.
    pub(super) fn ask(&self, command: Command) -> Result<CommandReply, CommandError> {
        self.running.as_ref().map_or(Err(CommandError::ShuttingDown), |running| running.handle().ask(command))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running.take()
            && let Err(error) = running.stop()
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a node did not end well");
        }
    }
}

/// The thief's calls as the provider's books have them.
pub(super) struct Fraud {
    pub(super) tried: usize,
    pub(super) answered: usize,
    pub(super) loss: Money,
    pub(super) first_ms: Option<u64>,
}

/// Adds them up.
pub(super) fn fraud(theatre: &Theatre) -> Fraud {
    let cdrs = theatre.pumped(Side::Provider);
    Fraud {
        tried: cdrs.len(),
        answered: cdrs.iter().filter(|cdr| cdr.times.answer_ms.is_some()).count(),
        loss: cdrs.iter().fold(Money::ZERO, |sum, cdr| sum.saturating_add(cdr.money.charge)),
        first_ms: cdrs.iter().map(|cdr| cdr.times.start_ms).min(),
    }
}

impl Theatre {
    /// Changes the firm's account on a node; the node's own sentence about it comes back.
    pub(super) fn change(&self, side: Side, by: &str, change: Change) -> Result<String, CommandError> {
        let by = Actor::User(by.to_owned());
        self.ask(side, Command::Account { account: cast::firm_account(), by, change })
    }

    /// Asks a node for something to be done.
    pub(super) fn ask(&self, side: Side, command: Command) -> Result<String, CommandError> {
        self.sides[side as usize].ask(command).map(|reply| match reply {
            CommandReply::Done(done) => done.text,
            _ => String::new(),
        })
    }

    /// The reader of a node's tables.
    pub(super) fn reader(&self, side: Side) -> &Reader {
        &self.sides[side as usize].reader
    }

    /// The firm's account on a node.
    pub(super) fn account(&self, side: Side) -> Option<AccountRow> {
        self.reader(side).account(&cast::firm_account()).ok().flatten()
    }

    /// A line of it.
    pub(super) fn line(&self, side: Side, line: &LineId) -> Option<LineRow> {
        self.reader(side).line(&cast::firm_account(), line).ok().flatten()
    }

    /// The latest incident on a node.
    pub(super) fn incident(&self, side: Side) -> Option<Incident> {
        self.reader(side).incidents(Some(&cast::firm_account()), false, 1).ok()?.pop()
    }

    /// The cut of international calling that stands for the firm on a node.
    pub(super) fn cut(&self, side: Side) -> Option<Cut> {
        let line = match side {
            Side::Provider => cast::trunk(),
            Side::Pbx => cast::spare(),
        };
        self.line(side, &line)?.line.cut.or(self.account(side)?.cut)
    }

    /// The calls of the story to numbers that begin so, oldest first.
    pub(super) fn cdrs(&self, side: Side, number_prefix: &str) -> Vec<Cdr> {
        let filter = CdrFilter {
            account: Some(cast::firm_account()),
            number_prefix: Some(number_prefix.to_owned()),
            since_ms: Some(self.stage.began_ms()),
            ..CdrFilter::default()
        };
        let mut cdrs = self.reader(side).cdrs(&filter).unwrap_or_default();
        cdrs.reverse();
        cdrs
    }

    /// The thief's calls.
    pub(super) fn pumped(&self, side: Side) -> Vec<Cdr> {
        self.cdrs(side, PUMPED_PREFIX)
    }

    /// The thief's calls that run now.
    pub(super) fn pumping(&self, side: Side) -> usize {
        let his = |callee: &str| PUMPED.iter().any(|number| callee.ends_with(number.trim_start_matches("011")));
        match self.sides[side as usize].ask(Command::Calls { account: None }) {
            Ok(CommandReply::Calls(calls)) => calls.iter().filter(|call| his(&call.callee)).count(),
            _ => 0,
        }
    }
}

/// Asks until there is an answer, at most for `patience`.
#[allow(clippy::disallowed_methods, reason = "the condition is in the nodes' tables, which are asked again and again")]
pub(super) fn until<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        sleep(PACE);
    }
}

/// As [`until`], for what must be so.
pub(super) fn must<T>(
    patience: Duration,
    expected: &str,
    seen: &str,
    ask: impl FnMut() -> Option<T>,
) -> Result<T, Trouble> {
    until(patience, ask).ok_or_else(|| Trouble::new(expected, seen))
}

/// An amount as people read it.
pub(super) fn dollars(amount: Money) -> String {
    amount.format(&Currency::USD)
}
