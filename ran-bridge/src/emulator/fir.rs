//! The inner loop of links with exact delays: a filter whose coefficients are straight lines in time.
//!
//! Real and imaginary parts lie apart. A group of outputs stays in registers while the coefficients pass by: all of it where vectors have
//! sixteen lanes, else the same in parts. Products and sums are joined to one rounding, which costs a third less time here than
//! apart; the operation is exactly defined and a lane's operations are the same in each width, so the results are the same, bit for
//! bit, on each instruction set and for each cut of the stream.

use crate::simd::{Simd, WithSimd};
use num_complex::Complex32;

/// The widest vector of any set; within it a coefficient is evaluated at each place, from one to the next its slope is added.
const LANES: usize = 16;
const ROWS: usize = 4;
/// Outputs that are computed together. A coefficient's line is evaluated anew at each multiple of it.
pub const GROUP: usize = LANES * ROWS;

/// A coefficient `c + i·step` for the sample that lies `place` from the output (≤ 0 in the stream of the first port).
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    re: f32,
    im: f32,
    step_re: f32,
    step_im: f32,
    row_re: f32,
    row_im: f32,
    place: i32,
}

impl Line {
    /// A coefficient with its change a sample.
    pub const fn new(c: Complex32, step: Complex32, place: i32) -> Self {
        let (row_re, row_im) = (step.re * LANES as f32, step.im * LANES as f32);
        Self { re: c.re, im: c.im, step_re: step.re, step_im: step.im, row_re, row_im, place }
    }

    /// The coefficient at the start of its line.
    pub const fn first(&self) -> Complex32 {
        Complex32::new(self.re, self.im)
    }
}

/// `y[n] = Σ_l (c_l + (into + n)·step_l)·x[cursor + n + place_l]`.
///
/// # Shapes
/// `x_re`, `x_im`: from `cursor − GROUP + min place` to `cursor + y.len() + GROUP + max place` there must be samples; those
/// outside `cursor + n + place` do not count.
pub struct Filter<'a> {
    pub x_re: &'a [f32],
    pub x_im: &'a [f32],
    pub cursor: usize,
    pub lines: &'a [Line],
    pub into: u64,
    pub y: &'a mut [Complex32],
    /// Add to `y` instead of overwriting it.
    pub add: bool,
}

impl WithSimd for Filter<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x_re, x_im, cursor, lines, into, y, add } = self;
        let skip = (into % GROUP as u64) as usize;
        let mut first = into - skip as u64;
        let mut at = cursor.saturating_sub(skip);
        let mut done = 0;
        let mut skip = skip;
        while done < y.len() {
            let mut re = [0.0; GROUP];
            let mut im = [0.0; GROUP];
            for part in (0..LANES).step_by(S::F32_LANES) {
                lanes(
                    simd,
                    (x_re, x_im),
                    at + part,
                    lines,
                    (first + part as u64) as f32,
                    (&mut re[part..], &mut im[part..]),
                );
            }
            let len = (GROUP - skip).min(y.len() - done);
            let to = &mut y[done..done + len];
            let from = re[skip..skip + len].iter().zip(&im[skip..skip + len]);
            if add {
                for (z, (re, im)) in to.iter_mut().zip(from) {
                    *z += Complex32::new(*re, *im);
                }
            } else {
                for (z, (re, im)) in to.iter_mut().zip(from) {
                    *z = Complex32::new(*re, *im);
                }
            }
            done += len;
            skip = 0;
            at += GROUP;
            first += GROUP as u64;
        }
    }
}

/// One vector of each row of a group, from `at` and place `first` of the lines on.
#[inline(always)]
fn lanes<S: Simd>(
    simd: S,
    (x_re, x_im): (&[f32], &[f32]),
    at: usize,
    lines: &[Line],
    first: f32,
    (to_re, to_im): (&mut [f32], &mut [f32]),
) {
    const SPAN: usize = LANES * (ROWS - 1);
    let width = S::F32_LANES;
    let mut re = [simd.splat_f32s(0.0); ROWS];
    let mut im = [simd.splat_f32s(0.0); ROWS];
    let lane = simd.add_f32s(simd.splat_f32s(first), load(simd, &PLACES));
    for line in lines {
        let from = at.wrapping_add_signed(line.place as isize);
        let (xr, xi) = (&x_re[from..from + SPAN + width], &x_im[from..from + SPAN + width]);
        let mut cr = simd.mul_add_f32s(lane, simd.splat_f32s(line.step_re), simd.splat_f32s(line.re));
        let mut ci = simd.mul_add_f32s(lane, simd.splat_f32s(line.step_im), simd.splat_f32s(line.im));
        let (row_re, row_im) = (simd.splat_f32s(line.row_re), simd.splat_f32s(line.row_im));
        for row in 0..ROWS {
            let a = load(simd, &xr[row * LANES..]);
            let b = load(simd, &xi[row * LANES..]);
            re[row] = simd.mul_add_f32s(a, cr, re[row]);
            im[row] = simd.mul_add_f32s(b, cr, im[row]);
            re[row] = simd.negate_mul_add_f32s(b, ci, re[row]);
            im[row] = simd.mul_add_f32s(a, ci, im[row]);
            cr = simd.add_f32s(cr, row_re);
            ci = simd.add_f32s(ci, row_im);
        }
    }
    for row in 0..ROWS {
        for (to, from) in [(&mut *to_re, re[row]), (&mut *to_im, im[row])] {
            if let Some(to) = S::as_mut_simd_f32s(&mut to[row * LANES..]).0.first_mut() {
                *to = from;
            }
        }
    }
}

/// The first vector of a slice, which holds one.
#[inline(always)]
fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    S::as_simd_f32s(from).0.first().copied().unwrap_or_else(|| simd.splat_f32s(0.0))
}

/// Places within a vector.
const PLACES: [f32; LANES] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{full_width, widest};

    fn wave(n: usize, by: f32) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * by).sin()).collect()
    }

    fn lines() -> Vec<Line> {
        (0..11)
            .map(|k| {
                let a = k as f32;
                Line::new(Complex32::new(a.cos(), a.sin()), Complex32::new(1e-3 * a, -2e-3), -(k * 3))
            })
            .collect()
    }

    #[test]
    fn equals_the_plain_sum_and_does_not_depend_on_the_cut() {
        let (re, im) = (wave(400, 0.37), wave(400, 0.71));
        let lines = lines();
        let run = |from: usize, len: usize| {
            let mut y = vec![Complex32::ZERO; len];
            widest(Filter {
                x_re: &re,
                x_im: &im,
                cursor: 100 + from,
                lines: &lines,
                into: from as u64,
                y: &mut y,
                add: false,
            });
            y
        };
        let whole = run(0, 200);
        for (n, y) in whole.iter().enumerate() {
            let want: Complex32 = (0..11)
                .map(|k| {
                    let a = k as f32;
                    let c = Complex32::new(a.cos() + n as f32 * 1e-3 * a, a.sin() - n as f32 * 2e-3);
                    c * Complex32::new(re[100 + n - 3 * k], im[100 + n - 3 * k])
                })
                .sum();
            assert!((y - want).norm() < 2e-5, "{n}: {y} {want}");
        }
        let cut: Vec<_> =
            [(0, 1), (1, 30), (31, 33), (64, 64), (128, 72)].iter().flat_map(|&(f, l)| run(f, l)).collect();
        assert_eq!(whole, cut);
    }

    #[test]
    fn the_plain_instruction_set_gives_the_same_bits() {
        let (re, im) = (wave(400, 0.37), wave(400, 0.71));
        let lines = lines();
        let mut wide = vec![Complex32::ZERO; 150];
        let (mut narrow, mut plain) = (wide.clone(), wide.clone());
        let filter = |y| Filter { x_re: &re, x_im: &im, cursor: 100, lines: &lines, into: 7, y, add: true };
        full_width(filter(&mut wide));
        widest(filter(&mut narrow));
        filter(&mut plain).with_simd(pulp::Scalar::new());
        assert_eq!(wide, plain);
        assert_eq!(narrow, plain);
    }
}
