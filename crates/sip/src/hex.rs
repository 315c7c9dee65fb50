//! Lower-case hexadecimal, as digests and nonces travel.

const DIGITS: &[u8; 16] = b"0123456789abcdef";
/// Both digits of each byte.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The value of what is no digit: more than any digit's.
const NO_DIGIT: u8 = 0xff;
/// The value of each digit, in either case.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        values[DIGITS[digit] as usize] = digit as u8;
        values[DIGITS[digit].to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// Appends `bytes` as lower-case hexadecimal digits.
pub(crate) fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes.iter().flat_map(|b| PAIRS[usize::from(*b)]));
}

/// At most 32 bytes as lower-case hexadecimal digits, without allocation.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    digits: [u8; 64],
    len: usize,
}

impl Short {
    /// Of more than 32 bytes, the first 32.
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> Short {
        let mut digits = [0; 64];
        for (pair, b) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = PAIRS[usize::from(*b)];
        }
        Short { digits, len: (bytes.len() * 2).min(64) }
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    /// As a number is written: without leading zeros, but with one digit at least.
    #[inline]
    pub(crate) fn without_zeros(&self) -> &[u8] {
        let digits = self.as_bytes();
        let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(self.len.saturating_sub(1));
        digits.get(first..).unwrap_or_default()
    }
}

/// `bytes` as a lower-case hexadecimal string.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    push(&mut text, bytes);
    String::from_utf8(text).expect("hexadecimal digits are ASCII")
}

/// Reads exactly `N` bytes of hexadecimal in either case; `None` for any other length or character.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0u8; N];
    let mut wrong = 0;
    for (byte, [high, low]) in out.iter_mut().zip(text.as_chunks::<2>().0) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        wrong |= high | low;
        *byte = high << 4 | low & 15;
    }
    (wrong != NO_DIGIT).then_some(out)
}

/// Reads hexadecimal in either case; `None` for anything else.
pub fn decode_all(text: &[u8]) -> Option<Vec<u8>> {
    text.chunks(2).map(|pair| decode::<1>(pair).map(|[byte]| byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        assert_eq!(encode(&[0, 0xab, 0xff]), "00abff");
        assert_eq!(decode::<3>(b"00aBfF"), Some([0, 0xab, 0xff]));
        assert_eq!(decode::<3>(b"00abf"), None);
        assert_eq!(decode::<1>(b"g0"), None);
        assert_eq!(decode_all(b"00aBfF"), Some(vec![0, 0xab, 0xff]));
        assert_eq!((decode_all(b"00a"), decode_all(b"0g"), decode_all(b"")), (None, None, Some(Vec::new())));
    }
}
