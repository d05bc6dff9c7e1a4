//! The loops of [`super::DelayFit`], for the widest instruction set.

use num_complex::Complex32;

use crate::simd::{Simd, WithSimd};

/// Adds the conjugate of a row of `basis[row][tap]` times a pilot, for many pilots.
pub(super) struct Project<'a, I> {
    pub basis: &'a [Complex32],
    pub pilots: I,
    pub sums: &'a mut [Complex32],
}

impl<I: Iterator<Item = (usize, Complex32)>> WithSimd for Project<'_, I> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let taps = self.sums.len();
        for (row, z) in self.pilots {
            for (sum, b) in self.sums.iter_mut().zip(&self.basis[row * taps..(row + 1) * taps]) {
                *sum += Complex32::new(b.re * z.re + b.im * z.im, b.re * z.im - b.im * z.re);
            }
        }
    }
}

/// A Hermitian matrix times a vector.
pub(super) struct Solve<'a> {
    pub inverse: &'a [Complex32],
    pub sums: &'a [Complex32],
    pub out: &'a mut [Complex32],
}

impl WithSimd for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.out.fill(Complex32::new(0.0, 0.0));
        // column j of a Hermitian matrix is its row j, conjugate
        for (row, z) in self.inverse.chunks_exact(self.sums.len().max(1)).zip(self.sums) {
            for (out, b) in self.out.iter_mut().zip(row) {
                *out += Complex32::new(b.re * z.re + b.im * z.im, b.re * z.im - b.im * z.re);
            }
        }
    }
}

/// Rows whose sums stay in registers.
const AT_ONCE: usize = 16;

/// `across[tap][row]`, real and imaginary parts, times the taps.
pub(super) struct Evaluate<'a> {
    pub across: &'a [Vec<f32>; 2],
    pub rows: usize,
    pub taps: &'a [Complex32],
    pub out: &'a mut [Complex32],
}

impl WithSimd for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let rows = self.rows;
        let [re, im] = self.across;
        for (block, out) in self.out.chunks_mut(AT_ONCE).enumerate() {
            let first = block * AT_ONCE;
            let width = rows.saturating_sub(first).min(AT_ONCE);
            let (mut sum_re, mut sum_im) = ([0f32; AT_ONCE], [0f32; AT_ONCE]);
            if width == AT_ONCE {
                for (i, t) in self.taps.iter().enumerate() {
                    let at = i * rows + first;
                    let (b_re, b_im) = (&re[at..at + AT_ONCE], &im[at..at + AT_ONCE]);
                    for n in 0..AT_ONCE {
                        sum_re[n] += b_re[n] * t.re - b_im[n] * t.im;
                        sum_im[n] += b_re[n] * t.im + b_im[n] * t.re;
                    }
                }
            } else {
                for (i, t) in self.taps.iter().enumerate() {
                    let at = i * rows + first;
                    for (n, (b_re, b_im)) in re[at..at + width].iter().zip(&im[at..at + width]).enumerate() {
                        sum_re[n] += b_re * t.re - b_im * t.im;
                        sum_im[n] += b_re * t.im + b_im * t.re;
                    }
                }
            }
            out.iter_mut().zip(sum_re.iter().zip(&sum_im)).for_each(|(o, (re, im))| *o = Complex32::new(*re, *im));
        }
    }
}
