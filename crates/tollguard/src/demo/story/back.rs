//! Step 8: the attacker comes back, to a password that has changed and a door that locks.

use std::time::Duration;

use sim::attacker::{self, Event};

use super::attack::of_attacker;
use super::scene::must;
use super::{Outcome, Story, Trouble};
use crate::demo::cast::{ATTACKER, PUMPED_PREFIX, Side};

const PATIENCE: Duration = Duration::from_secs(20);
/// A scanner gives up after eight unanswered tries of two seconds.
const SILENCE: Duration = Duration::from_secs(40);

pub(super) fn step(story: &mut Story) -> Outcome {
    let calls_before = story.theatre.cdrs(Side::Pbx, PUMPED_PREFIX).len();
    story.teller.begin("He registers with the password he knows");
    let mark = story.theatre.stage.mark();
    story.theatre.stage.order(ATTACKER, attacker::Command::Dial);
    let expected = "his old password is refused";
    let refused = story.theatre.stage.wait(mark, PATIENCE, |told| match of_attacker(told)? {
        Event::Registered => Some(Err("he registered with it")),
        Event::RegisterRefused { status } => Some(Ok(*status)),
        _ => None,
    });
    let status = refused.unwrap_or(Err("no answer at all")).map_err(|seen| Trouble::new(expected, seen))?;
    story.teller.end(&format!("refused (SIP {status})"));

    story.teller.begin("He guesses again");
    let mark = story.theatre.stage.mark();
    story.theatre.stage.order(ATTACKER, attacker::Command::Scan);
    let theatre = &story.theatre;
    let address = theatre.addresses.attacker().ip();
    let ban = must(PATIENCE, "his address is locked out", "it is not", || {
        let bans = theatre.reader(Side::Pbx).bans(theatre.stage.now_ms()).ok()?;
        bans.into_iter().find(|ban| ban.prefix.contains(&address))
    })?;
    let minutes = ban.until_ms.saturating_sub(ban.since_ms) / 60_000;
    story.teller.end(&format!("locked out for {minutes} minutes: {}", ban.describe()));

    story.teller.begin("He goes on guessing at a door that does not answer");
    let silent = story.theatre.stage.wait(mark, SILENCE, |told| match of_attacker(told)? {
        Event::Silent { .. } => Some(Ok(())),
        Event::Found { user, .. } => Some(Err(format!("he found the password of {user}"))),
        Event::Exhausted { .. } => Some(Err("all his guesses were answered".to_owned())),
        _ => None,
    });
    match silent {
        Some(Ok(())) => story.teller.end("he gives up"),
        Some(Err(seen)) => return Err(Trouble::new("nothing answers him any more", seen)),
        None => return Err(Trouble::new("nothing answers him any more", "he was still trying")),
    }
    let calls = story.theatre.cdrs(Side::Pbx, PUMPED_PREFIX).len();
    if calls != calls_before {
        return Err(Trouble::new("he places no further call", format!("{} more", calls - calls_before)));
    }
    Ok(())
}
