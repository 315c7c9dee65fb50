//! Integer logarithm and exponential fading: all the arithmetic behind a weight, the same on every machine.

use crate::Decibans;

/// Bits of a number behind its first that [`log2_q10`] looks at, and of the fraction that it gives.
const BITS: u32 = 10;
/// 2 to the minus i/16, in 65,536ths: fading between two whole half-lives, interpolated.
const FADE_Q16: [u64; 17] = [
    65_536, 62_757, 60_097, 57_549, 55_109, 52_773, 50_535, 48_393, 46_341, 44_376, 42_495, 40_693, 38_968, 37_316,
    35_734, 34_219, 32_768,
];

/// The logarithm to the base 2 of 1 + i/1024, in 1024ths: one bit by each squaring.
static LOG2_Q10: [u16; 1 << BITS] = {
    let mut table = [0; 1 << BITS];
    let mut i = 0;
    while i < table.len() {
        // In [1, 2) with 31 fractional bits.
        let mut mantissa = (1 << 31) + ((i as u64) << (31 - BITS));
        let (mut log, mut bits) = (0, 0);
        while bits < BITS {
            mantissa = (mantissa * mantissa) >> 31;
            let doubled = mantissa >> 32;
            mantissa >>= doubled;
            log = (log << 1) | doubled as u16;
            bits += 1;
        }
        table[i] = log;
        i += 1;
    }
    table
};

/// Logarithm to the base 2 of `x`, in 1024ths; 0 for 0 and 1. Within two of them.
fn log2_q10(x: u64) -> i64 {
    let whole = u64::BITS - 1 - (x | 1).leading_zeros();
    // The bits behind the first: shifted to the top, without the first.
    let fraction = x << (u64::BITS - 1 - whole) << 1 >> (u64::BITS - BITS);
    i64::from(whole << BITS) + i64::from(LOG2_Q10.get(fraction as usize).copied().unwrap_or(0))
}

/// 10 log10 of `over / under`, to a tenth; both count as at least 1.
pub(crate) fn ratio_db(over: u64, under: u64) -> Decibans {
    let log2 = log2_q10(over.max(1)) - log2_q10(under.max(1));
    // 100 log10(2) = 30.103 tenths an octave; rounded to nearest.
    let scaled = log2 * 30_103;
    let half = if scaled < 0 { -512_000 } else { 512_000 };
    Decibans::from_tenths(((scaled + half) / 1_024_000) as i32)
}

/// `value` after `elapsed_ms` at a half-life of `half_life_ms`.
pub(crate) fn faded(value: u64, elapsed_ms: u64, half_life_ms: u64) -> u64 {
    let half_life_ms = half_life_ms.max(1);
    let whole = elapsed_ms / half_life_ms;
    if whole >= 63 {
        return 0;
    }
    // Position between two half-lives in 4096ths: 16 steps of 256.
    let between = (elapsed_ms % half_life_ms).saturating_mul(4_096) / half_life_ms;
    let step = (between / 256) as usize;
    let rest = between % 256;
    let from = FADE_Q16.get(step).copied().unwrap_or(32_768);
    let to = FADE_Q16.get(step + 1).copied().unwrap_or(32_768);
    let factor = from - (from - to) * rest / 256;
    ((u128::from(value) * u128::from(factor)) >> 16) as u64 >> whole
}

/// A weight after `elapsed_ms`, keeping its sign.
pub(crate) fn faded_db(weight: Decibans, elapsed_ms: u64, half_life_ms: u64) -> Decibans {
    let tenths = weight.tenths();
    let left = faded(u64::from(tenths.unsigned_abs()), elapsed_ms, half_life_ms) as i32;
    Decibans::from_tenths(if tenths < 0 { -left } else { left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decibans_are_ten_log_ten() {
        assert_eq!(ratio_db(10, 1), Decibans::whole(10));
        assert_eq!(ratio_db(1, 1000), Decibans::whole(-30));
        assert_eq!(ratio_db(2, 1), Decibans::from_tenths(30));
        assert_eq!(ratio_db(95, 40), Decibans::from_tenths(38));
        assert_eq!(ratio_db(0, 0), Decibans::whole(0));
        assert_eq!(ratio_db(u64::MAX, 1), Decibans::from_tenths(1927));
    }

    #[test]
    fn a_half_life_halves() {
        assert_eq!(faded(1000, 0, 60), 1000);
        assert_eq!(faded(1000, 60, 60), 500);
        assert_eq!(faded(1000, 30, 60), 707);
        assert_eq!(faded(1000, 600, 60), 0);
        assert_eq!(faded(u64::MAX, 1, 0), u64::MAX / 2);
        assert_eq!(faded_db(Decibans::whole(-8), 60, 60), Decibans::whole(-4));
    }

    proptest! {
        #[test]
        fn logarithms_are_near_the_real_ones(over in 1_u64..1 << 50, under in 1_u64..1 << 50) {
            let real = 100.0 * (over as f64 / under as f64).log10();
            prop_assert!((f64::from(ratio_db(over, under).tenths()) - real).abs() < 0.7);
        }

        #[test]
        fn fading_never_grows(value: u64, early in 0_u64..1 << 40, more in 0_u64..1 << 40, half_life in 1_u64..1 << 40) {
            prop_assert!(faded(value, early + more, half_life) <= faded(value, early, half_life));
        }
    }
}
