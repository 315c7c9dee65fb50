//! What people ask of the node: taken by the first worker, checked across accounts, made by the owner of the account or
//! in the book, answered when it is durable.

use std::sync::Arc;

use account::{Actor, Done, Input};
use edge::Directory;
use edge::owner_of;
use ipnet::IpNet;
use lockout::{Ban, BanChange, BlockList, MAX_LISTS};

use crate::letter::FIRST;
use crate::log::Release;
use crate::look_ups::LookUps;
use crate::{
    Audit, Body, Command, CommandError, CommandReply, Letter, NodeChange, Output, Question, Remote, Status, Tell, Told,
    Worker, admission, strangers,
};

/// How often the lock-out is given time, beside the ends of its bans.
const LOCKOUT_TICK_MS: u64 = 100;

impl Worker {
    /// A person asks the first worker; the answer comes as [`Output::Reply`] with the same token, once it is durable.
    pub fn command(&mut self, now_ms: u64, token: u64, command: Command) {
        match command {
            change @ (Command::Account { .. } | Command::Node { .. }) => {
                if !self.registry.as_mut().is_some_and(|registry| registry.put_off(token, change)) {
                    self.answer(token, Err(CommandError::Busy));
                }
            }
            Command::Ban { by, prefix, note, length_s } => {
                let banned =
                    self.doors.change(|lockout| lockout.ban(prefix, by.name(), &note, length_s, now_ms).map(drop));
                match banned {
                    Ok(()) => {
                        let audit = Audit { by, text: format!("{prefix} is locked out.") };
                        self.bans_changed(now_ms, token, prefix, audit);
                    }
                    Err(error) => self.answer(token, Err(CommandError::Ban(error.to_string()))),
                }
            }
            Command::LiftBan { by, prefix } => self.lift_ban(now_ms, token, by, prefix),
            Command::Remote(asked) => self.ask_remote(now_ms, token, asked),
            Command::Calls { account } => self.ask_all(now_ms, token, &Question::Calls(account)),
            Command::Exposure { account } => self.ask_all(now_ms, token, &Question::Exposure(account)),
            Command::Locks { account } => self.ask_all(now_ms, token, &Question::Locks(account)),
            Command::Drain { limit_s } => {
                self.post_all(now_ms, || Letter::Registry(Told::Drain));
                let text = format!("The node takes no new calls and stops within {limit_s} s.");
                self.answer(token, Ok(CommandReply::Done(Done { text })));
            }
            Command::Shutdown => {
                self.post_all(now_ms, || Letter::Registry(Told::Shutdown));
                self.answer(token, Ok(CommandReply::Done(Done { text: "The node is shutting down.".into() })));
            }
            Command::PutBlockList { name, list } => self.put_block_list(token, &name, list),
            question => {
                let reply = self.look_up(now_ms, &question);
                self.answer(token, Ok(reply));
            }
        }
        self.drive(now_ms);
    }

    /// Questions that the first worker can answer by itself.
    fn look_up(&self, now_ms: u64, question: &Command) -> CommandReply {
        match question {
            Command::Guessed => CommandReply::Guessed(self.doors.look(|lockout| lockout.pressed(now_ms))),
            Command::OutwardBans { known } => self.doors.look(|lockout| {
                // The version of a lock-out that has seen no change is 0: it is told once as 1.
                let version = lockout.outward_version() + 1;
                let bans = (version != *known).then(|| lockout.outward_bans(now_ms));
                CommandReply::OutwardBans { version, bans }
            }),
            Command::BlockLists => CommandReply::BlockLists(
                self.doors.look(|lockout| lockout.lists().map(|(name, size)| (name.to_owned(), size)).collect()),
            ),
            Command::Status => {
                let (disk_full, waiting_records, waiting_ms) = self.waits_for_disk(now_ms);
                let workers = self.common.workers();
                CommandReply::Status(Status { disk_full, waiting_records, waiting_ms, workers, process: None })
            }
            Command::Carriers => {
                let known = self.registry.iter().flat_map(|registry| &registry.carriers);
                CommandReply::Carriers(known.map(|(id, (up, text))| (id.clone(), *up, text.clone())).collect())
            }
            _ => CommandReply::Bans(self.doors.look(|lockout| lockout.bans().cloned().collect::<Vec<Ban>>())),
        }
    }

    fn answer(&mut self, token: u64, reply: Result<CommandReply, CommandError>) {
        self.outputs.push_back(Output::Reply { token, reply });
    }

    /// Begins the change whose turn it is; false where there is none.
    pub(crate) fn make_next_change(&mut self, now_ms: u64) -> bool {
        let Some((token, change)) = self.registry.as_mut().and_then(|registry| registry.next_change()) else {
            return false;
        };
        match change {
            Command::Account { account, by, change } => {
                let Some(registry) = &mut self.registry else { return false };
                if let Err(error) = registry.check(&self.directory, &account, &change) {
                    self.answer(token, Err(error));
                    return true;
                }
                registry.change_begins();
                let owner = owner_of(&account, self.common.workers());
                self.post(
                    now_ms,
                    owner,
                    Letter::Registry(Told::Change { token, account, by, change: Box::new(change) }),
                );
            }
            Command::Node { by, change } => self.change_node(now_ms, token, by, change),
            // Nothing else waits for its turn.
            _ => {}
        }
        true
    }

    /// Passes on what another switch asks to the worker whose call it is.
    fn ask_remote(&mut self, now_ms: u64, token: u64, asked: Remote) {
        let home = match &asked {
            Remote::Screen { account, .. } => owner_of(account, self.common.workers()),
            Remote::Report { call, .. } => edge::worker_of_call(*call),
        };
        self.post(now_ms, home, Letter::Registry(Told::Remote { token, asked: Box::new(asked) }));
    }

    /// Another switch is answered.
    pub(crate) fn screened(&mut self, now_ms: u64, token: u64, screened: edge::Screened) {
        let reply = match screened {
            edge::Screened::TurnedAway => Err(CommandError::Busy),
            screened => Ok(CommandReply::Screened(screened)),
        };
        self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Answer { token, reply }));
    }

    /// Asks every worker for its part.
    fn ask_all(&mut self, now_ms: u64, token: u64, question: &Question) {
        if let Some(registry) = &mut self.registry {
            registry.ask(token, self.common.workers());
        }
        self.post_all(now_ms, || Letter::Registry(Told::Ask { token, question: question.clone() }));
    }

    /// This worker's part of an answer.
    fn part(&mut self, now_ms: u64, question: &Question) -> CommandReply {
        match question {
            Question::Calls(only) => {
                let calls = self.edge.calls().into_iter();
                CommandReply::Calls(calls.filter(|call| only.as_ref().is_none_or(|id| call.account == *id)).collect())
            }
            Question::Locks(only) => {
                CommandReply::Locks(self.accounts.get(only).into_iter().flat_map(account::Account::locks).collect())
            }
            Question::Exposure(only) => {
                let asked = self.accounts.iter().filter(|(id, _)| only.as_ref().is_none_or(|only| only == *id));
                let view = |account: &account::Account, look_ups: &mut LookUps| {
                    let zone = account.settings().map(|settings| settings.time_zone.as_str())?;
                    Some(account.exposure_view(now_ms, look_ups.offset_min(zone, now_ms)))
                };
                CommandReply::Exposure(asked.filter_map(|(_, account)| view(account, &mut self.look_ups)).collect())
            }
        }
    }

    /// The registry tells this worker.
    pub(crate) fn told(&mut self, now_ms: u64, told: Told) {
        match told {
            Told::Published { directory, decks } => {
                self.fixed = strangers::fixed(&directory);
                self.acquaintances.forget();
                self.directory = Arc::clone(&directory);
                self.look_ups.decks = decks;
                self.edge.handle(now_ms, edge::Input::Directory(directory));
            }
            Told::Change { token, account, by, change } => {
                let changed = self.account_input(now_ms, &account, Input::Change { by, change });
                let effects = changed.effects;
                let reply = match changed.reply {
                    Some(Ok(done)) => Ok(CommandReply::Done(done)),
                    Some(Err(error)) => Err(CommandError::Account(error)),
                    None => Err(CommandError::NoAccount(account.clone())),
                };
                self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Changed { account, effects }));
                self.log.withhold(Release::Answer { token, reply });
            }
            Told::Bulletin(bulletin) => self.look_ups.bulletin = bulletin,
            Told::Ask { token, question } => {
                let part = self.part(now_ms, &question);
                self.post(now_ms, FIRST, Letter::ToRegistry(Tell::Part { token, part }));
            }
            Told::Remote { token, asked } => {
                let input = match *asked {
                    Remote::Screen { account, attempt, limit_s } => {
                        edge::Input::Screen { token, account, attempt, limit_s }
                    }
                    Remote::Report { call, account, report } => edge::Input::Report { token, call, account, report },
                };
                self.edge.handle(now_ms, input);
            }
            Told::Drain => self.edge.handle(now_ms, edge::Input::Drain),
            Told::Shutdown => self.edge.handle(now_ms, edge::Input::Shutdown),
        }
    }

    /// The registry, which is this worker's, is told.
    pub(crate) fn tell(&mut self, now_ms: u64, tell: Tell) {
        let Some(registry) = &mut self.registry else { return };
        match tell {
            Tell::Changed { account, effects } => {
                if let Some(next) = registry.change_ends(&self.directory, &account, &effects) {
                    self.forget_old_secrets(&account, &next);
                    self.publish(now_ms, Arc::new(next));
                }
            }
            Tell::Answer { token, reply } => self.answer(token, reply),
            Tell::Part { token, part } => {
                if let Some(whole) = registry.part(token, part) {
                    self.answer(token, Ok(whole));
                }
            }
            Tell::Bans => self.note_bans(now_ms, None),
            Tell::Incident(incident) => registry.board.note(&incident),
        }
    }

    /// Tells all workers of a new directory, or of new decks.
    pub(crate) fn publish(&mut self, now_ms: u64, directory: Arc<Directory>) {
        let Some(registry) = &self.registry else { return };
        self.doors.change(|lockout| admission::welcome(lockout, &directory));
        let decks = Arc::clone(&registry.book.decks);
        let publish =
            || Letter::Registry(Told::Published { directory: Arc::clone(&directory), decks: Arc::clone(&decks) });
        self.post_all(now_ms, publish);
    }

    /// Publishes the bulletin where its time has come and it says something new.
    pub(crate) fn publish_bulletin(&mut self, now_ms: u64) {
        let Some(registry) = &mut self.registry else { return };
        let bulletin = Arc::clone(registry.board.bulletin(now_ms));
        if bulletin.version() != self.look_ups.bulletin.version() {
            self.post_all(now_ms, || Letter::Registry(Told::Bulletin(Arc::clone(&bulletin))));
        }
    }

    fn change_node(&mut self, now_ms: u64, token: u64, by: Actor, mut change: NodeChange) {
        let Some(registry) = &self.registry else { return };
        let text = match registry.prepare(&mut change) {
            Ok(text) => text,
            Err(error) => return self.answer(token, Err(error)),
        };
        let audit = Some(Audit { by, text: text.clone() });
        if let NodeChange::Lockout(settings) = &change {
            self.doors.change(|lockout| lockout.set_settings(settings.clone(), now_ms));
            self.node_changed(now_ms, change, audit);
        } else {
            self.node_changed(now_ms, change, audit);
            let directory = self.registry.as_ref().map(|registry| registry.with_carriers(&self.directory));
            if let Some(directory) = directory {
                self.ask_located(&directory);
                self.publish(now_ms, directory);
            }
        }
        self.log.withhold(Release::Answer { token, reply: Ok(CommandReply::Done(Done { text })) });
    }

    fn lift_ban(&mut self, now_ms: u64, token: u64, by: Actor, prefix: IpNet) {
        if self.doors.change(|lockout| lockout.lift(prefix, now_ms)) {
            let text = format!("{prefix} is no longer locked out.");
            self.bans_changed(now_ms, token, prefix, Audit { by, text });
        } else {
            self.answer(token, Err(CommandError::NotBanned(prefix)));
        }
    }

    fn put_block_list(&mut self, token: u64, name: &str, list: BlockList) {
        let text = format!("Block list {name} holds {} addresses and ranges.", list.len());
        let put = self.doors.change(|lockout| lockout.set_list(name, list));
        let too_many = || CommandError::Ban(format!("at most {MAX_LISTS} block lists can be in force"));
        self.answer(token, put.then_some(CommandReply::Done(Done { text })).ok_or_else(too_many));
    }

    /// The lock-out's changes go to the journal first; the answer waits for them.
    fn bans_changed(&mut self, now_ms: u64, token: u64, prefix: IpNet, audit: Audit) {
        let text = audit.text.clone();
        self.note_bans(now_ms, Some((prefix, audit)));
        self.log.withhold(Release::Answer { token, reply: Ok(CommandReply::Done(Done { text })) });
    }

    /// Takes the lock-out's changes into the book, in their order; a person did the one of a prefix.
    fn note_bans(&mut self, now_ms: u64, by_hand: Option<(IpNet, Audit)>) {
        let (of, mut audit) = by_hand.unzip();
        for change in self.doors.change(lockout::Lockout::drain_changes) {
            let record = match &change {
                BanChange::Added(ban) => NodeChange::Banned(ban.clone()),
                BanChange::Lifted(prefix) | BanChange::Expired(prefix) => NodeChange::Unbanned(*prefix),
            };
            let is_by_hand = of.is_some_and(|prefix| prefix == change.prefix());
            let audit = if is_by_hand { audit.take() } else { None };
            self.node_changed(now_ms, record, audit);
            self.outputs.push_back(Output::Ban(change));
        }
    }

    /// Applies and journals a change of the node's book.
    fn node_changed(&mut self, now_ms: u64, change: NodeChange, audit: Option<Audit>) {
        if let Some(registry) = &mut self.registry {
            registry.book.apply(&change);
        }
        self.journal(now_ms, Body::Node { change, audit });
    }

    /// Ends bans whose time has come, and lets the lock-out forget what is old.
    pub(crate) fn tick_lockout(&mut self, now_ms: u64) {
        let is_due = self.next_expiry_ms().is_some_and(|at_ms| at_ms <= now_ms);
        let Some(registry) = &mut self.registry else { return };
        if is_due || now_ms >= registry.ticked_ms + LOCKOUT_TICK_MS {
            registry.ticked_ms = now_ms;
            self.doors.change(|lockout| lockout.tick(now_ms));
        }
    }

    /// When the next ban ends; the first worker looks after them.
    pub(crate) fn next_expiry_ms(&self) -> Option<u64> {
        self.registry.as_ref()?;
        self.doors.look(lockout::Lockout::next_expiry_ms)
    }
}
