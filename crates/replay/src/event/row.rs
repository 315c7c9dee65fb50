//! A row of JSON, and the event it is; and back, for those who write worlds.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use guard::Cause;
use jiff::Timestamp;
use serde::Serialize;

use super::members::{Members, Value};
use super::{AccountRow, CallResult, CallRow, Event, Fate, Kind, MAX_RING_S, MAX_TALK_S, RegisterRow, RowError, Who};

/// The fields of a row.
#[derive(Default)]
struct Fields<'a> {
    t: Cow<'a, str>,
    kind: Cow<'a, str>,
    account: Cow<'a, str>,
    line: Cow<'a, str>,
    ip: Option<IpAddr>,
    user_agent: Cow<'a, str>,
    /// Of a registration.
    ok: Option<bool>,
    call: CallFields<'a>,
    home: HomeFields<'a>,
}

/// The fields of a call alone.
#[derive(Default)]
struct CallFields<'a> {
    id: Cow<'a, str>,
    dialled: Cow<'a, str>,
    ring_s: f64,
    talk_s: f64,
    result: Cow<'a, str>,
    cause: Cow<'a, str>,
    told_ip: Option<IpAddr>,
}

/// The fields of an account alone.
#[derive(Default)]
struct HomeFields<'a> {
    country: Cow<'a, str>,
    utc_offset_h: Option<f64>,
}

impl<'a> Fields<'a> {
    fn read(row: &'a str) -> Result<Self, RowError> {
        let mut fields = Self::default();
        let mut members = Members::of(row).map_err(RowError::Json)?;
        while let Some(name) = members.name().map_err(RowError::Json)? {
            fields.take(&name, &mut members)?;
        }
        Ok(fields)
    }

    fn take(&mut self, name: &str, members: &mut Members<'a>) -> Result<(), RowError> {
        // As bytes: the compiler then looks at the length first.
        match name.as_bytes() {
            b"t" => self.t = text("t", members)?,
            b"type" => self.kind = text("type", members)?,
            b"account" => self.account = text("account", members)?,
            b"line" => self.line = text("line", members)?,
            b"ip" => self.ip = address("ip", members)?,
            b"user_agent" => self.user_agent = text("user_agent", members)?,
            b"ok" => self.ok = truth(members)?,
            b"id" => self.call.id = text("id", members)?,
            b"dialled" => self.call.dialled = text("dialled", members)?,
            b"ring_s" => self.call.ring_s = number("ring_s", members)?,
            b"talk_s" => self.call.talk_s = number("talk_s", members)?,
            b"result" => self.call.result = text("result", members)?,
            b"cause" => self.call.cause = text("cause", members)?,
            b"told_ip" => self.call.told_ip = address("told_ip", members)?,
            b"country" => self.home.country = text("country", members)?,
            b"utc_offset_h" => self.home.utc_offset_h = Some(number("utc_offset_h", members)?),
            _ => {
                members.value().map_err(RowError::Json)?;
            }
        }
        Ok(())
    }
}

fn text<'a>(field: &'static str, members: &mut Members<'a>) -> Result<Cow<'a, str>, RowError> {
    match members.value().map_err(RowError::Json)? {
        Value::Text(text) => Ok(text),
        other => Err(wrong(field, &other.to_string(), "text")),
    }
}

fn number(field: &'static str, members: &mut Members<'_>) -> Result<f64, RowError> {
    match members.value().map_err(RowError::Json)? {
        Value::Number(number) => Ok(number),
        other => Err(wrong(field, &other.to_string(), "number")),
    }
}

fn truth(members: &mut Members<'_>) -> Result<Option<bool>, RowError> {
    match members.value().map_err(RowError::Json)? {
        Value::Bool(ok) => Ok(Some(ok)),
        Value::Null => Ok(None),
        other => Err(wrong("ok", &other.to_string(), "true or false")),
    }
}

fn address(field: &'static str, members: &mut Members<'_>) -> Result<Option<IpAddr>, RowError> {
    match members.value().map_err(RowError::Json)? {
        Value::Null => Ok(None),
        Value::Text(text) => text.parse().map(Some).map_err(|_| wrong(field, &text, "address")),
        other => Err(wrong(field, &other.to_string(), "text")),
    }
}

/// A call as it is written.
#[derive(Default, Serialize)]
struct RawCall<'a> {
    t: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    id: Cow<'a, str>,
    account: Cow<'a, str>,
    line: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    user_agent: Cow<'a, str>,
    dialled: Cow<'a, str>,
    ring_s: f64,
    talk_s: f64,
    result: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    cause: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_ip: Option<IpAddr>,
}

/// An account or a registration as it is written.
#[derive(Default, Serialize)]
struct RawOther<'a> {
    t: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    account: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    line: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    #[serde(skip_serializing_if = "str::is_empty")]
    country: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utc_offset_h: Option<f64>,
}

impl<'a> Event<'a> {
    /// Reads one row.
    ///
    /// # Errors
    /// [`RowError`] where the row is no event of the format.
    pub fn parse(row: &'a [u8]) -> Result<Self, RowError> {
        let row = std::str::from_utf8(row).map_err(|_| RowError::Utf8)?;
        let fields = Fields::read(row)?;
        let at_ms = time(&fields.t)?;
        let kind = match &*fields.kind {
            "call" => Kind::Call(read_call(fields)?),
            "account" => Kind::Account(read_account(&fields)?),
            "register" => Kind::Register(RegisterRow {
                ok: fields.ok.ok_or(RowError::Missing("ok"))?,
                who: who(fields.account, fields.line, fields.ip, fields.user_agent)?,
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

fn read_call(fields: Fields<'_>) -> Result<CallRow<'_>, RowError> {
    let CallFields { id, dialled, ring_s, talk_s, result, cause, told_ip } = fields.call;
    let result = match &*result {
        "answered" => CallResult::Answered,
        "no-answer" => CallResult::NoAnswer,
        "busy" => CallResult::Busy,
        "failed" => CallResult::Failed,
        other => return Err(wrong("result", other, "answered, no-answer, busy or failed")),
    };
    let cause = match &*cause {
        "" => None,
        "forward" => Some(Cause::Forward),
        "transfer" => Some(Cause::Transfer),
        other => return Err(wrong("cause", other, "forward or transfer")),
    };
    let talk_ms = seconds("talk_s", talk_s, MAX_TALK_S)?;
    let fate = Fate {
        ring_ms: seconds("ring_s", ring_s, MAX_RING_S)?,
        talk_ms: if result == CallResult::Answered { talk_ms } else { 0 },
        result,
    };
    if id.is_empty() {
        return Err(RowError::Missing("id"));
    }
    let who = who(fields.account, fields.line, fields.ip, fields.user_agent)?;
    Ok(CallRow { id, who, dialled, cause, told_ip, fate })
}

fn read_account(fields: &Fields<'_>) -> Result<AccountRow, RowError> {
    let HomeFields { country, utc_offset_h } = &fields.home;
    let account = fields.account.parse().map_err(|_| wrong("account", &fields.account, "account name"))?;
    let country = country.parse().map_err(|_| wrong("country", country, "country code"))?;
    let offset_h = utc_offset_h.ok_or(RowError::Missing("utc_offset_h"))?;
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
    let by_library = || text.parse::<Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    written_time(text.as_bytes()).or_else(by_library).ok_or_else(|| wrong("t", text, "time in RFC 3339"))
}

/// A time as [`rfc3339`] writes it: `2026-03-01T00:00:00.000Z`, of this and the last century; `None` for any other.
fn written_time(text: &[u8]) -> Option<u64> {
    let text: &[u8; 24] = text.try_into().ok()?;
    let places = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if places.iter().any(|(at, byte)| text[*at] != *byte) {
        return None;
    }
    let number = |digits: std::ops::Range<usize>| {
        text[digits]
            .iter()
            .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let days_before =
        [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334].get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    // Days that every month has: the library knows the rest, and leap seconds. Every fourth year until 2099 is a leap year.
    if !(1970..2100).contains(&year) || !(1..=28).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years = year - 1970;
    let leap_days = (years + 1) / 4 + u64::from(year % 4 == 0 && month > 2);
    let days = years * 365 + leap_days + days_before + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + number(20..23)?)
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
