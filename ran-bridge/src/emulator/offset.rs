//! Carrier frequency offset.

use crate::simd::{Simd, WithSimd, widest};
use num_complex::Complex32;
use std::f64::consts::TAU;

/// Samples over which the rotation is a straight line (64 samples of 1 kHz at 7.68 MS/s: error −75 dB).
pub const CFO_BLOCK: u64 = 64;

/// The rotation `e^{j2πΔf n/f_s}` of a receiver whose oscillator is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    turns_a_sample: f64,
}

impl Offset {
    /// An offset in Hz at a sample rate.
    #[must_use]
    pub fn new(cfo_hz: f64, rate_hz: f64) -> Self {
        Self { turns_a_sample: cfo_hz / rate_hz }
    }

    /// Whether nothing turns.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.turns_a_sample == 0.0
    }

    /// The rotation at a sample.
    #[must_use]
    pub fn at(&self, n: u64) -> Complex32 {
        if self.is_none() {
            return Complex32::ONE;
        }
        let (im, re) = (TAU * (n as f64 * self.turns_a_sample).fract()).sin_cos();
        Complex32::new(re as f32, im as f32)
    }

    /// `y[n] = e^{j2πΔf n/f_s}·x[n]` for samples from `first` on: exact at multiples of 64, straight lines between.
    pub fn turn(&self, first: u64, x: &[Complex32], y: &mut [Complex32]) {
        let mut at = 0;
        while at < x.len() {
            let n = first + at as u64;
            let begin = n / CFO_BLOCK * CFO_BLOCK;
            let len = ((begin + CFO_BLOCK - n) as usize).min(x.len() - at);
            let from = self.at(begin);
            let step = (self.at(begin + CFO_BLOCK) - from) / CFO_BLOCK as f32;
            widest(Turned { x: &x[at..at + len], y: &mut y[at..at + len], from, step, into: (n - begin) as u16 });
            at += len;
        }
    }
}

/// `y[i] = (from + (into + i)·step)·x[i]`; a sample's factor does not depend on where its block is cut.
struct Turned<'a> {
    x: &'a [Complex32],
    y: &'a mut [Complex32],
    from: Complex32,
    step: Complex32,
    into: u16,
}

impl WithSimd for Turned<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x, y, from, step, into } = self;
        for (i, (y, x)) in (into..).zip(y.iter_mut().zip(x)) {
            let i = f32::from(i);
            let (re, im) = (from.re + i * step.re, from.im + i * step.im);
            *y = Complex32::new(x.re * re - x.im * im, x.im * re + x.re * im);
        }
    }
}
