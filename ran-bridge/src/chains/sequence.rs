//! A sequence whose cyclic autocorrelation is a single peak.

use num_complex::Complex32;
use std::f64::consts::PI;

/// Zadoff and Chu's sequence: magnitude 1 everywhere, no correlation with any cyclic shift of itself, a spectrum of one magnitude.
///
/// # Shapes
/// `len` samples; an odd prime, `root` from 1 to `len` - 1.
#[must_use]
pub fn zadoff_chu(root: usize, len: usize) -> Vec<Complex32> {
    let sample = |i: usize| {
        //= TS 38.211 §6.3.3.1: x_u(i) = exp(-j π u i (i + 1) / L_RA)
        // whole turns are left out before the product loses digits
        let halves = root * (i * (i + 1) % (2 * len)) % (2 * len);
        let (im, re) = (-PI * halves as f64 / len as f64).sin_cos();
        Complex32::new(re as f32, im as f32)
    };
    (0..len).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // len 3, root 1: exponents -π/3 · (0, 2, 6): 1, -1/2 - j √3/2, 1
        let want = [(1.0, 0.0), (-0.5, -0.866_025_4), (1.0, 0.0)];
        for (z, (re, im)) in zadoff_chu(1, 3).iter().zip(want) {
            assert!((z - Complex32::new(re, im)).norm() < 1e-6, "{z}");
        }
    }

    #[test]
    fn a_shift_of_itself_is_foreign_to_it() {
        for (root, len) in [(129, 839), (1, 5), (7, 13)] {
            let s = zadoff_chu(root, len);
            assert!(s.iter().all(|z| (z.norm() - 1.0).abs() < 1e-6));
            for shift in [1, 2, len / 2, len - 1] {
                let product: Complex32 = (0..len).map(|n| s[n] * s[(n + shift) % len].conj()).sum();
                assert!(product.norm() < 2e-3 * (len as f32).sqrt(), "{root} {len} {shift}: {product}");
            }
        }
    }
}
