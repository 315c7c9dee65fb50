//! Calls: those that are over, as their records have them, and those that run.

use billing::{Cdr, Currency, HungUpBy, Route};
use edge::CallView;
use serde::Serialize;
use utoipa::ToSchema;

use super::Place;
use super::text::{AccountName, CallName, CarrierName, CountryCode, CurrencyCode, IncidentName, LineName, Number};

/// One call attempt that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Call {
    /// Our id of it.
    #[schema(value_type = CallName)]
    call: String,
    who: Who,
    from: From,
    number: Called,
    route: Option<Sent>,
    times: Times,
    result: Ended,
    money: Cost,
    verdict: Verdict,
}

/// Whose call it was.
#[derive(Debug, Serialize, ToSchema)]
struct Who {
    /// The account that pays.
    #[schema(value_type = AccountName)]
    account: String,
    /// The line that placed it; null for a call from outside.
    #[schema(value_type = Option<LineName>)]
    line: Option<String>,
    direction: &'static str,
    /// The caller's number as shown to the callee.
    caller: String,
    /// What the customer's own PBX said of the phone behind its trunk; not proven.
    told_by_pbx: Option<ToldByPbx>,
}

/// What a PBX told.
#[derive(Debug, Serialize, ToSchema)]
struct ToldByPbx {
    extension: String,
    address: String,
}

/// Where a call came from.
#[derive(Debug, Serialize, ToSchema)]
struct From {
    ip: String,
    port: u16,
    /// UDP, TCP or TLS.
    transport: String,
    user_agent: String,
    place: Place,
}

/// What was called.
#[derive(Debug, Serialize, ToSchema)]
struct Called {
    /// As it was dialled.
    dialled: String,
    #[schema(value_type = Option<Number>)]
    e164: Option<String>,
    /// The name of the destination.
    destination: String,
    #[schema(value_type = Option<CountryCode>)]
    country: Option<String>,
    /// The kind of number: mobile, premium and so on; null for a call that stays inside.
    class: Option<&'static str>,
}

/// Where a call was sent.
#[derive(Debug, Serialize, ToSchema)]
struct Sent {
    /// Out to this carrier.
    #[schema(value_type = Option<CarrierName>)]
    carrier: Option<String>,
    /// To this line of the node.
    #[schema(value_type = Option<LineName>)]
    line: Option<String>,
}

/// When things happened.
#[derive(Debug, Serialize, ToSchema)]
struct Times {
    start_ms: u64,
    ring_ms: Option<u64>,
    answer_ms: Option<u64>,
    end_ms: u64,
    talk_ms: u64,
}

/// How a call ended.
#[derive(Debug, Serialize, ToSchema)]
struct Ended {
    /// The final SIP status the caller got.
    sip_status: u16,
    reason: String,
    /// caller, callee, node or nobody.
    hung_up_by: &'static str,
    /// Whether it was settled after a restart of the node.
    recovered: bool,
}

/// What a call cost, in micro-units of the currency.
#[derive(Debug, Serialize, ToSchema)]
struct Cost {
    #[schema(value_type = CurrencyCode)]
    currency: String,
    per_minute_micros: i64,
    connect_fee_micros: i64,
    billed_s: u32,
    charge_micros: i64,
    /// The most that was held for it at once.
    held_peak_micros: i64,
}

/// What the screening said.
#[derive(Debug, Serialize, ToSchema)]
struct Verdict {
    /// allowed or refused.
    decision: &'static str,
    /// The evidence, in tenths of a deciban.
    score_tenth_db: i32,
    /// Why, in words and numbers.
    reasons: Vec<String>,
    /// The incident it belongs to.
    #[schema(value_type = Option<IncidentName>)]
    incident: Option<String>,
}

impl Call {
    /// A record's shape, with its account's currency.
    pub(crate) fn of(cdr: &Cdr, currency: &Currency) -> Self {
        let (who, from, number, result) = (&cdr.who, &cdr.from, &cdr.number, &cdr.result);
        let told = who.told_by_pbx.as_ref();
        Self {
            call: cdr.call.to_string(),
            who: Who {
                account: who.account.to_string(),
                line: who.line.as_ref().map(ToString::to_string),
                direction: who.direction.as_str(),
                caller: who.caller.clone(),
                told_by_pbx: told
                    .map(|told| ToldByPbx { extension: told.extension.clone(), address: told.address.clone() }),
            },
            from: From {
                ip: from.ip.to_string(),
                port: from.port,
                transport: from.transport.clone(),
                user_agent: from.user_agent.clone(),
                place: Place::from(&from.place),
            },
            number: Called {
                dialled: number.dialled.clone(),
                e164: number.e164.map(|number| number.to_string()),
                destination: number.destination.clone(),
                country: number.country.map(|country| country.code().to_owned()),
                class: number.class.map(billing::NumberClass::as_str),
            },
            route: cdr.route.as_ref().map(Sent::of),
            times: Times::of(cdr),
            result: Ended {
                sip_status: result.sip_status,
                reason: result.reason.clone(),
                hung_up_by: match result.hung_up_by {
                    HungUpBy::Caller => "caller",
                    HungUpBy::Callee => "callee",
                    HungUpBy::Node { .. } => "node",
                    HungUpBy::Nobody => "nobody",
                },
                recovered: result.recovered,
            },
            money: Cost::of(cdr, currency),
            verdict: Verdict {
                decision: cdr.verdict.decision.as_str(),
                score_tenth_db: cdr.verdict.score_tenth_db,
                reasons: cdr.verdict.words().map(str::to_owned).collect(),
                incident: cdr.verdict.incident.map(|incident| incident.to_string()),
            },
        }
    }
}

impl Sent {
    fn of(route: &Route) -> Self {
        match route {
            Route::Carrier(carrier) => Self { carrier: Some(carrier.to_string()), line: None },
            Route::Line(line) => Self { carrier: None, line: Some(line.to_string()) },
        }
    }
}

impl Times {
    fn of(cdr: &Cdr) -> Self {
        let times = &cdr.times;
        Self {
            start_ms: times.start_ms,
            ring_ms: times.ring_ms,
            answer_ms: times.answer_ms,
            end_ms: times.end_ms,
            talk_ms: times.talk_ms(),
        }
    }
}

impl Cost {
    fn of(cdr: &Cdr, currency: &Currency) -> Self {
        let money = &cdr.money;
        Self {
            currency: currency.to_string(),
            per_minute_micros: money.per_minute.micros(),
            connect_fee_micros: money.connect_fee.micros(),
            billed_s: money.billed_s,
            charge_micros: money.charge.micros(),
            held_peak_micros: money.held_peak.micros(),
        }
    }
}

/// A call that runs.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RunningCall {
    /// Our id of it.
    #[schema(value_type = CallName)]
    pub(crate) call: String,
    #[schema(value_type = AccountName)]
    account: String,
    /// The line that placed it or that it rings.
    #[schema(value_type = Option<LineName>)]
    line: Option<String>,
    /// Caller as shown.
    caller: String,
    /// Number or extension called.
    callee: String,
    start_ms: u64,
    /// Since when it talks.
    answer_ms: Option<u64>,
    /// Whether another switch carries it, which asked before it placed it.
    pub(crate) is_remote: bool,
    /// Why that switch must hang it up now, where it must.
    hang_up: Option<String>,
    /// When what is paid for ends for good: that switch must have hung it up by then.
    ends_ms: Option<u64>,
}

impl std::convert::From<&CallView> for RunningCall {
    fn from(call: &CallView) -> Self {
        Self {
            call: call.call.to_string(),
            account: call.account.to_string(),
            line: call.line.as_ref().map(ToString::to_string),
            caller: call.caller.clone(),
            callee: call.callee.clone(),
            start_ms: call.start_ms,
            answer_ms: call.answer_ms,
            is_remote: call.is_remote,
            hang_up: call.hang_up.clone(),
            ends_ms: call.ends_ms,
        }
    }
}
