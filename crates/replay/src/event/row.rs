//! A row of JSON, and the event it is; and back, for those who write worlds.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use guard::Cause;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountRow, CallResult, CallRow, Event, Fate, Kind, MAX_RING_S, MAX_TALK_S, RegisterRow, RowError, Who};

/// The fields that a call has, and what the other types share with it.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawCall<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    line: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(borrow)]
    user_agent: Cow<'a, str>,
    #[serde(borrow)]
    dialled: Cow<'a, str>,
    ring_s: f64,
    talk_s: f64,
    #[serde(borrow)]
    result: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    cause: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_ip: Option<IpAddr>,
}

/// The fields of an account and of a registration.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct RawOther<'a> {
    #[serde(borrow)]
    t: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    line: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    user_agent: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    country: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utc_offset_h: Option<f64>,
}

impl<'a> Event<'a> {
    /// Reads one row. It is read as a call, which nearly all are, and once more where it is none.
    ///
    /// # Errors
    /// [`RowError`] where the row is no event of the format.
    pub fn parse(row: &'a [u8]) -> Result<Self, RowError> {
        let row = std::str::from_utf8(row).map_err(|_| RowError::Utf8)?;
        let call: RawCall<'a> = serde_json::from_str(row).map_err(RowError::Json)?;
        if call.kind == "call" {
            return read_call(call);
        }
        let other: RawOther<'a> = serde_json::from_str(row).map_err(RowError::Json)?;
        let at_ms = time(&other.t)?;
        let kind = match &*other.kind {
            "account" => Kind::Account(read_account(&other)?),
            "register" => Kind::Register(RegisterRow {
                ok: other.ok.ok_or(RowError::Missing("ok"))?,
                who: who(other.account, other.line, other.ip, other.user_agent)?,
            }),
            "" => return Err(RowError::Missing("type")),
            unknown => return Err(RowError::Type(unknown.to_owned())),
        };
        Ok(Self { at_ms, kind })
    }

    /// The row of this event, without the line's end.
    #[must_use]
    pub fn to_row(&self) -> String {
        let t = Cow::Owned(rfc3339(self.at_ms));
        let row = match &self.kind {
            Kind::Account(account) => serde_json::to_string(&RawOther {
                t,
                kind: "account".into(),
                account: account.account.as_str().into(),
                country: account.country.code().into(),
                utc_offset_h: Some(f64::from(account.utc_offset_min) / 60.0),
                ..RawOther::default()
            }),
            Kind::Register(register) => serde_json::to_string(&RawOther {
                t,
                kind: "register".into(),
                account: (&*register.who.account).into(),
                line: (&*register.who.line).into(),
                ip: Some(register.who.ip),
                user_agent: (&*register.who.user_agent).into(),
                ok: Some(register.ok),
                ..RawOther::default()
            }),
            Kind::Call(call) => serde_json::to_string(&raw_call(t, call)),
        };
        row.unwrap_or_default()
    }
}

/// A time as the format writes it: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn rfc3339(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    at.map_or_else(String::new, |at| format!("{at:.3}"))
}

fn raw_call<'a>(t: Cow<'a, str>, call: &'a CallRow<'a>) -> RawCall<'a> {
    RawCall {
        t,
        kind: "call".into(),
        id: (&*call.id).into(),
        account: (&*call.who.account).into(),
        line: (&*call.who.line).into(),
        ip: Some(call.who.ip),
        user_agent: (&*call.who.user_agent).into(),
        dialled: (&*call.dialled).into(),
        ring_s: call.fate.ring_ms as f64 / 1000.0,
        talk_s: call.fate.talk_ms as f64 / 1000.0,
        result: match call.fate.result {
            CallResult::Answered => "answered",
            CallResult::NoAnswer => "no-answer",
            CallResult::Busy => "busy",
            CallResult::Failed => "failed",
        }
        .into(),
        cause: match call.cause {
            None => "",
            Some(Cause::Forward) => "forward",
            Some(Cause::Transfer) => "transfer",
        }
        .into(),
        told_ip: call.told_ip,
    }
}

fn read_call(raw: RawCall<'_>) -> Result<Event<'_>, RowError> {
    let result = match &*raw.result {
        "answered" => CallResult::Answered,
        "no-answer" => CallResult::NoAnswer,
        "busy" => CallResult::Busy,
        "failed" => CallResult::Failed,
        other => return Err(wrong("result", other, "answered, no-answer, busy or failed")),
    };
    let cause = match &*raw.cause {
        "" => None,
        "forward" => Some(Cause::Forward),
        "transfer" => Some(Cause::Transfer),
        other => return Err(wrong("cause", other, "forward or transfer")),
    };
    let talk_ms = seconds("talk_s", raw.talk_s, MAX_TALK_S)?;
    let fate = Fate {
        ring_ms: seconds("ring_s", raw.ring_s, MAX_RING_S)?,
        talk_ms: if result == CallResult::Answered { talk_ms } else { 0 },
        result,
    };
    if raw.id.is_empty() {
        return Err(RowError::Missing("id"));
    }
    let call = CallRow {
        id: raw.id,
        who: who(raw.account, raw.line, raw.ip, raw.user_agent)?,
        dialled: raw.dialled,
        cause,
        told_ip: raw.told_ip,
        fate,
    };
    Ok(Event { at_ms: time(&raw.t)?, kind: Kind::Call(call) })
}

fn read_account(raw: &RawOther<'_>) -> Result<AccountRow, RowError> {
    let account = raw.account.parse().map_err(|_| wrong("account", &raw.account, "account name"))?;
    let country = raw.country.parse().map_err(|_| wrong("country", &raw.country, "country code"))?;
    let offset_h = raw.utc_offset_h.ok_or(RowError::Missing("utc_offset_h"))?;
    if !(-24.0..=24.0).contains(&offset_h) {
        return Err(wrong("utc_offset_h", &offset_h.to_string(), "hours from UTC"));
    }
    Ok(AccountRow { account, country, utc_offset_min: (offset_h * 60.0).round() as i16 })
}

fn who<'a>(
    account: Cow<'a, str>,
    line: Cow<'a, str>,
    ip: Option<IpAddr>,
    user_agent: Cow<'a, str>,
) -> Result<Who<'a>, RowError> {
    if account.is_empty() {
        return Err(RowError::Missing("account"));
    }
    if line.is_empty() {
        return Err(RowError::Missing("line"));
    }
    Ok(Who { account, line, ip: ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), user_agent })
}

fn time(text: &str) -> Result<u64, RowError> {
    if text.is_empty() {
        return Err(RowError::Missing("t"));
    }
    let at = text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    at.ok_or_else(|| wrong("t", text, "time in RFC 3339"))
}

fn seconds(field: &'static str, value_s: f64, most_s: f64) -> Result<u64, RowError> {
    if !value_s.is_finite() || value_s < 0.0 {
        return Err(wrong(field, &value_s.to_string(), "number of seconds"));
    }
    Ok((value_s.min(most_s) * 1000.0).round() as u64)
}

fn wrong(field: &'static str, value: &str, expected: &'static str) -> RowError {
    RowError::Value { field, value: value.chars().take(64).collect(), expected }
}
