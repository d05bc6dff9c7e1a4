//! Constants of the code.

/// Mother code length.
//= TS 38.212 §5.3.1: n = min(⌈log2 864⌉, ⌈log2(8·56)⌉, 9) = 9
pub const N: usize = 512;
/// Payload and CRC bits.
pub const K: usize = 56;

/// Places of the 56 most reliable bits of a length-512 code, increasing.
//= TS 38.212 Table 5.3.1.2-1, the last 56 entries below 512
pub const INFO_POSITIONS: [u16; K] = [
    247, 253, 254, 255, 367, 375, 379, 381, 382, 383, 415, 431, 439, 441, 443, 444, 445, 446, 447, 463, 469, 470, 471,
    473, 474, 475, 476, 477, 478, 479, 483, 485, 486, 487, 489, 490, 491, 492, 493, 494, 495, 497, 498, 499, 500, 501,
    502, 503, 504, 505, 506, 507, 508, 509, 510, 511,
];

//= TS 38.212 Table 5.3.1.1-1
const INTERLEAVER_MAX: [u8; 164] = [
    0, 2, 4, 7, 9, 14, 19, 20, 24, 25, 26, 28, 31, 34, 42, 45, 49, 50, 51, 53, 54, 56, 58, 59, 61, 62, 65, 66, 67, 69,
    70, 71, 72, 76, 77, 81, 82, 83, 87, 88, 89, 91, 93, 95, 98, 101, 104, 106, 108, 110, 111, 113, 115, 118, 119, 120,
    122, 123, 126, 127, 129, 132, 134, 138, 139, 140, 1, 3, 5, 8, 10, 15, 21, 27, 29, 32, 35, 43, 46, 52, 55, 57, 60,
    63, 68, 73, 78, 84, 90, 92, 94, 96, 99, 102, 105, 107, 109, 112, 114, 116, 121, 124, 128, 130, 133, 135, 141, 6,
    11, 16, 22, 30, 33, 36, 44, 47, 64, 74, 79, 85, 97, 100, 103, 117, 125, 131, 136, 142, 12, 17, 23, 37, 48, 75, 80,
    86, 137, 143, 13, 18, 38, 144, 39, 145, 40, 146, 41, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158,
    159, 160, 161, 162, 163,
];

/// Π(k): the payload-with-CRC bit that interleaved place k carries.
///
/// # Shapes
/// `[56]`, a permutation of `0..56`.
#[must_use]
//= TS 38.212 §5.3.1.1
pub fn crc_interleaver() -> [u8; K] {
    let shift = (INTERLEAVER_MAX.len() - K) as u8;
    let mut out = [0u8; K];
    for (slot, value) in out.iter_mut().zip(INTERLEAVER_MAX.iter().filter(|&&p| p >= shift)) {
        *slot = value - shift;
    }
    out
}

//= TS 38.212 Table 5.4.1.1-1
const SUB_BLOCK: [u8; 32] = [
    0, 1, 2, 4, 3, 5, 6, 7, 8, 16, 9, 17, 10, 18, 11, 19, 12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30,
    31,
];

/// J(n): the coded bit that place `n` (0…511) of the rate-matching buffer holds.
#[must_use]
//= TS 38.212 §5.4.1.1: J(n) = P(⌊32n/N⌋)·N/32 + n mod (N/32)
pub const fn sub_block_position(n: usize) -> usize {
    let width = N / 32;
    SUB_BLOCK[n / width % 32] as usize * width + n % width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_permutation(values: impl Iterator<Item = usize>, len: usize) -> bool {
        let mut seen = vec![false; len];
        values.for_each(|v| seen[v] = true);
        seen.iter().all(|&s| s)
    }

    #[test]
    fn tables_are_permutations() {
        assert!(is_permutation(INTERLEAVER_MAX.iter().map(|&v| v.into()), 164));
        assert!(is_permutation(crc_interleaver().iter().map(|&v| v.into()), K));
        assert!(is_permutation((0..N).map(sub_block_position), N));
        assert!(INFO_POSITIONS.windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn reliable_places_respect_the_partial_order() {
        // raising a 0 bit of an index never makes it less reliable
        for p in INFO_POSITIONS {
            for bit in 0..9 {
                assert!(INFO_POSITIONS.contains(&(p | 1 << bit)), "{p} bit {bit}");
            }
        }
    }
}
