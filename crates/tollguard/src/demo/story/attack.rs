//! Steps 2 and 3: the password of the spare extension is guessed, and its new master dials Albania.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use account::Cut;
use guard::Incident;
use sim::attacker::{self, Event};

use super::scene::must;
use super::{Outcome, Story, Trouble};
use crate::demo::cast::{self, ATTACKER, SPARE, Side};
use crate::demo::drive::{Happening, Told};
use crate::demo::tell::{count, span};

/// How long guessing and registering may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the provider may take to notice.
const NOTICE: Duration = Duration::from_secs(30);

/// A refusal comes within this time; what ends later has rung.
const RINGS_AFTER_MS: u64 = 400;

/// How far the attack has been told.
#[derive(Debug, Default)]
pub(super) struct Attack {
    /// What happened up to here has been told.
    mark: usize,
    /// When each number was dialled that rings now.
    dialled_ms: BTreeMap<String, u64>,
    /// He has dialled all he wanted, or given up.
    pub(super) over: bool,
    /// The provider's cut, once it stands.
    pub(super) cut: Option<Cut>,
}

/// What the attacker tells.
pub(super) fn of_attacker(told: &Told) -> Option<&Event> {
    match told {
        Told { who: ATTACKER, what: Happening::Attacker(event), .. } => Some(event),
        _ => None,
    }
}

pub(super) fn guess(story: &mut Story) -> Outcome {
    let from = story.theatre.addresses.attacker();
    story.teller.say(&format!(
        "Somebody in Khan Yunis, at {}, runs a scanner (\"{}\") against the PBX: extension after extension, password \
         after password.",
        from.ip(),
        sim::attacker::SCANNER_AGENTS[0]
    ));
    story.teller.begin("He guesses");
    let mark = story.theatre.stage.mark();
    story.theatre.stage.order(ATTACKER, attacker::Command::Scan);
    let found = story.theatre.stage.wait(mark, PATIENCE, |told| match of_attacker(told)? {
        Event::Found { user, secret, tries } => Some(Ok((user.clone(), secret.clone(), *tries))),
        Event::Silent { tries } => Some(Err(format!("nothing answered any more after {tries} guesses"))),
        Event::Exhausted { tries } => Some(Err(format!("{tries} guesses found nothing"))),
        _ => None,
    });
    let expected = format!("the password of extension {} is guessed while the lock-out is off", SPARE.0);
    let (user, secret, tries) = match found {
        Some(Ok(found)) => found,
        Some(Err(seen)) => return Err(Trouble::new(expected, seen)),
        None => return Err(Trouble::new(expected, "he was still guessing")),
    };
    if (user.as_str(), secret.as_str()) != SPARE {
        return Err(Trouble::new(expected, format!("he found the password of {user}")));
    }
    story.teller.refused(&format!("guess {tries} is right: extension {user}, a spare desk, with password {secret}"));
    story.teller.begin("He registers a telephone of his own with it");
    let mark = story.theatre.stage.mark();
    story.attack.mark = mark;
    story.theatre.stage.order(ATTACKER, attacker::Command::Dial);
    let theatre = &story.theatre;
    let binding = must(PATIENCE, "the PBX has a binding of the spare extension from his address", "none", || {
        let line = theatre.line(Side::Pbx, &cast::spare())?.line;
        line.bindings.into_iter().find(|binding| binding.flow.remote == from)
    })?;
    story.teller.refused(&format!("registered, from {}", binding.place.describe()));
    Ok(())
}

pub(super) fn pump(story: &mut Story) -> Outcome {
    story.teller.say(
        "He earns a share of what calls to certain mobile numbers in Albania cost. If nobody stops him he makes ten of \
         them, to two numbers, four minutes each.",
    );
    story.teller.gap();
    let until = Instant::now() + NOTICE;
    loop {
        story.tell_attack();
        let tried = !story.theatre.pumped(Side::Provider).is_empty() || story.theatre.pumping(Side::Provider) > 0;
        // In office hours the guard may want to see a second call before it cuts; the first that it refuses is an alert.
        story.attack.cut = story.theatre.cut(Side::Provider);
        if story.attack.cut.is_some() && tried {
            return Ok(());
        }
        if Instant::now() >= until {
            let calls = count(story.theatre.pumped(Side::Provider).len(), "call");
            let said = story.theatre.incident(Side::Provider).map(|incident| incident.action);
            let seen = format!("{calls} to Albania, and its incident says {said:?}");
            return Err(Trouble::new("the provider itself cuts international calling on the trunk", seen));
        }
        story.theatre.stage.news(Duration::from_millis(50));
    }
}

impl Story {
    /// Tells what the attacker has done since it was last told.
    pub(super) fn tell_attack(&mut self) {
        let (teller, mark) = (self.teller, self.attack.mark);
        let news = self.theatre.stage.since(mark);
        self.attack.mark = mark + news.len();
        for (at_ms, event) in news.iter().filter_map(|told| Some((told.at_ms, of_attacker(told)?))) {
            match event {
                Event::Calling { number } => {
                    teller.event(&format!("he dials {}", spaced(number)));
                    self.attack.dialled_ms.insert(number.clone(), at_ms);
                }
                Event::Answered { number } => teller.event(&format!("{} answers", spaced(number))),
                Event::Ended { number, talk_ms: Some(talk_ms), .. } => {
                    teller.event_bad(&format!("{} is hung up after {}", spaced(number), span(*talk_ms)));
                }
                Event::Ended { number, status, .. } => {
                    let dialled_ms = self.attack.dialled_ms.remove(number).unwrap_or(at_ms);
                    let rang = at_ms.saturating_sub(dialled_ms) >= RINGS_AFTER_MS;
                    let how = if rang { "is hung up while it rings" } else { "is refused at once" };
                    teller.event_bad(&format!("{} {how} (SIP {status})", spaced(number)));
                }
                Event::Done => self.attack.over = true,
                _ => {}
            }
        }
    }
}

/// An Albanian mobile number with blanks: "+355 69 123 4567".
fn spaced(dialled: &str) -> String {
    let digits = dialled.strip_prefix("011").unwrap_or(dialled);
    match (digits.get(..3), digits.get(3..5), digits.get(5..8), digits.get(8..)) {
        (Some(country), Some(network), Some(first), Some(rest)) => format!("+{country} {network} {first} {rest}"),
        _ => format!("+{digits}"),
    }
}

/// The evidence of an incident, strongest first, in the guard's words.
pub(super) fn evidence(incident: &Incident) -> String {
    incident.evidence.iter().map(|fact| format!("- {}", fact.text)).collect::<Vec<_>>().join("\n")
}
