//! Asterisk's Master.csv (cdr_csv): fixed columns, no heading; the phone is the peer in the channel's name.

use csv::StringRecord;
use replay::CallResult;

use super::columns::{at, bare};
use super::{Home, Record, Row, Sink, address, fate, is_extension, is_outside, line_name, seconds, time};

/// Reads a file.
pub fn read(bytes: &[u8], home: &Home, sink: &mut Sink<'_>) {
    bare(bytes, sink, |record| row(record, home));
}

fn row(record: &StringRecord, home: &Home) -> Result<Row, String> {
    call(
        &Call {
            source: at(record, 1, "src")?,
            dialled: at(record, 2, "dst")?,
            channel: at(record, 5, "channel")?,
            start: at(record, 9, "start")?,
            duration: at(record, 12, "duration")?,
            billed: at(record, 13, "billsec")?,
            disposition: at(record, 14, "disposition")?,
            user: record.get(17).unwrap_or(""),
        },
        home,
    )
}

/// The fields that matter; FreePBX exports the same ones under names.
pub struct Call<'a> {
    pub source: &'a str,
    pub dialled: &'a str,
    pub channel: &'a str,
    pub start: &'a str,
    pub duration: &'a str,
    pub billed: &'a str,
    pub disposition: &'a str,
    /// `userfield`: the phone's address, where the dial plan keeps it there.
    pub user: &'a str,
}

/// One call. It left for outside where a phone of the house placed it and what it dialled is no extension.
pub fn call(call: &Call<'_>, home: &Home) -> Result<Row, String> {
    let phone = peer(call.channel).filter(|peer| is_extension(peer));
    let Some(line) = phone.or(Some(call.source)).filter(|line| is_extension(line)) else { return Ok(Row::Other) };
    if !is_outside(call.dialled) {
        return Ok(Row::Other);
    }
    let (duration_s, talk_s) = (seconds(call.duration, "duration")?, seconds(call.billed, "billsec")?);
    let result = match call.disposition {
        "ANSWERED" => CallResult::Answered,
        "NO ANSWER" | "NOANSWER" => CallResult::NoAnswer,
        "BUSY" => CallResult::Busy,
        "FAILED" | "CONGESTION" => CallResult::Failed,
        other => return Err(format!("disposition is {other:?}")),
    };
    Ok(Row::Out(Box::new(Record {
        at_ms: time(call.start, &home.zone)?,
        line: line_name(line),
        ip: address(call.user),
        user_agent: String::new(),
        dialled: call.dialled.to_owned(),
        fate: fate(duration_s.saturating_sub(talk_s), talk_s, result),
        id: String::new(),
    })))
}

/// The peer in a channel's name: 204 of `PJSIP/204-0000002b`.
fn peer(channel: &str) -> Option<&str> {
    let (_, name) = channel.split_once('/')?;
    name.rsplit_once('-').map(|(peer, _)| peer)
}
