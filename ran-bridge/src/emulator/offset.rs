//! Carrier frequency offset.

use crate::simd::{Simd, WithSimd, widest};
use num_complex::Complex32;
use std::f64::consts::TAU;

/// Samples from one rotation that is computed from its index to the next.
const BLOCK: u64 = 64;

/// The rotation `e^{j2πΔf n/f_s}` of a receiver whose oscillator is off.
///
/// It is the product of the rotation at the last multiple of 64, computed in double precision, and of one of 64 that are kept: single precision at
/// every sample, whatever Δf is.
#[derive(Debug, Clone, PartialEq)]
pub struct Offset {
    turns_a_sample: f64,
    re: [f32; BLOCK as usize],
    im: [f32; BLOCK as usize],
}

impl Offset {
    /// An offset in Hz at a sample rate.
    #[must_use]
    pub fn new(cfo_hz: f64, rate_hz: f64) -> Self {
        let turns_a_sample = cfo_hz / rate_hz;
        let angle = |i: usize| TAU * (i as f64 * turns_a_sample).fract();
        Self {
            turns_a_sample,
            re: std::array::from_fn(|i| angle(i).cos() as f32),
            im: std::array::from_fn(|i| angle(i).sin() as f32),
        }
    }

    /// Whether nothing turns.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.turns_a_sample == 0.0
    }

    /// `y[n] = e^{j2πΔf n/f_s}·x[n]` for samples from `first` on.
    pub fn turn(&self, first: u64, x: &[Complex32], y: &mut [Complex32]) {
        let mut at = 0;
        while at < x.len() {
            let n = first + at as u64;
            let into = (n % BLOCK) as usize;
            let len = (BLOCK as usize - into).min(x.len() - at);
            let (im, re) = (TAU * ((n - into as u64) as f64 * self.turns_a_sample).fract()).sin_cos();
            let from = Complex32::new(re as f32, im as f32);
            let (re, im) = (&self.re[into..into + len], &self.im[into..into + len]);
            widest(Turned { x: &x[at..at + len], y: &mut y[at..at + len], from, re, im });
            at += len;
        }
    }
}

/// `y[i] = from·(re[i] + j·im[i])·x[i]`; a sample's factor does not depend on where its block is cut.
struct Turned<'a> {
    x: &'a [Complex32],
    y: &'a mut [Complex32],
    from: Complex32,
    re: &'a [f32],
    im: &'a [f32],
}

impl WithSimd for Turned<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x, y, from, re, im } = self;
        for ((y, x), (c, s)) in y.iter_mut().zip(x).zip(re.iter().zip(im)) {
            let (re, im) = (from.re * c - from.im * s, from.re * s + from.im * c);
            *y = Complex32::new(x.re * re - x.im * im, x.im * re + x.re * im);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_rotation_in_single_precision_however_it_is_cut() {
        for (cfo_hz, rate_hz) in [(35e3, 23.04e6), (-0.9e6, 1.92e6), (0.7, 61.44e6)] {
            let offset = Offset::new(cfo_hz, rate_hz);
            let (first, x) = (1_000_003_u64, vec![Complex32::ONE; 1000]);
            let mut y = x.clone();
            offset.turn(first, &x, &mut y);
            for (n, y) in (first..).zip(&y) {
                let (im, re) = (TAU * (n as f64 * cfo_hz / rate_hz).fract()).sin_cos();
                assert!((f64::from(y.re) - re).hypot(f64::from(y.im) - im) < 5e-7, "{cfo_hz} Hz at {n}: {y}");
            }
            let mut cut = x.clone();
            offset.turn(first, &x[..77], &mut cut[..77]);
            offset.turn(first + 77, &x[77..], &mut cut[77..]);
            assert_eq!(y, cut);
        }
    }
}
