//! The portal with ten million call records behind it: how long each page takes to come over HTTP, and a file of calls to begin.
//!
//! The records are those that the bench `cdr` leaves (`CDR_KEEP=1`), with an account of two million and one of twenty thousand;
//! both get calls, charges and an incident of the last four weeks besides, so that every page has something to show.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails where it stands")]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use account::{Effect, LineKind};
use billing::{AccountId, CallId, Cdr, CdrTimes, CdrWho, IncidentId, LineId};
use fixture::{House, body, id, now_ms, world};
use guard::Incident;
use node::Body;
use sha2::{Digest, Sha256};
use store::{Projector, Reader, Session, UsageBy};

const LARGEST: &str = "account-007";
const OTHER: &str = "account-008";
/// The latest of the records is of 2025.
const LAST_DAY: &str = "2025-12-30";
const LINES: u64 = 40;
/// Accounts that the bench `cdr` makes, without settings.
const ACCOUNTS: u64 = 500;
/// Calls of the last four weeks that each of both accounts gets besides.
const LATELY: u64 = 4_000;
const DAY_MS: u64 = 86_400_000;
/// What a page, and the first byte of a file, may take.
const MOST: Duration = Duration::from_millis(300);
/// How often each is asked; the median counts.
const TIMES: usize = 9;

/// An account as an owner would have it: settings, lines, four weeks of calls, an incident.
fn furnish(account: &AccountId, nth: u64, now: u64) -> Body {
    let mut effects = vec![Effect::Settings(world::settings(account.as_str()))];
    let lines = (100..100 + LINES).map(|line| {
        let mut line = world::line(&line.to_string(), LineKind::Extension, "A phone", now);
        line.auth_name = Some(format!("{account}-{}", line.id).into());
        Effect::Line(line)
    });
    effects.extend(lines);
    let first = 1 << 50 | nth << 40;
    let call = |n: u64, line: u64, ago_ms: u64, cdr: Cdr| {
        let start_ms = now - ago_ms;
        let shift = |at_ms: u64| at_ms + start_ms - cdr.times.start_ms;
        let times = CdrTimes {
            start_ms,
            ring_ms: cdr.times.ring_ms.map(shift),
            answer_ms: cdr.times.answer_ms.map(shift),
            end_ms: shift(cdr.times.end_ms),
            ..cdr.times
        };
        let line: Option<LineId> = Some(id(&line.to_string()));
        Cdr { call: CallId(first | n), who: CdrWho { account: account.clone(), line, ..cdr.who }, times, ..cdr }
    };
    let ordinary =
        (10..LATELY).map(|n| call(n, 100 + n % LINES, n * 28 * DAY_MS / LATELY, world::cdr(70 + n % 7, now)));
    effects.extend(ordinary.map(Effect::Cdr));
    let stolen: Vec<Cdr> = (3..6).map(|n| call(n, 107, 600_000 * n, world::cdr(n, now))).collect();
    let mut incident = Incident { id: incident_of(nth), account: account.clone(), ..world::incident(now) };
    for (listed, cdr) in incident.calls.iter_mut().zip(stolen.iter().rev()) {
        (listed.call, listed.start_ms) = (cdr.call, cdr.times.start_ms);
    }
    effects.extend(stolen.into_iter().map(|mut cdr| {
        cdr.verdict.incident = Some(incident.id);
        Effect::Cdr(cdr)
    }));
    effects.push(Effect::Incident(incident));
    body(account, effects)
}

fn incident_of(nth: u64) -> IncidentId {
    IncidentId(1 << 50 | nth)
}

/// What is asked for, of one account.
fn pages(account: &str, nth: u64, older: &str) -> Vec<(String, String)> {
    let incident = incident_of(nth);
    let call = CallId(1 << 50 | nth << 40 | 4);
    let each = [
        ("overview", String::new()),
        ("calls", "/calls".into()),
        ("calls, a later page", format!("/calls?before={older}")),
        ("calls of a line", "/calls?line=117".into()),
        ("calls to a number", "/calls?number=%2B355691234567".into()),
        ("calls to numbers with a common beginning", "/calls?number=%2B1".into()),
        ("calls to a country", "/calls?country=AL".into()),
        ("calls to a rare country", "/calls?country=CU".into()),
        ("refused calls", "/calls?verdict=refused".into()),
        ("calls let through", "/calls?verdict=allowed".into()),
        ("calls of a day", format!("/calls?from={LAST_DAY}&to={LAST_DAY}")),
        ("calls of a year", "/calls?from=2025-01-01&to=2025-12-31".into()),
        (
            "calls by everything",
            "/calls?line=117&number=%2B44&country=GB&verdict=allowed&from=2025-02-01&to=2025-11-30".into(),
        ),
        ("refused calls of a line to a country", "/calls?line=117&country=MX&verdict=refused".into()),
        ("a call", format!("/calls/{call}")),
        ("incidents", "/incidents".into()),
        ("an incident", format!("/incidents/{incident}")),
        ("money", "/money".into()),
        ("lines", "/lines".into()),
        ("a line", "/lines/117".into()),
        ("audit log", "/audit".into()),
        ("webhooks", "/webhooks".into()),
        ("a file of all calls, its beginning", "/calls.csv".into()),
        ("a file of a country's calls, its beginning", "/calls.csv?country=AL".into()),
        ("a file of refused calls, its beginning", "/calls.csv?verdict=refused".into()),
    ];
    each.into_iter().map(|(name, path)| (format!("{account}: {name}"), format!("/accounts/{account}{path}"))).collect()
}

/// Asks for a page; how long until all of it was there, or of a file its first byte.
fn ask(address: SocketAddr, cookie: &str, path: &str) -> (Duration, Vec<u8>) {
    let is_file = path.contains(".csv");
    let mut connection = TcpStream::connect(address).unwrap();
    let begun = Instant::now();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut piece) = (Vec::new(), [0; 65_536]);
    loop {
        let count = connection.read(&mut piece).unwrap();
        answer.extend_from_slice(&piece[..count]);
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").map(|end| end + 4);
        if count == 0 || is_file && body.is_some_and(|body| answer.len() > body) {
            break;
        }
    }
    let time = begun.elapsed();
    let head = String::from_utf8_lossy(&answer[..answer.len().min(200)]).into_owned();
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    (time, answer)
}

fn main() {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let database = target.join("bench-cdr/tollguard.db");
    assert!(database.exists(), "no {}: run `CDR_KEEP=1 cargo xtask bench cdr` first", database.display());
    drop(Projector::open(&database).unwrap());
    let reader = Reader::open(&database).unwrap();
    let rows: u64 = reader.usage(None, 0..u32::MAX, UsageBy::Account).unwrap().iter().map(|sum| sum.calls).sum();
    let is_furnished = reader.cdr(None, CallId(1 << 50 | 1 << 40 | 4)).unwrap().is_some();
    drop(reader);
    let now = now_ms();
    let accounts: Vec<AccountId> = [LARGEST, OTHER].map(id).into();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let named = (0..ACCOUNTS).map(|n| {
        let name = format!("account-{n:03}");
        body(&id(&name), vec![Effect::Settings(world::settings(&name))])
    });
    let furnished = accounts.iter().zip(1..).map(|(account, nth)| furnish(account, nth, now));
    let bodies = if is_furnished { Vec::new() } else { named.chain(furnished).collect() };
    let house = runtime.block_on(async { House::over(&format!("http://{address}"), database, bodies) });
    // Of an administrator, who sees all.
    let token = format!("{now:064x}");
    let session = Session {
        token_hash: Sha256::digest(token.as_bytes()).into(),
        login: "ada".into(),
        created_ms: now,
        last_used_ms: now,
        expires_ms: now + 3_600_000,
        ip: "127.0.0.1".into(),
        agent: "bench".into(),
        is_whole: true,
    };
    house.desk.add_session(&session).unwrap();
    runtime.spawn(portal::serve(listener, portal::router(house.state.clone()), std::future::pending()));
    let login = String::from_utf8(ask(address, "", "/login").1).unwrap();
    let cookie =
        login.split("set-cookie: ").find_map(|line| line.split_once('=').filter(|(_, value)| value.len() > 64));
    let cookie = format!("{}={token}", cookie.unwrap().0);
    let older = format!("{}.{}", now - 40 * DAY_MS, CallId(1));
    let mut asked = vec![("all accounts".to_owned(), "/".to_owned())];
    for (account, nth) in accounts.iter().zip(1..) {
        asked.extend(pages(account.as_str(), nth, &older));
    }
    let (mut worst, mut all) = (Duration::ZERO, String::new());
    for (name, path) in asked {
        let mut times: Vec<Duration> = (0..TIMES).map(|_| ask(address, &cookie, &path).0).collect();
        let first = times[0];
        times.sort();
        let median = times[TIMES / 2];
        println!("{name}: {median:?} (first {first:?}, slowest {:?})", times[TIMES - 1]);
        worst = worst.max(median);
        let comma = if all.is_empty() { "" } else { "," };
        let _ = write!(all, "{comma}\n  {name:?}: {}", median.as_micros());
    }
    let met = worst <= MOST;
    let json = std::env::var_os("BENCH_JSON").map_or_else(|| target.join("bench/pages.json"), PathBuf::from);
    std::fs::create_dir_all(json.parent().unwrap()).unwrap();
    let worst_us = worst.as_micros();
    let result = format!("{{\"rows\":{rows},\"worst_us\":{worst_us},\"met\":{met},\"pages_us\":{{{all}\n}}}}\n");
    std::fs::write(json, result).unwrap();
    assert!(met, "{worst:?} for a page of {rows} call records, at most {MOST:?}");
}
