//! `tollguard replay` on files: plain and gzip, rows that are no events, the report.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use tollguard::cli::{Cli, run};

/// Fourteen days of one desk that calls home, then a night of calls to Albania; a row in the middle is no event.
fn events() -> (String, usize) {
    let mut rows = String::from(
        r#"{"t":"2026-03-02T00:00:00Z","type":"account","account":"law","country":"US","utc_offset_h":-7,"lines":[]}"#,
    );
    rows.push('\n');
    let mut calls = 0;
    let mut call = |rows: &mut String, day: usize, hour: usize, minute: usize, ip: &str, dialled: &str| {
        calls += 1;
        let at = format!("2026-03-{day:02}T{hour:02}:{minute:02}:00.000Z");
        writeln!(
            rows,
            r#"{{"t":"{at}","type":"call","id":"c{calls}","account":"law","line":"101","ip":"{ip}","user_agent":"desk","caller":"+13035550100","dialled":"{dialled}","ring_s":5.5,"talk_s":90,"result":"answered"}}"#
        )
        .unwrap();
    };
    for day in 2..16 {
        for hour in 16..22 {
            call(&mut rows, day, hour, 0, "192.0.2.1", "3035550101");
        }
    }
    rows.push_str("this is <no> event\n\n");
    for minute in 0..30 {
        call(&mut rows, 16, 9, minute, "198.51.100.7", "011355691234567");
    }
    (rows, calls)
}

fn replay(dir: &Path, events: &str) {
    let (events, out, html) = (dir.join(events), dir.join("out"), dir.join("report.html"));
    let arguments = ["tollguard", "replay", "--events"].map(Into::into);
    let paths = [events.into(), "--out".into(), out.into_os_string(), "--html".into(), html.into_os_string()];
    run(Cli::parse_from(arguments.into_iter().chain(paths))).unwrap();
}

#[test]
fn plain_and_gzip_give_the_same_files() {
    let dir = tempfile::tempdir().unwrap();
    let (rows, calls) = events();
    fs::write(dir.path().join("plain"), &rows).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(rows.as_bytes()).unwrap();
    fs::write(dir.path().join("gzip"), gzip.finish().unwrap()).unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join("out").join(name)).unwrap();
    replay(dir.path(), "plain");
    let first = (read("verdicts.jsonl"), read("incidents.jsonl"), read("unread.txt"));
    replay(dir.path(), "gzip");
    assert_eq!(first, (read("verdicts.jsonl"), read("incidents.jsonl"), read("unread.txt")));
    let (verdicts, incidents, unread) = first;
    assert_eq!(verdicts.lines().count(), calls);
    assert!(verdicts.lines().last().unwrap().contains(r#""verdict":"refused""#));
    assert_eq!(incidents.lines().count(), 1);
    assert_eq!(unread.lines().count(), 1);
    assert!(unread.starts_with("row 86: it is not a JSON object"), "{unread}");
}

#[test]
fn the_report_needs_nothing_but_itself() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("plain"), events().0).unwrap();
    replay(dir.path(), "plain");
    let page = fs::read_to_string(dir.path().join("report.html")).unwrap();
    for external in ["http:", "https:", "<script", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(external), "{external}");
    }
    assert!(page.contains("<svg") && page.contains("law, line 101") && page.contains("line cut"));
    assert!(!page.contains("NaN"));
}

#[test]
fn call_records_of_another_system_are_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/replay/records/fixtures/asterisk.csv");
    let out = dir.path().join("out");
    let mut arguments: Vec<std::ffi::OsString> =
        ["tollguard", "replay", "--from", "asterisk", "--time-zone", "America/Denver"].map(Into::into).to_vec();
    arguments.extend([records.into(), "--out".into(), out.clone().into_os_string()]);
    run(Cli::parse_from(arguments)).unwrap();
    let verdicts = fs::read_to_string(out.join("verdicts.jsonl")).unwrap();
    assert_eq!(verdicts.lines().count(), 2);
    assert!(verdicts.starts_with(r#"{"id":"1","verdict":"allowed","carried_s":31.0,"#), "{verdicts}");
    assert_eq!(fs::read_to_string(out.join("unread.txt")).unwrap().lines().count(), 2);
}
