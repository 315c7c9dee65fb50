//! The SIP side that simulated phones and carriers share: requests, answers, digest and calls, over the transaction
//! table of the product's own SIP crate.
//!
//! It decides nothing: whether a call is answered, refused or challenged is for its owner ([`crate::ua`],
//! [`crate::carrier`]), who drains [`Stack::poll_event`] and [`Stack::poll_send`] after every input.

mod incoming;
mod leg;
mod outgoing;
mod register;
mod transfer;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use sip::digest::{Challenge, ClientAuth, Credentials};
use sip::transaction::{Answer, ClientKey, Output, ServerKey, TransactionTable};
use sip::{DialogId, Flow, HashKey, Host, HostPort, Message, Method, Name, RequestBuilder, ResponseBuilder, Transport};

use crate::Dice;
use leg::Leg;
pub(crate) use outgoing::Invitation;
use register::Registration;
pub use transfer::Target;

/// Most transactions of each side; a simulated station has few.
const MAX_TRANSACTIONS: usize = 4_096;
/// How often one request is sent again with (new) credentials.
const MAX_CREDENTIAL_TRIES: u8 = 3;

/// Names one call of one station; never used twice by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallHandle(pub u64);

/// Who a station is.
#[derive(Clone, Debug)]
pub(crate) struct Station {
    /// Where it sends from and is reached.
    pub address: SocketAddr,
    /// User part of its URIs.
    pub user: String,
    /// Host part of From and To.
    pub domain: String,
    /// User-Agent.
    pub user_agent: String,
    /// Digest user name and secret; empty for one that never authenticates.
    pub auth_name: String,
    /// Digest secret.
    pub secret: String,
}

/// Which end did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// This station.
    Here,
    /// The other end.
    There,
}

/// What a station's owner is told.
#[derive(Debug)]
pub(crate) enum StackEvent {
    /// The registrar granted this long (0 after un-registering).
    Registered { expires_s: u32 },
    /// The registrar refused, or did not answer (408).
    RegisterFailed { status: u16 },
    /// Somebody calls; ring, answer or reject.
    Incoming { call: CallHandle, invite: Message },
    /// A request outside any call that the owner answers with [`Stack::respond`].
    Request { server: ServerKey, message: Message, from: SocketAddr },
    /// Our call makes progress.
    Progress { call: CallHandle, status: u16 },
    /// Our call is answered.
    Answered { call: CallHandle, body: Vec<u8> },
    /// A new offer within a call; answer with [`Stack::accept_offer`].
    Offer { call: CallHandle, server: ServerKey, message: Message },
    /// Our own new offer was answered.
    OfferAnswered { call: CallHandle, status: u16 },
    /// The answer to our offer came in the ACK.
    Acknowledged { call: CallHandle, body: Vec<u8> },
    /// How a transfer of ours goes: 100 to 199 on its way, then what came of it.
    Transfer { call: CallHandle, status: u16 },
    /// INFO within a call.
    Info { call: CallHandle, message: Message },
    /// The call is over; `hung_up_ms` is when we hung up, if we did.
    Ended { call: CallHandle, by: End, status: u16, reason: String, hung_up_ms: Option<u64> },
}

/// What a request of ours is for.
#[derive(Debug)]
enum Pending {
    Invite(CallHandle),
    Reinvite { call: CallHandle, cseq: u32 },
    InDialog { call: CallHandle, method: Method },
    Refer { call: CallHandle, refer_to: String, tries: u8 },
    Register,
}

/// One station's SIP.
#[derive(Debug)]
pub(crate) struct Stack {
    station: Station,
    dice: Dice,
    table: TransactionTable,
    pending: BTreeMap<ClientKey, Pending>,
    /// ACKs of answered INVITEs, sent again for each retransmitted 2xx.
    acks: BTreeMap<ClientKey, Arc<[u8]>>,
    legs: BTreeMap<CallHandle, Leg>,
    dialogs: BTreeMap<DialogId, CallHandle>,
    registration: Option<Registration>,
    /// The challenge last met, answered from the start by later requests.
    auth: Option<ClientAuth>,
    next_call: u64,
    events: VecDeque<StackEvent>,
    sends: VecDeque<(SocketAddr, Arc<[u8]>)>,
}

impl Stack {
    pub(crate) fn new(station: Station, seed: u64) -> Stack {
        Stack {
            station,
            dice: Dice::new(seed),
            table: TransactionTable::new(MAX_TRANSACTIONS, MAX_TRANSACTIONS, HashKey::default()),
            pending: BTreeMap::new(),
            acks: BTreeMap::new(),
            legs: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            registration: None,
            auth: None,
            next_call: 1,
            events: VecDeque::new(),
            sends: VecDeque::new(),
        }
    }

    /// Another secret from now on.
    pub(crate) fn set_secret(&mut self, secret: &str) {
        self.station.secret = secret.to_owned();
        self.auth = None;
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// Takes what arrived; anything that is no SIP is dropped.
    pub(crate) fn datagram(&mut self, from: SocketAddr, bytes: &[u8], now_ms: u64) {
        let Ok(message) = Message::parse(bytes) else { return };
        if message.is_request() {
            self.receive_request(message, from, now_ms);
        } else {
            self.receive_response(message, now_ms);
        }
        self.drain(now_ms);
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now_ms: u64) {
        self.table.tick(now_ms);
        self.drain(now_ms);
        self.tick_ack_waits(now_ms);
        self.drain(now_ms);
    }

    /// When [`Stack::tick`] is wanted next.
    pub(crate) fn next_wake_ms(&self) -> Option<u64> {
        let waits = self.legs.values().filter_map(Leg::deadline_ms).min();
        [self.table.next_deadline_ms(), waits].into_iter().flatten().min()
    }

    pub(crate) fn poll_event(&mut self) -> Option<StackEvent> {
        self.events.pop_front()
    }

    pub(crate) fn poll_send(&mut self) -> Option<(SocketAddr, Arc<[u8]>)> {
        self.sends.pop_front()
    }

    /// Answers a request that came as [`StackEvent::Request`].
    pub(crate) fn respond(&mut self, server: ServerKey, status: u16, response: ResponseBuilder, now_ms: u64) {
        self.table.respond(server, status, response.finish().into(), now_ms);
        self.drain(now_ms);
    }

    fn receive_response(&mut self, response: Message, now_ms: u64) {
        let Answer::To(key) = self.table.receive_response(&response, now_ms) else { return };
        if let Some(ack) = self.acks.get(&key) {
            let (ack, flow) = (ack.clone(), self.table.client_flow(key));
            if let Some(flow) = flow {
                self.table.send(flow, ack);
            }
            return;
        }
        let status = response.status().unwrap_or(500);
        self.concluded(key, status, Some(&response), now_ms);
    }

    /// A request of ours has an answer, or (`None`) will get none.
    fn concluded(&mut self, key: ClientKey, status: u16, response: Option<&Message>, now_ms: u64) {
        match self.pending.get(&key) {
            Some(&Pending::Invite(call)) => self.invite_answered(key, call, status, response, now_ms),
            Some(&Pending::Reinvite { call, cseq }) => self.reinvite_answered(key, call, cseq, status, response),
            Some(&Pending::InDialog { call, method }) => self.in_dialog_answered(call, method, status),
            Some(Pending::Refer { call, refer_to, tries }) => {
                let asked = (*call, refer_to.clone(), *tries);
                self.refer_answered(asked, status, response, now_ms);
            }
            Some(Pending::Register) => self.register_answered(status, response, now_ms),
            None => {}
        }
    }

    /// Does what the table asks for.
    fn drain(&mut self, now_ms: u64) {
        while let Some(output) = self.table.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.sends.push_back((flow.remote, bytes)),
                Output::Timeout(key) => self.concluded(key, 408, None, now_ms),
                Output::Failed(key) => self.concluded(key, 503, None, now_ms),
                Output::ClientEnded(key) => {
                    self.pending.remove(&key);
                    self.acks.remove(&key);
                }
                Output::ServerTimeout(_) | Output::ServerFailed(_) | Output::ServerEnded(_) => {}
            }
        }
    }

    /// Sends a request in a transaction of its own; where there is no room it counts as unanswered.
    fn send(&mut self, method: Method, bytes: Vec<u8>, branch: &str, flow: Flow, why: Pending, now_ms: u64) -> bool {
        match self.table.send_request(method, bytes.into(), branch, flow, now_ms) {
            Ok(key) => {
                self.pending.insert(key, why);
                true
            }
            Err(_) => false,
        }
    }

    fn flow_to(&self, remote: SocketAddr) -> Flow {
        Flow { local: self.station.address, remote, transport: Transport::Udp, connection: 0 }
    }

    fn sent_by(&self) -> HostPort<'static> {
        HostPort { host: Host::Ip(self.station.address.ip()), port: Some(self.station.address.port()) }
    }

    fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.station.user, self.station.address)
    }

    fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.dice.token())
    }

    /// Takes up the challenge of a 401 or 407. False if the credentials were at fault, or there is nothing to answer.
    fn take_challenge(&mut self, response: &Message, sent_credentials: bool, tries: u8) -> bool {
        let name = if response.status() == Some(407) { Name::ProxyAuthenticate } else { Name::WwwAuthenticate };
        let values = response.header_lines().filter(|(found, ..)| *found == name).map(|(_, _, value)| value);
        let Some(challenge) = Challenge::strongest(values) else { return false };
        let hopeless = sent_credentials && !challenge.stale;
        if self.station.auth_name.is_empty() || hopeless || tries >= MAX_CREDENTIAL_TRIES {
            return false;
        }
        self.auth = Some(ClientAuth::new(&challenge));
        true
    }

    /// Adds credentials to a request if a challenge is known. Returns whether it did.
    fn authorise(&mut self, request: &mut RequestBuilder, method: Method, uri: &str, proxy: bool) -> bool {
        let Some(auth) = self.auth.as_mut() else { return false };
        let cnonce = self.dice.token();
        let credentials = Credentials { username: &self.station.auth_name, secret: &self.station.secret };
        let value = auth.answer(credentials, method.as_str().as_bytes(), uri.as_bytes(), &cnonce);
        request.header(if proxy { Name::ProxyAuthorization } else { Name::Authorization }, value);
        true
    }
}
