//! The call detail record: one for every attempt, answered or not.
//!
//! Texts here come from the network in part; whoever fills a record keeps them within
//! [`MAX_TEXT_CHARS`].

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{AccountId, CallId, CarrierId, Country, DeckId, E164, IncidentId, LineId, Money, NumberClass, Prefix};

/// The most characters a text in a record has; use [`cut_text`] on what comes from the network.
pub const MAX_TEXT_CHARS: usize = 256;

/// The first [`MAX_TEXT_CHARS`] characters of a text, without control characters.
#[must_use]
pub fn cut_text(text: &str) -> String {
    // Most texts are short and plain.
    if text.len() <= MAX_TEXT_CHARS && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return text.to_owned();
    }
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect()
}

/// What is known of one call attempt once it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cdr {
    /// Our id of the attempt.
    pub call: CallId,
    /// Whose call it was.
    pub who: CdrWho,
    /// Where it came from.
    pub from: CdrFrom,
    /// What was called.
    pub number: CdrNumber,
    /// Where it was sent; none if it was sent nowhere.
    pub route: Option<Route>,
    /// When things happened.
    pub times: CdrTimes,
    /// How it ended.
    pub result: CdrResult,
    /// What it cost.
    pub money: CdrMoney,
    /// What the screening said.
    pub verdict: CdrVerdict,
}

/// Whose call it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrWho {
    /// The account that pays.
    pub account: AccountId,
    /// The line that placed the call; none for a call that came from a carrier.
    pub line: Option<LineId>,
    /// Which way it went.
    pub direction: Direction,
    /// The caller's number as shown to the callee.
    pub caller: String,
    /// What the customer's own PBX said of the phone behind its trunk.
    pub told_by_pbx: Option<ToldByPbx>,
}

/// Which way a call went, seen from the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From a line to a carrier.
    Outbound,
    /// From a carrier to a line.
    Inbound,
    /// From a line to a line.
    Internal,
}

impl Direction {
    /// The word for it in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
            Self::Internal => "internal",
        }
    }
}

/// What the customer's PBX told of the phone behind the trunk; believed no further than the PBX is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldByPbx {
    /// The extension.
    pub extension: String,
    /// The address it called from.
    pub address: String,
}

/// Where a call came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrFrom {
    /// Source address.
    pub ip: IpAddr,
    /// Source port.
    pub port: u16,
    /// "UDP", "TCP" or "TLS".
    pub transport: String,
    /// The phone's own word for itself.
    pub user_agent: String,
    /// Where the address is.
    pub place: CdrPlace,
}

/// Where an address is, as far as the databases know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrPlace {
    /// City.
    pub city: Option<String>,
    /// Country.
    pub country: Option<Country>,
    /// The name of its network, or the operator's own name for it.
    pub network: Option<String>,
}

/// What was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrNumber {
    /// As it was dialled.
    pub dialled: String,
    /// As an international number, if it is one.
    pub e164: Option<E164>,
    /// The name of the destination.
    pub destination: String,
    /// Its country.
    pub country: Option<Country>,
    /// Its class; none for a call that stays inside.
    pub class: Option<NumberClass>,
}

/// Where a call was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    /// Out to a carrier.
    Carrier(CarrierId),
    /// To a line of this node.
    Line(LineId),
}

/// When things happened, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrTimes {
    /// The attempt reached us.
    pub start_ms: u64,
    /// It rang.
    pub ring_ms: Option<u64>,
    /// It was answered.
    pub answer_ms: Option<u64>,
    /// It was over.
    pub end_ms: u64,
    /// Where silence ended it: a voice was last heard, from either side. What came after is not billed.
    pub heard_ms: Option<u64>,
    /// The account's offset from UTC when it began, minutes: on which of its days the call counts.
    pub utc_offset_min: i16,
}

impl CdrTimes {
    /// The account's calendar day on which the call began, counted from the Unix epoch.
    #[must_use]
    pub fn local_day(&self) -> u32 {
        let local_ms = self.start_ms.saturating_add_signed(i64::from(self.utc_offset_min) * 60_000);
        u32::try_from(local_ms / 86_400_000).unwrap_or(u32::MAX)
    }

    /// How long the call was connected, in milliseconds: 0 if nobody answered, at least 1 if somebody did.
    #[must_use]
    pub fn talk_ms(&self) -> u64 {
        self.since_answer(self.end_ms)
    }

    /// How much of it is billed, as [`crate::charge`] wants it: until the hang-up, or until the silence that led to it.
    #[must_use]
    pub fn billed_ms(&self) -> u64 {
        self.since_answer(self.heard_ms.map_or(self.end_ms, |heard_ms| heard_ms.min(self.end_ms)))
    }

    fn since_answer(&self, end_ms: u64) -> u64 {
        self.answer_ms.map_or(0, |answer_ms| end_ms.saturating_sub(answer_ms).max(1))
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrResult {
    /// The final SIP status the caller got (RFC 3261, 21).
    pub sip_status: u16,
    /// Why, in words.
    pub reason: String,
    /// Who ended it.
    pub hung_up_by: HungUpBy,
    /// Settled by a restarted node from what its journal knew.
    pub recovered: bool,
}

/// Who ended a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HungUpBy {
    /// The one who called.
    Caller,
    /// The one who was called.
    Callee,
    /// We did.
    Node {
        /// Why, in words: "credit ran out".
        why: String,
    },
    /// Nobody: it was never answered.
    Nobody,
}

/// What a call cost, in the account's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrMoney {
    /// The price of a minute.
    pub per_minute: Money,
    /// The price of an answer.
    pub connect_fee: Money,
    /// Seconds billed.
    pub billed_s: u32,
    /// What was charged.
    pub charge: Money,
    /// The most that was held for it at once.
    pub held_peak: Money,
    /// What the carrier that took it asks, where its own deck tells.
    pub cost: Option<Money>,
    /// The row that priced it, where a deck did.
    pub rate: Option<CdrRate>,
}

impl CdrMoney {
    /// What is left of the charge after the carrier's cost; below zero for a call carried at a loss.
    #[must_use]
    pub fn margin(&self) -> Option<Money> {
        self.cost.map(|cost| self.charge.saturating_sub(cost))
    }
}

/// Where a rate was found, so that it can be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSource {
    /// The deck.
    pub deck: DeckId,
    /// Which of its versions: since when it is in force, in milliseconds since the Unix epoch.
    pub from_ms: u64,
    /// The account's mark-up, in hundredths of a percent; below zero for a discount.
    pub markup_bp: i32,
}

/// The row of a deck that priced a call, as it was when the call began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrRate {
    /// Where it was found.
    pub source: RateSource,
    /// Its prefix.
    pub prefix: Prefix,
    /// The least number of seconds billed.
    pub minimum_s: u32,
    /// The step beyond the minimum, seconds.
    pub increment_s: u32,
    /// The first seconds, which were free.
    pub free_s: u32,
}

/// What the screening said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdrVerdict {
    /// Let through or not.
    pub decision: Decision,
    /// The score, in tenths of a deciban.
    pub score_tenth_db: i32,
    /// Why, in words and numbers; empty for a fact that was not worth words.
    pub reasons: Vec<String>,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
}

impl CdrVerdict {
    /// The reasons that were put into words, as people read them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(String::as_str).filter(|reason| !reason.is_empty())
    }
}

/// Let through or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// Let through.
    Allowed,
    /// Not let through.
    Refused,
}

impl Decision {
    /// The word for it in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cdr() -> Cdr {
        Cdr {
            call: CallId(7),
            who: CdrWho {
                account: "law-000".parse().unwrap(),
                line: Some("101".parse().unwrap()),
                direction: Direction::Outbound,
                caller: "+13035550100".into(),
                told_by_pbx: Some(ToldByPbx { extension: "117".into(), address: "198.18.0.9".into() }),
            },
            from: CdrFrom {
                ip: [198, 18, 0, 9].into(),
                port: 5060,
                transport: "UDP".into(),
                user_agent: "Yealink".into(),
                place: CdrPlace { country: "PS".parse().ok(), ..CdrPlace::default() },
            },
            number: CdrNumber {
                dialled: "011355691234567".into(),
                e164: "+355691234567".parse().ok(),
                destination: "Albania mobile".into(),
                country: "AL".parse().ok(),
                class: Some(NumberClass::Mobile),
            },
            route: Some(Route::Carrier("wholesale".parse().unwrap())),
            times: CdrTimes {
                start_ms: 10,
                ring_ms: Some(20),
                answer_ms: Some(30),
                end_ms: 30,
                heard_ms: None,
                utc_offset_min: -420,
            },
            result: CdrResult {
                sip_status: 200,
                reason: "OK".into(),
                hung_up_by: HungUpBy::Node { why: "incident".into() },
                recovered: false,
            },
            money: CdrMoney::default(),
            verdict: CdrVerdict {
                decision: Decision::Allowed,
                score_tenth_db: -35,
                reasons: vec!["new destination".into()],
                incident: Some(IncidentId(1)),
            },
        }
    }

    #[test]
    fn records_survive_the_journal_and_json() {
        let cdr = cdr();
        let bytes = postcard::to_stdvec(&cdr).unwrap();
        assert_eq!(postcard::from_bytes::<Cdr>(&bytes).unwrap(), cdr);
        let json = serde_json::to_string(&cdr).unwrap();
        assert_eq!(serde_json::from_str::<Cdr>(&json).unwrap(), cdr);
        assert!(json.contains("\"+355691234567\""), "{json}");
    }

    #[test]
    fn an_answered_call_has_talked() {
        let mut times = cdr().times;
        assert_eq!(times.talk_ms(), 1);
        times.end_ms = 1_030;
        assert_eq!(times.talk_ms(), 1_000);
        times.answer_ms = None;
        assert_eq!(times.talk_ms(), 0);
    }

    #[test]
    fn texts_are_cut() {
        assert_eq!(cut_text(&"é\n".repeat(400)), "é".repeat(MAX_TEXT_CHARS));
    }
}
