//! G.711 mu-law, a sine generator and a tone detector: enough to send a tone through a call and recognise it at the
//! other end. Nothing here is used to decide anything; floats are fine.

use std::f32::consts::TAU;

/// Samples a second of narrow-band telephony.
pub const SAMPLE_RATE_HZ: u32 = 8_000;

/// Added before encoding, so that every segment starts at a power of two (ITU-T G.711).
const BIAS: i16 = 0x84;
/// Loudest sample mu-law can carry.
const CLIP: i16 = 32_635;

/// Encodes a 16-bit sample as mu-law.
#[must_use]
pub fn ulaw_encode(sample: i16) -> u8 {
    let sign: u8 = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.saturating_abs().min(CLIP) + BIAS;
    // The biased magnitude lies in 0x84..=0x7fff: its highest bit is one of bits 7 to 14.
    let segment = 8 - magnitude.leading_zeros().clamp(1, 8);
    let mantissa = (magnitude >> (segment + 3)) & 0x0f;
    !(sign | (segment as u8) << 4 | mantissa as u8)
}

/// Decodes a mu-law byte to a 16-bit sample.
#[must_use]
pub fn ulaw_decode(byte: u8) -> i16 {
    let byte = !byte;
    let segment = (byte >> 4) & 0x07;
    let mantissa = i16::from(byte & 0x0f);
    let magnitude = (((mantissa << 3) + BIAS) << segment) - BIAS;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

/// An endless sine tone, one sample at a time.
#[derive(Clone, Debug)]
pub struct Tone {
    /// Phase in turns, 0 to 1.
    phase: f32,
    step: f32,
    amplitude: f32,
}

impl Tone {
    /// A tone of `freq_hz` at [`SAMPLE_RATE_HZ`], with a peak of `amplitude`.
    #[must_use]
    pub fn new(freq_hz: u16, amplitude: i16) -> Tone {
        let step = f32::from(freq_hz) / SAMPLE_RATE_HZ as f32;
        Tone { phase: 0.0, step, amplitude: f32::from(amplitude) }
    }

    /// The next `samples` samples as mu-law: a packet's payload (160 make 20 ms).
    #[must_use]
    pub fn ulaw(&mut self, samples: usize) -> Vec<u8> {
        self.take(samples).map(ulaw_encode).collect()
    }
}

impl Iterator for Tone {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        let sample = (self.phase * TAU).sin() * self.amplitude;
        self.phase = (self.phase + self.step).fract();
        Some(sample as i16)
    }
}

/// The share of a recording's energy that lies at `freq_hz` (Goertzel's algorithm): near 1 for that tone alone, near 0
/// for another tone, noise or silence. The recording is taken in blocks of 20 ms, so that the phase jumps of lost
/// packets do not hide a tone; tones closer together than about 100 Hz are not told apart.
#[must_use]
pub fn tone_share(samples: &[i16], freq_hz: u16) -> f32 {
    const BLOCK: usize = SAMPLE_RATE_HZ as usize / 50;
    let (mut at_tone, mut energy) = (0.0_f32, 0.0_f32);
    for block in samples.chunks(BLOCK) {
        // A tone of amplitude a has the energy n a^2 / 2 and the Goertzel power n^2 a^2 / 4.
        at_tone += goertzel_power(block, freq_hz) * 2.0 / block.len() as f32;
        energy += block.iter().map(|&sample| f32::from(sample).powi(2)).sum::<f32>();
    }
    if energy > 0.0 { at_tone / energy } else { 0.0 }
}

/// [`tone_share`] of mu-law bytes.
#[must_use]
pub fn ulaw_tone_share(bytes: &[u8], freq_hz: u16) -> f32 {
    let samples: Vec<i16> = bytes.iter().copied().map(ulaw_decode).collect();
    tone_share(&samples, freq_hz)
}

fn goertzel_power(block: &[i16], freq_hz: u16) -> f32 {
    let coefficient = 2.0 * (f32::from(freq_hz) / SAMPLE_RATE_HZ as f32 * TAU).cos();
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for &sample in block {
        (last, before) = (f32::from(sample) + coefficient * last - before, last);
    }
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mu_law_matches_the_table_of_g711() {
        let table = [(0, 0xff), (-1, 0x7f), (8, 0xfe), (-8, 0x7e), (32_124, 0x80), (-32_124, 0x00)];
        for (sample, byte) in table {
            assert_eq!(ulaw_encode(sample), byte, "{sample}");
        }
        assert_eq!((ulaw_decode(0x80), ulaw_decode(0x00)), (32_124, -32_124));
        assert_eq!((ulaw_encode(i16::MAX), ulaw_encode(i16::MIN)), (0x80, 0x00));
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=u8::MAX {
            // 0x7f is negative zero; zero encodes as 0xff.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(ulaw_encode(ulaw_decode(byte)), expected);
        }
    }

    #[test]
    fn a_tone_is_found_at_its_own_pitch_only() {
        let bytes = Tone::new(440, 10_000).ulaw(8_000);
        assert!(ulaw_tone_share(&bytes, 440) > 0.95);
        assert!(ulaw_tone_share(&bytes, 1_000) < 0.05);
    }

    #[test]
    fn a_tone_with_lost_packets_is_still_found() {
        let bytes = Tone::new(610, 8_000).ulaw(16_000);
        let heard: Vec<u8> = bytes
            .chunks(160)
            .enumerate()
            .filter(|(at, _)| at % 3 != 1)
            .flat_map(|(_, packet)| packet.to_vec())
            .collect();
        assert!(ulaw_tone_share(&heard, 610) > 0.9);
    }

    #[test]
    fn silence_and_nothing_hold_no_tone() {
        assert_eq!(tone_share(&[], 440), 0.0);
        assert_eq!(tone_share(&[0; 800], 440), 0.0);
    }

    #[test]
    fn two_tones_share_the_energy() {
        let mixed: Vec<i16> =
            Tone::new(400, 8_000).zip(Tone::new(1_200, 8_000)).take(8_000).map(|(a, b)| a + b).collect();
        for freq_hz in [400, 1_200] {
            let share = tone_share(&mixed, freq_hz);
            assert!((0.45..0.55).contains(&share), "{freq_hz}: {share}");
        }
    }
}
