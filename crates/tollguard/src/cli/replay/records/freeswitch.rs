//! FreeSWITCH's cdr_csv, template `example`: fixed columns, no heading; 16th, where there is one, network_addr.

use csv::StringRecord;
use replay::CallResult;

use super::columns::{at, bare};
use super::{Home, Record, Row, Sink, address, fate, is_extension, is_outside, line_name, seconds, time};

/// Reads a file.
pub fn read(bytes: &[u8], home: &Home, sink: &mut Sink<'_>) {
    bare(bytes, sink, |record| row(record, home));
}

fn row(record: &StringRecord, home: &Home) -> Result<Row, String> {
    let (caller, dialled) = (at(record, 1, "caller_id_number")?, at(record, 2, "destination_number")?);
    let account = record.get(12).unwrap_or("");
    // Where caller IDs are outside numbers, the account code names the phone.
    let line = [caller, account].into_iter().find(|name| is_extension(name));
    let Some(line) = line.filter(|_| is_outside(dialled)) else { return Ok(Row::Other) };
    let (duration_s, talk_s) =
        (seconds(at(record, 7, "duration")?, "duration")?, seconds(at(record, 8, "billsec")?, "billsec")?);
    let answered = !at(record, 5, "answer_stamp")?.trim().is_empty();
    let result = match at(record, 9, "hangup_cause")? {
        _ if answered => CallResult::Answered,
        "USER_BUSY" => CallResult::Busy,
        "NO_ANSWER" | "NO_USER_RESPONSE" | "ORIGINATOR_CANCEL" => CallResult::NoAnswer,
        _ => CallResult::Failed,
    };
    Ok(Row::Out(Box::new(Record {
        at_ms: time(at(record, 4, "start_stamp")?, &home.zone)?,
        line: line_name(line),
        ip: record.get(15).and_then(address),
        user_agent: String::new(),
        dialled: dialled.to_owned(),
        fate: fate(duration_s.saturating_sub(talk_s), talk_s, result),
        id: String::new(),
    })))
}
