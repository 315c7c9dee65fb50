//! Kamailio's acc lines in syslog: the answer of an INVITE is a call, its BYE the end; acc_cdrs lines tell lengths, too.

use std::collections::BTreeMap;

use replay::CallResult;

use super::{Record, Row, Sink, address, fate, is_outside, line_name};

/// How far the start in an acc_cdrs line may lie from the call's acc line, milliseconds: that one has whole seconds.
const SAME_START_MS: u64 = 2_000;

/// A call found so far.
struct Found {
    row: u64,
    record: Record,
}

/// Reads a file.
pub fn read(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut calls: Vec<Found> = Vec::new();
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    for (number, line) in (1..).zip(String::from_utf8_lossy(bytes).lines()) {
        if let Some((_, fields)) = line.split_once("ACC: ").and_then(|(_, rest)| rest.split_once(": ")) {
            let fields = Fields::of(fields, ";");
            if let Err(why) = transaction(number, &fields, &mut calls, &mut by_id) {
                sink.row(number, Err(why));
            }
        } else if let Some(at) = line.find("start_time=") {
            if let Err(why) = length(number, &Fields::of(line.get(at..).unwrap_or(""), "; "), &mut calls) {
                sink.row(number, Err(why));
            }
        } else if !line.trim().is_empty() {
            sink.row(number, Err("it is no acc line".to_owned()));
        }
    }
    for Found { row, record } in calls {
        let out = is_outside(&record.dialled);
        sink.row(row, Ok(if out { Row::Out(Box::new(record)) } else { Row::Other }));
    }
}

/// `name=value` pairs.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn of(text: &'a str, between: &str) -> Self {
        Self(text.trim().split(between).filter_map(|pair| pair.split_once('=')).collect())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.trim_end_matches(';'))
    }

    fn need(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).ok_or_else(|| format!("there is no {name}"))
    }

    /// Seconds since the epoch, with a fraction or without, in milliseconds.
    fn time_ms(&self, name: &str) -> Result<u64, String> {
        let text = self.need(name)?;
        let seconds: f64 = text.parse().map_err(|_| format!("{name} is {text:?}, which is no time"))?;
        Ok((seconds.max(0.0) * 1000.0).round() as u64)
    }
}

/// The answer to a request. A failed call has two such lines with one Call-ID and is counted once.
fn transaction(
    number: u64,
    fields: &Fields<'_>,
    calls: &mut Vec<Found>,
    by_id: &mut BTreeMap<String, usize>,
) -> Result<(), String> {
    let (id, at_ms) = (fields.need("call_id")?, fields.time_ms("timestamp")?);
    match fields.need("method")? {
        "INVITE" if !by_id.contains_key(id) => {
            let code = fields.need("code")?;
            let result = match code {
                "486" | "600" => CallResult::Busy,
                "408" | "480" | "487" => CallResult::NoAnswer,
                code if code.starts_with('2') => CallResult::Answered,
                _ => CallResult::Failed,
            };
            let dialled = fields.get("dst_ouser").filter(|user| !user.is_empty());
            let record = Record {
                at_ms,
                line: line_name(fields.need("src_user")?),
                ip: fields.get("src_ip").and_then(address),
                user_agent: fields.get("ua").unwrap_or("").to_owned(),
                dialled: dialled.map_or_else(|| fields.need("dst_user"), Ok)?.to_owned(),
                fate: fate(0, 0, result),
                id: String::new(),
            };
            by_id.insert(id.to_owned(), calls.len());
            calls.push(Found { row: number, record });
        }
        "BYE" => {
            if let Some(call) = by_id.get(id).and_then(|at| calls.get_mut(*at)) {
                let talk_s = at_ms.saturating_sub(call.record.at_ms) / 1000;
                call.record.fate = fate(0, talk_s, call.record.fate.result);
            }
        }
        _ => {}
    }
    Ok(())
}

/// An acc_cdrs line: the length of a call that an acc line told of, or a call of its own.
fn length(number: u64, fields: &Fields<'_>, calls: &mut Vec<Found>) -> Result<(), String> {
    let at_ms = fields.time_ms("start_time")?;
    let talk_s = fields.time_ms("duration")?.div_ceil(1000);
    let (caller, callee) = (line_name(fields.need("caller")?), fields.need("callee")?);
    let same = |call: &&mut Found| {
        let record = &call.record;
        record.line == caller && record.dialled == callee && record.at_ms.abs_diff(at_ms) <= SAME_START_MS
    };
    if let Some(call) = calls.iter_mut().rev().find(same) {
        call.record.fate = fate(0, talk_s, call.record.fate.result);
        return Ok(());
    }
    let record = Record {
        at_ms,
        line: caller,
        ip: fields.get("src_ip").and_then(address),
        user_agent: fields.get("ua").unwrap_or("").to_owned(),
        dialled: callee.to_owned(),
        fate: fate(0, talk_s, CallResult::Answered),
        id: String::new(),
    };
    calls.push(Found { row: number, record });
    Ok(())
}
