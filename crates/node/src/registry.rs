//! What the first worker keeps for all: the node's book, the directory, and the questions of people until they are
//! answered. Changes are made one after the other, since names, addresses and numbers are unique on the node.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use account::{Account, CertificateName, Change, Effect, Line};
use billing::{AccountId, CarrierId, DeckId, DeckVersion};
use edge::{Carrier, Directory, LineEntry};
use guard::Board;

use crate::{Command, CommandError, CommandReply, NodeBook, NodeChange, directory, locate};

/// Changes that may wait for the one under way.
const MAX_WAITING: usize = 4_096;

/// The registry.
pub(crate) struct Registry {
    pub book: NodeBook,
    /// State of the carriers, for people.
    pub carriers: BTreeMap<CarrierId, (bool, String)>,
    /// The accounts there are, with what of the book they use.
    accounts: BTreeMap<AccountId, (DeckId, Vec<CarrierId>)>,
    waiting: VecDeque<(u64, Command)>,
    /// Whether a change is with the owner of its account.
    under_way: bool,
    /// Questions to all workers: how many have not answered, and what the others said.
    questions: BTreeMap<u64, (usize, Option<CommandReply>)>,
    /// When the lock-out was last given time.
    pub ticked_ms: u64,
    /// What incidents of all accounts report to each other.
    pub board: Board,
}

impl Registry {
    pub fn new(book: NodeBook, accounts: &BTreeMap<AccountId, Account>) -> Self {
        let mut registry = Self {
            book,
            carriers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            waiting: VecDeque::new(),
            under_way: false,
            questions: BTreeMap::new(),
            ticked_ms: 0,
            board: Board::default(),
        };
        for (id, account) in accounts {
            account.incidents().for_each(|incident| registry.board.note(incident));
            if let Some(settings) = account.settings() {
                registry.settings(id, settings);
            }
        }
        registry
    }

    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && !self.under_way && self.questions.is_empty()
    }

    fn settings(&mut self, id: &AccountId, settings: &account::Settings) {
        self.accounts.insert(id.clone(), (settings.deck.clone(), settings.carriers.clone()));
    }

    /// Lets a change wait for its turn; false where too many wait.
    pub fn put_off(&mut self, token: u64, change: Command) -> bool {
        let has_room = self.waiting.len() < MAX_WAITING;
        if has_room {
            self.waiting.push_back((token, change));
        }
        has_room
    }

    /// The change whose turn it is.
    pub fn next_change(&mut self) -> Option<(u64, Command)> {
        if self.under_way { None } else { self.waiting.pop_front() }
    }

    /// A change goes to the owner of its account.
    pub fn change_begins(&mut self) {
        self.under_way = true;
    }

    /// Whether an effect is one that [`Registry::change_ends`] wants to hear of.
    pub fn is_concerned(effect: &Effect) -> bool {
        use Effect::{Did, DidRemoved, Line, LineRemoved, Settings};
        matches!(effect, Settings(_) | Line(_) | LineRemoved(_) | Did(_) | DidRemoved(_))
    }

    /// The owner has made a change. Returns the directory as it is then, where it is another.
    pub fn change_ends(&mut self, now: &Directory, id: &AccountId, effects: &[Effect]) -> Option<Directory> {
        self.under_way = false;
        let mut next: Option<Directory> = None;
        for effect in effects {
            if let Effect::Settings(settings) = effect {
                self.settings(id, settings);
            }
            next = directory::apply(next.as_ref().unwrap_or(now), id, effect).or(next);
        }
        next
    }

    /// Somebody asks so many workers.
    pub fn ask(&mut self, token: u64, workers: usize) {
        self.questions.insert(token, (workers, None));
    }

    /// One worker's part of an answer; the whole once the last worker has answered.
    pub fn part(&mut self, token: u64, part: CommandReply) -> Option<CommandReply> {
        let (left, known) = self.questions.get_mut(&token)?;
        match (known.as_mut(), part) {
            (Some(CommandReply::Calls(calls)), CommandReply::Calls(more)) => calls.extend(more),
            (Some(CommandReply::Exposure(views)), CommandReply::Exposure(more)) => views.extend(more),
            (Some(CommandReply::Locks(locks)), CommandReply::Locks(more)) => locks.extend(more),
            (_, part) => *known = Some(part),
        }
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let mut whole = self.questions.remove(&token)?.1?;
        match &mut whole {
            CommandReply::Calls(calls) => calls.sort_by_key(|call| call.start_ms),
            CommandReply::Exposure(views) => views.sort_by(|a, b| a.account.cmp(&b.account)),
            _ => {}
        }
        Some(whole)
    }

    /// What an account cannot see: names, addresses and numbers are unique on the node; decks and carriers exist.
    pub fn check(&self, directory: &Directory, id: &AccountId, change: &Change) -> Result<(), CommandError> {
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
            Change::PutLine(line) => check_line(directory, id, line)?,
            Change::PutDid(did) if directory.dids.get(&did.number).is_some_and(|owner| owner != id) => {
                return Err(CommandError::DidTaken(did.number));
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks a change of the book, adds what it leaves as it is, and says in a sentence what it will have done.
    pub fn prepare(&self, change: &mut NodeChange) -> Result<String, CommandError> {
        Ok(match change {
            NodeChange::PutCarrier(carrier) => {
                self.keep_secret(carrier)?;
                if let Some(deck) = carrier.cost_deck.as_ref().filter(|deck| !self.book.decks.contains_key(*deck)) {
                    return Err(CommandError::NoDeck(deck.clone()));
                }
                format!("Carrier {} is set up.", carrier.id)
            }
            NodeChange::RemoveCarrier(id) => {
                self.unused(id.as_str(), |(_, carriers)| carriers.contains(id))?;
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
                self.unused(id.as_str(), |(deck, _)| deck == id)?;
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

    /// A carrier with a user name and no secret keeps the one it has: no table holds it, so that nobody could give it again.
    fn keep_secret(&self, carrier: &mut Carrier) -> Result<(), CommandError> {
        let Some(auth) = carrier.auth.as_mut().filter(|auth| auth.secret.is_empty()) else { return Ok(()) };
        let old = self.book.carriers.get(&carrier.id).and_then(|old| old.auth.as_ref());
        let old = old.filter(|old| old.username == auth.username).ok_or(CommandError::NoSecret(carrier.id.clone()))?;
        auth.secret.clone_from(&old.secret);
        Ok(())
    }

    fn unused(&self, what: &str, uses: impl Fn(&(DeckId, Vec<CarrierId>)) -> bool) -> Result<(), CommandError> {
        let user = self.accounts.iter().find(|(_, used)| uses(used));
        user.map_or(Ok(()), |(id, _)| Err(CommandError::InUse(what.to_owned(), id.clone())))
    }

    /// The directory with the book's carriers.
    pub fn with_carriers(&self, directory: &Directory) -> Arc<Directory> {
        let mut next = Directory { carriers: self.book.carriers.clone(), ..directory.clone() };
        next.located = locate::still_wanted(&next);
        Arc::new(next)
    }
}

fn check_line(directory: &Directory, id: &AccountId, line: &Line) -> Result<(), CommandError> {
    let own = |entry: &LineEntry| entry.account == *id && entry.line == line.id;
    if let Some(name) = &line.auth_name
        && directory.by_auth_name.get(name).is_some_and(|entry| !own(entry))
    {
        return Err(CommandError::NameTaken(name.to_string()));
    }
    let taken = line.addresses.iter().find(|ip| directory.by_address.get(ip).is_some_and(|entry| !own(entry)));
    if let Some(ip) = taken {
        return Err(CommandError::AddressTaken(*ip));
    }
    let proves_another = |name: &&CertificateName| directory.by_certificate.get(*name).is_some_and(|entry| !own(entry));
    let taken = line.certificates.iter().find(proves_another);
    taken.map_or(Ok(()), |name| Err(CommandError::CertificateTaken(name.clone())))
}
