//! The edge's immutable view of who may speak to it: lines by name and address, DIDs, carriers, realm.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use account::{CertificateName, LineKind, Secrets, Transport};
use billing::{AccountId, CarrierId, DeckId, E164, LineId};
use lockout::OwnSettings;
use serde::{Deserialize, Serialize};
use sip::Message;
use sip::locate::Target;

use crate::peer::{Located, PeerAddress};
use crate::text;

/// What the edge needs of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEntry {
    /// Its account.
    pub account: AccountId,
    /// The line.
    pub line: LineId,
    /// Extension or trunk.
    pub kind: LineKind,
    /// Digests; `None` for a trunk known by address alone.
    pub secrets: Option<Secrets>,
}

/// How a carrier knows us.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierAuth {
    /// Digest user name.
    pub username: String,
    /// Digest secret.
    pub secret: String,
    /// Whether we must register there (RFC 3261 section 10), and for how long we ask.
    pub register_s: Option<u32>,
}

impl std::fmt::Debug for CarrierAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CarrierAuth({}, register {:?})", self.username, self.register_s)
    }
}

/// Where calls leave to or arrive from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    /// Its id.
    pub id: CarrierId,
    /// Its name for people.
    pub name: String,
    /// Where to send.
    pub address: PeerAddress,
    /// How; `None`: as the DNS says, UDP where it says nothing.
    pub transport: Option<Transport>,
    /// Host part of the Request-URI and To; `address` where `None`.
    pub domain: Option<String>,
    /// Other addresses its calls may arrive from, on any port; its own servers count with their ports.
    pub sources: Vec<IpAddr>,
    /// Digits put before the E.164 number (without +); `plus` decides whether a + is sent.
    pub prefix: String,
    /// Whether numbers are sent with a leading +.
    pub plus: bool,
    /// Credentials.
    pub auth: Option<CarrierAuth>,
    /// How often it is asked by OPTIONS whether it is there, seconds; 0: never.
    pub options_s: u32,
    /// Whether to tell it extension and address behind each call (only where the carrier is one's own provider).
    pub tell_origin: bool,
    /// The deck of what it asks for calls: carriers are tried by cost, and calls have a margin.
    #[serde(default)]
    pub cost_deck: Option<DeckId>,
}

/// One immutable snapshot; a change swaps the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Lines by digest user name.
    pub by_auth_name: BTreeMap<Arc<str>, LineEntry>,
    /// Trunks by fixed source address.
    pub by_address: BTreeMap<IpAddr, LineEntry>,
    /// Trunks by what their certificate proves.
    pub by_certificate: BTreeMap<CertificateName, LineEntry>,
    /// Accounts by DID.
    pub dids: BTreeMap<E164, AccountId>,
    /// Carriers by id.
    pub carriers: BTreeMap<CarrierId, Carrier>,
    /// What accounts set for guesses at their own lines; those that set nothing are not in it.
    pub lockout: BTreeMap<AccountId, OwnSettings>,
    /// The servers of carriers that are known by a name.
    pub located: Located,
}

/// What the configuration says to the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeSettings {
    /// Digest realm, and the domain in our From of calls to phones.
    pub realm: String,
    /// Whether SHA-256 challenges are sent beside MD5 (RFC 8760); some phones give up where they meet one.
    pub sha256: bool,
    /// Whether a refused caller's phone is told why in a Warning (399, RFC 3261 section 20.43), which phones show; the
    /// Reason header says it in any case.
    pub warning: bool,
    /// Requests whose User-Agent begins so are dropped unanswered, as those of a banned address are; lower-case letters.
    pub ignored_agents: Vec<String>,
    /// The address and port we are reached at, for Via and Contact, when the flow's own local address is unspecified.
    pub advertised: SocketAddr,
    /// The same for TLS, where we listen for it.
    pub advertised_tls: Option<SocketAddr>,
    /// Our addresses of the other IP family, for UDP and TCP and for TLS: those that carriers of that family are spoken to
    /// from.
    pub other_family: [Option<SocketAddr>; 2],
    /// Registration: the shortest, the default and the longest time granted, seconds.
    pub expires_s: (u32, u32, u32),
    /// How long a call may ring, seconds.
    pub ring_limit_s: u32,
    /// Calls at once on this node.
    pub max_calls: usize,
    /// RTP silence that ends a call, seconds.
    pub silence_s: u32,
    /// Streams through the built-in relay (the default) or direct media (gives up privacy and silence detection).
    pub relay: bool,
    /// Lines that place their calls themselves and only ask first: they are answered as a redirect server does.
    pub redirect: Vec<Asking>,
}

/// Lines that only ask: one, or all of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// The account.
    pub account: AccountId,
    /// The line; all where `None`.
    pub line: Option<LineId>,
}

/// Neither an account nor a line of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither an account, such as law-000, nor a line of one, such as law-000/trunk-1")]
pub struct NotAsking;

impl FromStr for Asking {
    type Err = NotAsking;

    fn from_str(text: &str) -> Result<Self, NotAsking> {
        let (account, line) = text.split_once('/').map_or((text, None), |(account, line)| (account, Some(line)));
        let line = line.map(|line| line.parse().map_err(|_| NotAsking)).transpose()?;
        Ok(Self { account: account.parse().map_err(|_| NotAsking)?, line })
    }
}

impl EdgeSettings {
    /// Whether a line places its calls itself.
    pub(crate) fn redirects(&self, account: &AccountId, line: &LineId) -> bool {
        let is_it =
            |asking: &Asking| asking.account == *account && asking.line.as_ref().is_none_or(|asking| asking == line);
        self.redirect.iter().any(is_it)
    }
}

impl Directory {
    /// The account that a request outside any dialog concerns as far as its sender's address says: the trunk's that is known
    /// by it, or, where it is a carrier's, that of the number which is called. What strangers write is not asked, or the time
    /// that an answer takes would tell them which names there are.
    pub(crate) fn account_of(&self, flow: sip::Flow, request: &Message) -> Option<&AccountId> {
        if let Some(entry) = self.by_address.get(&flow.remote.ip()) {
            return Some(&entry.account);
        }
        self.carrier_at(flow)?;
        self.dids.get(&text::user_of(request.request_uri()).parse().ok()?)
    }

    /// The carrier whose own address this is, or one of whose other sources. Over UDP the address counts with its port, so
    /// that a phone may share the carrier's host; a connection comes from any port. Other sources count with any port.
    pub(crate) fn carrier_at(&self, flow: sip::Flow) -> Option<CarrierId> {
        let remote = flow.remote;
        let mut carriers = self.carriers.values();
        let is_own = |target: Target| match flow.transport {
            sip::Transport::Udp => target.address == remote,
            connected => target.address.ip() == remote.ip() && target.transport == connected,
        };
        carriers
            .clone()
            .find(|carrier| self.has_server(carrier, is_own))
            .or_else(|| carriers.find(|carrier| carrier.sources.contains(&remote.ip())))
            .map(|carrier| carrier.id.clone())
    }

    /// Whether a line is a trunk, a whole PBX. Looks through all lines: for the rare call that goes to a line.
    pub(crate) fn is_trunk(&self, account: &AccountId, line: &LineId) -> bool {
        let entries = self.by_auth_name.values().chain(self.by_address.values());
        let mut entries = entries.chain(self.by_certificate.values());
        entries.any(|entry| entry.kind == LineKind::Trunk && entry.line == *line && entry.account == *account)
    }
}
