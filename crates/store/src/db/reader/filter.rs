//! Which calls are asked for: whether one fits, and the things that those which fit have in common.

use std::net::IpAddr;

use billing::{AccountId, CallId, CarrierId, Country, Decision, IncidentId, LineId};

use crate::db::calls::{Call, Shown};
use crate::db::filing::{ALL, REFUSED, beginning, thing};

/// Which calls; what is `None` does not restrict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrFilter {
    /// Of one account.
    pub account: Option<AccountId>,
    /// Placed by one line.
    pub line: Option<LineId>,
    /// Begun at or after.
    pub since_ms: Option<u64>,
    /// Begun before.
    pub until_ms: Option<u64>,
    /// Whose number begins so: in E.164 with its `+`, or digits as dialled for what is no number.
    pub number_prefix: Option<String>,
    /// To this country.
    pub country: Option<Country>,
    /// Placed from this address.
    pub ip: Option<IpAddr>,
    /// Taken by this carrier.
    pub carrier: Option<CarrierId>,
    /// Let through or refused.
    pub verdict: Option<Decision>,
    /// Of one incident.
    pub incident: Option<IncidentId>,
    /// The page after this call (its beginning and id), which was the last one of the page before.
    pub before: Option<(u64, CallId)>,
    /// How many at most ([`MAX_ROWS`] at the most).
    pub limit: u32,
}

impl Default for CdrFilter {
    fn default() -> Self {
        Self {
            account: None,
            line: None,
            since_ms: None,
            until_ms: None,
            number_prefix: None,
            country: None,
            ip: None,
            carrier: None,
            verdict: None,
            incident: None,
            before: None,
            limit: 100,
        }
    }
}

impl CdrFilter {
    /// Kinds of things, and what is asked for of each; what is rare in general first.
    fn equal(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("incident", self.incident.map(|incident| incident.to_string())),
            ("ip", self.ip.map(|ip| ip.to_string())),
            ("line", self.line.as_ref().map(ToString::to_string)),
            ("country", self.country.map(|country| country.code().to_owned())),
            ("carrier", self.carrier.as_ref().map(ToString::to_string)),
            ("account", self.account.as_ref().map(ToString::to_string)),
        ]
    }

    /// What the calls it names have in common, as far as they are filed by it.
    pub(super) fn things(&self) -> Vec<String> {
        let equal = self.equal().into_iter().filter_map(|(kind, of)| Some(thing(kind, &of?)));
        let refused = (self.verdict == Some(Decision::Refused)).then(|| REFUSED.to_owned());
        let number = self.number_prefix.as_deref().and_then(beginning);
        let mut things: Vec<String> = equal.chain(refused).chain(number).collect();
        if things.is_empty() {
            things.push(ALL.to_owned());
        }
        things
    }

    /// Whether it names a call, but for its page.
    pub(super) fn fits(&self, call: &Call<'_>) -> bool {
        let Shown { account, line, number, country, carrier, ip, incident, is_refused, .. } = call.shown;
        self.since_ms.is_none_or(|since_ms| call.start_ms >= since_ms)
            && self.until_ms.is_none_or(|until_ms| call.start_ms < until_ms)
            && self.account.as_ref().is_none_or(|wanted| wanted.as_str() == account)
            && self.line.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == line)
            && self.number_prefix.as_ref().is_none_or(|prefix| number.starts_with(prefix.as_str()))
            && self.country.as_ref().is_none_or(|wanted| Some(wanted.code()) == country)
            && self.ip.is_none_or(|wanted| wanted == ip)
            && self.carrier.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == carrier)
            && self.verdict.is_none_or(|wanted| (wanted == Decision::Refused) == is_refused)
            && self.incident.is_none_or(|wanted| Some(wanted.0) == incident)
    }
}
