//! The inner loop of links with exact delays: a filter whose coefficients are straight lines in time.
//!
//! Real and imaginary parts lie apart. Thirty-two outputs stay in registers while the coefficients pass by. Products and sums
//! are joined to one rounding ([`f32::mul_add`]), which costs a third less time here than apart; the operation is exactly defined, so the
//! results are the same, bit for bit, on each instruction set and for each cut of the stream.

use crate::simd::{Simd, WithSimd};
use num_complex::Complex32;

const LANES: usize = 8;
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
    fn with_simd<S: Simd>(self, _: S) {
        let Self { x_re, x_im, cursor, lines, into, y, add } = self;
        let skip = (into % GROUP as u64) as usize;
        let mut first = into - skip as u64;
        let mut at = cursor.saturating_sub(skip);
        let mut done = 0;
        let mut skip = skip;
        while done < y.len() {
            let (re, im) = group(x_re, x_im, at, lines, first as f32);
            let len = (GROUP - skip).min(y.len() - done);
            let to = &mut y[done..done + len];
            for (i, z) in to.iter_mut().enumerate() {
                let sum = Complex32::new(re[skip + i], im[skip + i]);
                *z = if add { *z + sum } else { sum };
            }
            done += len;
            skip = 0;
            at += GROUP;
            first += GROUP as u64;
        }
    }
}

#[inline(always)]
fn group(x_re: &[f32], x_im: &[f32], at: usize, lines: &[Line], first: f32) -> ([f32; GROUP], [f32; GROUP]) {
    let mut re = [[0.0_f32; LANES]; ROWS];
    let mut im = [[0.0_f32; LANES]; ROWS];
    let mut lane = [0.0_f32; LANES];
    for (l, lane) in lane.iter_mut().enumerate() {
        *lane = first + l as f32;
    }
    for line in lines {
        let from = at.wrapping_add_signed(line.place as isize);
        let (xr, xi) = (&x_re[from..from + GROUP], &x_im[from..from + GROUP]);
        let mut cr = [0.0_f32; LANES];
        let mut ci = [0.0_f32; LANES];
        for l in 0..LANES {
            cr[l] = lane[l].mul_add(line.step_re, line.re);
            ci[l] = lane[l].mul_add(line.step_im, line.im);
        }
        for row in 0..ROWS {
            for l in 0..LANES {
                let (a, b) = (xr[row * LANES + l], xi[row * LANES + l]);
                re[row][l] = a.mul_add(cr[l], re[row][l]);
                im[row][l] = b.mul_add(cr[l], im[row][l]);
                re[row][l] = (-b).mul_add(ci[l], re[row][l]);
                im[row][l] = a.mul_add(ci[l], im[row][l]);
            }
            for l in 0..LANES {
                cr[l] += line.row_re;
                ci[l] += line.row_im;
            }
        }
    }
    (bytemuck::cast(re), bytemuck::cast(im))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::widest;

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
        let mut plain = wide.clone();
        let filter = |y| Filter { x_re: &re, x_im: &im, cursor: 100, lines: &lines, into: 7, y, add: true };
        widest(filter(&mut wide));
        filter(&mut plain).with_simd(pulp::Scalar::new());
        assert_eq!(wide, plain);
    }
}
