//! Who a callee sees: only numbers of the account itself leave it, and callers from outside whose call is being forwarded
//! (invariant 12).

use billing::{Dialled, E164, LineId};

use crate::{Account, Caller, Line, LineKind};

impl Account {
    /// The caller as a carrier is shown it. What the caller claims counts only if it is a number of this account, with
    /// whatever name, or who is calling this line from outside right now and is being forwarded; any other claim becomes
    /// the line's number, or the account's first.
    pub(crate) fn outside_caller(&self, line: &LineId, state: &Line, claimed: &Caller) -> Caller {
        if let Some(number) = self.own_number(state, claimed) {
            return Caller { user: number.to_text(), diverted: None, ..claimed.clone() };
        }
        if let Some(forwarded) = self.forwarded_caller(line, claimed) {
            return forwarded;
        }
        let default = state
            .caller_id
            .or_else(|| self.settings().and_then(|settings| settings.numbers.first().copied()))
            .or_else(|| self.dids.keys().next().copied());
        Caller {
            user: default.map_or_else(|| "anonymous".to_owned(), E164::to_text),
            private: claimed.private,
            ..Caller::default()
        }
    }

    /// The caller as another phone of the account is shown it: one from outside as he is; an extension by its id; a trunk,
    /// behind which there are many phones, by the number it shows outside.
    pub(crate) fn inside_caller(&self, line: &LineId, claimed: &Caller) -> Caller {
        if let Some(forwarded) = self.forwarded_caller(line, claimed) {
            return forwarded;
        }
        match self.lines.get(line) {
            Some(trunk) if trunk.kind == LineKind::Trunk => self.outside_caller(line, trunk, claimed),
            Some(phone) => Caller {
                user: line.to_string(),
                name: phone.name.clone(),
                private: claimed.private,
                ..Caller::default()
            },
            None => Caller { user: line.to_string(), ..Caller::default() },
        }
    }

    /// The claim, if it is who arrived at a number of the account and is being forwarded: by a phone's redirection, which
    /// the call machine follows itself, or by a PBX, which places a call of its own while it is being called.
    fn forwarded_caller(&self, line: &LineId, claimed: &Caller) -> Option<Caller> {
        let redirected = claimed.diverted.filter(|number| self.dids.contains_key(number));
        let diverted = redirected.or_else(|| {
            let calling = self.running.inbound().filter(|call| call.involves(line));
            let mut same = calling.filter(|call| self.is_same_caller(&call.facts.attempt.caller, claimed));
            same.find_map(|call| call.facts.attempt.dialled.parse().ok())
        })?;
        let user = self.number_of(claimed).map_or_else(|| claimed.user.clone(), |number| number.to_string());
        Some(Caller { user, diverted: Some(diverted), ..claimed.clone() })
    }

    /// A PBX may write a number in another way than the carrier did.
    fn is_same_caller(&self, one: &Caller, other: &Caller) -> bool {
        let number = self.number_of(one);
        !one.user.is_empty() && (one.user == other.user || (number.is_some() && number == self.number_of(other)))
    }

    fn own_number(&self, line: &Line, claimed: &Caller) -> Option<E164> {
        let number = self.number_of(claimed)?;
        let listed = self.settings().is_some_and(|settings| settings.numbers.contains(&number));
        let ours = line.caller_id == Some(number) || listed || self.dids.contains_key(&number);
        ours.then_some(number)
    }

    fn number_of(&self, caller: &Caller) -> Option<E164> {
        match self.settings()?.dial_plan.dial(&caller.user) {
            Dialled::Number(number) => Some(number),
            _ => None,
        }
    }
}
