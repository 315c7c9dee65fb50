//! The call detail record, written once for every attempt when it is over.

use billing::{
    CallId, Cdr, CdrFrom, CdrMoney, CdrNumber, CdrPlace, CdrRate, CdrResult, CdrTimes, CdrWho, Dialled, E164, HungUpBy,
    Money, Route, ToldByPbx, billed_s, cut_text,
};
use geo::Place;

use crate::call::Facts;
use crate::{Account, CallEnd, Settlement, Transport};

/// How an attempt ended.
pub(crate) struct Ending {
    pub(crate) times: CdrTimes,
    pub(crate) route: Option<Route>,
    pub(crate) result: CdrResult,
    /// Charged for it.
    pub(crate) charge: Money,
    /// Held for it at most; holds only grow.
    pub(crate) held_peak: Money,
    /// What its carrier asks.
    pub(crate) cost: Option<Money>,
}

impl Account {
    pub(crate) fn cdr(&self, call: CallId, facts: &Facts, ending: Ending) -> Cdr {
        let attempt = &facts.attempt;
        let told = attempt.told.as_ref();
        Cdr {
            call,
            who: CdrWho {
                account: self.id.clone(),
                line: facts.line().cloned(),
                direction: facts.direction,
                caller: cut_text(&facts.shown),
                told_by_pbx: told
                    .map(|told| ToldByPbx { extension: cut_text(&told.extension), address: cut_text(&told.address) }),
            },
            from: from(facts),
            number: number(facts),
            money: money(facts, &ending),
            route: ending.route,
            times: ending.times,
            result: ending.result,
            verdict: facts.verdict.clone(),
        }
    }
}

fn from(facts: &Facts) -> CdrFrom {
    let via = &facts.attempt.via;
    let transport = match via.flow.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "TLS",
    };
    CdrFrom {
        ip: via.flow.remote.ip(),
        port: via.flow.remote.port(),
        transport: transport.to_owned(),
        user_agent: cut_text(&via.user_agent),
        place: cdr_place(&via.place),
    }
}

/// City, country and network apart, for columns. The operator's own name for a network goes before its owner's.
fn cdr_place(place: &Place) -> CdrPlace {
    let network = place.named.as_ref().or(place.network.as_ref());
    CdrPlace {
        city: place.city.as_ref().map(|city| city.to_string()),
        country: place.country_str().and_then(|code| code.parse().ok()),
        network: network.map(|network| network.to_string()),
    }
}

fn number(facts: &Facts) -> CdrNumber {
    let look_ups = &facts.attempt.look_ups;
    let (e164, inside): (Option<E164>, String) = match &look_ups.dialled {
        Dialled::Number(number) => (Some(*number), "Own number".to_owned()),
        Dialled::Emergency(_) => (None, "Emergency".to_owned()),
        Dialled::Extension(extension) => (None, format!("Extension {extension}")),
        _ => (None, "No such number".to_owned()),
    };
    let priced = facts.number.as_ref();
    CdrNumber {
        dialled: cut_text(&facts.attempt.dialled),
        e164,
        destination: priced.map_or(inside, |number| number.destination.name(number.e164)),
        country: priced.and_then(|number| number.destination.country),
        class: priced.map(|number| number.destination.class),
    }
}

fn money(facts: &Facts, ending: &Ending) -> CdrMoney {
    let Some(number) = &facts.number else { return CdrMoney::default() };
    CdrMoney {
        per_minute: number.rate.per_minute,
        connect_fee: number.rate.connect_fee,
        billed_s: billed_s(&number.rate, ending.times.billed_ms()),
        charge: ending.charge,
        held_peak: ending.held_peak,
        cost: ending.cost,
        rate: facts.attempt.look_ups.source.clone().map(|source| CdrRate {
            source,
            prefix: number.rate.prefix,
            minimum_s: number.rate.minimum_s,
            increment_s: number.rate.increment_s,
            free_s: number.rate.free_s,
        }),
    }
}

/// How a settled call ended, in the words of the record.
pub(crate) fn result(settlement: &Settlement) -> CdrResult {
    let hung_up_by = match (settlement.hung_up_by, settlement.end.why()) {
        (crate::HungUpBy::Node, why) => HungUpBy::Node { why: why.to_owned() },
        (crate::HungUpBy::Caller, _) => HungUpBy::Caller,
        (crate::HungUpBy::Callee, _) => HungUpBy::Callee,
    };
    CdrResult {
        sip_status: settlement.status,
        reason: cut_text(&settlement.reason),
        hung_up_by,
        recovered: settlement.end == CallEnd::Recovered,
    }
}
