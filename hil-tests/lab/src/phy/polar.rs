//! Polar code of the broadcast channel: K = 56 (32 bits and their CRC), N = 512, E = 864.

/// Information bits and CRC.
pub const K: usize = 56;
/// Length of the mother code.
pub const N: usize = 512;
/// Length after rate matching.
pub const E: usize = 864;

/// The 56 most reliable of 512 bit channels, ascending.
//= TS 38.212 Table 5.3.1.2-1 restricted to W < 512
const INFORMATION: [u16; K] = [
    247, 253, 254, 255, 367, 375, 379, 381, 382, 383, 415, 431, 439, 441, 443, 444, 445, 446, 447, 463, 469, 470, 471,
    473, 474, 475, 476, 477, 478, 479, 483, 485, 486, 487, 489, 490, 491, 492, 493, 494, 495, 497, 498, 499, 500, 501,
    502, 503, 504, 505, 506, 507, 508, 509, 510, 511,
];

/// Input interleaver for K = 56.
//= TS 38.212 Table 5.3.1.1-1, entries >= 164 - 56, minus 108
const INTERLEAVER: [u8; K] = [
    0, 2, 3, 5, 7, 10, 11, 12, 14, 15, 18, 19, 21, 24, 26, 30, 31, 32, 1, 4, 6, 8, 13, 16, 20, 22, 25, 27, 33, 9, 17,
    23, 28, 34, 29, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55,
];

/// Sub-block interleaver.
//= TS 38.212 Table 5.4.1.1-1
const SUB_BLOCK: [usize; 32] = [
    0, 1, 2, 4, 3, 5, 6, 7, 8, 16, 9, 17, 10, 18, 11, 19, 12, 20, 13, 21, 14, 22, 15, 23, 24, 25, 26, 28, 27, 29, 30,
    31,
];

/// x = u F^{⊗9} in place; its own inverse.
//= TS 38.212 §5.3.1.2
fn transform(bits: &mut [u8; N]) {
    let mut half = 1;
    while half < N {
        for block in (0..N).step_by(2 * half) {
            for i in block..block + half {
                bits[i] ^= bits[i + half];
            }
        }
        half *= 2;
    }
}

fn sub_block_index(n: usize) -> usize {
    SUB_BLOCK[32 * n / N] * (N / 32) + n % (N / 32)
}

/// Input interleaving, encoding, sub-block interleaving and repetition to 864 bits.
#[must_use]
pub fn encode(bits: &[u8; K]) -> [u8; E] {
    let mut u = [0u8; N];
    for (k, &position) in INFORMATION.iter().enumerate() {
        u[usize::from(position)] = bits[usize::from(INTERLEAVER[k])];
    }
    transform(&mut u);
    //= TS 38.212 §5.4.1.1, §5.4.1.2: E >= N repeats
    std::array::from_fn(|e| u[sub_block_index(e % N)])
}

/// Exact inverse for error-free bits: `None` where repeated bits disagree or a frozen bit is set.
///
/// This is the lab's check of its own transmitter and no receiver: one wrong bit is refused, not corrected.
#[must_use]
pub fn invert(coded: &[u8; E]) -> Option<[u8; K]> {
    let mut u = [0u8; N];
    for n in 0..N {
        u[sub_block_index(n)] = coded[n];
    }
    if (N..E).any(|e| coded[e] != coded[e - N]) {
        return None;
    }
    transform(&mut u);
    let mut bits = [0u8; K];
    let mut next = 0;
    for (i, &bit) in u.iter().enumerate() {
        if next < K && usize::from(INFORMATION[next]) == i {
            bits[usize::from(INTERLEAVER[next])] = bit;
            next += 1;
        } else if bit != 0 {
            return None;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_permutations_of_the_right_size() {
        assert!(INFORMATION.windows(2).all(|w| w[0] < w[1]));
        let mut seen = [false; K];
        for &i in &INTERLEAVER {
            assert!(!std::mem::replace(&mut seen[usize::from(i)], true));
        }
        let mut columns = [false; 32];
        for &i in &SUB_BLOCK {
            assert!(!std::mem::replace(&mut columns[i], true));
        }
        // The last bit channel is the most reliable one, the first never carries data.
        assert_eq!(INFORMATION[K - 1], 511);
    }

    #[test]
    fn the_last_information_bit_alone_sets_every_coded_bit() {
        // u[511] = 1 is the all-ones row of F^{⊗9}.
        let mut bits = [0u8; K];
        bits[usize::from(INTERLEAVER[K - 1])] = 1;
        assert!(encode(&bits).iter().all(|&b| b == 1));
    }

    #[test]
    fn inverse_refuses_what_no_encoder_sends() {
        let bits = std::array::from_fn(|i| u8::from(i % 5 < 2));
        let mut coded = encode(&bits);
        assert_eq!(invert(&coded), Some(bits));
        coded[700] ^= 1;
        assert_eq!(invert(&coded), None);
    }
}
