//! A station's mouth and ear: a tone in mu-law packets going out, and the tone in the packets coming in.

use std::collections::VecDeque;
use std::net::SocketAddr;

use media::RtpPacket;
use media::rtp::PAYLOAD_PCMU;
use media::tone::{Tone, ulaw_tone_share};

use super::{Heard, Voice};

/// Samples of one packet: 20 ms.
const PACKET_SAMPLES: usize = 160;
/// How much of what was heard last is kept: ten packets, which may be ten seconds of a sparing voice.
const KEPT_SAMPLES: usize = 10 * PACKET_SAMPLES;
/// Loudness of the tone.
const AMPLITUDE: i16 = 8_000;
/// A late driver catches up on at most this many packets.
const MAX_BEHIND_MS: u64 = 1_000;

/// Speaks.
#[derive(Debug)]
pub(super) struct Mouth {
    tone: Tone,
    to: Option<SocketAddr>,
    every_ms: u64,
    next_ms: u64,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

impl Mouth {
    pub(super) fn new(voice: Voice, to: Option<SocketAddr>, now_ms: u64, seed: u64) -> Mouth {
        Mouth {
            tone: Tone::new(voice.hz, AMPLITUDE),
            to,
            every_ms: voice.every_ms.max(1),
            next_ms: now_ms,
            sequence: 0,
            timestamp: 0,
            ssrc: seed as u32,
        }
    }

    pub(super) fn set_target(&mut self, to: Option<SocketAddr>) {
        self.to = to;
    }

    pub(super) fn next_ms(&self) -> Option<u64> {
        self.to.map(|_| self.next_ms)
    }

    /// The next packet that is due.
    pub(super) fn speak(&mut self, now_ms: u64) -> Option<(SocketAddr, Vec<u8>)> {
        let to = self.to.filter(|_| self.next_ms <= now_ms)?;
        let payload = self.tone.ulaw(PACKET_SAMPLES);
        let packet = RtpPacket {
            payload_type: PAYLOAD_PCMU,
            marker: self.sequence == 0,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload: &payload,
        };
        let bytes = packet.to_bytes();
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(PACKET_SAMPLES as u32);
        self.next_ms = (self.next_ms + self.every_ms).max(now_ms.saturating_sub(MAX_BEHIND_MS));
        Some((to, bytes))
    }
}

/// Hears.
#[derive(Debug, Default)]
pub(super) struct Ear {
    packets: u64,
    last: VecDeque<u8>,
}

impl Ear {
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let Ok(packet) = RtpPacket::parse(bytes) else { return };
        self.packets += 1;
        if packet.payload_type == PAYLOAD_PCMU {
            self.last.extend(packet.payload);
            let surplus = self.last.len().saturating_sub(KEPT_SAMPLES);
            self.last.drain(..surplus);
        }
    }

    pub(super) fn heard(&self) -> Heard {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        let shares = (200..=3_000).step_by(20).map(|hz: u16| (ulaw_tone_share(&bytes, hz), hz));
        let loudest = if bytes.is_empty() { None } else { shares.max_by(|a, b| a.0.total_cmp(&b.0)) };
        Heard { packets: self.packets, tone_hz: loudest.filter(|(share, _)| *share > 0.5).map(|(_, hz)| hz) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_spoken_every_20_ms_and_heard() {
        let to = "192.0.2.1:4000".parse().unwrap();
        let mut mouth = Mouth::new(Voice { hz: 700, every_ms: 20 }, Some(to), 1_000, 9);
        let mut ear = Ear::default();
        let mut now_ms = 1_000;
        while now_ms < 2_000 {
            while let Some((_, bytes)) = mouth.speak(now_ms) {
                ear.hear(&bytes);
            }
            now_ms = mouth.next_ms().unwrap();
        }
        assert_eq!(ear.heard(), Heard { packets: 50, tone_hz: Some(700) });
        assert_eq!(Ear::default().heard(), Heard::default());
    }
}
