//! From paths with exact delays to the coefficients of one filter.

use super::paths::PathSpec;
use super::sinc::{HALF, fractional_delay};
use crate::simd::{Simd, WithSimd, full_width};
use num_complex::Complex32;

/// Everything of a link with a delay that is no whole number of samples comes this much later, so that its filters can look
/// ahead; see [`PathSpec::latency_samples`].
pub const LATENCY_SAMPLES: usize = HALF as usize - 1;
/// Coefficients lie in rows of whole vectors, whatever the instruction set's.
const LANES: usize = 16;
/// Share of the link's mean power that may be left out with the weakest coefficients: −100 dB.
const LEFT_OUT: f64 = 1e-10;

/// Which samples count, and how each path spreads over them.
#[derive(Debug)]
pub struct Response {
    /// How many samples back, ascending.
    back: Vec<u32>,
    /// Paths × coefficients, row-major, each row filled up with zeros to its width: `s(back − L − τ)`.
    spread: Vec<f32>,
    width: usize,
}

impl Response {
    /// The filter of these paths.
    #[must_use]
    pub fn new(paths: &[PathSpec]) -> Self {
        let latest = paths.iter().map(|p| p.delay_samples).fold(0.0, f64::max);
        let latency = PathSpec::latency_samples(paths);
        let last = latest.ceil() as usize + latency + HALF as usize;
        let at = |path: &PathSpec, back: usize| fractional_delay(back as f64 - latency as f64 - path.delay_samples);
        let mut power: Vec<(usize, f64)> =
            (0..=last).map(|back| (back, paths.iter().map(|p| p.power() * at(p, back).powi(2)).sum())).collect();
        power.sort_by(|a, b| a.1.total_cmp(&b.1));
        let total: f64 = power.iter().map(|p| p.1).sum();
        let mut left = 0.0;
        let mut back: Vec<u32> = power
            .iter()
            .filter(|(_, p)| {
                left += p;
                left > LEFT_OUT * total
            })
            .map(|(back, _)| *back as u32)
            .collect();
        back.sort_unstable();
        let width = back.len().next_multiple_of(LANES);
        let mut spread = vec![0.0; paths.len() * width];
        for (row, path) in spread.chunks_exact_mut(width.max(1)).zip(paths) {
            for (to, back) in row.iter_mut().zip(&back) {
                *to = at(path, *back as usize) as f32;
            }
        }
        Self { back, spread, width }
    }

    /// How many samples back each coefficient takes its sample from.
    #[must_use]
    pub fn back(&self) -> &[u32] {
        &self.back
    }

    /// The farthest of them.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.back.last().map_or(0, |b| *b as usize)
    }

    /// How much room the coefficients need: their number, filled up to whole vectors.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The coefficients for the paths' gains.
    ///
    /// # Shapes
    /// `gains`: one a path; `re`, `im`: [`Self::width`], of which the first are one a coefficient.
    pub fn dense(&self, gains: &[Complex32], re: &mut [f32], im: &mut [f32]) {
        full_width(Dense { spread: &self.spread, width: self.width, gains, re, im });
    }
}

struct Dense<'a> {
    spread: &'a [f32],
    width: usize,
    gains: &'a [Complex32],
    re: &'a mut [f32],
    im: &'a mut [f32],
}

impl WithSimd for Dense<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { spread, width, gains, re, im } = self;
        let (re, im) = (S::as_mut_simd_f32s(re).0, S::as_mut_simd_f32s(im).0);
        let mut first = 0;
        while re.len().saturating_sub(first) >= TOGETHER {
            columns::<S, TOGETHER>(simd, (spread, width), gains, first, (re, im));
            first += TOGETHER;
        }
        for column in first..re.len() {
            columns::<S, 1>(simd, (spread, width), gains, column, (re, im));
        }
    }
}

/// Vectors of coefficients that are summed together: enough that no sum waits for the one before.
const TOGETHER: usize = 4;

/// `N` vectors of coefficients from column `first` on, their sums in registers while the paths pass by.
#[inline(always)]
fn columns<S: Simd, const N: usize>(
    simd: S,
    (spread, width): (&[f32], usize),
    gains: &[Complex32],
    first: usize,
    (re, im): (&mut [S::f32s], &mut [S::f32s]),
) {
    let mut a = [simd.splat_f32s(0.0); N];
    let mut b = [simd.splat_f32s(0.0); N];
    for (row, g) in spread.chunks_exact(width.max(1)).zip(gains) {
        let Some(row) = S::as_simd_f32s(row).0.get(first..first + N) else { return };
        let (g_re, g_im) = (simd.splat_f32s(g.re), simd.splat_f32s(g.im));
        for k in 0..N {
            a[k] = simd.mul_add_f32s(row[k], g_re, a[k]);
            b[k] = simd.mul_add_f32s(row[k], g_im, b[k]);
        }
    }
    re[first..first + N].copy_from_slice(&a);
    im[first..first + N].copy_from_slice(&b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_delay_is_one_coefficient_and_a_half_is_symmetric() {
        let path = |delay_samples| PathSpec { delay_samples, direct: 1.0, scattered: 0.0 };
        assert_eq!(Response::new(&[path(3.0)]).back(), [3]);
        let half = Response::new(&[path(0.5)]);
        let (mut re, mut im) = (vec![0.0; half.width()], vec![0.0; half.width()]);
        half.dense(&[Complex32::new(1.0, -2.0)], &mut re, &mut im);
        let n = half.back().len();
        assert!(n >= 20 && n.is_multiple_of(2));
        for k in 0..n {
            assert!((re[k] - re[n - 1 - k]).abs() < 1e-6 && (im[k] + 2.0 * re[k]).abs() < 1e-6);
        }
        // 2/π under the window half a sample from its top
        assert!((re[n / 2] - 0.634).abs() < 2e-3, "{}", re[n / 2]);
    }
}
