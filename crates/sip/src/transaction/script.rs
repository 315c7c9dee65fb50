//! A tester for transaction machines: runs one over virtual time and compares what it did,
//! line by line.

use super::{Action, Wire};

pub(super) fn wire(text: &str) -> Wire {
    text.as_bytes().into()
}

/// A machine that says when it wants to be woken.
pub(super) trait Machine {
    fn deadline_ms(&self) -> Option<u64>;
}

macro_rules! machines {
    ($($name:ident),*) => {$(
        impl Machine for super::$name {
            fn deadline_ms(&self) -> Option<u64> {
                self.deadline_ms()
            }
        }
    )*};
}
machines!(InviteServer, InviteClient, NonInviteServer, NonInviteClient);

type Fire<M> = fn(&mut M, u64, &mut Vec<Action>);

pub(super) struct Script<M> {
    machine: M,
    fire: Fire<M>,
    now_ms: u64,
    log: Vec<String>,
}

impl<M: Machine> Script<M> {
    pub(super) fn new(machine: M, fire: Fire<M>) -> Self {
        Self { machine, fire, now_ms: 0, log: Vec::new() }
    }

    /// For machines that act when they are made.
    pub(super) fn started(machine: M, fire: Fire<M>, actions: &[Action]) -> Self {
        let mut script = Self::new(machine, fire);
        script.note(actions);
        script
    }

    /// Fires every timer up to and including `until_ms`.
    pub(super) fn run_until(&mut self, until_ms: u64) -> &mut Self {
        while let Some(at_ms) = self.machine.deadline_ms().filter(|at_ms| *at_ms <= until_ms) {
            assert!(at_ms >= self.now_ms, "deadline {at_ms} lies before now {}", self.now_ms);
            self.now_ms = at_ms;
            let mut out = Vec::new();
            (self.fire)(&mut self.machine, at_ms, &mut out);
            self.note(&out);
            assert_ne!(self.machine.deadline_ms(), Some(at_ms), "firing did not move the deadline");
        }
        self.now_ms = until_ms;
        self
    }

    /// Runs up to `at_ms` and then gives the machine an input.
    pub(super) fn at(&mut self, at_ms: u64, input: impl FnOnce(&mut M, u64, &mut Vec<Action>)) -> &mut Self {
        self.run_until(at_ms);
        let mut out = Vec::new();
        input(&mut self.machine, at_ms, &mut out);
        self.note(&out);
        self
    }

    /// Compares everything done since the last call.
    pub(super) fn expect(&mut self, lines: &[&str]) -> &mut Self {
        assert_eq!(std::mem::take(&mut self.log), lines);
        self
    }

    fn note(&mut self, actions: &[Action]) {
        for action in actions {
            let text = match action {
                Action::Send(bytes) => format!("send {}", told(bytes)),
                Action::PassUp => "pass up".to_owned(),
                Action::SendCancel => "cancel".to_owned(),
                Action::Timeout => "timeout".to_owned(),
                Action::TransportError => "transport error".to_owned(),
                Action::Terminated => "terminated".to_owned(),
            };
            self.log.push(format!("{} {text}", self.now_ms));
        }
    }
}

/// The status of a response; other bytes as they are.
fn told(bytes: &Wire) -> String {
    let status = crate::Message::parse(bytes).ok().and_then(|message| message.status());
    status.map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |status| status.to_string())
}
