//! A redirect server's answers (RFC 3261 section 8.3), for lines that place their calls themselves and only ask first: 302
//! with the carrier to go on to, 603 with the reason where the account refuses.

use account::{Lease, Permit};
use sip::Name;

use super::fork::carrier_number;
use super::{Call, Ending};
use crate::core::Core;
use crate::inside;
use crate::remote::Remote;

/// Our id of the call, in a 302: for whoever reports its answer and end.
pub(super) const CALL_HEADER: &str = "X-Tollguard-Call";

impl Call {
    /// Whether whoever called is only told where to go. One whom a phone forwards is called by the phone's line, and one
    /// who is transferred by the transferor's: they are connected.
    pub(super) fn is_redirected(&self, core: &Core) -> bool {
        let outside = self.invite.as_ref().is_some_and(|invite| !inside::is_inside(invite.flow));
        let calls_itself = self.redirections == 0 && outside;
        let line = self.facts.line.as_ref().filter(|_| calls_itself);
        line.is_some_and(|line| core.common.settings.redirects(&self.facts.account, line))
    }

    /// Stage `Screening`: 302, and from now on the call is one that another switch carries.
    pub(super) fn redirect(&mut self, core: &mut Core, permit: &Permit, lease: Lease) {
        let (Permit::Carrier { carriers, number, emergency, .. }, Some(invite)) = (permit, &self.invite) else {
            return;
        };
        let directory = core.directory.clone();
        let Some(carrier) = carriers.iter().find_map(|id| directory.carriers.get(id)) else {
            let ending = Ending::by_node(503, "the account's carrier is not set up");
            return self.finish(core, ending, None);
        };
        let number = if *emergency { number.clone() } else { carrier_number(carrier, number) };
        let mut answer = invite.answer(302);
        answer.header(Name::Contact, format!("<sip:{number}@{}>", carrier.host()));
        answer.header_named(CALL_HEADER, self.id.to_string());
        core.respond(invite.server, 302, answer.finish());
        let mut remote = Remote::redirected(core, self.facts.account.clone(), self.facts.line.clone(), lease);
        remote.caller.clone_from(&self.facts.caller.user);
        remote.callee.clone_from(&self.facts.dialled);
        remote.start_ms = self.facts.start_ms;
        remote.carrier = Some(carrier.id.clone());
        core.left.remotes.push((self.id, remote));
        self.forget(core);
    }
}
