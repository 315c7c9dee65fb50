//! What people in the story can do: wait, pick up a telephone and dial again if it fails, sit down at a node.

use account::{Actor, Change};
use billing::AccountId;
use node::{Command, CommandError, CommandReply};

use super::Story;
use crate::ua;
use crate::world::{HostId, Stopped, Told, World};

/// A person dials again so often before giving up.
const TRIES: usize = 6;
/// And waits so long in between.
const AGAIN_MS: u64 = 20_000;
/// The longest one call of a person may take, ringing and all.
const CALL_MS: u64 = 400_000;

/// How a person's call went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialled {
    pub answered: bool,
    pub status: u16,
    pub talk_ms: u64,
}

impl Story {
    /// Notes a line of the story, with its time of day in Denver.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        let local_s = (self.world.now_ms() / 1_000).saturating_sub(7 * 3_600) % 86_400;
        let (hour, minute, second) = (local_s / 3_600, local_s / 60 % 60, local_s % 60);
        self.told.push(format!("{hour:02}:{minute:02}:{second:02}  {}", text.into()));
    }

    /// Fails the story unless something holds.
    pub(super) fn must(&self, holds: bool, words: impl FnOnce() -> String) -> Result<(), Stopped> {
        if holds { Ok(()) } else { Err(Stopped::Story(words())) }
    }

    /// Lets time pass until something holds; false if it does not in time.
    pub(super) fn until(&mut self, most_ms: u64, holds: impl Fn(&World) -> bool) -> Result<bool, Stopped> {
        let end_ms = self.world.now_ms().saturating_add(most_ms);
        loop {
            if holds(&self.world) {
                return Ok(true);
            }
            if !self.world.step(end_ms)? {
                return Ok(holds(&self.world));
            }
        }
    }

    /// Lets time pass until that time of the world.
    pub(super) fn at(&mut self, at_ms: u64) -> Result<(), Stopped> {
        self.world.run(at_ms.saturating_sub(self.world.now_ms()))
    }

    /// A person dials, and dials again where it fails without having been refused.
    pub(super) fn dial(&mut self, phone: HostId, number: &str, talk_ms: u64) -> Result<Dialled, Stopped> {
        let mut last = None;
        for _ in 0..TRIES {
            let dialled = self.dial_once(phone, number, talk_ms)?;
            let passing = matches!(dialled.status, 408 | 480 | 487 | 500..=504);
            if dialled.answered || !passing {
                return Ok(dialled);
            }
            last = Some(dialled);
            self.world.run(AGAIN_MS)?;
        }
        last.ok_or_else(|| Stopped::Story("nobody dialled".to_owned()))
    }

    fn dial_once(&mut self, phone: HostId, number: &str, talk_ms: u64) -> Result<Dialled, Stopped> {
        let from = self.world.log().len();
        self.world.phone(phone, ua::Command::Call { number: number.to_owned(), talk_ms: Some(talk_ms) })?;
        let calling =
            self.world.log().get(from..).unwrap_or_default().iter().find_map(|happening| match &happening.told {
                Told::Phone(ua::Event::Calling { call, .. }) if happening.host == phone => Some(*call),
                _ => None,
            });
        let handle = calling.ok_or_else(|| Stopped::Story("a telephone does not dial".to_owned()))?;
        let ended = |world: &World| {
            world.log().get(from..).unwrap_or_default().iter().find_map(|happening| match &happening.told {
                Told::Phone(ua::Event::Ended { call, status, talk_ms, .. })
                    if happening.host == phone && *call == handle =>
                {
                    Some(Dialled { answered: talk_ms.is_some(), status: *status, talk_ms: talk_ms.unwrap_or(0) })
                }
                _ => None,
            })
        };
        if !self.until(CALL_MS + talk_ms, |world| ended(world).is_some())? {
            self.world.phone(phone, ua::Command::HangUp { call: Some(handle) })?;
            self.until(CALL_MS, |world| ended(world).is_some())?;
        }
        ended(&self.world).ok_or_else(|| Stopped::Story(format!("a call to {number} never ends")))
    }

    /// A person changes something at a node and waits for the answer; asks again if the node goes down meanwhile. A
    /// second answer that says "already so" counts, since the first may have been lost with the node.
    pub(super) fn change(
        &mut self,
        node: HostId,
        account: &AccountId,
        change: &Change,
    ) -> Result<Result<CommandReply, CommandError>, Stopped> {
        let command =
            Command::Account { account: account.clone(), by: Actor::User("owner".to_owned()), change: change.clone() };
        self.ask(node, &command)
    }

    pub(super) fn ask(
        &mut self,
        node: HostId,
        command: &Command,
    ) -> Result<Result<CommandReply, CommandError>, Stopped> {
        for _ in 0..TRIES {
            if let Some(token) = self.world.ask(node, command.clone())? {
                let boots = self.world.node(node).boots();
                let end_ms = self.world.now_ms() + 5_000;
                loop {
                    if let Some(reply) = self.world.answer(node, token) {
                        return Ok(reply);
                    }
                    let gone = !self.world.node(node).is_up() || self.world.node(node).boots() != boots;
                    if gone || !self.world.step(end_ms)? {
                        break;
                    }
                }
            }
            self.world.run(AGAIN_MS)?;
        }
        Err(Stopped::Story(format!("a node never answers {command:?}")))
    }
}
