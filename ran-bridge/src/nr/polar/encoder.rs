//! Encoding, for what is to be taken out of a signal again and for soft bits that are added up.

use super::{INFO_POSITIONS, K, N};

/// The codeword of 56 information bits.
///
/// # Shapes
/// `word`: bit `55 − i` is the i-th information bit; the result is `[512]`, each 0 or 1.
#[must_use]
//= TS 38.212 §5.3.1.2: d = u G_N, G_N the ninth Kronecker power of [1 0; 1 1]
pub fn encode(word: u64) -> [u8; N] {
    let mut d = [0u8; N];
    for (i, place) in INFO_POSITIONS.iter().enumerate() {
        d[usize::from(*place)] = (word >> (K - 1 - i) & 1) as u8;
    }
    let mut half = 1;
    while half < N {
        for pair in d.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            low.iter_mut().zip(high).for_each(|(a, b)| *a ^= *b);
        }
        half *= 2;
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_product_with_the_matrix() {
        let word = 0x00a5_1f3c_9d42_77e1u64;
        let mut u = [0u8; N];
        for (i, place) in INFO_POSITIONS.iter().enumerate() {
            u[usize::from(*place)] = (word >> (K - 1 - i) & 1) as u8;
        }
        // row i of the matrix has a one in column j where the bits of j are among those of i
        let d: Vec<u8> = (0..N).map(|j| (0..N).filter(|i| i & j == j).fold(0, |x, i| x ^ u[i])).collect();
        assert_eq!(encode(word)[..], d[..]);
    }
}
