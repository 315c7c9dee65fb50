//! Transfers, as the one who asks for them: REFER, and the NOTIFYs that tell how it goes (RFC 3515, RFC 5589).

use sip::{Message, Method, Name};

use super::{CallHandle, Pending, Stack, StackEvent};

/// With whom the other end of a call shall talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Whoever has this number.
    Number(String),
    /// The other end of another call of ours.
    Call(CallHandle),
}

impl Stack {
    /// Asks the other end of a call to talk with somebody else.
    pub(crate) fn refer(&mut self, call: CallHandle, target: &Target, now_ms: u64) {
        let refer_to = match target {
            Target::Number(number) => format!("<sip:{number}@{}>", self.station.domain),
            Target::Call(other) => {
                let Some(dialog) = self.legs.get(other).and_then(|leg| leg.dialog.as_ref()) else { return };
                let replaces = dialog.id().to_replaces().replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
                format!("<sip:{}?Replaces={replaces}>", self.station.domain)
            }
        };
        self.send_refer(call, refer_to, 0, now_ms);
        self.drain(now_ms);
    }

    fn send_refer(&mut self, call: CallHandle, refer_to: String, tries: u8, now_ms: u64) {
        let branch = self.branch();
        let (sent_by, contact) = (self.sent_by(), self.contact());
        let Some(dialog) = self.legs.get_mut(&call).and_then(|leg| leg.dialog.as_mut()) else { return };
        let mut refer = dialog.request(Method::Refer, sent_by, &branch);
        let (flow, uri) = (dialog.flow(), dialog.remote_target().to_owned());
        refer.header(Name::UserAgent, &self.station.user_agent).header(Name::Contact, contact);
        refer.header(Name::ReferTo, &refer_to);
        self.authorise(&mut refer, Method::Refer, &uri, false);
        let why = Pending::Refer { call, refer_to, tries };
        self.send(Method::Refer, refer.finish(), &branch, flow, why, now_ms);
    }

    pub(super) fn refer_answered(
        &mut self,
        (call, refer_to, tries): (CallHandle, String, u8),
        status: u16,
        response: Option<&Message>,
        now_ms: u64,
    ) {
        match (status, response) {
            (100..=299, _) => {}
            (401, Some(response)) if self.take_challenge(response, false, tries) => {
                self.send_refer(call, refer_to, tries + 1, now_ms);
            }
            (status, _) => self.events.push_back(StackEvent::Transfer { call, status }),
        }
    }

    /// NOTIFY within a call: how its transfer goes.
    pub(super) fn told(&mut self, call: CallHandle, notify: &Message) {
        let status = notify.body().get(8..11).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        self.events.extend(status.map(|status| StackEvent::Transfer { call, status }));
    }
}
