//! Who sends a request: a carrier by its address, a trunk by its fixed address, everybody else by digest.
//!
//! Everyone is challenged with 401 and WWW-Authenticate, INVITE too: this node is the user agent server of every request
//! it takes (RFC 3261 section 22.2); 407 is for those who only pass a request on.

use account::Failures;
use billing::CarrierId;
use sip::digest::{Authenticator, Authorization, Ha1Set, Judgement};
use sip::{Method, Name};

use crate::common::Common;
use crate::core::{Asked, Core};
use crate::directory::LineEntry;
use crate::inside;
use crate::io::{AuthReport, Leave, Output};
use crate::limits::{MAX_AUTH_NAME_BYTES, MAX_WAITING};
use crate::text;
use crate::waiting::Waiting;

/// Who sent a request.
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    /// A line, and how many passwords had failed from its address before.
    Line { entry: LineEntry, failures_before: Failures },
    /// A carrier.
    Carrier(CarrierId),
}

/// Verifies credentials; remembers the requests that wait for leave to be verified, with what was read of them.
pub(crate) struct Doorman {
    authenticator: Authenticator,
    /// HA1 of nobody, for names that do not exist: the same work, the same answer.
    nobody: Ha1Set,
    waiting: Waiting<(Asked, Authorization<'static>)>,
}

impl Doorman {
    pub fn new(common: &Common) -> Self {
        Self { authenticator: common.authenticator.clone(), nobody: common.nobody.clone(), waiting: Waiting::new(1) }
    }

    /// Says at once who sent a request, or asks for credentials or for leave to verify them (RFC 3261 section 22.2).
    pub fn identify(&mut self, core: &mut Core, asked: Asked) -> Option<(Asked, Sender)> {
        let remote = asked.flow.remote;
        if asked.request.method() == Some(Method::Invite)
            && let Some(carrier) = core.directory.carrier_at(asked.flow)
        {
            return Some((asked, Sender::Carrier(carrier)));
        }
        // Credentials count before the address: a phone may sit behind the address of its PBX.
        let Some(given) = credentials(&asked.request, self.authenticator.realm()) else {
            let by_address = core.directory.by_address.get(&remote.ip());
            if let Some(entry) = by_address.or_else(|| by_certificate(core, asked.flow)).cloned() {
                return Some((asked, Sender::Line { entry, failures_before: Failures::NONE }));
            }
            self.challenge(core, &asked, false, true);
            return None;
        };
        if self.waiting.len() >= MAX_WAITING {
            core.overloaded(&asked);
            return None;
        }
        let name = text::bounded(&given.username, MAX_AUTH_NAME_BYTES);
        let given = given.into_owned();
        let token = self.waiting.put((asked, given));
        core.outputs.push_back(Output::Verify { token, from: remote, name });
        None
    }

    /// The answer to [`Output::Verify`]: verifies, forgets the request in silence, or puts the sender off.
    pub fn verify(
        &mut self,
        core: &mut Core,
        token: u64,
        leave: Leave,
        failures_before: Failures,
    ) -> Option<(Asked, Sender)> {
        let (asked, given) = self.waiting.take(token)?;
        match leave {
            Leave::Granted | Leave::Blind => {}
            Leave::Refused => {
                core.transactions.forget(asked.server);
                return None;
            }
            Leave::Later { retry_after_s } => {
                core.unavailable(&asked, retry_after_s);
                return None;
            }
        }
        let (judgement, entry) = self.judge(core, &asked, &given, leave == Leave::Blind);
        let (report, user_agent) = match judgement {
            Judgement::Accepted => (AuthReport::Succeeded, String::new()),
            Judgement::Stale => (AuthReport::Stale, String::new()),
            Judgement::Wrong => (AuthReport::Failed, text::user_agent(&asked.request)),
        };
        core.outputs.push_back(Output::Auth { token, report, user_agent });
        match entry {
            Some(entry) => Some((asked, Sender::Line { entry, failures_before })),
            None => {
                self.challenge(core, &asked, judgement == Judgement::Stale, false);
                None
            }
        }
    }

    /// What the credentials are worth, and whose they are if they are right; those that are not to be looked at are as
    /// good as those of a name that does not exist.
    fn judge(
        &mut self,
        core: &Core,
        asked: &Asked,
        given: &Authorization<'_>,
        is_blind: bool,
    ) -> (Judgement, Option<LineEntry>) {
        // No name of ours holds what is not UTF-8.
        let entry = str::from_utf8(&given.username).ok().and_then(|name| core.directory.by_auth_name.get(name));
        let secrets = entry.and_then(|entry| entry.secrets.as_ref());
        let known = secrets.map(|secrets| Ha1Set::from_parts(secrets.ha1_md5, secrets.ha1_sha256));
        let ha1 = known.as_ref().filter(|_| !is_blind).unwrap_or(&self.nobody);
        let judgement = self.authenticator.judge(given, ha1, asked.request.method_raw(), 0, core.now_ms);
        (judgement, entry.filter(|_| judgement == Judgement::Accepted).cloned())
    }

    /// 401 with a fresh nonce. Whoever gave no credentials at all is forgotten; an answer to credentials is kept, so
    /// that a retransmission is not verified again.
    fn challenge(&self, core: &mut Core, asked: &Asked, stale: bool, forget: bool) {
        let salt = core.mint.bytes();
        let now_ms = core.now_ms;
        let add = |builder: &mut sip::ResponseBuilder| {
            self.authenticator.challenge_parts(now_ms, salt, stale, |value| {
                builder.header_parts(Name::WwwAuthenticate, value);
            });
        };
        if forget {
            core.brush_off(asked, 401, add);
        } else {
            core.reply_with(asked, 401, add);
        }
    }
}

/// The headers that carry credentials.
const CREDENTIALS: [Name; 2] = [Name::Authorization, Name::ProxyAuthorization];

/// Whether a request can be answered with a challenge alone: a REGISTER or a new INVITE without any credentials, from where
/// nothing proves a line or a carrier. There is no need of a transaction for that.
pub(crate) fn is_to_be_challenged(core: &Core, flow: sip::Flow, request: &sip::Message) -> bool {
    let is_asked = match request.method() {
        Some(Method::Register) => true,
        Some(Method::Invite) => !inside::is_inside(flow) && request.to().is_ok_and(|to| to.tag().is_none()),
        _ => false,
    };
    is_asked
        && CREDENTIALS.iter().all(|name| request.header(*name).is_none())
        && !core.directory.by_address.contains_key(&flow.remote.ip())
        && by_certificate(core, flow).is_none()
        && (request.method() == Some(Method::Register) || core.directory.carrier_at(flow).is_none())
}

/// The trunk that the peer of a connection has proven to be by its certificate (RFC 5922 section 7.1).
fn by_certificate(core: &Core, flow: sip::Flow) -> Option<&LineEntry> {
    core.certificates.names(flow.connection).iter().find_map(|name| core.directory.by_certificate.get(name))
}

/// The credentials for our realm; those for other realms are somebody else's business.
fn credentials<'a>(request: &'a sip::Message, realm: &str) -> Option<Authorization<'a>> {
    CREDENTIALS
        .into_iter()
        .flat_map(|name| request.headers(name))
        .filter_map(|value| Authorization::parse(value).ok())
        .find(|given| given.realm.as_ref() == realm.as_bytes())
}
