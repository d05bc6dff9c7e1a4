//! The filter of one delay over a stream, in double precision.

use crate::emulator::reference::Reference;
use num_complex::Complex64;

/// Outputs computed at once: they stay in the first-level cache.
const TILE: usize = 512;
/// Factors applied in one go.
const FOLD: usize = 4;

/// Factors of neighbouring samples, and the samples that they need again.
#[derive(Debug)]
pub struct Filter {
    /// How far the first factor reaches back.
    nearest: usize,
    /// Factors of samples `nearest`, `nearest + 1`, … back, as many as a multiple of [`FOLD`].
    factors: Vec<f64>,
    /// Samples before the next one, then those of the block.
    stream: Vec<Complex64>,
    past: usize,
}

impl Filter {
    /// The filter of a path's delay, for blocks of up to `block` samples.
    pub fn new(link: &Reference, delay_samples: f64, block: usize) -> Self {
        let (_, taps) = link.filter(delay_samples);
        let nearest = taps.first().map_or(0, |t| t.0);
        let latest = taps.last().map_or(0, |t| t.0);
        let mut factors = vec![0.0; (latest - nearest + 1).next_multiple_of(FOLD)];
        taps.iter().for_each(|(back, factor)| factors[back - nearest] = *factor);
        if taps.len() == 1 {
            factors.truncate(1);
        }
        let past = nearest + factors.len() - 1;
        Self { nearest, factors, stream: vec![Complex64::ZERO; past + block], past }
    }

    /// How many samples it reaches back.
    pub const fn past(&self) -> usize {
        self.past
    }

    /// Room for the next `len` samples of the stream, zeroed.
    pub fn next(&mut self, len: usize) -> &mut [Complex64] {
        let to = &mut self.stream[self.past..self.past + len];
        to.fill(Complex64::ZERO);
        to
    }

    /// Adds what comes out for these samples, and forgets what is needed no more.
    pub fn add_to(&mut self, y: &mut [Complex64]) {
        for (tile, y) in y.chunks_mut(TILE).enumerate() {
            let len = y.len();
            let y: &mut [f64] = bytemuck::cast_slice_mut(y);
            for (k, factors) in self.factors.chunks(FOLD).enumerate() {
                let back = |j: usize| {
                    let from = self.past + tile * TILE - self.nearest - k * FOLD - j;
                    let x: &[f64] = bytemuck::cast_slice(&self.stream[from..from + len]);
                    x
                };
                if let [a, b, c, d] = factors {
                    let (xa, xb, xc, xd) = (back(0), back(1), back(2), back(3));
                    for ((((y, xa), xb), xc), xd) in y.iter_mut().zip(xa).zip(xb).zip(xc).zip(xd) {
                        *y += a * xa + b * xb + c * xc + d * xd;
                    }
                } else {
                    for (j, factor) in factors.iter().enumerate() {
                        y.iter_mut().zip(back(j)).for_each(|(y, x)| *y += factor * x);
                    }
                }
            }
        }
        self.stream.copy_within(y.len()..y.len() + self.past, 0);
    }
}
