//! The call machine as a whole: takes one input at a time, finds whom it concerns, collects what follows.

mod hang_up;

use std::sync::Arc;

use account::{Attempt, CallEnd, Flow, Reply};
use billing::{AccountId, CallId};
use media::{RelayEvent, RelayId, Side};
use sip::transaction::{self, Answer, ClientKey, Incoming, ServerKey};
use sip::wheel::Wheel;
use sip::{DialogId, Keyed, Message, Method, Name, ResponseBuilder};

use crate::auth::{self, Doorman, Sender};
use crate::call::{self, Call};
use crate::calls::Calls;
use crate::carriers::Carriers;
use crate::common::Common;
use crate::core::{Asked, Core, Purpose};
use crate::directory::{Directory, LineEntry};
use crate::farewell::{Farewells, hang_up_stray};
use crate::gate::{self, Passed};
use crate::inside::{self, Errand};
use crate::io::{CallView, Input, Output};
use crate::limits::{EMERGENCY_RESERVE, MAX_SHORT_NUMBER};
use crate::register::Registrar;
use crate::remote::{Remotes, Screened};
use crate::{flow, text};

/// The call machine of one worker.
pub struct Edge {
    core: Core,
    doorman: Doorman,
    registrar: Registrar,
    carriers: Carriers,
    calls: Calls,
    /// Those that other switches carry.
    remotes: Remotes,
    /// Running INVITEs by what tells a merged one.
    merges: Keyed<CallId>,
    /// When calls are woken.
    wakes: Wheel<CallId>,
    farewells: Farewells,
    next_call: CallId,
}

impl Edge {
    /// The call machine of worker number `worker` (from 0), without calls. The first worker's registers with carriers.
    pub fn new(common: Arc<Common>, worker: usize, directory: Arc<Directory>, now_ms: u64) -> Self {
        let mut edge = Self {
            core: Core::new(Arc::clone(&common), worker, directory, now_ms),
            doorman: Doorman::new(&common),
            registrar: Registrar::new(Common::first_token(worker)),
            carriers: Carriers::new(),
            calls: Calls::default(),
            remotes: Remotes::new(),
            merges: Keyed::default(),
            wakes: Wheel::default(),
            farewells: Farewells::new(),
            next_call: common.first_call(worker),
        };
        edge.sync_carriers();
        edge
    }

    /// The worker that a message which this one has read belongs to. Who has to be asked for credentials first is asked
    /// by whoever reads it, since nothing is remembered of that.
    pub fn home(&self, flow: Flow, message: &Message) -> usize {
        let (own, flow) = (self.core.mint.worker(), flow::to_sip(flow));
        if self.core.common.workers() == 1 || auth::is_to_be_challenged(&self.core, flow, message) {
            return own;
        }
        self.core.common.home(&self.core.directory, flow, message)
    }

    /// Takes one input. Drain [`Edge::poll_output`] afterwards.
    pub fn handle(&mut self, now_ms: u64, input: Input) {
        self.core.now_ms = now_ms.max(self.core.now_ms);
        match input {
            Input::Message { flow, message } => self.message(flow, message),
            Input::TurnAway { flow, message } => self.core.turn_away(flow::to_sip(flow), &message),
            Input::Proven { connection, certificate } => self.core.certificates.shown(connection, certificate),
            Input::FlowFailed(flow) => self.flow_failed(flow::to_sip(flow)),
            Input::Reply(reply) => self.reply(reply),
            Input::Relay(event) => self.relay(event),
            Input::Directory(directory) => self.new_directory(directory),
            Input::Verify { token, leave, failures_before } => {
                if let Some((asked, sender)) = self.doorman.verify(&mut self.core, token, leave, failures_before) {
                    self.admit(asked, sender);
                }
            }
            Input::Recover { account, call, legs } => {
                call::recover(&mut self.core, &account, call, legs.as_deref());
            }
            Input::HangUpLine { account, line, end } => self.hang_up_line(&account, &line, end),
            Input::Screen { token, account, attempt, limit_s } => self.screen(token, account, *attempt, limit_s),
            Input::Report { token, call, account, report } => {
                self.remotes.report(&mut self.core, token, (call, account.as_ref()), report);
            }
            Input::Drain => self.core.draining = true,
            Input::Shutdown => self.shut_down(),
            Input::Tick => self.tick(),
        }
        self.follow_transactions();
    }

    /// The next thing to do; call until `None` after every input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.poll_output()
    }

    /// When [`Input::Tick`] is due next.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let transactions = self.core.transactions.next_deadline_ms();
        let carriers = self.carriers.next_wake_ms();
        [transactions, carriers, self.wakes.next_ms(), self.farewells.next_wake_ms(), self.remotes.next_wake_ms()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether the worker has more to do than it can: no new calls then, but to short numbers.
    pub fn set_busy(&mut self, busy: bool) {
        self.core.busy = busy;
    }

    /// The running calls, for people.
    pub fn calls(&self) -> Vec<CallView> {
        self.calls.in_order().into_iter().map(Call::view).chain(self.remotes.views()).collect()
    }

    /// Whether no call runs and no BYE of ours waits for its answer: the node may stop.
    pub fn is_idle(&self) -> bool {
        let parted = self.core.clients.values().all(|purpose| !matches!(purpose, Purpose::Bye(_)));
        parted
            && self.calls.is_empty()
            && self.remotes.is_empty()
            && self.farewells.is_empty()
            && self.registrar.is_idle()
    }

    /// Whoever proved a line with a secret that is no more has no call of it any longer: one that was let in here while
    /// the change was on its way is not known to the account as one to hang up.
    fn new_directory(&mut self, directory: Arc<Directory>) {
        let old = std::mem::replace(&mut self.core.directory, Arc::new(Arc::clone(&directory)));
        let secrets = |name| directory.by_auth_name.get(name).and_then(|entry| entry.secrets.as_ref());
        for (name, LineEntry { account, line, secrets: proven_by, .. }) in &old.by_auth_name {
            if proven_by.as_ref() != secrets(name) {
                self.hang_up_line(account, line, CallEnd::SecretChanged);
            }
        }
        self.sync_carriers();
    }

    /// Registrations with carriers and questions to them are the node's, not each worker's.
    fn sync_carriers(&mut self) {
        if self.core.mint.worker() == 0 {
            self.carriers.sync(&mut self.core);
        }
    }

    fn message(&mut self, flow: Flow, message: Message) {
        let flow = flow::to_sip(flow);
        match message.validate() {
            Ok(()) if message.is_request() => self.request(flow, message),
            Ok(()) => self.response(flow, &message),
            Err(invalid) => self.refuse_invalid(flow, &message, invalid.status()),
        }
    }

    /// An invalid request is answered without memory, if the answer has somewhere to go.
    fn refuse_invalid(&mut self, flow: sip::Flow, message: &Message, status: u16) {
        if !message.is_request() || message.method() == Some(Method::Ack) || message.header(Name::Via).is_none() {
            return;
        }
        let tag = self.core.mint.tag();
        let answer = ResponseBuilder::from_request(message, status, "", Some(&tag), flow.remote).finish();
        self.core.transactions.send(flow, answer.into());
    }

    fn request(&mut self, flow: sip::Flow, request: Message) {
        if auth::is_to_be_challenged(&self.core, flow, &request) {
            return self.new_request(Asked { request, flow, server: ServerKey::NONE });
        }
        match self.core.transactions.receive_request(&request, flow, self.core.now_ms) {
            Incoming::New(server) => self.new_request(Asked { request, flow, server }),
            Incoming::Cancel { cancel, invite } => self.cancel(&Asked { request, flow, server: cancel }, invite),
            Incoming::Ack => self.ack(&request),
            Incoming::Absorbed => {}
            Incoming::Malformed => self.refuse_invalid(flow, &request, 400),
            Incoming::Full => self.core.turn_away(flow, &request),
        }
    }

    fn new_request(&mut self, asked: Asked) {
        if asked.request.to().is_ok_and(|to| to.tag().is_some()) {
            return self.in_dialog(asked);
        }
        if inside::is_inside(asked.flow) {
            return self.called_inside(asked);
        }
        let asked = match gate::pass(&mut self.core, asked) {
            Passed::No => return,
            Passed::Register(asked) => asked,
            Passed::Invite(asked) => {
                if call::merge_key(&self.core, &asked.request).is_some_and(|key| self.merges.get(key).is_some()) {
                    return self.core.brush_off(&asked, 482, |_| {});
                }
                if self.is_full_for(|| text::user_of(asked.request.request_uri())) {
                    return self.core.overloaded(&asked);
                }
                asked
            }
        };
        if let Some((asked, sender)) = self.doorman.identify(&mut self.core, asked) {
            self.admit(asked, sender);
        }
    }

    /// Whether a new call must be turned away. The last places are for short numbers, since those of emergency services
    /// are among them and must get through (which they are is the account's to know).
    fn is_full_for(&self, dialled: impl FnOnce() -> String) -> bool {
        let (calls, max_calls) = (self.core.common.calls(), self.core.common.settings.max_calls);
        if !(self.core.closing || self.core.draining || self.core.busy || calls >= max_calls) {
            return false;
        }
        let dialled = dialled();
        let short = (1..=MAX_SHORT_NUMBER).contains(&dialled.len());
        self.core.closing || !short || calls >= max_calls.saturating_add(EMERGENCY_RESERVE)
    }

    /// A request whose sender is known.
    fn admit(&mut self, asked: Asked, sender: Sender) {
        match (asked.request.method(), sender) {
            (Some(Method::Register), Sender::Line { entry, failures_before }) => {
                self.registrar.register(&mut self.core, asked, &entry, failures_before);
            }
            (Some(Method::Invite), sender) => {
                let id = self.mint_call();
                if let Some(call) = call::start(&mut self.core, asked, sender, id) {
                    self.add_call(call);
                }
            }
            (Some(Method::Refer), Sender::Line { entry, failures_before }) => {
                self.within(asked, |call, core, side, asked| call.refer(core, side, asked, &entry, failures_before));
            }
            _ => self.core.reply(&asked, 403),
        }
    }

    /// A call of this node calls: on the way from a transfer to a new call, or to one that runs.
    fn called_inside(&mut self, asked: Asked) {
        let Some(errand) = Errand::of(&asked.request) else { return self.core.reply(&asked, 403) };
        if let Some(replaces) = asked.request.header(Name::Replaces) {
            let found = DialogId::of_replaces(replaces);
            let found = found.and_then(|id| self.dialog(id.local_tag().as_bytes(), |known| *known == id));
            return match found {
                Some((call, side)) => self.replace(call, side, &asked, &errand),
                None => self.core.reply(&asked, 481),
            };
        }
        if self.is_full_for(|| text::user_of(asked.request.request_uri())) {
            return self.core.overloaded(&asked);
        }
        let id = self.mint_call();
        if let Some(call) = call::start_inside(&mut self.core, asked, errand, id) {
            self.add_call(call);
        }
    }

    /// Another switch asks about a call of its own.
    fn screen(&mut self, token: u64, account: AccountId, attempt: Attempt, limit_s: u32) {
        if self.is_full_for(|| attempt.dialled.clone()) {
            return self.core.outputs.push_back(Output::Screened { token, screened: Screened::TurnedAway });
        }
        let attempt = Attempt { call: self.mint_call(), ..attempt };
        self.remotes.screen(&mut self.core, token, account, attempt, limit_s);
    }

    /// A call that another one takes over while it rings has no longer the INVITE that it began with.
    fn replace(&mut self, id: CallId, side: Side, asked: &Asked, errand: &Errand) {
        let key = self.calls.get(id).and_then(|call| call.merge_key);
        self.with_call(id, |call, core| call.replace(core, side, asked, errand));
        if let Some(key) = key.filter(|key| self.calls.get(id).and_then(|call| call.merge_key) != Some(*key)) {
            self.merges.remove(key);
        }
    }

    fn mint_call(&mut self) -> CallId {
        let id = self.next_call;
        self.next_call.0 += 1;
        id
    }

    fn add_call(&mut self, mut call: Box<Call>) {
        if let Some(key) = call.merge_key {
            self.merges.insert(key, call.id);
        }
        let next_ms = call.next_wake_ms();
        self.wakes.set(&mut call.clock.timer, next_ms, call.id);
        self.core.common.call_began();
        self.calls.insert(call);
    }

    /// RFC 3261 section 12.2.2: by Call-ID and tags, or 481.
    fn in_dialog(&mut self, asked: Asked) {
        if asked.request.method() == Some(Method::Refer) && self.is_from_line(&asked) {
            if let Some((asked, sender)) = self.doorman.identify(&mut self.core, asked) {
                self.admit(asked, sender);
            }
            return;
        }
        self.within(asked, |call, core, side, asked| call.request(core, side, asked));
    }

    /// Whose dialog a request is within (RFC 3261 section 12.2.2): our tag leads to the call, the rest is compared there.
    fn dialog_of(&self, request: &Message) -> Option<(CallId, Side)> {
        self.dialog(request.to().ok()?.tag()?, |known| known.is_of_request(request))
    }

    fn dialog(&self, tag: &[u8], is_it: impl Fn(&DialogId) -> bool) -> Option<(CallId, Side)> {
        let (call, side) = self.core.holder_of(tag)?;
        self.calls.get(call)?.has_dialog(side, is_it).then_some((call, side))
    }

    /// Whether a request within a dialog is of a line of the account that has the call: a transfer by anybody else is
    /// refused without asking for a password.
    fn is_from_line(&self, asked: &Asked) -> bool {
        let found = self.dialog_of(&asked.request).and_then(|(call, side)| Some((self.calls.get(call)?, side)));
        found.is_some_and(|(call, side)| call.line_at(side).is_some())
    }

    fn within(&mut self, asked: Asked, act: impl FnOnce(&mut Call, &mut Core, Side, Asked)) {
        if let Some((call, side)) = self.dialog_of(&asked.request) {
            return self.with_call(call, |call, core| act(call, core, side, asked));
        }
        let bye = asked.request.method() == Some(Method::Bye);
        let parted = bye && self.farewells.bye(&asked.request);
        self.core.brush_off(&asked, if parted { 200 } else { 481 }, |_| {});
    }

    fn ack(&mut self, ack: &Message) {
        match self.dialog_of(ack) {
            Some((call, side)) => self.with_call(call, |call, core| call.ack(core, side, ack)),
            None => self.farewells.ack(&mut self.core, ack),
        }
    }

    /// RFC 3261 section 9.2.
    fn cancel(&mut self, asked: &Asked, invite: Option<ServerKey>) {
        let Some(server) = invite else { return self.core.reply(asked, 481) };
        self.core.reply(asked, 200);
        if let Some(call) = self.core.invites.get(server.slot()).copied() {
            self.with_call(call, |call, core| call.cancel(core, server));
        }
    }

    fn response(&mut self, flow: sip::Flow, response: &Message) {
        let key = match self.core.transactions.receive_response(response, self.core.now_ms) {
            Answer::To(key) => key,
            Answer::Absorbed => return,
            Answer::Stray => return hang_up_stray(&mut self.core, flow, response),
        };
        match self.core.clients.get(key.slot()) {
            Some(&Purpose::Call(id)) => {
                let mut taken = false;
                self.with_call(id, |call, core| taken = call.response(core, key, response));
                if !taken {
                    hang_up_stray(&mut self.core, flow, response);
                }
            }
            Some(Purpose::Carrier(carrier)) => {
                let carrier = carrier.clone();
                self.carriers.response(&mut self.core, &carrier, key, response);
            }
            Some(Purpose::Bye(_)) if response.status().is_some_and(|status| status >= 200) => {
                if let Some(Purpose::Bye(parting)) = self.core.clients.remove(key.slot()) {
                    parting.answered(&mut self.core, response);
                }
            }
            Some(Purpose::Bye(_)) | None => {}
        }
    }

    fn no_response(&mut self, key: ClientKey, status: u16) {
        match self.core.clients.get(key.slot()).cloned() {
            Some(Purpose::Call(id)) => self.with_call(id, |call, core| call.no_response(core, key, status)),
            Some(Purpose::Carrier(carrier)) => self.carriers.no_response(&mut self.core, &carrier, key),
            Some(Purpose::Bye(parting)) if status == 503 => parting.undeliverable(&mut self.core),
            Some(Purpose::Bye(_)) | None => {}
        }
    }

    fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Verdict { call, verdict } if self.remotes.has(call) => {
                self.remotes.verdict(&mut self.core, call, verdict);
            }
            Reply::Leased { call, lease } if self.remotes.has(call) => self.remotes.leased(&mut self.core, call, lease),
            Reply::Verdict { call, verdict } => self.with_call(call, |call, core| call.verdict(core, verdict)),
            Reply::Leased { call, lease } => self.with_call(call, |call, core| call.leased(core, lease)),
            Reply::HangUp { call, end } => self.hang_up(call, end),
            Reply::Registered { .. } | Reply::RegisterRefused { .. } => self.registrar.reply(&mut self.core, &reply),
            // For the person who asked; the node does not pass it here.
            Reply::Changed(_) => {}
        }
    }

    fn relay(&mut self, event: RelayEvent) {
        let call_of = |relay: RelayId| CallId(relay.0);
        match event {
            RelayEvent::Opened { relay, a, b } => {
                self.with_call(call_of(relay), |call, core| call.relay_opened(core, a, b));
            }
            RelayEvent::OpenFailed { relay } => self.with_call(call_of(relay), |call, core| call.relay_failed(core)),
            RelayEvent::Silent { relay, heard_ms } => {
                self.with_call(call_of(relay), |call, core| call.silent(core, heard_ms));
            }
            RelayEvent::Closed { .. } => {}
        }
    }

    fn tick(&mut self) {
        self.core.transactions.tick(self.core.now_ms);
        self.follow_transactions();
        while let Some(id) = self.wakes.due(self.core.now_ms) {
            self.with_call(id, |call, core| call.tick(core));
        }
        self.remotes.tick(&mut self.core);
        self.farewells.tick(&mut self.core);
        self.carriers.tick(&mut self.core);
    }

    /// Lets one call act, then keeps its deadline and what is known of it in step.
    fn with_call(&mut self, id: CallId, act: impl FnOnce(&mut Call, &mut Core)) {
        let Some(call) = self.calls.get_mut(id) else { return };
        act(call, &mut self.core);
        let over = call.is_over();
        let next_ms = if over { None } else { call.next_wake_ms() };
        self.wakes.set(&mut call.clock.timer, next_ms, id);
        if over {
            if let Some(key) = call.merge_key {
                self.merges.remove(key);
            }
            self.calls.remove(id);
            self.core.common.call_ended();
        }
        self.take_up_what_is_left();
    }

    /// What calls leave behind goes on.
    fn take_up_what_is_left(&mut self) {
        if self.core.left.is_empty() {
            return;
        }
        for farewell in std::mem::take(&mut self.core.left.farewells) {
            self.farewells.add(farewell);
        }
        for (id, remote) in std::mem::take(&mut self.core.left.remotes) {
            self.remotes.add(&self.core, id, remote);
        }
        for forwarded in std::mem::take(&mut self.core.left.forwarded) {
            let id = self.mint_call();
            let call = forwarded.go_on(&mut self.core, id);
            self.add_call(call);
        }
    }

    /// Does what the transactions ask, until they are at rest.
    fn follow_transactions(&mut self) {
        while let Some(output) = self.core.transactions.poll_output() {
            match output {
                transaction::Output::Send { flow, bytes } => {
                    self.core.outputs.push_back(Output::Send { flow: flow::to_account(flow), bytes });
                }
                transaction::Output::Timeout(key) => self.no_response(key, 408),
                transaction::Output::Failed(key) => self.no_response(key, 503),
                transaction::Output::ClientEnded(key) => {
                    self.core.clients.remove(key.slot());
                }
                // The waiting caller is looked after by its call: an answer it never acknowledges ends it there.
                transaction::Output::ServerTimeout(_)
                | transaction::Output::ServerFailed(_)
                | transaction::Output::ServerEnded(_) => {}
            }
        }
    }
}
