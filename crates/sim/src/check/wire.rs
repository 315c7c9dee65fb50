//! What nodes send and receive, read off the wire: whom they show which address, whose number, and whether a call that
//! was answered towards its caller has a record, and one that the node ended got its BYE on both legs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use billing::{Cdr, Direction, HungUpBy, Route};
use sip::{Message, Method, Name, SipUri};

use super::{Verdict, hold};
use crate::addresses_in;
use crate::world::HostId;

/// The header in which a PBX tells its provider where a call comes from: the one place for a foreign address.
const ORIGIN_HEADER: &str = "P-Tollguard-Origin";

/// How long an answer may go unacknowledged before the BYE goes all the same (64 T1).
const OWED_MS: u64 = 33_000;

/// A call as it came to a node.
#[derive(Debug)]
struct Attempt {
    node: HostId,
    from: SocketAddr,
    /// When an INVITE of it arrived, each with other credentials.
    at_ms: BTreeSet<u64>,
    user: String,
    /// Whether the node answered it with a 2xx.
    answered: bool,
    /// Whether the caller acknowledged that: before, no BYE may be sent (RFC 3261 section 15).
    acknowledged: bool,
    /// Whether the caller hung up, or transferred the call and left it.
    left: bool,
    /// Whether the caller gives its place to another party: once it has, the node hangs up on it, and the call goes on.
    hands_on: bool,
    /// When the node hung up on the caller.
    byes_ms: BTreeSet<u64>,
    /// The record that was taken for this call's.
    record: Option<Claim>,
    /// A transfer asked for it: who did hears of it, and is not in it.
    referred: bool,
}

impl Attempt {
    const fn new(node: HostId, from: SocketAddr, user: String) -> Attempt {
        Attempt {
            node,
            from,
            at_ms: BTreeSet::new(),
            user,
            answered: false,
            acknowledged: false,
            left: false,
            hands_on: false,
            byes_ms: BTreeSet::new(),
            record: None,
            referred: false,
        }
    }

    /// Whether a caller is there to whom BYE can go.
    fn talks(&self) -> bool {
        let handed_on = self.hands_on && !self.byes_ms.is_empty();
        self.answered && self.acknowledged && !self.left && !handed_on && !self.referred
    }

    fn was_told(&self, when_ms: RangeInclusive<u64>) -> bool {
        self.byes_ms.range(when_ms).next().is_some()
    }
}

/// What a record says of its call, as far as it can be seen on the wire.
#[derive(Clone, Debug)]
struct Claim {
    node: HostId,
    from: SocketAddr,
    /// When it came.
    came_ms: RangeInclusive<u64>,
    user: String,
    answered: bool,
    /// When the node ended it, if it did after the answer.
    ended_ms: Option<RangeInclusive<u64>>,
}

impl Claim {
    fn fits(&self, attempt: &Attempt) -> bool {
        attempt.node == self.node
            && attempt.from == self.from
            && attempt.at_ms.range(self.came_ms.clone()).next().is_some()
            && attempt.user.trim_start_matches('+') == self.user
            && (self.answered || !attempt.answered)
            && self.ended_ms.as_ref().is_none_or(|ended_ms| !attempt.talks() || attempt.was_told(ended_ms.clone()))
    }
}

/// What is known of a node.
#[derive(Debug)]
struct Seen {
    address: SocketAddr,
    /// BYEs to callees by time and receiver, retransmissions left out.
    byes: BTreeMap<(u64, SocketAddr), u32>,
    branches: BTreeSet<Vec<u8>>,
    /// Places given away by transfers: two calls have one callee then, who hears of their end once.
    handed_on: u32,
    /// To whom it may tell the origin of a call.
    tells: Option<IpAddr>,
    /// Where its calls leave, and which numbers they may show.
    shows: Option<(IpAddr, BTreeSet<String>)>,
}

/// The observer.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    /// How late an account may hear of what happened on the wire, milliseconds.
    pub(super) late_ms: u64,
    nodes: BTreeMap<HostId, Seen>,
    /// Hosts behind routers: their own address to the world's.
    inside: BTreeMap<IpAddr, IpAddr>,
    attempts: BTreeMap<Vec<u8>, Attempt>,
    /// Callers to whom BYE could not go at once: in which attempt, since when.
    owed: Vec<(Vec<u8>, u64)>,
    count: u64,
}

impl Wire {
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn name(&mut self, inside: IpAddr, outside: IpAddr) {
        self.inside.insert(inside, outside);
    }

    pub(super) fn add_node(&mut self, id: HostId, address: SocketAddr) {
        let seen =
            Seen { address, byes: BTreeMap::new(), branches: BTreeSet::new(), handed_on: 0, tells: None, shows: None };
        self.nodes.insert(id, seen);
    }

    /// A node may tell this address where calls come from.
    pub(crate) fn may_tell(&mut self, id: HostId, whom: IpAddr) {
        if let Some(seen) = self.nodes.get_mut(&id) {
            seen.tells = Some(whom);
        }
    }

    /// Calls of a node to this address may show these numbers only.
    pub(crate) fn may_show(&mut self, id: HostId, whom: IpAddr, numbers: BTreeSet<String>) {
        if let Some(seen) = self.nodes.get_mut(&id) {
            seen.shows = Some((whom, numbers));
        }
    }

    /// A datagram reaches a node.
    pub(crate) fn arrives(&mut self, id: HostId, to: SocketAddr, from: SocketAddr, bytes: &Arc<[u8]>, now_ms: u64) {
        if self.nodes.get(&id).is_none_or(|seen| seen.address != to) {
            return;
        }
        let Ok(message) = Message::parse(bytes) else { return };
        let new = message.to().is_ok_and(|to| to.tag().is_none());
        if message.method() == Some(Method::Refer) {
            self.hands_on(id, &message);
            return self.referred(id, from, &message, now_ms);
        }
        if message.method() == Some(Method::Ack) {
            if let Some(attempt) = self.attempts.get_mut(&key(id, &message)) {
                attempt.acknowledged = attempt.answered;
            }
            return;
        }
        if message.method() == Some(Method::Bye) {
            if let Some(attempt) = self.attempts.get_mut(&key(id, &message)) {
                attempt.left = true;
            }
            return;
        }
        if message.method() != Some(Method::Invite) || !new {
            return;
        }
        let user = SipUri::parse(message.request_uri()).ok().and_then(|uri| uri.user()).unwrap_or_default();
        let attempt = self.attempts.entry(key(id, &message)).or_insert_with(|| Attempt::new(id, from, user));
        attempt.at_ms.insert(now_ms);
    }

    /// A transfer to a party that the transferor talks to gives the transferor's place in that call to the other one.
    fn hands_on(&mut self, id: HostId, refer: &Message) {
        let target = refer.header(Name::ReferTo).and_then(|value| sip::NameAddr::parse(value).ok());
        let uri = target.and_then(|target| sip::Uri::parse(target.uri).ok());
        let Some(replaces) = uri.as_ref().and_then(|uri| uri.header("Replaces")) else { return };
        let call_id = replaces.split(|byte| *byte == b';').next().unwrap_or_default();
        if let Some(attempt) = self.attempts.get_mut(&key_of(id, call_id)) {
            attempt.hands_on = true;
        }
        if let Some(seen) = self.nodes.get_mut(&id) {
            seen.handed_on += 1;
        }
    }

    /// A transfer that names a number is an attempt of whoever asks for it, in which it has no part.
    fn referred(&mut self, id: HostId, from: SocketAddr, refer: &Message, now_ms: u64) {
        let target = refer.header(Name::ReferTo).and_then(|value| sip::NameAddr::parse(value).ok());
        let user = target.and_then(|target| SipUri::parse(target.uri).ok()?.user());
        let proven = refer.header(Name::Authorization).is_some();
        let (Some(user), Ok(cseq), true) = (user, refer.cseq(), proven) else { return };
        let key = [key(id, refer), cseq.number.to_string().into_bytes()].join(&b' ');
        let attempt =
            self.attempts.entry(key).or_insert_with(|| Attempt { referred: true, ..Attempt::new(id, from, user) });
        attempt.at_ms.insert(now_ms);
    }

    /// A node sends a datagram.
    pub(crate) fn leaves(
        &mut self,
        id: HostId,
        from: &SocketAddr,
        to: &SocketAddr,
        bytes: &Arc<[u8]>,
        now_ms: u64,
    ) -> Verdict {
        let Some(seen) = self.nodes.get_mut(&id).filter(|seen| seen.address == *from) else { return Ok(()) };
        self.count += 1;
        let Ok(message) = Message::parse(bytes) else { return hold(false, || "a node sent what is no SIP".to_owned()) };
        hides_topology(seen, &self.inside, to, &message, bytes)?;
        match (message.method(), message.status()) {
            (Some(Method::Invite), _) if message.to().is_ok_and(|to| to.tag().is_none()) => {
                shows_own_number(seen, to, &message)?;
            }
            (Some(Method::Bye), _) => {
                let branch = message.top_via().ok().and_then(|via| via.branch()).unwrap_or_default().to_vec();
                if seen.branches.insert(branch) {
                    match self.attempts.get_mut(&key(id, &message)) {
                        Some(attempt) => drop(attempt.byes_ms.insert(now_ms)),
                        None => *seen.byes.entry((now_ms, *to)).or_default() += 1,
                    }
                }
            }
            (None, Some(200..=299)) if message.cseq().is_ok_and(|cseq| cseq.method == Method::Invite) => {
                if let Some(attempt) = self.attempts.get_mut(&key(id, &message)) {
                    attempt.answered = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A call has its record: it must be that of an attempt that came in, billed if it was answered, ended on both
    /// sides if the node ended it.
    pub(super) fn settled(&mut self, id: HostId, cdr: &Cdr, count: &mut u64) -> Verdict {
        *count += 1;
        let within = |at_ms: u64| at_ms.saturating_sub(self.late_ms)..=at_ms;
        let by_node = matches!(cdr.result.hung_up_by, HungUpBy::Node { .. });
        let answered = cdr.times.answer_ms.is_some();
        let ended_ms = (by_node && answered).then(|| within(cdr.times.end_ms));
        let claim = Claim {
            node: id,
            from: SocketAddr::new(cdr.from.ip, cdr.from.port),
            came_ms: within(cdr.times.start_ms),
            user: cdr.number.dialled.trim_start_matches('+').to_owned(),
            answered,
            ended_ms: ended_ms.clone(),
        };
        let Some(key) = self.claim(claim) else {
            return hold(false, || {
                format!("no INVITE on the wire was answered and ended as the record of call {} says: {cdr:?}", cdr.call)
            });
        };
        if cdr.result.recovered
            && !answered
            && let Some(attempt) = self.attempts.get_mut(&key)
        {
            // A caller who has heard nothing before the node crashed sends the INVITE again, and calls once more with it.
            attempt.record = None;
        }
        ended_ms.map_or(Ok(()), |ended_ms| self.both_legs(id, cdr, key, ended_ms))
    }

    /// The attempt that a record is about. Which of two at one time to one number is whose cannot be told: one that was
    /// answered comes first, and one that another record has taken is free if that one fits a free one as well.
    fn claim(&mut self, claim: Claim) -> Option<Vec<u8>> {
        let free = |wire: &Wire, claim: &Claim| {
            let attempts = wire.attempts.iter();
            let free = attempts.filter(|(_, attempt)| attempt.record.is_none() && claim.fits(attempt));
            free.max_by_key(|(_, attempt)| attempt.answered).map(|(key, _)| key.clone())
        };
        let key = free(self, &claim).or_else(|| {
            let mut taken = self.attempts.iter().filter(|(_, attempt)| claim.fits(attempt));
            let (key, other, free) = taken.find_map(|(key, attempt)| {
                let other = attempt.record.clone()?;
                Some((key.clone(), other.clone(), free(self, &other)?))
            })?;
            self.attempts.get_mut(&free)?.record = Some(other);
            Some(key)
        })?;
        self.attempts.get_mut(&key)?.record = Some(claim);
        Some(key)
    }

    /// A call that the node ended: BYE goes to both sides in the same millisecond (the account may hear of it by letter),
    /// but for a caller that has not yet acknowledged the answer, who is owed one.
    fn both_legs(&mut self, id: HostId, cdr: &Cdr, key: Vec<u8>, ended_ms: RangeInclusive<u64>) -> Verdict {
        let Some(seen) = self.nodes.get_mut(&id) else { return Ok(()) };
        let outside =
            matches!((&cdr.route, cdr.who.direction), (Some(Route::Carrier(_)), _) | (None, Direction::Outbound));
        let carrier = seen.shows.as_ref().map(|(ip, _)| *ip);
        let may_be = |to: &SocketAddr| carrier.is_none_or(|carrier| (to.ip() == carrier) == outside);
        let bye = seen.byes.iter_mut().find(|((at_ms, to), left)| ended_ms.contains(at_ms) && **left > 0 && may_be(to));
        let told = bye.map(|(_, left)| *left -= 1).is_some();
        let shared = !told && seen.handed_on > 0;
        seen.handed_on -= u32::from(shared);
        hold(told || shared, || format!("no BYE to the callee of call {} at its end: {:?}", cdr.call, cdr.result))?;
        let attempt = self.attempts.get(&key);
        if attempt.is_some_and(|attempt| attempt.answered && !attempt.acknowledged && !attempt.left) {
            self.owed.push((key, *ended_ms.start()));
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Verdict {
        for (key, end_ms) in &self.owed {
            let attempt = self.attempts.get(key);
            let told = attempt.is_some_and(|attempt| attempt.left || attempt.was_told(*end_ms..=end_ms + OWED_MS));
            hold(told, || format!("a caller never got the BYE of a call that ended at {end_ms}: {attempt:?}"))?;
        }

        let lost = self.attempts.values().find(|attempt| attempt.answered && attempt.record.is_none());
        hold(lost.is_none(), || format!("an answered call has no record: {lost:?}"))
    }
}

fn key(id: HostId, message: &Message) -> Vec<u8> {
    key_of(id, message.call_id())
}

fn key_of(id: HostId, call_id: &[u8]) -> Vec<u8> {
    let mut key = format!("{id:?} ").into_bytes();
    key.extend_from_slice(call_id);
    key
}

/// Invariant 14: a node shows nobody an address but its own and that of who is shown it.
fn hides_topology(
    seen: &Seen,
    inside: &BTreeMap<IpAddr, IpAddr>,
    to: &SocketAddr,
    message: &Message,
    bytes: &[u8],
) -> Verdict {
    let own = |ip: &IpAddr| *ip == seen.address.ip() || *ip == to.ip() || inside.get(ip) == Some(&to.ip());
    let told = message.header_named(ORIGIN_HEADER).map(addresses_in).unwrap_or_default();
    hold(told.is_empty() || seen.tells == Some(to.ip()), || format!("the origin of a call is told to {to}"))?;
    // A registrar lists all bindings of the line to each of its phones (RFC 3261 section 10.3).
    let registered = message.status() == Some(200) && message.cseq().is_ok_and(|cseq| cseq.method == Method::Register);
    let bound: Vec<IpAddr> = message.headers(Name::Contact).filter(|_| registered).flat_map(addresses_in).collect();
    let may = |ip: &IpAddr| own(ip) || ip.is_unspecified() || told.contains(ip) || bound.contains(ip);
    let foreign = addresses_in(bytes).into_iter().find(|ip| !may(ip));
    hold(foreign.is_none(), || format!("{to} is shown the address {foreign:?}:\n{}", String::from_utf8_lossy(bytes)))
}

/// Invariant 12: the number shown to a carrier is one of the account's.
fn shows_own_number(seen: &Seen, to: &SocketAddr, invite: &Message) -> Verdict {
    let Some((_, numbers)) = seen.shows.as_ref().filter(|(ip, _)| *ip == to.ip()) else { return Ok(()) };
    let user = |value: &[u8]| {
        let address = sip::NameAddr::parse(value).ok()?;
        SipUri::parse(address.uri).ok()?.user()
    };
    // Or who has called one of them, and is sent on.
    let diverting = invite.header(Name::Diversion).and_then(user).unwrap_or_default();
    let diverts = numbers.contains(diverting.trim_start_matches('+'));
    for header in [Name::From, Name::PAssertedIdentity] {
        for value in invite.headers(header) {
            let shown = user(value).unwrap_or_default();
            let own = numbers.contains(shown.trim_start_matches('+')) || diverts;
            hold(own, || format!("the carrier is shown {shown} in {header}, which is no number of the account"))?;
        }
    }
    Ok(())
}
