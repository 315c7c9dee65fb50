//! Steps 5 to 7: the firm reads its records, changes the password, turns the lock-out on and international calling back on.

use std::time::Duration;

use account::{Actor, Change};
use billing::Cdr;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use node::{Command, NodeChange};

use super::scene::{dollars, must};
use super::{Outcome, Story, Trouble};
use crate::demo::cast::{self, NEW_SECRET, OWNER, SPARE, Side, TIME_ZONE};

const PATIENCE: Duration = Duration::from_secs(10);
const LONDON: &str = "011442079460018";

/// Step 5: which extension, from where, to whom, for how much.
pub(super) fn look(story: &mut Story) -> Outcome {
    let calls = story.theatre.pumped(Side::Pbx);
    let attacker = story.theatre.addresses.attacker().ip();
    let expected = "the PBX's records show the thief's calls with extension, address and city";
    if calls.is_empty() {
        return Err(Trouble::new(expected, "no such calls"));
    }
    let good = |cdr: &&Cdr| {
        cdr.who.line.as_ref() == Some(&cast::spare())
            && cdr.from.ip == attacker
            && cdr.from.place.city.as_deref() == Some("Khan Yunis")
    };
    let matching = calls.iter().filter(good).count();
    if matching != calls.len() {
        return Err(Trouble::new(expected, format!("{matching} of {} do", calls.len())));
    }
    let mut rows = vec![["time", "ext.", "from", "where", "number", "result", "cost"].map(str::to_owned).to_vec()];
    rows.extend(calls.iter().map(row));
    story.teller.table(&rows);
    story.teller.gap();
    let told = story.theatre.incident(Side::Provider).map(|incident| incident.told).unwrap_or_default();
    story.teller.say(&format!(
        "All from extension {}, at {attacker} in Khan Yunis. {}",
        SPARE.0,
        match told.first() {
            Some(told) => format!("The PBX had told the provider so with each call (\"{told}\")."),
            None => String::new(),
        }
    ));
    if let Some(incident) = story.theatre.incident(Side::Pbx) {
        story.teller.say(&format!(
            "The PBX's own guard, which only watches, has opened an incident on line {} as well.",
            incident.line
        ));
    }
    Ok(())
}

fn row(cdr: &Cdr) -> Vec<String> {
    let place = &cdr.from.place;
    let country = place.country.map(|country| format!(", {country}")).unwrap_or_default();
    vec![
        local_time(cdr.times.start_ms),
        cdr.who.line.as_ref().map(ToString::to_string).unwrap_or_default(),
        cdr.from.ip.to_string(),
        format!("{}{country}", place.city.as_deref().unwrap_or("unknown")),
        cdr.number.e164.map_or_else(|| cdr.number.dialled.clone(), |number| number.to_string()),
        match cdr.times.answer_ms {
            Some(_) => format!("answered, {} s", cdr.times.talk_ms().div_ceil(1_000)),
            None if cdr.times.ring_ms.is_some() => "hung up while ringing".to_owned(),
            None => format!("refused ({})", cdr.result.sip_status),
        },
        dollars(cdr.money.charge),
    ]
}

/// The time of day in the firm's zone.
fn local_time(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    let zone = TimeZoneDatabase::bundled().get(TIME_ZONE).unwrap_or(jiff::tz::TimeZone::UTC);
    at.to_zoned(zone).strftime("%H:%M:%S").to_string()
}

/// Step 6: a new password, and the lock-out.
pub(super) fn secure(story: &mut Story) -> Outcome {
    let theatre = &story.theatre;
    let secrets = cast::secrets(Side::Pbx, SPARE.0, NEW_SECRET);
    let change = Change::SetSecret { line: cast::spare(), secrets };
    let done = theatre.change(Side::Pbx, "ann", change);
    let done = done.map_err(|error| Trouble::new("the PBX takes the new password", error.to_string()))?;
    story.teller.say(&format!("The PBX answers: \"{done}\""));
    must(PATIENCE, "the thief's telephone is no longer registered", "its binding is still there", || {
        theatre.line(Side::Pbx, &cast::spare())?.line.bindings.is_empty().then_some(())
    })?;
    let change = NodeChange::Lockout(lockout::Settings { enabled: true, ..lockout::Settings::default() });
    let done = theatre.ask(Side::Pbx, Command::Node { by: Actor::User("admin".to_owned()), change });
    let done = done.map_err(|error| Trouble::new("the PBX turns its lock-out on", error.to_string()))?;
    story.teller.say(&format!("And: \"{done}\""));
    must(PATIENCE, "the lock-out is on", "it is still off", || {
        theatre.reader(Side::Pbx).lockout().ok()?.enabled.then_some(())
    })?;
    Ok(())
}

/// Step 7: international calling, back on at the provider.
pub(super) fn lift(story: &mut Story) -> Outcome {
    let theatre = &story.theatre;
    let done = theatre.change(Side::Provider, "ann", Change::LiftCut { line: None });
    let done = done.map_err(|error| Trouble::new("the provider lifts the cut", error.to_string()))?;
    story.teller.say(&format!("{} turns international calling back on: \"{done}\"", OWNER.0));
    must(PATIENCE, "nothing is cut any more", "the cut is still there", || {
        let line = theatre.line(Side::Provider, &cast::trunk())?.line;
        (line.cut.is_none() && theatre.account(Side::Provider)?.cut.is_none()).then_some(())
    })?;
    let expected = "a call to London goes through again";
    match story.call("101", OWNER.0, LONDON, 1_500) {
        Some(went) if went.talk_ms.is_some() => {
            story.teller.end("goes through again");
            Ok(())
        }
        Some(went) => Err(Trouble::new(expected, went.describe())),
        None => Err(Trouble::new(expected, "it neither ended nor failed")),
    }
}
