//! One running call of a station: its clock, its description, its voice.

mod voice;

use std::collections::VecDeque;
use std::net::SocketAddr;

use media::Direction;
use sip::Message;

use crate::sdp;
use voice::{Ear, Mouth};

/// A tone, spoken for as long as a call talks and is not on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Which tone.
    pub hz: u16,
    /// A packet of 20 ms of it every so many milliseconds: 20 for real voice, more to keep a simulation cheap.
    pub every_ms: u64,
}

/// What was heard in a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// RTP packets received.
    pub packets: u64,
    /// The strongest tone in the last second of them, where there was a clear one.
    pub tone_hz: Option<u16>,
}

/// An RTP packet to be sent.
#[derive(Debug)]
pub(crate) struct Packet {
    pub local: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// What a call wants done when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Nothing,
    Answer,
    HangUp,
}

/// One call, from the first ring to the end.
#[derive(Debug)]
pub(crate) struct Talk {
    /// Our RTP address.
    pub media: SocketAddr,
    /// When it was answered.
    pub answered_ms: Option<u64>,
    /// How long it shall talk.
    talk_ms: Option<u64>,
    answer_at_ms: Option<u64>,
    hang_up_at_ms: Option<u64>,
    /// The offer of a call that came in, until it is answered.
    offered: Vec<u8>,
    /// What our description says.
    direction: Direction,
    version: u64,
    mouth: Option<Mouth>,
    ear: Ear,
}

impl Talk {
    pub(crate) fn new(talk_ms: Option<u64>, media: SocketAddr) -> Talk {
        Talk {
            media,
            answered_ms: None,
            talk_ms,
            answer_at_ms: None,
            hang_up_at_ms: None,
            offered: Vec::new(),
            direction: Direction::SendRecv,
            version: 0,
            mouth: None,
            ear: Ear::default(),
        }
    }

    /// It came in, and rings until then.
    pub(crate) fn rings(&mut self, invite: &Message, answer_at_ms: Option<u64>) {
        self.offered = invite.body().to_vec();
        self.answer_at_ms = answer_at_ms;
    }

    pub(crate) fn take_offered(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.offered)
    }

    /// Our description as of now, a new version each time.
    pub(crate) fn describe(&mut self) -> Vec<u8> {
        self.version += 1;
        sdp::describe(self.media, self.version, self.direction)
    }

    pub(crate) fn answered(&mut self, now_ms: u64, their_sdp: &[u8], voice: Option<Voice>, seed: u64) {
        self.answered_ms = Some(now_ms);
        self.answer_at_ms = None;
        self.hang_up_at_ms = self.talk_ms.map(|talk_ms| now_ms.saturating_add(talk_ms));
        let to = sdp::voice_of(their_sdp).and_then(|(to, _)| to);
        self.mouth = voice.map(|voice| Mouth::new(voice, to, now_ms, seed));
    }

    pub(crate) fn set_held(&mut self, on: bool) {
        self.direction = if on { Direction::SendOnly } else { Direction::SendRecv };
    }

    /// A new offer of the other end; returns whether it puts us on hold. Where it has none we are to make one, and are
    /// held no longer.
    pub(crate) fn take_offer(&mut self, body: &[u8]) -> bool {
        let Some((to, direction)) = sdp::voice_of(body) else {
            if self.direction != Direction::SendOnly {
                self.direction = Direction::SendRecv;
            }
            return false;
        };
        self.direction = sdp::answer_to(direction);
        self.speak_to(to);
        direction != Direction::SendRecv
    }

    /// The answer to an offer of ours.
    pub(crate) fn take_answer(&mut self, body: &[u8]) {
        let Some((to, direction)) = sdp::voice_of(body) else { return };
        if self.direction != Direction::SendOnly {
            self.direction = sdp::answer_to(direction);
        }
        self.speak_to(to);
    }

    fn speak_to(&mut self, to: Option<SocketAddr>) {
        if let Some(mouth) = self.mouth.as_mut().filter(|_| to.is_some()) {
            mouth.set_target(to);
        }
    }

    pub(crate) fn next_wake_ms(&self) -> Option<u64> {
        let voice = self.mouth.as_ref().and_then(Mouth::next_ms);
        [self.answer_at_ms, self.hang_up_at_ms, voice].into_iter().flatten().min()
    }

    pub(crate) fn tick(&mut self, now_ms: u64, outputs: &mut VecDeque<Packet>) -> Next {
        let due = |at_ms: &Option<u64>| at_ms.is_some_and(|at_ms| at_ms <= now_ms);
        if due(&self.answer_at_ms) {
            return Next::Answer;
        }
        if due(&self.hang_up_at_ms) {
            self.hang_up_at_ms = None;
            self.mouth = None;
            return Next::HangUp;
        }
        let silent = matches!(self.direction, Direction::RecvOnly | Direction::Inactive);
        if let Some(mouth) = &mut self.mouth {
            while let Some((to, bytes)) = mouth.speak(now_ms) {
                if !silent {
                    outputs.push_back(Packet { local: self.media, to, bytes });
                }
            }
        }
        Next::Nothing
    }

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.ear.hear(bytes);
    }

    pub(crate) fn heard(&self) -> Heard {
        self.ear.heard()
    }
}
