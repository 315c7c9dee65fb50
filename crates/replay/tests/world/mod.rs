//! A small labelled world: two firms, four weeks of work, one hijack, and one honest evening that looks like one.

use billing::Deck;
use geo::Places;
use replay::{AccountRow, CallResult, CallRow, Event, Fate, Kind, RegisterRow, Replay, Truth, Who};

pub const MINUTE_MS: u64 = 60_000;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// Monday, 2 March 2026, 00:00 UTC.
pub const MONDAY_MS: u64 = 1_772_409_600_000;

const RATES: &str = "prefix,destination,rate_per_minute,connect_fee,minimum_s,increment_s
1,United States,0.01,0,6,6
44,United Kingdom,0.02,0,6,6
447,United Kingdom mobile,0.05,0,6,6
49,Germany,0.02,0,6,6
355,Albania,0.25,0,6,6
3556,Albania mobile,0.45,0,6,6
";

/// A world being written: rows in the order of time, and the labels.
#[derive(Default)]
pub struct World {
    events: Vec<(u64, String)>,
    pub labels: Vec<String>,
    calls: u32,
}

/// A call to be written.
pub struct Dial<'a> {
    pub account: &'a str,
    pub line: &'a str,
    pub ip: &'a str,
    pub dialled: &'a str,
    pub talk_s: u64,
}

impl World {
    fn push(&mut self, at_ms: u64, kind: Kind<'_>) {
        self.events.push((at_ms, Event { at_ms, kind }.to_row()));
    }

    pub fn account(&mut self, account: &str) {
        let row =
            AccountRow { account: account.parse().unwrap(), country: "US".parse().unwrap(), utc_offset_min: -420 };
        self.push(MONDAY_MS, Kind::Account(row));
    }

    pub fn register(&mut self, at_ms: u64, account: &str, line: &str, ip: &str, ok: bool) {
        let who = who(account, line, ip, "Yealink SIP-T46U 108.86");
        self.push(at_ms, Kind::Register(RegisterRow { who, ok }));
    }

    /// A call; answered if it talks. Its id.
    pub fn call(&mut self, at_ms: u64, dial: &Dial<'_>) -> String {
        self.calls += 1;
        let id = format!("c{:04}", self.calls);
        let result = if dial.talk_s > 0 { CallResult::Answered } else { CallResult::NoAnswer };
        let row = CallRow {
            id: id.as_str().into(),
            who: who(dial.account, dial.line, dial.ip, "Yealink SIP-T46U 108.86"),
            dialled: dial.dialled.into(),
            cause: None,
            told_ip: None,
            fate: Fate { ring_ms: 8_000, talk_ms: dial.talk_s * 1000, result },
        };
        self.push(at_ms, Kind::Call(row));
        id
    }

    pub fn fraud(&mut self, at_ms: u64, attack: &str, dial: &Dial<'_>) -> String {
        let id = self.call(at_ms, dial);
        self.labels.push(format!(r#"{{"id":"{id}","fraud":true,"attack":"{attack}"}}"#));
        id
    }

    /// The rows, in the order of time.
    pub fn rows(&self) -> Vec<String> {
        let mut events: Vec<_> = self.events.iter().collect();
        events.sort_by_key(|(at_ms, _)| *at_ms);
        events.into_iter().map(|(_, row)| row.clone()).collect()
    }
}

fn who<'a>(account: &'a str, line: &'a str, ip: &str, user_agent: &'a str) -> Who<'a> {
    Who { account: account.into(), line: line.into(), ip: ip.parse().unwrap(), user_agent: user_agent.into() }
}

/// Four weeks of work: each line calls home all day and the United Kingdom or Germany now and then.
pub fn work(world: &mut World, account: &str, ip: &str) {
    world.account(account);
    for day in (0..28).filter(|day| day % 7 < 5) {
        for (at, line) in ["101", "102", "103"].into_iter().enumerate() {
            let at = at as u64;
            // Nine in the morning in Denver.
            let morning_ms = MONDAY_MS + day * DAY_MS + 16 * HOUR_MS;
            world.register(morning_ms - HOUR_MS + at, account, line, ip, true);
            for hour in 0..7 {
                let home = Dial { account, line, ip, dialled: "3035550100", talk_s: 60 + 20 * at };
                world.call(morning_ms + hour * HOUR_MS + at * 7 * MINUTE_MS, &home);
            }
            if (day + at).is_multiple_of(3) {
                let abroad = if at == 1 { "011493012345678" } else { "011442079460123" };
                let dial = Dial { account, line, ip, dialled: abroad, talk_s: 240 };
                world.call(morning_ms + 3 * HOUR_MS + at * 11 * MINUTE_MS, &dial);
            }
        }
    }
}

/// Sunday of the fourth week, three in the morning in Denver.
pub const NIGHT_MS: u64 = MONDAY_MS + 27 * DAY_MS + 10 * HOUR_MS;

/// The world of the golden files.
pub fn story() -> World {
    let mut world = World::default();
    work(&mut world, "law", "192.0.2.10");
    work(&mut world, "trade", "192.0.2.77");
    for guess in 0..40 {
        world.register(NIGHT_MS - HOUR_MS + guess * 1000, "law", "103", "198.51.100.4", false);
    }
    world.register(NIGHT_MS - MINUTE_MS, "law", "103", "198.51.100.4", true);
    for attempt in 0..30 {
        let dialled = if attempt % 2 == 0 { "011355691234567" } else { "011355691234568" };
        let dial = Dial { account: "law", line: "103", ip: "198.51.100.4", dialled, talk_s: 900 };
        // Ten in the first half hour, the rest when the owner has long read the mail.
        let at_ms = NIGHT_MS + if attempt < 10 { attempt * 3 * MINUTE_MS } else { (attempt - 4) * 30 * MINUTE_MS };
        world.fraud(at_ms, "a1", &dial);
    }
    // Meanwhile somebody calls for help, somebody home, and a colleague the United Kingdom.
    for (minute, line, dialled) in [(40, "103", "911"), (41, "103", "3035550100"), (42, "101", "011442079460123")] {
        let dial = Dial { account: "law", line, ip: "192.0.2.10", dialled, talk_s: 60 };
        world.call(NIGHT_MS + minute * MINUTE_MS, &dial);
    }
    world.register(NIGHT_MS + 5 * HOUR_MS, "law", "103", "198.51.100.4", true);
    // A real emergency of the other firm: the same night, from a hotel, the same country.
    world.register(NIGHT_MS + MINUTE_MS, "trade", "102", "203.0.113.9", true);
    for attempt in 0..12 {
        let dial = Dial { account: "trade", line: "102", ip: "203.0.113.9", dialled: "011355691119999", talk_s: 300 };
        world.call(NIGHT_MS + (2 + attempt * 20) * MINUTE_MS, &dial);
    }
    world
}

/// Replays rows; the replay after its end, its verdicts, and the rows it could not read.
pub fn replay(rows: &[String], labels: Option<&[String]>) -> (Replay, Vec<replay::Verdict>, Vec<String>) {
    let truth = labels.map(|labels| {
        let mut truth = Truth::default();
        labels.iter().for_each(|label| truth.label(label.as_bytes()).unwrap());
        rows.iter().filter_map(|row| Event::parse(row.as_bytes()).ok()).for_each(|event| truth.witness(&event));
        truth
    });
    let mut replay = Replay::new(Deck::from_csv(RATES.as_bytes()).unwrap(), Places::default(), truth);
    let (mut verdicts, mut unread) = (Vec::new(), Vec::new());
    for row in rows {
        if let Err(error) = Event::parse(row.as_bytes()).and_then(|event| replay.event(&event)) {
            unread.push(error.to_string());
        }
        verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
    }
    replay.finish();
    verdicts.extend(std::iter::from_fn(|| replay.next_verdict()));
    (replay, verdicts, unread)
}
