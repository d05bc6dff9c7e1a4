//! Small dense complex systems.

use num_complex::Complex64;

/// Inverse of the square matrix `a` (row-major `[n·n]`) by Gauss-Jordan with pivoting; none if singular.
pub(crate) fn invert(a: &[Complex64], n: usize) -> Option<Vec<Complex64>> {
    let mut left = a.to_vec();
    let mut right = vec![Complex64::new(0.0, 0.0); n * n];
    (0..n).for_each(|i| right[i * n + i] = Complex64::new(1.0, 0.0));
    for column in 0..n {
        let pivot =
            (column..n).max_by(|&x, &y| left[x * n + column].norm_sqr().total_cmp(&left[y * n + column].norm_sqr()))?;
        let scale = left[pivot * n + column];
        if !(scale.norm_sqr().is_normal()) {
            return None;
        }
        for j in 0..n {
            left.swap(pivot * n + j, column * n + j);
            right.swap(pivot * n + j, column * n + j);
            left[column * n + j] /= scale;
            right[column * n + j] /= scale;
        }
        for row in (0..n).filter(|&row| row != column) {
            let factor = left[row * n + column];
            for j in 0..n {
                let (l, r) = (left[column * n + j], right[column * n + j]);
                left[row * n + j] -= factor * l;
                right[row * n + j] -= factor * r;
            }
        }
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverts_by_hand() {
        let c = |re, im| Complex64::new(re, im);
        // [[0, 1], [j, 0]] has the inverse [[0, −j], [1, 0]]
        let inverse = invert(&[c(0., 0.), c(1., 0.), c(0., 1.), c(0., 0.)], 2).unwrap();
        assert_eq!(inverse, [c(0., 0.), c(0., -1.), c(1., 0.), c(0., 0.)]);
        assert!(invert(&[c(1., 0.), c(1., 0.), c(1., 0.), c(1., 0.)], 2).is_none());
    }
}
