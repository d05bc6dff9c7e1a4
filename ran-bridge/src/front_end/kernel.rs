//! Inner loops: a stream times a complex coefficient that is constant or a straight line.
//!
//! Written on blocks of eight floats (four samples) with constant lane indices, which LLVM turns into shuffles and
//! packed multiplies already for plain SSE2, and with AVX2 in half as many steps ([`crate::simd`]). A coefficient of exactly 1
//! gives back the same samples, bit for bit.

use crate::simd::{Simd, WithSimd, widest};
use num_complex::Complex32;

const LANES: usize = 8;

/// `y[i] = c·x[i]`.
///
/// # Shapes
/// `y` and `x`: n samples; the shorter of the two counts.
pub fn multiply(y: &mut [Complex32], x: &[Complex32], c: Complex32) {
    run::<false>(y, x, c, None);
}

/// `y[i] += c·x[i]`; shapes as [`multiply`].
pub fn multiply_add(y: &mut [Complex32], x: &[Complex32], c: Complex32) {
    run::<true>(y, x, c, None);
}

/// `y[i] = (c + i·step)·x[i]`; shapes as [`multiply`].
pub fn multiply_ramp(y: &mut [Complex32], x: &[Complex32], c: Complex32, step: Complex32) {
    run::<false>(y, x, c, Some(step));
}

/// `y[i] += (c + i·step)·x[i]`; shapes as [`multiply`].
pub fn multiply_add_ramp(y: &mut [Complex32], x: &[Complex32], c: Complex32, step: Complex32) {
    run::<true>(y, x, c, Some(step));
}

fn run<const ADD: bool>(y: &mut [Complex32], x: &[Complex32], c: Complex32, step: Option<Complex32>) {
    let n = y.len().min(x.len());
    let (y, x) = (&mut y[..n], &x[..n]);
    match step {
        Some(step) if step != Complex32::ZERO => widest(Product::<ADD> { y, x, c, step: Some(step) }),
        _ if !ADD && c == Complex32::ONE => y.copy_from_slice(x),
        _ => widest(Product::<ADD> { y, x, c, step: None }),
    }
}

/// A product on its way to the widest instruction set.
struct Product<'a, const ADD: bool> {
    y: &'a mut [Complex32],
    x: &'a [Complex32],
    c: Complex32,
    step: Option<Complex32>,
}

impl<const ADD: bool> WithSimd for Product<'_, ADD> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.step {
            Some(step) => ramp::<ADD>(self.y, self.x, self.c, step),
            None => constant::<ADD>(self.y, self.x, self.c),
        }
    }
}

#[inline(always)]
fn constant<const ADD: bool>(y: &mut [Complex32], x: &[Complex32], c: Complex32) {
    let a = [c.re; LANES];
    let b = alternate(c.im);
    let y_floats: &mut [f32] = bytemuck::cast_slice_mut(y);
    let x_floats: &[f32] = bytemuck::cast_slice(x);
    let (ys, y_rest) = y_floats.as_chunks_mut::<LANES>();
    let (xs, x_rest) = x_floats.as_chunks::<LANES>();
    for (y, x) in ys.iter_mut().zip(xs) {
        let z = turn(x, &a, &b);
        for k in 0..LANES {
            y[k] = if ADD { y[k] + z[k] } else { z[k] };
        }
    }
    for (y, x) in y_rest.as_chunks_mut::<2>().0.iter_mut().zip(x_rest.as_chunks::<2>().0) {
        let z = [x[0] * c.re - x[1] * c.im, x[1] * c.re + x[0] * c.im];
        *y = if ADD { [y[0] + z[0], y[1] + z[1]] } else { z };
    }
}

#[inline(always)]
fn ramp<const ADD: bool>(y: &mut [Complex32], x: &[Complex32], c: Complex32, step: Complex32) {
    let mut a0 = [0.0_f32; LANES];
    let mut b0 = alternate(1.0);
    for k in 0..LANES {
        let i = (k / 2) as f32;
        a0[k] = c.re + i * step.re;
        b0[k] *= c.im + i * step.im;
    }
    let da = step.re * 4.0;
    let db = alternate(step.im * 4.0);
    let n = y.len();
    let y_floats: &mut [f32] = bytemuck::cast_slice_mut(y);
    let x_floats: &[f32] = bytemuck::cast_slice(x);
    let (ys, y_rest) = y_floats.as_chunks_mut::<LANES>();
    let (xs, x_rest) = x_floats.as_chunks::<LANES>();
    let mut block = 0.0_f32;
    let one = |y: &mut [f32; LANES], x: &[f32; LANES], block: f32| {
        let mut a = [0.0_f32; LANES];
        let mut b = [0.0_f32; LANES];
        for k in 0..LANES {
            a[k] = a0[k] + block * da;
            b[k] = b0[k] + block * db[k];
        }
        let z = turn(x, &a, &b);
        for k in 0..LANES {
            y[k] = if ADD { y[k] + z[k] } else { z[k] };
        }
    };
    // four at a time: the count is a sum of floats, and each sum waits for the one before
    let (y_fours, y_ones) = ys.as_chunks_mut::<4>();
    let (x_fours, x_ones) = xs.as_chunks::<4>();
    for (y, x) in y_fours.iter_mut().zip(x_fours) {
        let [y0, y1, y2, y3] = y;
        one(y0, &x[0], block);
        one(y1, &x[1], block + 1.0);
        one(y2, &x[2], block + 2.0);
        one(y3, &x[3], block + 3.0);
        block += 4.0;
    }
    for (y, x) in y_ones.iter_mut().zip(x_ones) {
        one(y, x, block);
        block += 1.0;
    }
    let done = n - y_rest.len() / 2;
    for (i, (y, x)) in y_rest.as_chunks_mut::<2>().0.iter_mut().zip(x_rest.as_chunks::<2>().0).enumerate() {
        let g = c + step * (done + i) as f32;
        let z = [x[0] * g.re - x[1] * g.im, x[1] * g.re + x[0] * g.im];
        *y = if ADD { [y[0] + z[0], y[1] + z[1]] } else { z };
    }
}

/// `[-v, v, -v, v, …]`: what the other part of a sample is multiplied with.
#[inline(always)]
const fn alternate(v: f32) -> [f32; LANES] {
    [-v, v, -v, v, -v, v, -v, v]
}

#[inline(always)]
fn turn(x: &[f32; LANES], a: &[f32; LANES], b: &[f32; LANES]) -> [f32; LANES] {
    let swapped = [x[1], x[0], x[3], x[2], x[5], x[4], x[7], x[6]];
    let mut z = [0.0_f32; LANES];
    for k in 0..LANES {
        z[k] = x[k] * a[k] + swapped[k] * b[k];
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_is_the_identity() {
        let x: Vec<_> = (0..37).map(|i| Complex32::new(i as f32 * 0.137 - 1.0, -0.3 * i as f32)).collect();
        let mut y = vec![Complex32::ZERO; 37];
        multiply(&mut y, &x, Complex32::ONE);
        assert_eq!(y, x);
        multiply_add(&mut y, &x, -Complex32::ONE);
        assert!(y.iter().all(|z| *z == Complex32::ZERO));
    }

    proptest! {
        #[test]
        fn equals_the_plain_sum(n in 0_usize..70, cr in -2.0_f32..2.0, ci in -2.0_f32..2.0, sr in -0.1_f32..0.1, si in -0.1_f32..0.1) {
            let x: Vec<_> = (0..n).map(|i| Complex32::new((i as f32).sin(), (i as f32 * 0.7).cos())).collect();
            let (c, s) = (Complex32::new(cr, ci), Complex32::new(sr, si));
            let mut y = vec![Complex32::new(0.5, -0.5); n];
            multiply_add_ramp(&mut y, &x, c, s);
            for i in 0..n {
                let want = Complex32::new(0.5, -0.5) + (c + s * i as f32) * x[i];
                prop_assert!((y[i] - want).norm() < 1e-4, "{} {}", y[i], want);
            }
            multiply_ramp(&mut y, &x, c, Complex32::ZERO);
            for i in 0..n {
                prop_assert!((y[i] - c * x[i]).norm() < 1e-5);
            }
        }
    }
}
