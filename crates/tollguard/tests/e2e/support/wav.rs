//! WAV files: tones for baresip to send, and its recordings.

use std::path::Path;

use media::tone::{SAMPLE_RATE_HZ, Tone, tone_share};

/// Bytes of the header that [`write_tone`] and libsndfile write for plain PCM.
const HEADER: usize = 44;

/// Writes `seconds` of a tone: 8 kHz, one channel, 16 bit.
pub fn write_tone(path: &Path, freq_hz: u16, seconds: u32) {
    let samples = SAMPLE_RATE_HZ * seconds;
    let bytes = samples * 2;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((bytes + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1_u16, 1].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend([SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * 2].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend([2_u16, 16].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    assert_eq!(wav.len(), HEADER);
    wav.extend(Tone::new(freq_hz, 8_000).take(samples as usize).flat_map(i16::to_le_bytes));
    std::fs::write(path, wav).unwrap();
}

/// A recording's samples: 8 kHz, one channel, 16 bit. A recording in progress has a header that is not finished, or
/// none but its room, so the samples are taken to follow it to the end of the file.
pub fn read(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap();
    let data = bytes.windows(4).position(|four| four == b"data").map_or(HEADER, |at| at + 8);
    bytes.get(data..).unwrap_or_default().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// Waits until the last second of a recording is this tone and not the other.
#[track_caller]
pub fn expect_tone(path: &Path, freq_hz: u16, not_hz: u16) {
    super::wait_until(super::SOON, &format!("a tone of {freq_hz} Hz in {}", path.display()), || {
        last_second_share(path, freq_hz) > 0.8 && last_second_share(path, not_hz) < 0.05
    });
}

/// The share of a tone in the last second of a recording, 0 to 1; 0 as long as there is no second.
pub fn last_second_share(path: &Path, freq_hz: u16) -> f32 {
    let samples = read(path);
    let Some(start) = samples.len().checked_sub(SAMPLE_RATE_HZ as usize) else { return 0.0 };
    tone_share(&samples[start..], freq_hz)
}
