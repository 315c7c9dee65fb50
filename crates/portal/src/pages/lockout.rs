//! The lock-out: its switch, its limits, who is locked out, who never is.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use ipnet::IpNet;
use lockout::{Ban, Pressed, Settings};
use node::{Command, CommandReply, NodeChange, address_or_prefix};
use serde::Deserialize;
use tokio::time::{Duration, sleep};

use crate::access::Visitor;
use crate::forms::{Back, Signed};
use crate::frame::{Frame, Tab, page};
use crate::problem::Problem;
use crate::words::{self, count, sentence};
use crate::zone::Zone;

/// The longest remark about a ban, characters.
const MAX_NOTE_CHARS: usize = 120;

struct Row {
    prefix: String,
    place: String,
    since: String,
    until: String,
    reason: String,
    repeat: String,
    user_agent: String,
}

struct Guessed {
    target: String,
    tally: String,
    next: String,
}

#[derive(Template)]
#[template(path = "lockout.html")]
struct LockoutPage {
    f: Frame,
    enabled: bool,
    failures: u32,
    window_min: u64,
    ban_min: u64,
    max_ban_h: u64,
    line_day: u32,
    address_day: u32,
    network_day: u32,
    asn_day: u32,
    allow_list: String,
    rows: Vec<Row>,
    guessed: Vec<Guessed>,
    knocking: Knocking,
    may_change: bool,
}

/// Who is locked out, by country and by network.
struct Knocking {
    countries: Vec<Part>,
    networks: Vec<Part>,
}

/// One part of those who are locked out.
struct Part {
    name: String,
    many: String,
    /// Of 100.
    width: usize,
}

/// Parts drawn; the others are added up.
const MAX_PARTS: usize = 8;

impl Visitor {
    fn must_see_lockout(&self) -> Result<(), Problem> {
        if self.sees_lockout { Ok(()) } else { Err(Problem::NotFound) }
    }

    fn must_change_lockout(&self) -> Result<(), Problem> {
        self.must_see_lockout()?;
        self.may_change()
    }
}

/// The page.
pub(crate) async fn show(visitor: Visitor) -> Result<Response, Problem> {
    visitor.must_see_lockout()?;
    let (settings, accounts) = visitor.state.read(|reader| Ok((reader.lockout()?, reader.accounts()?))).await?;
    // A node with one account lives in that account's zone.
    let zone = match accounts.as_slice() {
        [one] => Zone::named(&one.settings.time_zone),
        _ => Zone::named("UTC"),
    };
    let CommandReply::Bans(bans) = visitor.state.control.send(Command::Bans).await? else {
        return Err(Problem::Broken);
    };
    let CommandReply::Guessed(guessed) = visitor.state.control.send(Command::Guessed).await? else {
        return Err(Problem::Broken);
    };
    let now = crate::state::now_ms();
    let places: Vec<geo::Place> = bans
        .iter()
        .filter(|ban| ban.until_ms > now)
        .map(|ban| visitor.state.places.locate(ban.prefix.addr()))
        .collect();
    let allowed: Vec<String> = settings.allow_list.iter().map(ToString::to_string).collect();
    page(&LockoutPage {
        f: Frame::of_node(&visitor, Tab::Lockout, "Lock-out", zone.words()),
        enabled: settings.enabled,
        failures: settings.failures,
        window_min: settings.window_s.div_ceil(60),
        ban_min: settings.ban_s.div_ceil(60),
        max_ban_h: settings.max_ban_s.div_ceil(3600),
        line_day: settings.line_day,
        address_day: settings.address_day,
        network_day: settings.network_day,
        asn_day: settings.asn_day,
        allow_list: allowed.join("\n"),
        rows: bans.iter().filter(|ban| ban.until_ms > now).map(|ban| row(&visitor, &zone, ban)).collect(),
        knocking: Knocking {
            countries: parts(places.iter().map(country)),
            networks: parts(places.iter().map(words::network)),
        },
        guessed: guessed.iter().map(|pressed| guessed_at(&zone, pressed)).collect(),
        may_change: visitor.is_allowed_to_change(),
    })
}

fn country(place: &geo::Place) -> String {
    place.country_name().unwrap_or("unknown country").to_owned()
}

/// How many have each name, the most first.
fn parts(names: impl Iterator<Item = String>) -> Vec<Part> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut sums: Vec<(String, usize)> = counts.into_iter().collect();
    sums.sort_by(|(a, most), (b, more)| more.cmp(most).then_with(|| a.cmp(b)));
    let rest: usize = sums.split_off(sums.len().min(MAX_PARTS)).iter().map(|(_, many)| many).sum();
    if rest > 0 {
        sums.push(("others".to_owned(), rest));
    }
    let most = sums.iter().map(|(_, many)| *many).max().unwrap_or(1);
    let part = |(name, many): (String, usize)| Part {
        name,
        many: count(many, "lock-out"),
        width: (many * 100 / most).clamp(1, 100),
    };
    sums.into_iter().map(part).collect()
}

fn guessed_at(zone: &Zone, pressed: &Pressed) -> Guessed {
    let Pressed { target, failures, addresses, next_ms } = pressed;
    let many = if *addresses as usize >= lockout::MAX_TALLY_ADDRESSES { " or more" } else { "" };
    Guessed {
        target: target.to_string(),
        tally: format!(
            "{failures} failed passwords from {addresses}{many} {}",
            if *addresses == 1 { "address" } else { "addresses" }
        ),
        next: zone.short(*next_ms),
    }
}

fn row(visitor: &Visitor, zone: &Zone, ban: &Ban) -> Row {
    let place = visitor.state.places.locate(ban.prefix.addr());
    let single = ban.prefix.prefix_len() == ban.prefix.max_prefix_len();
    Row {
        prefix: if single { ban.prefix.addr().to_string() } else { ban.prefix.to_string() },
        place: if place.is_unknown() {
            "unknown place".to_owned()
        } else {
            format!("{}, {}", words::town(&place), words::network(&place))
        },
        since: zone.short(ban.since_ms),
        until: zone.short(ban.until_ms),
        reason: sentence(&ban.describe()),
        repeat: if ban.repeat > 1 {
            format!("Locked out for the {} time in a row.", ordinal(ban.repeat))
        } else {
            String::new()
        },
        user_agent: ban.user_agent.clone().unwrap_or_default(),
    }
}

fn ordinal(n: u32) -> String {
    let end = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

/// On or off.
#[derive(Deserialize)]
pub(crate) struct Switch {
    on: bool,
}

/// Turns it on or off.
pub(crate) async fn switch(
    visitor: Visitor,
    back: Back,
    Signed(Switch { on }): Signed<Switch>,
) -> Result<Response, Problem> {
    visitor.must_change_lockout()?;
    let old = visitor.state.read(|reader| reader.lockout()).await?;
    let done = put(&visitor, Settings { enabled: on, ..old }).await;
    visitor.then(done, &back.or("/lockout".to_owned()))
}

/// The limits.
#[derive(Deserialize)]
pub(crate) struct Limits {
    failures: u32,
    window_min: u64,
    ban_min: u64,
    max_ban_h: u64,
    line_day: u32,
    address_day: u32,
    network_day: u32,
    asn_day: u32,
    #[serde(default)]
    allow_list: String,
}

/// Sets the limits and the allow-list.
pub(crate) async fn set(visitor: Visitor, Signed(limits): Signed<Limits>) -> Result<Response, Problem> {
    visitor.must_change_lockout()?;
    let old = visitor.state.read(|reader| reader.lockout()).await?;
    let done = match wanted(limits, old) {
        Ok(settings) => put(&visitor, settings).await,
        Err(problem) => Err(problem),
    };
    visitor.then(done, "/lockout")
}

fn wanted(limits: Limits, old: Settings) -> Result<Settings, Problem> {
    let settings = Settings {
        failures: limits.failures,
        window_s: limits.window_min.saturating_mul(60),
        ban_s: limits.ban_min.saturating_mul(60),
        max_ban_s: limits.max_ban_h.saturating_mul(3600),
        line_day: limits.line_day,
        address_day: limits.address_day,
        network_day: limits.network_day,
        asn_day: limits.asn_day,
        allow_list: limits.allow_list.split_whitespace().map(prefix).collect::<Result<_, _>>()?,
        ..old
    };
    match settings.mistakes().as_slice() {
        [] => Ok(settings),
        mistakes => {
            let texts: Vec<String> = mistakes.iter().map(|mistake| sentence(&mistake.to_string())).collect();
            Err(Problem::Typed(texts.join(" ")))
        }
    }
}

/// An address or prefix as people type it.
fn prefix(text: &str) -> Result<IpNet, Problem> {
    let wrong = || Problem::Typed(format!("`{text}` is not an address or prefix, such as 192.0.2.7 or 192.0.2.0/24"));
    address_or_prefix(text.trim()).ok_or_else(wrong)
}

async fn put(visitor: &Visitor, settings: Settings) -> Result<String, Problem> {
    let change = NodeChange::Lockout(settings.clone());
    let done = visitor.command(Command::Node { by: visitor.actor(), change }).await?;
    // The next page reads the tables: wait, for a second at most, until they show it.
    for _ in 0..100 {
        if visitor.state.read(|reader| reader.lockout()).await? == settings {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(done)
}

/// A ban by hand.
#[derive(Deserialize)]
pub(crate) struct ByHand {
    prefix: String,
    hours: u64,
    #[serde(default)]
    note: String,
}

/// Locks an address out by hand.
pub(crate) async fn ban(visitor: Visitor, back: Back, Signed(by_hand): Signed<ByHand>) -> Result<Response, Problem> {
    visitor.must_change_lockout()?;
    let done = match prefix(&by_hand.prefix) {
        Ok(prefix) => {
            let note = by_hand.note.trim().chars().take(MAX_NOTE_CHARS).collect();
            let length_s = by_hand.hours.max(1).saturating_mul(3600);
            visitor.command(Command::Ban { by: visitor.actor(), prefix, note, length_s }).await
        }
        Err(problem) => Err(problem),
    };
    visitor.then(done, &back.or("/lockout".to_owned()))
}

/// A ban to lift.
#[derive(Deserialize)]
pub(crate) struct Lifted {
    prefix: String,
}

/// Lifts a ban.
pub(crate) async fn lift(visitor: Visitor, Signed(lifted): Signed<Lifted>) -> Result<Response, Problem> {
    visitor.must_change_lockout()?;
    let done = match prefix(&lifted.prefix) {
        Ok(prefix) => visitor.command(Command::LiftBan { by: visitor.actor(), prefix }).await,
        Err(problem) => Err(problem),
    };
    visitor.then(done, "/lockout")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(failures: u32, allow_list: &str) -> Limits {
        Limits {
            failures,
            window_min: 10,
            ban_min: 60,
            max_ban_h: 24,
            line_day: 30,
            address_day: 20,
            network_day: 60,
            asn_day: 300,
            allow_list: allow_list.into(),
        }
    }

    #[test]
    fn limits_are_checked_before_they_are_sent() {
        let settings = wanted(limits(3, "192.0.2.7\n 198.51.100.0/24"), Settings::default()).unwrap();
        assert_eq!((settings.failures, settings.window_s, settings.max_ban_s), (3, 600, 86_400));
        assert_eq!(settings.allow_list.len(), 2);
        for wrong in [limits(0, ""), limits(3, "office"), limits(25, "")] {
            assert!(matches!(wanted(wrong, Settings::default()), Err(Problem::Typed(_))));
        }
        assert_eq!([1, 2, 3, 4, 11, 22].map(ordinal), ["1st", "2nd", "3rd", "4th", "11th", "22nd"]);
    }
}
