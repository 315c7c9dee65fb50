//! Calls placed on stage, told while they happen.

use std::time::Duration;

use sim::CallHandle;
use sim::carrier;
use sim::ua::{self, Heard};

use super::Story;
use crate::demo::cast::{CARRIER, CARRIER_HZ, PHONE_HZ};
use crate::demo::drive::{Happening, Told, Who};
use crate::demo::tell::span;

/// How long a call may take from the first digit to its end, beyond its talk.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a call went, as its caller saw it.
pub(super) struct Went {
    /// How long it talked, if it was answered.
    pub(super) talk_ms: Option<u64>,
    /// The final status.
    pub(super) status: u16,
    /// What the caller heard.
    pub(super) heard: Heard,
}

impl Went {
    /// In words, for a step that failed.
    pub(super) fn describe(&self) -> String {
        match self.talk_ms {
            Some(talk_ms) => format!(
                "the call talked for {} and heard {} packets of voice, tone {:?} Hz",
                span(talk_ms),
                self.heard.packets,
                self.heard.tone_hz
            ),
            None => format!("the call ended with SIP status {}", self.status),
        }
    }
}

impl Story {
    /// A telephone calls a number and hangs up after `talk_ms`; told as one line of progress. `None` where the call
    /// neither ends nor fails.
    pub(super) fn call(&mut self, who: Who, name: &str, number: &str, talk_ms: u64) -> Option<Went> {
        self.teller.begin(&format!("{name} ({who}) dials {number}"));
        let mark = self.theatre.stage.mark();
        self.theatre.stage.order(who, ua::Command::Call { number: number.to_owned(), talk_ms: Some(talk_ms) });
        let stage = &mut self.theatre.stage;
        let call = stage.wait(mark, PATIENCE, |told| match told {
            Told { who: w, what: Happening::Phone(ua::Event::Calling { call, number: n }), .. }
                if *w == who && n == number =>
            {
                Some(*call)
            }
            _ => None,
        })?;
        let patience = PATIENCE + Duration::from_millis(talk_ms);
        let teller = self.teller;
        let mut rang = false;
        stage.wait(mark, patience, |told| match told {
            Told { who: w, what: Happening::Phone(event), .. } if *w == who => match event {
                ua::Event::Ringing { call: c, .. } if *c == call && !rang => {
                    rang = true;
                    teller.then("rings");
                    None
                }
                ua::Event::Answered { call: c } if *c == call => {
                    teller.then("answered");
                    None
                }
                ua::Event::Ended { call: c, status, talk_ms, heard, .. } if *c == call => {
                    Some(Went { talk_ms: *talk_ms, status: *status, heard: *heard })
                }
                _ => None,
            },
            _ => None,
        })
    }

    /// Whether both ends of a call to the carrier heard each other: what the carrier heard comes from its own event.
    pub(super) fn both_heard(&mut self, mark: usize, number: &str, went: &Went) -> bool {
        let Some(call) = self.arrived(mark, number) else { return false };
        let far = self.theatre.stage.wait(mark, PATIENCE, |told| match &told.what {
            Happening::Carrier(carrier::Event::Ended { call: c, heard, .. }) if *c == call => Some(*heard),
            _ => None,
        });
        far.is_some_and(|far| far.tone_hz == Some(PHONE_HZ)) && went.heard.tone_hz == Some(CARRIER_HZ)
    }

    /// The carrier's handle of a call to this number.
    fn arrived(&mut self, mark: usize, number: &str) -> Option<CallHandle> {
        self.theatre.stage.wait(mark, PATIENCE, |told| match told {
            Told {
                who: CARRIER, what: Happening::Carrier(carrier::Event::Arrived { call, number: n, .. }), ..
            } if n.ends_with(number) => Some(*call),
            _ => None,
        })
    }
}
