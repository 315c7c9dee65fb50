//! REGISTER as a client (RFC 3261 section 10.2).

use std::net::SocketAddr;

use sip::{Message, Method, Name, RequestBuilder, SipUri, Transport};

use super::{Pending, Stack, StackEvent};

/// One binding of ours at one registrar.
#[derive(Debug)]
pub(super) struct Registration {
    registrar: SocketAddr,
    call_id: String,
    tag: String,
    cseq: u32,
    asked_s: u32,
    tries: u8,
    authorised: bool,
}

impl Stack {
    /// Registers for `expires_s` seconds, or removes the binding with 0.
    pub(crate) fn register(&mut self, registrar: SocketAddr, expires_s: u32, now_ms: u64) {
        let known = self.registration.take().filter(|known| known.registrar == registrar);
        let mut registration = match known {
            Some(known) => known,
            None => Registration {
                registrar,
                call_id: self.dice.token(),
                tag: self.dice.token(),
                cseq: 0,
                asked_s: 0,
                tries: 0,
                authorised: false,
            },
        };
        registration.asked_s = expires_s;
        registration.tries = 0;
        self.registration = Some(registration);
        self.send_register(now_ms);
        self.drain(now_ms);
    }

    fn send_register(&mut self, now_ms: u64) {
        let Some(mut registration) = self.registration.take() else { return };
        registration.cseq += 1;
        let uri = format!("sip:{}", self.station.domain);
        let address = format!("<sip:{}@{}>", self.station.user, self.station.domain);
        let branch = self.branch();
        let mut request = RequestBuilder::new(Method::Register, &uri);
        request.via(Transport::Udp, self.sent_by(), &branch);
        request.header(Name::MaxForwards, "70");
        request.header_display(Name::From, format_args!("{address};tag={}", registration.tag));
        request.header(Name::To, &address);
        request.header(Name::CallId, &registration.call_id);
        request.header_display(Name::CSeq, format_args!("{} REGISTER", registration.cseq));
        request.header(Name::Contact, self.contact());
        request.header_display(Name::Expires, registration.asked_s);
        request.header(Name::UserAgent, &self.station.user_agent);
        registration.authorised = self.authorise(&mut request, Method::Register, &uri, false);
        let flow = self.flow_to(registration.registrar);
        self.registration = Some(registration);
        self.send(Method::Register, request.finish(), &branch, flow, Pending::Register, now_ms);
    }

    pub(super) fn register_answered(&mut self, status: u16, response: Option<&Message>, now_ms: u64) {
        let Some(registration) = self.registration.as_mut() else { return };
        let current = |response: &&Message| response.cseq().is_ok_and(|cseq| cseq.number == registration.cseq);
        if response.is_some() && response.filter(current).is_none() {
            return;
        }
        let (asked_s, authorised, tries) = (registration.asked_s, registration.authorised, registration.tries);
        match (status, response) {
            (100..=199, _) => {}
            (200..=299, Some(response)) => {
                let expires_s = self.granted_s(response).unwrap_or(asked_s);
                self.events.push_back(StackEvent::Registered { expires_s });
            }
            (401 | 407, Some(response)) if self.take_challenge(response, authorised, tries) => {
                if let Some(registration) = self.registration.as_mut() {
                    registration.tries += 1;
                }
                self.send_register(now_ms);
            }
            (status, _) => {
                self.auth = None;
                self.events.push_back(StackEvent::RegisterFailed { status });
            }
        }
    }

    /// How long our own Contact was granted; `None` where the response lists none of ours.
    fn granted_s(&self, response: &Message) -> Option<u32> {
        let ours = |uri: &[u8]| {
            let uri = SipUri::parse(uri).ok();
            uri.and_then(|uri| uri.hostport().ok()?.socket_addr(5060)) == Some(self.station.address)
        };
        let contact = response.contacts().filter_map(Result::ok).find(|contact| ours(contact.uri))?;
        contact.expires_s().or_else(|| response.expires())
    }
}
