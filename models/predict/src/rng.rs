//! Seeded randomness. candle's CPU generator cannot be seeded, so every random tensor is filled here.

use crate::PredictError;
use candle_core::{Device, Tensor};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Where a generator stands: enough to go on from exactly there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RngState {
    /// Seed it was made from.
    pub seed: u64,
    /// Stream of that seed.
    pub stream: u64,
    /// Position, in 32-bit words (a stream here is never drawn past 2⁶⁴ words).
    pub word: u64,
}

/// A `ChaCha8` generator whose state can be saved.
#[derive(Debug, Clone)]
pub struct SeededRng {
    seed: u64,
    stream: u64,
    inner: ChaCha8Rng,
}

impl SeededRng {
    /// A generator of its own for each (seed, stream).
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut inner = ChaCha8Rng::seed_from_u64(seed);
        inner.set_stream(stream);
        Self { seed, stream, inner }
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> RngState {
        let word = u64::try_from(self.inner.get_word_pos()).unwrap_or(u64::MAX);
        RngState { seed: self.seed, stream: self.stream, word }
    }

    /// A generator that goes on from a saved state.
    #[must_use]
    pub fn from_state(state: RngState) -> Self {
        let mut rng = Self::new(state.seed, state.stream);
        rng.inner.set_word_pos(u128::from(state.word));
        rng
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        self.inner.random::<f32>()
    }

    /// Uniform in 0..n; 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.inner.random_range(0..n) }
    }

    /// Standard normal, by Box and Muller: two words a draw, whatever the value.
    pub fn normal(&mut self) -> f32 {
        let u = 1.0 - f64::from(self.uniform());
        let v = f64::from(self.uniform());
        #[expect(clippy::cast_possible_truncation, reason = "a normal draw fits f32")]
        let x = ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32;
        x
    }

    /// A permutation of 0..n (Fisher and Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i + 1));
        }
        order
    }

    /// A tensor of normal draws with the given standard deviation.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn normal_tensor(&mut self, shape: &[usize], std: f32) -> Result<Tensor, PredictError> {
        let n = shape.iter().product();
        let data: Vec<f32> = (0..n).map(|_| self.normal() * std).collect();
        Ok(Tensor::from_vec(data, shape, &Device::Cpu)?)
    }

    /// A tensor of uniform draws in ±bound.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn uniform_tensor(&mut self, shape: &[usize], bound: f32) -> Result<Tensor, PredictError> {
        let n = shape.iter().product();
        let data: Vec<f32> = (0..n).map(|_| (2.0 * self.uniform() - 1.0) * bound).collect();
        Ok(Tensor::from_vec(data, shape, &Device::Cpu)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_state_goes_on_as_if_never_stopped() {
        let mut a = SeededRng::new(7, 3);
        for _ in 0..13 {
            a.normal();
        }
        let mut b = SeededRng::from_state(a.state());
        let (x, y): (Vec<f32>, Vec<f32>) = (0..9).map(|_| (a.uniform(), b.uniform())).unzip();
        assert_eq!(x, y);
        assert_eq!(a.state(), b.state());
        assert_ne!(SeededRng::new(7, 4).uniform(), SeededRng::new(7, 3).uniform());
    }

    #[test]
    fn normals_have_the_moments_of_normals() {
        let mut rng = SeededRng::new(1, 0);
        let x: Vec<f64> = (0..40_000).map(|_| f64::from(rng.normal())).collect();
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let var = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        let kurt = x.iter().map(|v| (v - mean).powi(4)).sum::<f64>() / n / var / var;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.03 && (kurt - 3.0).abs() < 0.15, "{mean} {var} {kurt}");
    }

    #[test]
    fn a_permutation_holds_each_once() {
        let mut p = SeededRng::new(2, 0).permutation(100);
        assert_ne!(p, (0..100).collect::<Vec<_>>());
        p.sort_unstable();
        assert_eq!(p, (0..100).collect::<Vec<_>>());
    }
}
