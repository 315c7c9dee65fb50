//! Our registrations with carriers (RFC 3261 section 10.2): one machine for each carrier that wants one.

mod registration;

use std::collections::BTreeMap;

use billing::CarrierId;
use sip::Message;
use sip::transaction::ClientKey;

use self::registration::Registration;
use crate::core::Core;
use crate::wakes::Wakes;

/// All registrations.
pub(crate) struct Carriers {
    registrations: BTreeMap<CarrierId, Registration>,
    wakes: Wakes<CarrierId>,
}

impl Carriers {
    pub fn new() -> Self {
        Self { registrations: BTreeMap::new(), wakes: Wakes::new() }
    }

    pub fn next_wake_ms(&self) -> Option<u64> {
        self.wakes.next_ms()
    }

    /// Brings the registrations in step with the directory: new and changed carriers register anew at once, the rest
    /// stay as they are.
    pub fn sync(&mut self, core: &mut Core) {
        let directory = core.directory.clone();
        let wanted = |id: &CarrierId| directory.carriers.get(id).filter(|carrier| registration::wanted(carrier));
        let old: Vec<CarrierId> = self
            .registrations
            .iter()
            .filter(|(id, registration)| wanted(id) != Some(&registration.carrier))
            .map(|(id, _)| id.clone())
            .collect();
        for id in old {
            self.registrations.remove(&id);
            self.wakes.set(&id, None);
        }
        for (id, carrier) in &directory.carriers {
            if let Some(registration) = self.registrations.get(id) {
                // The DNS may have told by now where it is.
                if registration.has_no_server() && !directory.servers(carrier).is_empty() {
                    self.wakes.set(id, Some(core.now_ms));
                }
            } else if registration::wanted(carrier) {
                self.registrations.insert(id.clone(), Registration::new(core, carrier.clone()));
                self.wakes.set(id, Some(core.now_ms));
            }
        }
    }

    pub fn tick(&mut self, core: &mut Core) {
        while let Some(id) = self.wakes.due(core.now_ms) {
            self.step(core, &id, |registration, core| registration.refresh(core));
        }
    }

    pub fn response(&mut self, core: &mut Core, id: &CarrierId, key: ClientKey, response: &Message) {
        self.step(core, id, |registration, core| registration.response(core, key, response));
    }

    pub fn no_response(&mut self, core: &mut Core, id: &CarrierId, key: ClientKey) {
        self.step(core, id, |registration, core| registration.no_response(core, key));
    }

    fn step(&mut self, core: &mut Core, id: &CarrierId, act: impl FnOnce(&mut Registration, &mut Core)) {
        if let Some(registration) = self.registrations.get_mut(id) {
            act(registration, core);
            self.wakes.set(id, registration.next_ms);
        }
    }
}
