//! One node's past: its account machine, fed with past times, and the journal and tables that come of it.

use std::net::{IpAddr, SocketAddr};

use account::{Account, Actor, Attempt, Change, Input, Permit, Reply};
use billing::{CallId, Deck};
use geo::{Place, Places};
use node::{Body, NodeChange, Record};

use super::permit;
use crate::config::Config;
use crate::demo::cast::{self, Side};
use crate::serve::{OpenError, Opened, PlacesError, load_places};

/// Records written at once.
const BATCH: usize = 2_000;

/// Why the past cannot be written.
#[derive(Debug, thiserror::Error)]
pub(in crate::demo) enum HistoryError {
    /// The data directory.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The journal, the tables or the users.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The databases of places.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// A user's password.
    #[error(transparent)]
    Password(#[from] store::PasswordError),
}

pub(super) struct Chronicle {
    side: Side,
    opened: Opened,
    places: Places,
    address: SocketAddr,
    deck: Deck,
    utc_offset_min: i16,
    /// Not written yet.
    records: Vec<Record>,
    last_ms: u64,
}

impl Chronicle {
    pub(super) fn open(config: &Config, side: Side, utc_offset_min: i16) -> Result<Self, HistoryError> {
        let address = config.sip.listen.first().copied().unwrap_or(SocketAddr::from(([127, 0, 0, 1], 5060)));
        Ok(Self {
            side,
            opened: Opened::open(&config.data_dir)?,
            places: load_places(config)?,
            address,
            deck: Deck::starter(),
            utc_offset_min,
            records: Vec::new(),
            last_ms: 0,
        })
    }

    /// The node's SIP address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn locate(&self, ip: IpAddr) -> Place {
        self.places.locate(ip)
    }

    /// Fills in the look-ups of an attempt, as the node does.
    pub(super) fn complete(&self, mut attempt: Attempt) -> Attempt {
        if let Some(told) = &mut attempt.told {
            told.locate(&self.places);
        }
        if let Some(account) = self.opened.state.accounts.get(&cast::firm_account()) {
            attempt.look_ups = account.look_up(&attempt.dialled, &self.deck, self.utc_offset_min);
        }
        attempt
    }

    /// Changes the node's book.
    pub(super) fn book(&mut self, at_ms: u64, change: NodeChange) {
        self.opened.state.book.apply(&change);
        self.record(at_ms, Body::node(change));
    }

    /// Changes the firm's account.
    pub(super) fn change(&mut self, at_ms: u64, change: Change) {
        self.account(at_ms, Input::Change { by: Actor::CommandLine, change: Box::new(change) });
    }

    /// Hands an input to the firm's account and journals it.
    pub(super) fn account(&mut self, at_ms: u64, input: Input) -> Vec<Reply> {
        let id = cast::firm_account();
        let account = self.opened.state.accounts.entry(id.clone()).or_insert_with(|| Account::new(id.clone()));
        let answer = account.handle(at_ms, &input);
        let body = Body::Account { account: id, seq: account.seq(), input, effects: answer.effects };
        self.record(at_ms, body);
        answer.replies
    }

    /// Screens an attempt; `None` where it is refused.
    pub(super) fn screen(&mut self, at_ms: u64, attempt: Attempt) -> Option<Permit> {
        permit(self.account(at_ms, Input::Screen(attempt.into())))
    }

    /// Whether a call runs.
    pub(super) fn runs(&self, call: CallId) -> bool {
        let account = self.opened.state.accounts.get(&cast::firm_account());
        account.is_some_and(|account| account.running().contains_key(&call))
    }

    /// Gives the account the time it asks for: bindings lapse.
    pub(super) fn tick_until(&mut self, until_ms: u64) {
        let id = cast::firm_account();
        while let Some(account) = self.opened.state.accounts.get(&id) {
            let due = account.next_wake_ms().filter(|at_ms| *at_ms <= until_ms).map(|at_ms| at_ms.max(self.last_ms));
            let Some((at_ms, input)) = due.and_then(|at_ms| Some((at_ms, account.due(at_ms)?))) else { return };
            self.account(at_ms, input);
        }
    }

    fn record(&mut self, at_ms: u64, body: Body) {
        self.last_ms = self.last_ms.max(at_ms);
        self.opened.state.lsn += 1;
        self.records.push(Record { lsn: self.opened.state.lsn, at_ms: self.last_ms, body });
    }

    /// Writes what has come together, if it is enough.
    pub(super) fn write_full(&mut self) -> Result<(), HistoryError> {
        if self.records.len() < BATCH { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), HistoryError> {
        if self.records.is_empty() {
            return Ok(());
        }
        self.opened.parts.journal.append(&self.records)?;
        self.opened.parts.journal.sync()?;
        self.opened.parts.projector.apply(&self.records)?;
        self.records.clear();
        Ok(())
    }

    /// Writes the rest, the state, and the portal's users; lets go of the data directory.
    pub(super) fn close(mut self) -> Result<(), HistoryError> {
        self.write()?;
        self.opened.parts.snapshots.save(self.opened.state.lsn, &self.opened.state)?;
        for (login, name, password, role) in cast::desk_users(self.side) {
            self.opened.parts.desk.add_user(&store::User {
                login: login.to_owned(),
                name: name.to_owned(),
                email: cast::OWNER.1.to_owned(),
                role,
                account: (role != store::Role::Admin).then(cast::firm_account),
                password_hash: store::hash_password(password)?,
                created_ms: self.last_ms,
            })?;
        }
        Ok(())
    }
}
