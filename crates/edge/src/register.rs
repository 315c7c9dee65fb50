//! The registrar (RFC 3261 section 10.3): reads an authenticated REGISTER, asks the account, answers with the bindings.

use account::{Failures, Registration, RegistrationChange, Reply, Via};
use geo::Place;
use sip::{Message, Name, Uri};

use crate::core::{Asked, Core};
use crate::directory::LineEntry;
use crate::limits::{MAX_CONTACT_BYTES, MAX_CONTACTS, MAX_WAITING};
use crate::waiting::Waiting;
use crate::{flow, text};

/// REGISTERs that wait for their account.
pub(crate) struct Registrar {
    waiting: Waiting<Asked>,
}

impl Registrar {
    /// Tokens begin at `first_token`, which says whose they are.
    pub const fn new(first_token: u64) -> Self {
        Self { waiting: Waiting::new(first_token) }
    }

    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// An authenticated REGISTER. The bindings are those of the line that authenticated: To need not name it.
    pub fn register(&mut self, core: &mut Core, asked: Asked, entry: &LineEntry, failures_before: Failures) {
        if self.waiting.len() >= MAX_WAITING {
            return core.overloaded(&asked);
        }
        let change = match wanted(&asked.request, core.common.settings.expires_s) {
            Ok(change) => change,
            Err(Refused::TooBrief(min_s)) => {
                return core.reply_with(&asked, 423, |builder| {
                    builder.header_display(Name::MinExpires, min_s);
                });
            }
            Err(Refused::Bad) => return core.reply(&asked, 400),
        };
        let registration = Registration {
            token: self.waiting.next_token(),
            line: entry.line.clone(),
            change,
            secret_version: entry.secrets.as_ref().map(|secrets| secrets.version),
            call_id: text::bounded(asked.request.call_id(), sip::dialog::MAX_ID_BYTES),
            cseq: asked.request.cseq().map_or(0, |cseq| cseq.number),
            via: Via {
                flow: flow::to_account(asked.flow),
                user_agent: text::user_agent(&asked.request).into(),
                place: Place::default(),
                failures_before,
            },
        };
        self.waiting.put(asked);
        core.tell(&entry.account, account::Input::Register(Box::new(registration)));
    }

    /// The account's answer; anything else is not ours.
    pub fn reply(&mut self, core: &mut Core, reply: &Reply) {
        match reply {
            Reply::Registered { token, contacts } => {
                if let Some(asked) = self.waiting.take(*token) {
                    accept(core, &asked, contacts);
                }
            }
            Reply::RegisterRefused { token, status } => {
                if let Some(asked) = self.waiting.take(*token) {
                    core.reply(&asked, *status);
                }
            }
            _ => {}
        }
    }
}

/// RFC 3261 section 10.3 step 8: all bindings of the line with the time each has left.
fn accept(core: &mut Core, asked: &Asked, contacts: &[(String, u64)]) {
    let now_ms = core.now_ms;
    core.reply_with(asked, 200, |builder| {
        for (contact, lapses_ms) in contacts {
            let left_s = lapses_ms.saturating_sub(now_ms).div_ceil(1_000);
            builder.contact(contact, left_s);
        }
    });
}

enum Refused {
    /// 423: at least this many seconds.
    TooBrief(u32),
    /// 400.
    Bad,
}

/// RFC 3261 section 10.3 steps 6 and 7, as far as they need no bindings.
fn wanted(request: &Message, bounds: (u32, u32, u32)) -> Result<RegistrationChange, Refused> {
    // The address of record must be a sip or sips URI (step 5), though it need not name the line.
    if request.to().ok().and_then(|to| to.parse_uri().ok()).is_none_or(|to| to.hostport.is_none()) {
        return Err(Refused::Bad);
    }
    let contacts: Vec<_> = request.contacts().collect::<Result<_, _>>().map_err(|_| Refused::Bad)?;
    if contacts.is_empty() {
        return Ok(RegistrationChange::Query);
    }
    if contacts.iter().any(sip::NameAddr::is_star) {
        let alone = contacts.len() == 1 && request.expires() == Some(0);
        return if alone { Ok(RegistrationChange::RemoveAll) } else { Err(Refused::Bad) };
    }
    if contacts.len() > MAX_CONTACTS {
        return Err(Refused::Bad);
    }
    let mut put = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let uri = std::str::from_utf8(contact.uri).map_err(|_| Refused::Bad)?;
        if uri.len() > MAX_CONTACT_BYTES || !Uri::parse(contact.uri).is_ok_and(|uri| uri.hostport.is_some()) {
            return Err(Refused::Bad);
        }
        let asked_s = contact.expires_s().or(request.expires());
        put.push((uri.to_owned(), granted(asked_s, bounds)?));
    }
    Ok(RegistrationChange::Put(put))
}

/// The time granted: zero removes, less than the shortest is refused, more than the longest is cut.
fn granted(asked_s: Option<u32>, (min_s, default_s, max_s): (u32, u32, u32)) -> Result<u32, Refused> {
    match asked_s {
        None => Ok(default_s),
        Some(0) => Ok(0),
        Some(asked_s) if asked_s < min_s => Err(Refused::TooBrief(min_s)),
        Some(asked_s) => Ok(asked_s.min(max_s)),
    }
}
