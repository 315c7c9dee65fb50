//! What an owner's settings would most likely have been, from a year's records: what the firm does when nothing is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use billing::{Deck, Destination, Money, charge, replay_e164};
use replay::CallResult;

use super::{Home, Record, Records, offset_min};
use crate::cli::replay::summary::money;

/// Countries named one by one.
const MAX_NAMED: usize = 30;
const MINUTE_MS: u64 = 60_000;
const DAY_MIN: u64 = 24 * 60;

/// What the calls say.
#[derive(Debug, Default, PartialEq)]
pub struct Suggestion {
    /// Answered calls by destination, home left out: how many, and what they cost.
    pub abroad: BTreeMap<String, (u64, Money)>,
    /// What the dearest day cost, and which one (days since 1970, local).
    pub dearest_day: (Money, u64),
    /// The most calls that ran at once.
    pub at_once: usize,
    /// Calls by local hour of the day, on weekdays and on weekends.
    pub hours: [[u64; 24]; 2],
}

impl Suggestion {
    /// Looks at all records but those in `incidents`.
    pub fn of(records: &Records, incidents: &BTreeSet<&str>, deck: &Deck, home: &Home) -> Self {
        let mut suggestion = Self::default();
        let mut days: BTreeMap<u64, Money> = BTreeMap::new();
        // Begins and ends; at the same moment ends come first.
        let mut edges: Vec<(u64, i8)> = Vec::new();
        for record in records.calls.iter().filter(|record| !incidents.contains(record.id.as_str())) {
            let minutes = local_minutes(record, home);
            let (day, hour) = (minutes / DAY_MIN, minutes / 60 % 24);
            // The first day of 1970 was a Thursday.
            let weekend = usize::from((day + 3) % 7 >= 5);
            suggestion.hours[weekend][usize::try_from(hour).unwrap_or(0)] += 1;
            edges.push((record.at_ms, 1));
            edges.push((record.at_ms + record.fate.ring_ms + record.fate.talk_ms, -1));
            let Some(number) = replay_e164(&record.dialled) else { continue };
            let rate = deck.rate_for(number).cloned().unwrap_or_else(|| account::unpriced(number));
            let cost = charge(&rate, record.fate.talk_ms);
            let sum = days.entry(day).or_default();
            *sum = sum.saturating_add(cost);
            let destination = Destination::of(number);
            if destination.in_cut_class(number, home.country) && record.fate.result == CallResult::Answered {
                let (calls, spent) = suggestion.abroad.entry(destination.name(number)).or_default();
                *calls += 1;
                *spent = spent.saturating_add(cost);
            }
        }
        edges.sort_unstable();
        let mut running = 0_usize;
        for (_, edge) in edges {
            running = if edge > 0 { running + 1 } else { running.saturating_sub(1) };
            suggestion.at_once = suggestion.at_once.max(running);
        }
        let dearest = days.into_iter().max_by_key(|(_, cost)| *cost);
        suggestion.dearest_day = dearest.map_or((Money::ZERO, 0), |(day, cost)| (cost, day));
        suggestion
    }

    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::from("Your most likely settings, from the calls outside incidents:\n");
        let mut abroad: Vec<_> = self.abroad.iter().collect();
        abroad.sort_by_key(|(name, (calls, _))| (std::cmp::Reverse(*calls), *name));
        let _ = writeln!(text, "  destinations abroad{}", if abroad.is_empty() { "  none" } else { "" });
        for (name, (calls, spent)) in abroad.iter().take(MAX_NAMED) {
            let _ = writeln!(text, "    {name}: {calls} answered, {}", money(*spent));
        }
        if abroad.len() > MAX_NAMED {
            let _ = writeln!(text, "    ... and {} more", abroad.len() - MAX_NAMED);
        }
        let (cost, day) = self.dearest_day;
        let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(i64::try_from(day).unwrap_or(0)));
        let date = date.map_or_else(|_| String::new(), |date| format!(" ({date})"));
        let _ = writeln!(text, "  dearest day          {}{date}", money(cost));
        let _ = writeln!(text, "  most calls at once   {}", self.at_once);
        for (name, hours) in ["weekdays", "weekends"].iter().zip(&self.hours) {
            let _ = writeln!(text, "  hours on {name}    {}", span(hours));
        }
        // Room for a busier day than any so far.
        let _ =
            writeln!(text, "  so: tollguard account set ... --max-calls {}", (self.at_once + self.at_once / 2).max(2));
        text
    }
}

fn local_minutes(record: &Record, home: &Home) -> u64 {
    (record.at_ms / MINUTE_MS).saturating_add_signed(i64::from(offset_min(&home.zone, record.at_ms)))
}

/// The hours between which all but one in a hundred calls begin.
fn span(hours: &[u64; 24]) -> String {
    let all: u64 = hours.iter().sum();
    if all == 0 {
        return "no calls".to_owned();
    }
    let rare = all / 200;
    let outside = |from_the_end: bool| {
        let mut left = rare;
        let mut count = 0;
        for at in 0..24 {
            let calls = hours[if from_the_end { 23 - at } else { at }];
            if calls > left {
                break;
            }
            left -= calls;
            count += 1;
        }
        count
    };
    format!("{:02}:00 to {:02}:00", outside(false), 24 - outside(true))
}
