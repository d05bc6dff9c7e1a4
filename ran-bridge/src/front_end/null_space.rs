//! Directions that given vectors do not see.

use num_complex::{Complex32, Complex64};

/// What is left of a vector below this share of its length counts as nothing.
const TINY: f64 = 1e-5;

/// An orthonormal basis of the vectors `v` of length `antennas` with `Σ_m row[m]·v[m] = 0` for every row.
///
/// Gram-Schmidt in double precision, each step on the row of which most is left, so that dependent rows are found, and where
/// there are more independent rows than `antennas − least`, those that count most are kept.
///
/// # Shapes
/// `rows`: K×M row-major. Result: R vectors of M, one after the other, `least ≤ R ≤ M`.
pub(super) fn null_space(rows: &[Complex32], antennas: usize, least: usize) -> Vec<Complex32> {
    let mut spanned: Vec<Vec<Complex64>> = Vec::with_capacity(antennas);
    // a row sees v as the inner product with its conjugate
    let mut left: Vec<Vec<Complex64>> =
        rows.chunks_exact(antennas).map(|row| row.iter().map(|z| widen(*z).conj()).collect()).collect();
    let scale = left.iter().map(|v| norm_sqr(v)).fold(0.0, f64::max);
    while spanned.len() + least < antennas {
        let Some(best) = strongest(&left) else { break };
        if norm_sqr(&left[best]) <= scale * TINY * TINY {
            break;
        }
        let q = unit(left.swap_remove(best), &spanned);
        left.iter_mut().for_each(|v| take_out(v, &q));
        spanned.push(q);
    }
    let first = spanned.len();
    let mut axes: Vec<Vec<Complex64>> = (0..antennas)
        .map(|m| (0..antennas).map(|i| if i == m { Complex64::ONE } else { Complex64::ZERO }).collect())
        .collect();
    for q in &spanned {
        axes.iter_mut().for_each(|v| take_out(v, q));
    }
    while spanned.len() < antennas {
        let Some(best) = strongest(&axes) else { break };
        let q = unit(axes.swap_remove(best), &spanned);
        axes.iter_mut().for_each(|v| take_out(v, &q));
        spanned.push(q);
    }
    spanned[first..].iter().flatten().map(|z| Complex32::new(z.re as f32, z.im as f32)).collect()
}

fn widen(z: Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}

fn norm_sqr(v: &[Complex64]) -> f64 {
    v.iter().map(Complex64::norm_sqr).sum()
}

/// The first of the longest; differences in the last bits do not count.
fn strongest(vectors: &[Vec<Complex64>]) -> Option<usize> {
    let longest = vectors.iter().map(|v| norm_sqr(v)).fold(0.0, f64::max);
    vectors.iter().position(|v| norm_sqr(v) >= longest * (1.0 - 1e-9))
}

fn take_out(v: &mut [Complex64], q: &[Complex64]) {
    let share: Complex64 = q.iter().zip(&*v).map(|(q, v)| q.conj() * v).sum();
    v.iter_mut().zip(q).for_each(|(v, q)| *v -= share * q);
}

/// To length 1, orthogonal to `others` once more: that takes out what rounding left in.
fn unit(mut v: Vec<Complex64>, others: &[Vec<Complex64>]) -> Vec<Complex64> {
    let length = norm_sqr(&v).sqrt();
    v.iter_mut().for_each(|z| *z /= length);
    others.iter().for_each(|q| take_out(&mut v, q));
    let length = norm_sqr(&v).sqrt();
    v.iter_mut().for_each(|z| *z /= length);
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn c(re: f32, im: f32) -> Complex32 {
        Complex32::new(re, im)
    }

    fn seen(row: &[Complex32], v: &[Complex32]) -> f32 {
        row.iter().zip(v).map(|(h, v)| h * v).sum::<Complex32>().norm()
    }

    #[test]
    fn one_row_by_hand() {
        // h = [1, j]/√2 sees v = [1, j]/√2 not at all: (1·1 + j·j)/2 = 0
        let r = std::f32::consts::FRAC_1_SQRT_2;
        let v = null_space(&[c(r, 0.0), c(0.0, r)], 2, 1);
        assert_eq!(v.len(), 2);
        assert!((v[0] * c(0.0, 1.0) - v[1]).norm() < 1e-6, "{v:?}");
    }

    #[test]
    fn dependent_and_too_many_rows() {
        let row = [c(1.0, 0.0), c(0.5, -0.5), c(0.0, 1.0)];
        let twice: Vec<_> = row.iter().chain(&row).copied().collect();
        assert_eq!(null_space(&twice, 3, 1).len(), 6);
        let all: Vec<_> = (0..9).map(|i| if i % 4 == 0 { c(1.0 - i as f32 * 0.1, 0.0) } else { c(0.0, 0.0) }).collect();
        // the weakest of three orthogonal rows gives way
        let v = null_space(&all, 3, 1);
        assert_eq!(v, [c(0.0, 0.0), c(0.0, 0.0), c(1.0, 0.0)]);
        assert_eq!(null_space(&[c(0.0, 0.0)], 1, 1), [c(1.0, 0.0)]);
    }

    proptest! {
        #[test]
        fn orthonormal_and_unseen(values in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 24), k in 1_usize..4) {
            let rows: Vec<_> = values.iter().take(8 * k).map(|&(re, im)| c(re, im)).collect();
            let basis = null_space(&rows, 8, 1);
            prop_assert_eq!(basis.len(), 8 * (8 - k));
            for (i, a) in basis.chunks(8).enumerate() {
                for row in rows.chunks(8) {
                    prop_assert!(seen(row, a) < 1e-6, "{}", seen(row, a));
                }
                for (j, b) in basis.chunks(8).enumerate() {
                    let inner: Complex32 = a.iter().zip(b).map(|(a, b)| a.conj() * b).sum();
                    let want = c(f32::from(i == j), 0.0);
                    prop_assert!((inner - want).norm() < 1e-6);
                }
            }
        }
    }
}
