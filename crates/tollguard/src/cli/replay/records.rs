//! Call records that other systems export, made events: a reader a file each, and what they have in common.

mod asterisk;
mod columns;
mod freepbx;
mod freeswitch;
mod kamailio;
mod suggest;
mod voipms;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use billing::{AccountId, Country};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use replay::{AccountRow, CallResult, CallRow, Event, Fate, Kind, Who};

use crate::cli::CliError;
use crate::cli::error::refused;
pub use suggest::Suggestion;

/// Records of one replay: they are sorted in memory.
const MAX_RECORDS: usize = 5_000_000;
/// The largest file that is read, bytes.
const MAX_FILE_BYTES: u64 = 2 << 30;
/// Digits of an extension.
const EXTENSION_DIGITS: std::ops::RangeInclusive<usize> = 2..=6;
/// Longest name of a line.
const MAX_LINE_CHARS: usize = 64;

/// Whose call records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    /// Asterisk: Master.csv of cdr_csv.
    Asterisk,
    /// FreePBX: the CSV export of the CDR report.
    Freepbx,
    /// FreeSWITCH: cdr_csv, template example (a 16th column with network_addr is read, too).
    Freeswitch,
    /// VOIP.MS: replies of getCDR (JSON).
    Voipms,
    /// Kamailio: acc lines of syslog, with acc_cdrs lines where there are any.
    Kamailio,
}

/// One call that left for outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When it began, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who placed it.
    pub line: String,
    /// Where from, if the record tells.
    pub ip: Option<IpAddr>,
    /// User agent, if the record tells.
    pub user_agent: String,
    /// As dialled.
    pub dialled: String,
    /// What became of it.
    pub fate: Fate,
    /// Its id: the file's place among the files, and its row.
    pub id: String,
}

/// What a row is.
#[derive(Debug, PartialEq)]
pub enum Row {
    /// A call that left for outside; boxed, as it is large.
    Out(Box<Record>),
    /// A call in the house or from outside; the guard is not asked about those.
    Other,
}

/// All records of some files.
#[derive(Debug, Default)]
pub struct Records {
    /// The calls that left, in the order of time.
    pub calls: Vec<Record>,
    /// Rows that are calls in the house or from outside.
    pub others: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows that cannot be read: which, and why.
    pub unread: Vec<String>,
}

/// How the times and numbers of the records are meant.
#[derive(Clone, Debug)]
pub struct Home {
    /// The account's country.
    pub country: Country,
    /// Its time zone; that of times in the records, too.
    pub zone: TimeZone,
}

impl Records {
    /// Reads files.
    ///
    /// # Errors
    /// Where a file cannot be read, or there are more than [`MAX_RECORDS`].
    pub fn read(system: System, files: &[PathBuf], home: &Home) -> Result<Self, CliError> {
        let mut records = Self::default();
        for (number, file) in files.iter().enumerate() {
            let bytes = read(file)?;
            let place = if files.len() > 1 { format!("{}-", number + 1) } else { String::new() };
            let mut sink = Sink { records: &mut records, file, place: &place };
            match system {
                System::Asterisk => asterisk::read(&bytes, home, &mut sink),
                System::Freepbx => freepbx::read(&bytes, home, &mut sink),
                System::Freeswitch => freeswitch::read(&bytes, home, &mut sink),
                System::Voipms => voipms::read(&bytes, home, &mut sink),
                System::Kamailio => kamailio::read(&bytes, &mut sink),
            }
            if records.calls.len() > MAX_RECORDS {
                return refused(format!(
                    "there are more than {MAX_RECORDS} calls: replay a part of the files at a time"
                ));
            }
        }
        records.calls.sort_by_key(|record| record.at_ms);
        Ok(records)
    }
}

/// Where readers put what they find.
pub struct Sink<'a> {
    records: &'a mut Records,
    file: &'a Path,
    place: &'a str,
}

impl Sink<'_> {
    /// Takes one row.
    pub fn row(&mut self, number: u64, row: Result<Row, String>) {
        self.records.rows += 1;
        match row {
            Ok(Row::Out(record)) => {
                self.records.calls.push(Record { id: format!("{}{number}", self.place), ..*record });
            }
            Ok(Row::Other) => self.records.others += 1,
            Err(why) => self.records.unread.push(format!("{}, row {number}: {why}", self.file.display())),
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |source| CliError::File { what: "read", path: file.to_owned(), source };
    if file.metadata().map_err(failed)?.len() > MAX_FILE_BYTES {
        return refused(format!("{} is larger than 2 GB: split it", file.display()));
    }
    std::fs::read(file).map_err(failed)
}

/// The one account that records are replayed as.
pub const ACCOUNT: &str = "records";

/// The events of these records: an account row first, and again whenever its clock changes (summer time).
pub fn events<'a>(records: &'a Records, home: &'a Home) -> impl Iterator<Item = Event<'a>> {
    let mut offset = None;
    records.calls.iter().flat_map(move |record| {
        let now = offset_min(&home.zone, record.at_ms);
        let changed = offset.replace(now) != Some(now);
        let account = changed.then(|| account_row(record.at_ms, home, now)).flatten();
        account.into_iter().chain([Event { at_ms: record.at_ms, kind: Kind::Call(call_row(record)) }])
    })
}

fn account_row<'a>(at_ms: u64, home: &Home, utc_offset_min: i16) -> Option<Event<'a>> {
    let account = AccountId::new(ACCOUNT).ok()?;
    Some(Event { at_ms, kind: Kind::Account(AccountRow { account, country: home.country, utc_offset_min }) })
}

fn call_row(record: &Record) -> CallRow<'_> {
    CallRow {
        id: record.id.as_str().into(),
        who: Who {
            account: ACCOUNT.into(),
            line: record.line.as_str().into(),
            ip: record.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            user_agent: record.user_agent.as_str().into(),
        },
        dialled: record.dialled.as_str().into(),
        cause: None,
        told_ip: None,
        fate: record.fate,
    }
}

/// Minutes east of UTC at a moment.
pub fn offset_min(zone: &TimeZone, at_ms: u64) -> i16 {
    let at = i64::try_from(at_ms).ok().and_then(|at_ms| jiff::Timestamp::from_millisecond(at_ms).ok());
    at.map_or(0, |at| i16::try_from(zone.to_offset(at).seconds() / 60).unwrap_or(0))
}

/// A time as these systems write it, "2026-11-22 13:58:01".
fn time(text: &str, zone: &TimeZone) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no date and time");
    let time: DateTime = text.trim().parse().map_err(|_| wrong())?;
    let at = time.to_zoned(zone.clone()).map_err(|_| wrong())?;
    u64::try_from(at.timestamp().as_millisecond()).map_err(|_| wrong())
}

/// Whole seconds.
fn seconds(text: &str, what: &str) -> Result<u64, String> {
    text.trim().parse().map_err(|_| format!("{what} is {text:?}, which is no number of seconds"))
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether it is an extension.
fn is_extension(text: &str) -> bool {
    EXTENSION_DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a call to it leaves the house.
fn is_outside(dialled: &str) -> bool {
    let digits = dialled.bytes().filter(u8::is_ascii_digit).count();
    digits > *EXTENSION_DIGITS.end() && dialled.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+')
}

/// A name as lines have it.
fn line_name(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    text.chars().take(MAX_LINE_CHARS).map(|letter| if plain(letter) { letter } else { '_' }).collect()
}

/// What became of a call.
fn fate(ring_s: u64, talk_s: u64, result: CallResult) -> Fate {
    let most = |seconds: u64, most_s: f64| seconds.min(most_s as u64) * 1000;
    let talk_ms = if result == CallResult::Answered { most(talk_s, replay::MAX_TALK_S) } else { 0 };
    Fate { ring_ms: most(ring_s, replay::MAX_RING_S), talk_ms, result }
}

#[cfg(test)]
mod tests;
