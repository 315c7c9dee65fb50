//! Step 4: the provider has noticed by itself; what it did, what it wrote, and what still works.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use billing::Decision;
use guard::Action;
use mail_parser::MessageParser;

use super::attack::evidence;
use super::scene::{dollars, fraud, must, until};
use super::{Outcome, Story, Trouble};
use crate::demo::cast::{OWNER, SPARE, Side};
use crate::demo::tell::{count, span};

const PATIENCE: Duration = Duration::from_secs(10);
/// How long the attacker may go on trying.
const ATTACK: Duration = Duration::from_secs(40);
/// How long the mail may take: the guard waits up to ten seconds for the calls it hung up.
const MAIL: Duration = Duration::from_secs(25);
/// Lines of the mail that are shown.
const MAIL_LINES: usize = 34;
/// The most the attack may have cost, micro-dollars.
const MOST_LOST_MICROS: i64 = 400_000;
/// The most of its calls that may have been answered.
const MOST_ANSWERED: usize = 2;
/// Numbers that nobody else in the story calls.
const HOME: &str = "7205550198";
const LONDON: &str = "011442079460018";

pub(super) fn step(story: &mut Story) -> Outcome {
    let cut_ms = cut(story)?;
    attack_ends(story, cut_ms)?;
    mail(story)?;
    what_still_works(story)
}

/// The cut is made, by the provider alone; says when.
fn cut(story: &mut Story) -> Result<u64, Trouble> {
    let theatre = &story.theatre;
    let incident = must(PATIENCE, "an incident at the provider", "none", || theatre.incident(Side::Provider))?;
    let expected = "the provider itself cuts international calling on the trunk";
    if incident.shadow || incident.action < Action::CutLine {
        return Err(Trouble::new(expected, format!("its incident says {:?}", incident.action)));
    }
    let Some(cut) = story.attack.cut else { return Err(Trouble::new(expected, "the trunk is not cut")) };
    if theatre.cut(Side::Pbx).is_some() {
        return Err(Trouble::new(expected, "the PBX has cut as well, although it only watches"));
    }
    let first_ms = incident.calls.iter().map(|call| call.start_ms).min().unwrap_or(cut.since_ms);
    story.teller.gap();
    story.teller.say(&format!(
        "{} after the first of these calls reached it, the provider cut international calling on the firm's trunk. \
         Nobody told it to. What spoke against the calls:",
        span(cut.since_ms.saturating_sub(first_ms))
    ));
    story.teller.quote(&evidence(&incident));
    story.teller.gap();
    Ok(cut.since_ms)
}

/// What ran is hung up; what is tried afterwards is refused.
fn attack_ends(story: &mut Story, cut_ms: u64) -> Outcome {
    let end = Instant::now() + ATTACK;
    while !story.attack.over && Instant::now() < end {
        story.tell_attack();
        story.theatre.stage.news(Duration::from_millis(50));
    }
    let theatre = &story.theatre;
    until(PATIENCE, || Side::BOTH.iter().all(|side| theatre.pumping(*side) == 0).then_some(()));
    let running: usize = Side::BOTH.iter().map(|side| theatre.pumping(*side)).sum();
    if running > 0 {
        return Err(Trouble::new("the calls to Albania are hung up", format!("{running} still running")));
    }
    let after: Vec<_> = theatre.pumped(Side::Provider).into_iter().filter(|cdr| cdr.times.start_ms > cut_ms).collect();
    if after.is_empty() || after.iter().any(|cdr| cdr.verdict.decision != Decision::Refused) {
        let through = after.iter().filter(|cdr| cdr.verdict.decision != Decision::Refused).count();
        let seen = format!("{} tried, {through} let through", after.len());
        return Err(Trouble::new("every call to Albania after the cut is refused", seen));
    }
    let found = fraud(theatre);
    if found.tried == 0 || found.answered > MOST_ANSWERED || found.loss.micros() > MOST_LOST_MICROS {
        let seen = format!("{} answered, {} lost", found.answered, dollars(found.loss));
        return Err(Trouble::new("at most two calls answered and at most $0.40 lost", seen));
    }
    story.teller.gap();
    story.teller.say(&format!(
        "{} reached the provider, {} answered, {} refused after the cut. The damage: {}.",
        count(found.tried, "call"),
        found.answered,
        after.len(),
        dollars(found.loss)
    ));
    Ok(())
}

/// The firm has mail.
fn mail(story: &mut Story) -> Outcome {
    let Some(server) = &story.theatre.mail else {
        story.teller.say("The mail went to the server you named; look for it there.");
        return Ok(());
    };
    story.teller.gap();
    story.teller.begin(&format!("The provider writes to {}", OWNER.1));
    let expected = "a mail to the firm about the incident arrives at the mail server";
    let (path, text) =
        must(MAIL, expected, "none came", || server.received().into_iter().find_map(|path| warning(&path)))?;
    story.teller.end("received by the mail server");
    story.teller.gap();
    let lines: Vec<&str> = text.lines().collect();
    story.teller.quote(&lines.iter().take(MAIL_LINES).copied().collect::<Vec<_>>().join("\n"));
    if lines.len() > MAIL_LINES {
        let path = path.display();
        story
            .teller
            .quote(&format!("({} more, and the same in HTML: {path})", count(lines.len() - MAIL_LINES, "line")));
    }
    story.teller.gap();
    story.mail = Some(path);
    Ok(())
}

/// A received mail's subject and text, if it tells the owner of calls to Albania.
fn warning(path: &std::path::Path) -> Option<(PathBuf, String)> {
    let bytes = std::fs::read(path).ok()?;
    let mail = MessageParser::default().parse(&bytes)?;
    let to_owner = mail.to()?.iter().any(|to| to.address() == Some(OWNER.1));
    let text = mail.body_text(0)?;
    let subject = mail.subject().unwrap_or_default();
    let from = mail.from()?.first()?.name().unwrap_or_default().to_owned();
    let whole = format!("From: {from}\nSubject: {subject}\n\n{}", text.trim());
    (to_owner && text.contains("Albania")).then(|| (path.to_owned(), whole))
}

/// During the cut: home and emergency calls go through, others abroad do not.
fn what_still_works(story: &mut Story) -> Outcome {
    story.teller.say("With international calling cut, the rest of the firm works on:");
    for (who, name, number, what) in
        [("103", "The front desk", HOME, "a call at home"), ("101", OWNER.0, "911", "an emergency call")]
    {
        let expected = format!("{what} goes through during the cut");
        match story.call(who, name, number, 1_200) {
            Some(went) if went.talk_ms.is_some() => story.teller.end("goes through"),
            Some(went) => return Err(Trouble::new(expected, went.describe())),
            None => return Err(Trouble::new(expected, "it neither ended nor failed")),
        }
    }
    match story.call("101", OWNER.0, LONDON, 1_200) {
        Some(went) if went.talk_ms.is_none() => {
            story.teller.refused(&format!("refused (SIP {}): that is the cut", went.status));
        }
        Some(went) => return Err(Trouble::new("a call to London is refused during the cut", went.describe())),
        None => return Err(Trouble::new("a call to London is refused during the cut", "it neither ended nor failed")),
    }
    let theatre = &story.theatre;
    let emergency = must(PATIENCE, "the provider's record of the emergency call", "none", || {
        theatre.cdrs(Side::Provider, "911").pop()
    })?;
    if emergency.verdict.decision != Decision::Allowed {
        return Err(Trouble::new("the emergency call is let through", "it was refused"));
    }
    story.teller.gap();
    story.teller.say(&format!("Extension {} is still in the thief's hands. That is for the firm to end.", SPARE.0));
    Ok(())
}
