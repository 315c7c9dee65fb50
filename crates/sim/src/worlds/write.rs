//! A world as the files that a replay and the scorer read.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use super::script::{Event, What};
use super::{World, clock, networks};

impl World {
    /// The id of a call: its place in the script.
    #[must_use]
    pub fn call_id(at: usize) -> String {
        format!("w{at:07}")
    }

    /// The id of an attack.
    #[must_use]
    pub fn attack_id(at: usize) -> String {
        format!("a{at:03}")
    }

    /// The events, a JSON object a line: the accounts, then everything in order.
    #[must_use]
    pub fn events_jsonl(&self) -> String {
        let mut text = String::new();
        for firm in &self.firms {
            let kind = if firm.trunk { "trunk" } else { "extension" };
            let mut lines: Vec<&str> = firm.people.iter().map(|person| person.line.as_str()).collect();
            lines.extend(firm.spare.iter().map(String::as_str));
            lines.dedup();
            let lines: Vec<_> = lines.into_iter().map(|line| json!({"line": line, "kind": kind})).collect();
            let account = json!({
                "t": clock::rfc3339(clock::begin_ms()), "type": "account", "account": firm.name, "country": "US",
                "utc_offset_h": firm.offset_h, "number": format!("+1{}", firm.number), "lines": lines,
            });
            let _ = writeln!(text, "{account}");
        }
        for (at, event) in self.script.events.iter().enumerate() {
            self.write_event(at, event, &mut text);
        }
        text
    }

    fn write_event(&self, at: usize, event: &Event, text: &mut String) {
        let firm = &self.firms[event.who.firm];
        let (t, name, line) = (clock::rfc3339(event.at_ms), &firm.name, &event.who.line);
        let (ip, agent) = (event.who.seat.ip, event.who.seat.agent);
        let by = format!(r#""account":"{name}","line":"{line}","ip":"{ip}","user_agent":"{agent}""#);
        // Nothing here needs escaping, so the lines are put together by hand: there are a hundred thousand.
        let _ = match &event.what {
            What::Register { ok } => writeln!(text, r#"{{"t":"{t}","type":"register",{by},"ok":{ok}}}"#),
            What::Call { dialled, course, cause, .. } => {
                let id = Self::call_id(at);
                let cause = cause.map_or(String::new(), |cause| format!(r#","cause":"{cause}""#));
                let told = event.who.told.map_or(String::new(), |ip| format!(r#","told_ip":"{ip}""#));
                writeln!(
                    text,
                    r#"{{"t":"{t}","type":"call","id":"{id}",{by},"caller":"+1{}","dialled":"{dialled}","ring_s":{},"talk_s":{},"result":"{}"{cause}{told}}}"#,
                    firm.number,
                    course.ring_s,
                    course.talk_s,
                    course.outcome.name()
                )
            }
        };
    }

    /// The fraud calls, a JSON object a line.
    #[must_use]
    pub fn labels_jsonl(&self) -> String {
        let mut text = String::new();
        for (at, event) in self.script.events.iter().enumerate() {
            if let What::Call { attack: Some(attack), .. } = event.what {
                let _ = writeln!(
                    text,
                    r#"{{"id":"{}","fraud":true,"attack":"{}"}}"#,
                    Self::call_id(at),
                    Self::attack_id(attack)
                );
            }
        }
        text
    }

    /// The deck as CSV.
    #[must_use]
    pub fn rates_csv(&self) -> String {
        let mut text = String::from("prefix,destination,rate_per_minute,connect_fee,minimum_s,increment_s\n");
        for (prefix, destination, price) in &self.deck {
            let _ = writeln!(text, "{prefix},{destination},{}.{:04},0,6,6", price / 10_000, price % 10_000);
        }
        text
    }

    /// City and network databases in MaxMind's format.
    #[must_use]
    pub fn geo() -> (Vec<u8>, Vec<u8>) {
        networks::databases()
    }

    /// Writes everything into a folder.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let gzip = |name: &str, text: String| {
            let mut out = GzEncoder::new(std::fs::File::create(folder.join(name))?, Compression::fast());
            out.write_all(text.as_bytes())?;
            out.finish().map(drop)
        };
        gzip("events.jsonl.gz", self.events_jsonl())?;
        gzip("labels.jsonl.gz", self.labels_jsonl())?;
        let row = |(at, attack): (usize, &super::Attack)| json!({"id": Self::attack_id(at), "kind": attack.kind, "account": self.firms[attack.firm].name, "line": attack.line});
        let attacks: Vec<_> = self.attacks.iter().enumerate().map(row).collect();
        std::fs::write(folder.join("attacks.json"), serde_json::to_vec_pretty(&attacks)?)?;
        std::fs::write(folder.join("rates.csv"), self.rates_csv())?;
        let (city, asn) = Self::geo();
        std::fs::write(folder.join("geo-city.mmdb"), city)?;
        std::fs::write(folder.join("geo-asn.mmdb"), asn)
    }
}
