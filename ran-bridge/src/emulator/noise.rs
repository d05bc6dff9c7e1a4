//! White Gaussian noise at the cost of a table look-up.

use crate::simd::{Simd, WithSimd, widest};
use num_complex::Complex32;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::sync::Arc;

/// Samples of the table: 128 KiB, so that it stays in the second-level cache beside the streams.
const TABLE: usize = 1 << 14;
/// Samples that are taken from one random place of the table.
const BLOCK: u64 = 256;

/// A seeded table of complex Gaussian samples of power 1, read in blocks of 256 from places and with signs that depend
/// on seed and sample index only: so the noise does not depend on how the stream is cut into messages.
#[derive(Debug, Clone)]
pub struct NoiseTable {
    table: Arc<[Complex32]>,
    seed: u64,
}

impl NoiseTable {
    /// Draws the table.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || {
            let x: f32 = StandardNormal.sample(&mut rng);
            x * std::f32::consts::FRAC_1_SQRT_2
        };
        let mut table: Vec<_> = (0..TABLE).map(|_| Complex32::new(draw(), draw())).collect();
        let power = table.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / TABLE as f64;
        table.iter_mut().for_each(|z| *z /= power.sqrt() as f32);
        table.extend_from_within(..BLOCK as usize);
        Self { table: table.into(), seed }
    }

    /// The same table for another, independent stream.
    #[must_use]
    pub fn stream(&self, stream: u64) -> Self {
        Self { table: Arc::clone(&self.table), seed: mix(self.seed ^ mix(stream.wrapping_add(1))) }
    }

    /// Adds noise of amplitude `sigma` (power `sigma²`) to the samples whose first has index `first`.
    pub fn add(&self, samples: &mut [Complex32], first: u64, sigma: f32) {
        widest(Sum { noise: self, samples, first, sigma });
    }
}

/// Noise on its way to the widest instruction set.
struct Sum<'a> {
    noise: &'a NoiseTable,
    samples: &'a mut [Complex32],
    first: u64,
    sigma: f32,
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { noise: NoiseTable { table, seed }, samples, first, sigma } = self;
        let mut at = 0;
        while at < samples.len() {
            let n = first + at as u64;
            let into = (n % BLOCK) as usize;
            let len = (BLOCK as usize - into).min(samples.len() - at);
            let random = mix(seed ^ (n / BLOCK));
            let place = (random as usize % TABLE) + into;
            let sigma = if random >> 63 == 0 { sigma } else { -sigma };
            let to: &mut [f32] = bytemuck::cast_slice_mut(&mut samples[at..at + len]);
            let from: &[f32] = bytemuck::cast_slice(&table[place..place + len]);
            for (y, x) in to.iter_mut().zip(from) {
                *y += sigma * x;
            }
            at += len;
        }
    }
}

/// The finaliser of SplitMix64: spreads a counter over all 64 bits.
pub const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_whiteness_and_independence_of_the_cut() {
        let noise = NoiseTable::new(7).stream(3);
        let mut whole = vec![Complex32::ZERO; 200_000];
        noise.add(&mut whole, 1000, 0.5);
        let power = whole.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / 200_000.0;
        assert!((power - 0.25).abs() < 0.005, "{power}");
        let lag: Complex32 = whole.windows(2).map(|w| w[0] * w[1].conj()).sum::<Complex32>() / 200_000.0;
        assert!(lag.norm() < 0.005, "{lag}");
        let mut cut = vec![Complex32::ZERO; 200_000];
        noise.add(&mut cut[..777], 1000, 0.5);
        noise.add(&mut cut[777..], 1777, 0.5);
        assert_eq!(whole, cut);
    }
}
