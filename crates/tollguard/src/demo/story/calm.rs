//! Step 1: everything registers, and ordinary calls are heard at both ends.

use std::time::Duration;

use sim::carrier;
use sim::ua;

use super::scene::must;
use super::{Outcome, Story, Trouble};
use crate::demo::cast::{self, CARRIER, MAIN_NUMBER, OWNER, PHONE_HZ, PHONES, Side};
use crate::demo::drive::{Happening, Told};

const PATIENCE: Duration = Duration::from_secs(10);
/// How long each of these calls talks.
const TALK_MS: u64 = 2_000;
/// A number that nobody else in the story calls.
const HOME: &str = "3035550199";
/// Who calls the firm.
const CLIENT: &str = "+13035550111";

pub(super) fn step(story: &mut Story) -> Outcome {
    register(story)?;
    call_out(story)?;
    call_in(story)?;
    call_home(story)
}

fn register(story: &mut Story) -> Outcome {
    let mark = story.theatre.stage.mark();
    for phone in &PHONES {
        story.theatre.stage.order(phone.extension, ua::Command::Register);
    }
    story.teller.begin("The telephones register with the PBX");
    for phone in &PHONES {
        let status = story.theatre.stage.wait(mark, PATIENCE, |told| match told {
            Told { who, what: Happening::Phone(event), .. } if *who == phone.extension => match event {
                ua::Event::Registered { .. } => Some(200),
                ua::Event::RegisterFailed { status } => Some(*status),
                _ => None,
            },
            _ => None,
        });
        if status != Some(200) {
            let seen = format!("extension {} got {}", phone.extension, status.unwrap_or(408));
            return Err(Trouble::new("every telephone registers with the PBX", seen));
        }
        story.teller.then(phone.extension);
    }
    story.teller.end("all registered");
    story.teller.begin("The PBX registers its trunk with the provider, by digest");
    let theatre = &story.theatre;
    must(PATIENCE, "the PBX is registered with the provider", "no binding of the trunk there", || {
        let line = theatre.line(Side::Provider, &cast::trunk())?.line;
        line.bindings.iter().any(|binding| binding.flow.remote == theatre.addresses.node(Side::Pbx)).then_some(())
    })?;
    story.teller.end("registered");
    Ok(())
}

fn call_out(story: &mut Story) -> Outcome {
    let expected = "a call out is answered and both ends hear the other's tone";
    let mark = story.theatre.stage.mark();
    let Some(went) = story.call("101", OWNER.0, HOME, TALK_MS) else {
        return Err(Trouble::new(expected, "the call neither ended nor failed"));
    };
    if went.talk_ms.is_none() || !story.both_heard(mark, HOME, &went) {
        return Err(Trouble::new(expected, went.describe()));
    }
    story.teller.end("both ends hear each other, then hang up");
    Ok(())
}

fn call_in(story: &mut Story) -> Outcome {
    let expected = "a call to the firm's number rings in the office, is answered and heard at both ends";
    story.teller.begin(&format!("A client dials the firm's number {MAIN_NUMBER}"));
    let mark = story.theatre.stage.mark();
    let order = carrier::Command::Call { did: MAIN_NUMBER.to_owned(), from: CLIENT.to_owned(), talk_ms: Some(TALK_MS) };
    story.theatre.stage.order(CARRIER, order);
    let answered = story.theatre.stage.wait(mark, PATIENCE, |told| match told {
        Told { who, what: Happening::Phone(ua::Event::Answered { call }), .. } if ["103", "102"].contains(who) => {
            Some((*who, *call))
        }
        _ => None,
    });
    let Some((who, call)) = answered else {
        return Err(Trouble::new(expected, "no telephone of the office answered"));
    };
    story.teller.then(&format!("extension {who} answers"));
    let heard_here = story.theatre.stage.wait(mark, PATIENCE, |told| match told {
        Told { who: w, what: Happening::Phone(ua::Event::Ended { call: c, heard, .. }), .. }
            if *w == who && *c == call =>
        {
            Some(heard.tone_hz)
        }
        _ => None,
    });
    let heard_there = story.theatre.stage.wait(mark, PATIENCE, |told| match &told.what {
        Happening::Carrier(carrier::Event::Ended { heard, talk_ms: Some(_), .. }) => Some(heard.tone_hz),
        _ => None,
    });
    if heard_here.flatten() != Some(cast::CARRIER_HZ) || heard_there.flatten() != Some(PHONE_HZ) {
        return Err(Trouble::new(expected, format!("heard here {heard_here:?} Hz, there {heard_there:?} Hz")));
    }
    story.teller.end("both ends hear each other, then hang up");
    Ok(())
}

/// From the bat phone to the office, through the PBX alone.
fn call_home(story: &mut Story) -> Outcome {
    let expected = "the telephone at home calls the office and hears it";
    let Some(went) = story.call("109", "The bat phone at her home", "101", TALK_MS) else {
        return Err(Trouble::new(expected, "the call neither ended nor failed"));
    };
    if went.heard.tone_hz != Some(PHONE_HZ) {
        return Err(Trouble::new(expected, went.describe()));
    }
    story.teller.end("both ends hear each other, then hang up");
    Ok(())
}
