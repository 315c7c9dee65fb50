//! What every part of the call machine shares: time, settings, identifiers, transactions, and the outputs.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use billing::{AccountId, CallId, CarrierId};
use media::Side;
use sip::arena::Beside;
use sip::transaction::Wire;
use sip::transaction::{ClientKey, MAX_CLIENTS, MAX_SERVERS, ServerKey};
use sip::{Flow, Host, HostPort, Keyed, Message, Method, Name, OwnContact, Print, ResponseBuilder, TransactionTable};

use crate::call::Forwarded;
use crate::certificate::Certificates;
use crate::common::Common;
use crate::directory::{Directory, EdgeSettings};
use crate::farewell::{Farewell, Parting};
use crate::io::Output;
use crate::limits::RETRY_AFTER_S;
use crate::random::Mint;
use crate::remote::Remote;

/// Methods we take (RFC 3261 section 20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, REFER";
/// The one body type of calls.
pub(crate) const SDP: &[u8] = b"application/sdp";

/// A received request with its transaction and the way its answers go.
#[derive(Clone)]
pub(crate) struct Asked {
    pub request: Message,
    pub flow: Flow,
    pub server: ServerKey,
}

/// What a request of ours was sent for; its responses go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A call: an INVITE to a callee, or a request passed on within it.
    Call(CallId),
    /// A BYE of a call that is over.
    Bye(Box<Parting>),
    /// A carrier beside its calls: a registration, a question whether it is there.
    Carrier(CarrierId),
}

/// What goes on without the call it was of.
#[derive(Default)]
pub(crate) struct Left {
    /// Dialogs whose BYE has to wait.
    pub farewells: Vec<Farewell>,
    /// Callers who were redirected.
    pub forwarded: Vec<Forwarded>,
    /// Calls that their callers place themselves.
    pub remotes: Vec<(CallId, Remote)>,
}

impl Left {
    pub const fn is_empty(&self) -> bool {
        self.farewells.is_empty() && self.forwarded.is_empty() && self.remotes.is_empty()
    }
}

pub(crate) struct Core {
    pub now_ms: u64,
    pub common: Arc<Common>,
    #[allow(
        clippy::redundant_allocation,
        reason = "a count of this worker's own: one that all change for each call would go from processor to processor"
    )]
    pub directory: Arc<Arc<Directory>>,
    pub transactions: TransactionTable,
    pub mint: Mint,
    pub outputs: VecDeque<Output>,
    /// What accounts are told and asked, after all other outputs: a BYE is on its way before the end of its call is
    /// journalled, or a crash in between would leave the leg up for good.
    told: VecDeque<Output>,
    /// What each client transaction is for; bounded by the transactions.
    pub clients: Beside<Purpose>,
    /// Unanswered INVITEs of running calls, for CANCEL; at most a few for each call.
    pub invites: Beside<CallId>,
    /// Our tags in dialogs of running calls: two of each call, and one of each callee who rings.
    tags: Keyed<(CallId, Side)>,
    /// What calls leave behind; picked up by the edge after each step.
    pub left: Left,
    /// What peers have proven by their certificates.
    pub certificates: Certificates,
    /// No new calls, but to short numbers: the node is going down, or has more to do than it can.
    pub draining: bool,
    pub busy: bool,
    /// No new calls.
    pub closing: bool,
}

impl Core {
    pub fn new(common: Arc<Common>, worker: usize, directory: Arc<Directory>, now_ms: u64) -> Self {
        Self {
            now_ms,
            directory: Arc::new(directory),
            transactions: TransactionTable::new(MAX_SERVERS, MAX_CLIENTS, common.hash_key.clone()),
            tags: Keyed::default(),
            mint: common.mint(worker),
            common,
            outputs: VecDeque::new(),
            told: VecDeque::new(),
            clients: Beside::default(),
            invites: Beside::default(),
            left: Left::default(),
            certificates: Certificates::default(),
            draining: false,
            busy: false,
            closing: false,
        }
    }

    /// Requests with this tag of ours are for the party on `side` of a call from now on.
    pub fn know_tag(&mut self, tag: &str, call: CallId, side: Side) {
        if let Some(print) = Print::of_minted(tag.as_bytes()) {
            self.tags.insert(print, (call, side));
        }
    }

    /// They find nobody any more.
    pub fn forget_tag(&mut self, tag: &str) {
        if let Some(print) = Print::of_minted(tag.as_bytes()) {
            self.tags.remove(print);
        }
    }

    /// Whom requests with a tag of ours are for.
    pub fn holder_of(&self, tag: &[u8]) -> Option<(CallId, Side)> {
        self.tags.get(Print::of_minted(tag)?).copied()
    }

    /// The address a peer on this flow reaches us at.
    pub fn our_addr(&self, flow: Flow) -> SocketAddr {
        if flow.local.ip().is_unspecified() { self.advertised(flow.transport, flow.remote) } else { flow.local }
    }

    /// The address a peer reaches us at over a transport: one of its own IP family, if we have one.
    pub fn advertised(&self, transport: sip::Transport, peer: SocketAddr) -> SocketAddr {
        let EdgeSettings { advertised, advertised_tls, other_family: [plain, tls], .. } = &self.common.settings;
        let own = [(*advertised_tls).or(Some(*advertised)), *tls, *plain];
        let plain = [Some(*advertised), *plain];
        let own = if transport == sip::Transport::Tls { own.as_slice() } else { plain.as_slice() };
        let same = own.iter().flatten().find(|address| address.is_ipv4() == peer.is_ipv4());
        same.or(own.iter().flatten().next()).copied().unwrap_or(*advertised)
    }

    /// The same for a Via.
    pub fn sent_by(&self, flow: Flow) -> HostPort<'static> {
        let addr = self.our_addr(flow);
        HostPort { host: Host::Ip(addr.ip()), port: Some(addr.port()) }
    }

    /// Our Contact on this flow.
    pub fn contact(&self, flow: Flow) -> OwnContact {
        OwnContact { user: self.mint.user(), host_port: self.sent_by(flow), transport: flow.transport }
    }

    /// Begins an answer; `tag` stands in To where the request has none.
    pub fn answer(&self, asked: &Asked, status: u16, reason: &str, tag: Option<&str>) -> ResponseBuilder {
        ResponseBuilder::from_request(&asked.request, status, reason, tag, asked.flow.remote)
    }

    /// Sends an answer by the request's transaction.
    pub fn respond(&mut self, server: ServerKey, status: u16, bytes: impl Into<Wire>) {
        self.transactions.respond(server, status, bytes.into(), self.now_ms);
    }

    /// A final answer outside any dialog of ours, with what `add` adds.
    pub fn reply_with(&mut self, asked: &Asked, status: u16, add: impl FnOnce(&mut ResponseBuilder)) {
        let mut builder = self.final_answer(asked, status);
        add(&mut builder);
        self.respond(asked.server, status, builder.finish());
    }

    /// Begins an answer outside any dialog of ours, with a tag where the request has none.
    fn final_answer(&mut self, asked: &Asked, status: u16) -> ResponseBuilder {
        let is_tagged = asked.request.to().is_ok_and(|to| to.tag().is_some());
        let tag = (!is_tagged).then(|| self.mint.tag());
        self.answer(asked, status, "", tag.as_deref())
    }

    /// A plain final answer outside any dialog of ours.
    pub fn reply(&mut self, asked: &Asked, status: u16) {
        self.reply_with(asked, status, |_| {});
    }

    /// As `reply_with`, and the transaction is forgotten if there is one: for senders who have proven nothing, to whom we
    /// are a stateless server (RFC 3261 section 8.2.7). A request that is sent again gets its answer again.
    pub fn brush_off(&mut self, asked: &Asked, status: u16, add: impl FnOnce(&mut ResponseBuilder)) {
        let mut builder = self.final_answer(asked, status);
        add(&mut builder);
        self.transactions.forget(asked.server);
        self.transactions.send(asked.flow, builder.finish().into());
    }

    /// 503 without memory, for a request that finds no room.
    pub fn turn_away(&mut self, flow: Flow, request: &Message) {
        let tag = self.mint.tag();
        let mut answer = ResponseBuilder::from_request(request, 503, "", Some(&tag), flow.remote);
        answer.header_display(Name::RetryAfter, RETRY_AFTER_S);
        self.transactions.send(flow, answer.finish().into());
    }

    /// 503 to somebody who should come back soon.
    pub fn overloaded(&mut self, asked: &Asked) {
        self.unavailable(asked, RETRY_AFTER_S);
    }

    /// 503 with Retry-After.
    pub fn unavailable(&mut self, asked: &Asked, retry_after_s: u32) {
        self.brush_off(asked, 503, |builder| {
            builder.header_display(Name::RetryAfter, retry_after_s);
        });
    }

    /// Sends a request in a transaction of its own; `None` if there is no room.
    pub fn send_request(
        &mut self,
        method: Method,
        bytes: Wire,
        branch: &str,
        flow: Flow,
        purpose: Purpose,
    ) -> Option<ClientKey> {
        let key = self.transactions.send_request(method, bytes, branch, flow, self.now_ms).ok()?;
        self.clients.insert(key.slot(), purpose);
        Some(key)
    }

    /// Tells or asks an account.
    pub fn tell(&mut self, account: &AccountId, input: account::Input) {
        self.told.push_back(Output::Account { account: account.clone(), input: Box::new(input) });
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front().or_else(|| self.told.pop_front())
    }
}
