//! Who a callee sees: only numbers of the account itself leave it (invariant 12).

use billing::{Dialled, E164, LineId};

use crate::{Account, Caller, Line, LineKind};

impl Account {
    /// The caller as a carrier is shown it. What the caller claims counts only if it is a number of this account, with
    /// whatever name; any other claim becomes the line's number, or the account's first.
    pub(crate) fn outside_caller(&self, line: &Line, claimed: &Caller) -> Caller {
        if let Some(number) = self.claimed_number(line, claimed) {
            return Caller { user: number.to_string(), name: claimed.name.clone(), private: claimed.private };
        }
        let default = line
            .caller_id
            .or_else(|| self.settings().and_then(|settings| settings.numbers.first().copied()))
            .or_else(|| self.dids.keys().next().copied());
        Caller {
            user: default.map_or_else(|| "anonymous".to_owned(), |number| number.to_string()),
            name: String::new(),
            private: claimed.private,
        }
    }

    /// The caller as another phone of the account is shown it: an extension by its id; a trunk, behind which there are
    /// many phones, by the number it shows outside.
    pub(crate) fn inside_caller(&self, line: &LineId, claimed: &Caller) -> Caller {
        match self.lines.get(line) {
            Some(trunk) if trunk.kind == LineKind::Trunk => self.outside_caller(trunk, claimed),
            Some(phone) => Caller { user: line.to_string(), name: phone.name.clone(), private: claimed.private },
            None => Caller { user: line.to_string(), ..Caller::default() },
        }
    }

    fn claimed_number(&self, line: &Line, claimed: &Caller) -> Option<E164> {
        let settings = self.settings()?;
        let Dialled::Number(number) = settings.dial_plan.dial(&claimed.user) else { return None };
        let ours =
            line.caller_id == Some(number) || settings.numbers.contains(&number) || self.dids.contains_key(&number);
        ours.then_some(number)
    }
}
