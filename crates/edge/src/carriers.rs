//! What we have to do with carriers beside calls: our registrations with them, and whether they are there.

mod keep_alive;
mod registration;

use std::collections::BTreeMap;

use billing::CarrierId;
use sip::Message;
use sip::transaction::ClientKey;

use self::keep_alive::KeepAlive;
use self::registration::Registration;
use crate::core::Core;
use crate::directory::Carrier;
use crate::io::Output;
use crate::wakes::Wakes;

/// How a carrier fares, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    up: bool,
    text: String,
}

/// One carrier.
struct Neighbour {
    carrier: Carrier,
    registration: Option<Registration>,
    keep_alive: Option<KeepAlive>,
    told: Option<State>,
}

impl Neighbour {
    /// With what the carrier wants; `None` if that is nothing.
    fn new(core: &mut Core, carrier: &Carrier) -> Option<Self> {
        let registration = registration::wanted(carrier).then(|| Registration::new(core, carrier.clone()));
        let keep_alive = (carrier.options_s > 0).then(|| KeepAlive::new(core));
        let wanted = registration.is_some() || keep_alive.is_some();
        wanted.then(|| Self { carrier: carrier.clone(), registration, keep_alive, told: None })
    }

    fn next_ms(&self) -> Option<u64> {
        let registration = self.registration.as_ref().and_then(|registration| registration.next_ms);
        let keep_alive = self.keep_alive.as_ref().map(KeepAlive::next_ms);
        [registration, keep_alive].into_iter().flatten().min()
    }

    fn tick(&mut self, core: &mut Core) {
        let due = |registration: &&mut Registration| registration.next_ms.is_some_and(|at_ms| at_ms <= core.now_ms);
        if let Some(registration) = self.registration.as_mut().filter(due) {
            registration.refresh(core);
        }
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.tick(core, &self.carrier);
        }
    }

    /// The DNS may have told by now where it is: what waits for that goes on.
    fn located(&mut self, now_ms: u64) {
        if let Some(registration) = self.registration.as_mut().filter(|registration| registration.has_no_server()) {
            registration.next_ms = Some(now_ms);
        }
        if let Some(keep_alive) = self.keep_alive.as_mut().filter(|keep_alive| keep_alive.has_no_server()) {
            keep_alive.round_ms = now_ms;
        }
    }

    /// The whole of it: it is up where nothing is wrong.
    fn state(&self) -> Option<State> {
        let registration = self.registration.as_ref().and_then(|registration| registration.state.clone());
        let keep_alive = self.keep_alive.as_ref().and_then(KeepAlive::state);
        let both = [registration, keep_alive].into_iter().flatten();
        both.reduce(|one, other| State { up: one.up && other.up, text: format!("{}; {}", one.text, other.text) })
    }
}

/// All carriers that we have to do with beside calls.
pub(crate) struct Carriers {
    neighbours: BTreeMap<CarrierId, Neighbour>,
    wakes: Wakes<CarrierId>,
}

impl Carriers {
    pub fn new() -> Self {
        Self { neighbours: BTreeMap::new(), wakes: Wakes::new() }
    }

    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wakes.next_ms()
    }

    /// Follows the directory: new and changed carriers begin anew at once, the rest stay as they are.
    pub fn sync(&mut self, core: &mut Core) {
        let directory = core.directory.clone();
        let changed = |(id, known): (&CarrierId, &Neighbour)| {
            (directory.carriers.get(id) != Some(&known.carrier)).then(|| id.clone())
        };
        let changed: Vec<CarrierId> = self.neighbours.iter().filter_map(changed).collect();
        for id in changed {
            self.neighbours.remove(&id);
            self.wakes.set(&id, None);
        }
        for (id, carrier) in &directory.carriers {
            if let Some(known) = self.neighbours.get_mut(id) {
                if !directory.servers(carrier).is_empty() {
                    known.located(core.now_ms);
                    self.wakes.set(id, known.next_ms());
                }
            } else if let Some(known) = Neighbour::new(core, carrier) {
                self.neighbours.insert(id.clone(), known);
                self.wakes.set(id, Some(core.now_ms));
            }
        }
    }

    pub fn tick(&mut self, core: &mut Core) {
        while let Some(id) = self.wakes.due(core.now_ms) {
            self.step(core, &id, Neighbour::tick);
        }
    }

    pub fn response(&mut self, core: &mut Core, id: &CarrierId, key: ClientKey, response: &Message) {
        self.step(core, id, |known, core| {
            if let Some(registration) = &mut known.registration {
                registration.response(core, key, response);
            }
            if let Some(keep_alive) = &mut known.keep_alive {
                keep_alive.response(core, &known.carrier, key, response);
            }
        });
    }

    pub fn no_response(&mut self, core: &mut Core, id: &CarrierId, key: ClientKey) {
        self.step(core, id, |known, core| {
            if let Some(registration) = &mut known.registration {
                registration.no_response(core, key);
            }
            if let Some(keep_alive) = &mut known.keep_alive {
                keep_alive.no_response(core, &known.carrier, key);
            }
        });
    }

    /// Lets one act, then keeps its deadline and what people know of it in step.
    fn step(&mut self, core: &mut Core, id: &CarrierId, act: impl FnOnce(&mut Neighbour, &mut Core)) {
        let Some(known) = self.neighbours.get_mut(id) else { return };
        act(known, core);
        self.wakes.set(id, known.next_ms());
        let state = known.state();
        if let Some(State { up, text }) = state.clone().filter(|_| state != known.told) {
            known.told = state;
            core.outputs.push_back(Output::CarrierState { carrier: id.clone(), up, text });
        }
    }
}
