//! What people ask of the node: checks that span accounts, then the account's or the book's own change.

use account::{Actor, Change, Done, Input, Line, Reply};
use billing::{AccountId, DeckVersion};
use ipnet::IpNet;
use lockout::{Ban, BlockList, MAX_LISTS};

use crate::log::Release;
use crate::{Command, CommandError, CommandReply, NodeChange, Output, Worker};

impl Worker {
    /// A person asks; the answer comes as [`Output::Reply`] with the same token, once it is durable.
    pub fn command(&mut self, now_ms: u64, token: u64, command: Command) {
        match command {
            Command::Account { account, by, change } => self.account_command(now_ms, token, &account, by, change),
            Command::Node { change, .. } => self.node_command(now_ms, token, change),
            Command::Ban { by, prefix, note, length_s } => self.ban(now_ms, token, &by, prefix, &note, length_s),
            Command::LiftBan { prefix, .. } => self.lift_ban(now_ms, token, prefix),
            Command::Calls { account } => {
                let calls =
                    self.edge.calls().into_iter().filter(|c| account.as_ref().is_none_or(|id| c.account == *id));
                self.reply(token, Ok(CommandReply::Calls(calls.collect())));
            }
            Command::Bans => {
                let bans: Vec<Ban> = self.lockout.bans().cloned().collect();
                self.reply(token, Ok(CommandReply::Bans(bans)));
            }
            Command::Guessed => {
                let pressed = self.lockout.pressed(now_ms);
                self.reply(token, Ok(CommandReply::Guessed(pressed)));
            }
            Command::PutBlockList { name, list } => self.put_block_list(token, &name, list),
            Command::BlockLists => {
                let lists = self.lockout.lists().map(|(name, size)| (name.to_owned(), size)).collect();
                self.reply(token, Ok(CommandReply::BlockLists(lists)));
            }
            Command::Status => {
                let (disk_full, waiting_records) = self.waits_for_room();
                let calls = self.edge.calls().len();
                self.reply(token, Ok(CommandReply::Status { disk_full, waiting_records, calls }));
            }
            Command::Carriers => {
                let states = self.carriers.iter().map(|(id, (up, text))| (id.clone(), *up, text.clone())).collect();
                self.reply(token, Ok(CommandReply::Carriers(states)));
            }
            Command::Drain { limit_s } => {
                self.edge.handle(now_ms, edge::Input::Drain);
                let text = format!("The node takes no new calls and stops within {limit_s} s.");
                self.reply(token, Ok(CommandReply::Done(Done { text })));
            }
            Command::Shutdown => {
                self.edge.handle(now_ms, edge::Input::Shutdown);
                self.reply(token, Ok(CommandReply::Done(Done { text: "The node is shutting down.".into() })));
            }
        }
        self.drive(now_ms);
    }

    fn reply(&mut self, token: u64, reply: Result<CommandReply, CommandError>) {
        self.outputs.push_back(Output::Reply { token, reply });
    }

    /// Answers once the newest record is durable.
    fn reply_when_durable(&mut self, token: u64, reply: Result<CommandReply, CommandError>) {
        let lsn = self.log.last();
        self.log.withhold(lsn, Release::Command { token, reply });
    }

    fn account_command(&mut self, now_ms: u64, token: u64, id: &AccountId, by: Actor, change: Change) {
        if let Err(error) = self.check(id, &change) {
            return self.reply(token, Err(error));
        }
        let reply = match self.account_input(now_ms, id, Input::Change { by, change }) {
            Some(Reply::Changed(Ok(done))) => Ok(CommandReply::Done(done)),
            Some(Reply::Changed(Err(error))) => Err(CommandError::Account(error)),
            _ => Err(CommandError::NoAccount(id.clone())),
        };
        self.reply_when_durable(token, reply);
    }

    /// What an account cannot see: names, addresses and numbers are unique on the node; decks and carriers exist.
    fn check(&self, id: &AccountId, change: &Change) -> Result<(), CommandError> {
        match change {
            Change::Settings(settings) => {
                if !self.book.decks.contains_key(&settings.deck) {
                    return Err(CommandError::NoDeck(settings.deck.clone()));
                }
                if let Some(carrier) = settings.carriers.iter().find(|c| !self.book.carriers.contains_key(*c)) {
                    return Err(CommandError::NoCarrier(carrier.clone()));
                }
            }
            _ if !self.accounts.contains_key(id) => return Err(CommandError::NoAccount(id.clone())),
            Change::PutLine(line) => self.check_line(id, line)?,
            Change::PutDid(did) if self.directory.dids.get(&did.number).is_some_and(|owner| owner != id) => {
                return Err(CommandError::DidTaken(did.number));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_line(&self, id: &AccountId, line: &Line) -> Result<(), CommandError> {
        let own = |entry: &edge::LineEntry| entry.account == *id && entry.line == line.id;
        if let Some(name) = &line.auth_name
            && self.directory.by_auth_name.get(name).is_some_and(|entry| !own(entry))
        {
            return Err(CommandError::NameTaken(name.to_string()));
        }
        let taken = line.addresses.iter().find(|ip| self.directory.by_address.get(ip).is_some_and(|entry| !own(entry)));
        taken.map_or(Ok(()), |ip| Err(CommandError::AddressTaken(*ip)))
    }

    fn node_command(&mut self, now_ms: u64, token: u64, change: NodeChange) {
        let text = match self.prepare(&change) {
            Ok(text) => text,
            Err(error) => return self.reply(token, Err(error)),
        };
        match change {
            NodeChange::Lockout(settings) => {
                self.lockout.set_settings(settings.clone(), now_ms);
                self.node_changed(now_ms, NodeChange::Lockout(settings));
            }
            change => {
                self.node_changed(now_ms, change);
                let mut next = (*self.directory).clone();
                next.carriers.clone_from(&self.book.carriers);
                self.swap_directory(now_ms, next);
            }
        }
        self.drive(now_ms);
        self.reply_when_durable(token, Ok(CommandReply::Done(Done { text })));
    }

    fn ban(&mut self, now_ms: u64, token: u64, by: &Actor, prefix: IpNet, note: &str, length_s: u64) {
        match self.lockout.ban(prefix, by.name(), note, length_s, now_ms) {
            Ok(_) => self.bans_changed(now_ms, token, format!("{prefix} is locked out.")),
            Err(error) => self.reply(token, Err(CommandError::Ban(error.to_string()))),
        }
    }

    fn lift_ban(&mut self, now_ms: u64, token: u64, prefix: IpNet) {
        if self.lockout.lift(prefix) {
            self.bans_changed(now_ms, token, format!("{prefix} is no longer locked out."));
        } else {
            self.reply(token, Err(CommandError::NotBanned(prefix)));
        }
    }

    fn put_block_list(&mut self, token: u64, name: &str, list: BlockList) {
        let text = format!("Block list {name} holds {} addresses and ranges.", list.len());
        let put = self.lockout.set_list(name, list);
        let too_many = || CommandError::Ban(format!("at most {MAX_LISTS} block lists can be in force"));
        self.reply(token, put.then_some(CommandReply::Done(Done { text })).ok_or_else(too_many));
    }

    /// The lock-out's changes reach the journal in `drive`; the answer waits for them.
    fn bans_changed(&mut self, now_ms: u64, token: u64, text: String) {
        self.drive(now_ms);
        self.reply_when_durable(token, Ok(CommandReply::Done(Done { text })));
    }

    /// Checks a change of the book and says in a sentence what it will have done.
    fn prepare(&self, change: &NodeChange) -> Result<String, CommandError> {
        Ok(match change {
            NodeChange::PutCarrier(carrier) => {
                if let Some(deck) = carrier.cost_deck.as_ref().filter(|deck| !self.book.decks.contains_key(*deck)) {
                    return Err(CommandError::NoDeck(deck.clone()));
                }
                format!("Carrier {} is set up.", carrier.id)
            }
            NodeChange::RemoveCarrier(id) => {
                self.unused(id.as_str(), |settings| settings.carriers.contains(id))?;
                if !self.book.carriers.contains_key(id) {
                    return Err(CommandError::NoCarrier(id.clone()));
                }
                format!("Carrier {id} is removed.")
            }
            NodeChange::PutDeck(id, versions) => {
                let prices = |version: &DeckVersion| version.deck.rates().len().to_string();
                let prices: Vec<String> = versions.iter().map(prices).collect();
                format!("Deck {id} has {} prices.", prices.join(", then "))
            }
            NodeChange::RemoveDeck(id) => {
                self.unused(id.as_str(), |settings| settings.deck == *id)?;
                let carrier = self.book.carriers.values().find(|carrier| carrier.cost_deck.as_ref() == Some(id));
                if let Some(carrier) = carrier {
                    return Err(CommandError::DeckOfCarrier(id.clone(), carrier.id.clone()));
                }
                if !self.book.decks.contains_key(id) {
                    return Err(CommandError::NoDeck(id.clone()));
                }
                format!("Deck {id} is removed.")
            }
            NodeChange::Lockout(settings) if settings.enabled => format!(
                "Lock-out is on: {} failures within {} s lock an address out for {} s.",
                settings.failures, settings.window_s, settings.ban_s
            ),
            NodeChange::Lockout(_) => "Lock-out is off.".into(),
            NodeChange::Banned(ban) => format!("{} is locked out.", ban.prefix),
            NodeChange::Unbanned(prefix) => format!("{prefix} is no longer locked out."),
        })
    }

    fn unused(&self, what: &str, uses: impl Fn(&account::Settings) -> bool) -> Result<(), CommandError> {
        let user = self.accounts.iter().find(|(_, account)| account.settings().is_some_and(&uses));
        user.map_or(Ok(()), |(id, _)| Err(CommandError::InUse(what.to_owned(), id.clone())))
    }
}
