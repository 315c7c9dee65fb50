//! Asking one carrier by OPTIONS whether it is there (RFC 3261 section 11): each of its servers, at an interval.
//!
//! Any answer is one, whatever it says, but for 503. A server that gives none, or says 503, is tried after everybody else
//! until it answers again ([`crate::peer::Resting`]); so calls reach a carrier that only takes no OPTIONS.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sip::locate::Target;
use sip::transaction::ClientKey;
use sip::{Message, Method, Name, RequestBuilder, SipUri};

use super::State;
use crate::call::flow_to;
use crate::core::{Core, Purpose, SDP};
use crate::directory::Carrier;
use crate::limits::{CARRIER_PATIENCE_MS, MAX_FORWARDS, MAX_TEXT_BYTES};
use crate::peer::Standing;
use crate::text;

/// What a server has said last: what is wrong with it, if anything.
type Said = Option<String>;

/// The questions to one carrier. At most one is under way for each of its servers.
pub(super) struct KeepAlive {
    /// When the next round begins.
    pub round_ms: u64,
    /// Questions that have no answer yet: of whom, and until when one is waited for before the server counts as gone. What
    /// comes later still counts.
    asked: BTreeMap<ClientKey, (SocketAddr, Option<u64>)>,
    servers: BTreeMap<SocketAddr, Said>,
    call_id: String,
    tag: String,
    cseq: u32,
}

impl KeepAlive {
    /// Begins at once.
    pub fn new(core: &mut Core) -> Self {
        Self {
            round_ms: core.now_ms,
            asked: BTreeMap::new(),
            servers: BTreeMap::new(),
            call_id: core.mint.call_id(),
            tag: core.mint.tag(),
            cseq: 0,
        }
    }

    /// Whether its name led nowhere when it was last to be asked.
    pub fn has_no_server(&self) -> bool {
        self.asked.is_empty() && self.servers.is_empty()
    }

    /// When [`KeepAlive::tick`] is wanted next.
    pub fn next_ms(&self) -> u64 {
        self.asked.values().filter_map(|(_, until_ms)| *until_ms).fold(self.round_ms, u64::min)
    }

    pub fn tick(&mut self, core: &mut Core, carrier: &Carrier) {
        let late =
            |(_, until_ms): &mut (SocketAddr, Option<u64>)| until_ms.take_if(|at_ms| *at_ms <= core.now_ms).is_some();
        let late: Vec<SocketAddr> =
            self.asked.values_mut().filter_map(|asked| late(asked).then_some(asked.0)).collect();
        for server in late {
            self.is_gone(core, carrier, server, "does not answer");
        }
        if self.round_ms <= core.now_ms {
            self.ask_all(core, carrier);
        }
    }

    fn ask_all(&mut self, core: &mut Core, carrier: &Carrier) {
        self.round_ms = core.now_ms.saturating_add(interval_ms(carrier));
        self.asked.clear();
        let targets = core.targets(carrier);
        self.servers.retain(|server, _| targets.iter().any(|target| target.address == *server));
        for target in targets {
            self.ask(core, carrier, target);
        }
    }

    fn ask(&mut self, core: &mut Core, carrier: &Carrier, target: Target) {
        let flow = flow_to(core, target);
        let us = core.sent_by(flow);
        let uri = carrier.uri(target.address).to_string();
        let branch = core.mint.branch();
        self.cseq = self.cseq.saturating_add(1);
        let mut options = RequestBuilder::new(Method::Options, &uri);
        options
            .via(flow.transport, us, &branch)
            .header_display(Name::MaxForwards, MAX_FORWARDS)
            .header_display(Name::From, format_args!("<{}>;tag={}", SipUri::new(us), self.tag))
            .header_display(Name::To, format_args!("<{uri}>"))
            .header(Name::CallId, &self.call_id)
            .header_display(Name::CSeq, format_args!("{} OPTIONS", self.cseq))
            .own_contact(core.contact(flow))
            .header(Name::Accept, SDP);
        let purpose = Purpose::Carrier(carrier.id.clone());
        // Where there is no room for a question nothing is known of the server, and nothing changes.
        if let Some(key) = core.send_request(Method::Options, options.finish().into(), &branch, flow, purpose) {
            let until_ms = core.now_ms.saturating_add(CARRIER_PATIENCE_MS);
            self.asked.insert(key, (target.address, Some(until_ms)));
        }
    }

    /// An answer, if it is one to a question of this round.
    pub fn response(&mut self, core: &mut Core, carrier: &Carrier, key: ClientKey, response: &Message) {
        let Some(server) = self.asked.get(&key).map(|(server, _)| *server) else { return };
        match response.status().unwrap_or_default() {
            // Somebody is there; the final answer will say the rest.
            100..=199 => return,
            503 => {
                let phrase = text::bounded(response.reason(), MAX_TEXT_BYTES);
                self.is_gone(core, carrier, server, &format!("answers 503 {phrase}"));
            }
            _ => {
                core.common.resting.wake(server);
                self.servers.insert(server, None);
            }
        }
        self.asked.remove(&key);
    }

    pub fn no_response(&mut self, core: &mut Core, carrier: &Carrier, key: ClientKey) {
        if let Some((server, _)) = self.asked.remove(&key) {
            self.is_gone(core, carrier, server, "does not answer");
        }
    }

    /// Until its next answer; should nobody ask any more, until a round is long over.
    fn is_gone(&mut self, core: &mut Core, carrier: &Carrier, server: SocketAddr, why: &str) {
        let until_ms = self.round_ms.saturating_add(interval_ms(carrier));
        core.common.resting.rest(server, Standing::Gone, core.now_ms, until_ms);
        self.servers.insert(server, Some(why.to_owned()));
    }

    /// For people; `None` while nothing is known.
    pub fn state(&self) -> Option<State> {
        let answering = self.servers.values().filter(|said| said.is_none()).count();
        let (server, why) = match self.servers.iter().find_map(|(server, said)| Some((server, said.as_ref()?))) {
            None => return (answering > 0).then(|| State { up: true, text: "answers".to_owned() }),
            Some(first) => first,
        };
        let all = self.servers.len();
        let text =
            if all == 1 { why.clone() } else { format!("{answering} of its {all} servers answer; {server} {why}") };
        Some(State { up: answering > 0, text })
    }
}

fn interval_ms(carrier: &Carrier) -> u64 {
    u64::from(carrier.options_s) * 1_000
}
