//! Replies of VOIP.MS's getCDR: JSON in which every value is text; the line is the (sub-)account.

use replay::CallResult;
use serde::Deserialize;

use super::{Home, Record, Row, Sink, address, fate, is_outside, line_name, seconds, time};

/// How descriptions of calls from outside begin.
const INBOUND: &str = "Inbound";

#[derive(Deserialize)]
struct Reply {
    status: String,
    #[serde(default)]
    cdr: Calls,
}

/// A list; of one call it may be the call alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Calls {
    Many(Vec<Call>),
    One(Box<Call>),
}

impl Default for Calls {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Call {
    date: String,
    destination: String,
    description: String,
    account: String,
    disposition: String,
    seconds: String,
    ip: String,
    useragent: String,
}

/// Reads a file: one reply, or several one after the other. A row is a call, counted from 1.
pub fn read(bytes: &[u8], home: &Home, sink: &mut Sink<'_>) {
    let mut number = 0;
    for reply in serde_json::Deserializer::from_slice(bytes).into_iter::<Reply>() {
        let calls = match reply {
            Ok(Reply { status, .. }) if status != "success" && status != "no_cdr" => {
                number += 1;
                sink.row(number, Err(format!("the reply says {status:?}")));
                continue;
            }
            Ok(Reply { cdr: Calls::Many(calls), .. }) => calls,
            Ok(Reply { cdr: Calls::One(call), .. }) => vec![*call],
            Err(error) => return sink.row(number + 1, Err(format!("it is no reply of getCDR: {error}"))),
        };
        for call in calls {
            number += 1;
            sink.row(number, row(&call, home));
        }
    }
}

fn row(call: &Call, home: &Home) -> Result<Row, String> {
    if call.description.starts_with(INBOUND) || !is_outside(&call.destination) {
        return Ok(Row::Other);
    }
    let result = match call.disposition.as_str() {
        "ANSWERED" => CallResult::Answered,
        "NO ANSWER" => CallResult::NoAnswer,
        "BUSY" => CallResult::Busy,
        "FAILED" => CallResult::Failed,
        other => return Err(format!("disposition is {other:?}")),
    };
    Ok(Row::Out(Box::new(Record {
        at_ms: time(&call.date, &home.zone)?,
        line: line_name(&call.account),
        ip: address(&call.ip),
        user_agent: call.useragent.clone(),
        dialled: call.destination.clone(),
        fate: fate(0, seconds(&call.seconds, "seconds")?, result),
        id: String::new(),
    })))
}
