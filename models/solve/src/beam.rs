//! One receiver.

use crate::{dot, scale_to_power};
use num_complex::Complex32;

/// Maximum-ratio transmission: `w = conj(h) / ‖h‖`, the best of all `w` with ‖w‖ ≤ 1.
///
/// # Shapes
/// `h`: one entry an antenna; so is the result. A channel that is 0 or not finite gives the first antenna alone.
#[must_use]
pub fn mrt(h: &[Complex32]) -> Vec<Complex32> {
    let mut w: Vec<Complex32> = h.iter().map(Complex32::conj).collect();
    scale_to_power(&mut w, 1.0);
    w
}

/// |hᵀw|² / σ², linear.
#[must_use]
pub fn snr(h: &[Complex32], w: &[Complex32], noise: f32) -> f32 {
    dot(h, w).norm_sqr() / noise.max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_the_norm_of_the_channel() {
        let h = [Complex32::new(3.0, 0.0), Complex32::new(0.0, 4.0)];
        let w = mrt(&h);
        assert!((snr(&h, &w, 1.0) - 25.0).abs() < 1e-3);
        assert!((w[1] - Complex32::new(0.0, -0.8)).norm() < 1e-5);
        assert_eq!(mrt(&[Complex32::ZERO; 2])[0], Complex32::new(1.0, 0.0));
        assert!(mrt(&[Complex32::new(f32::NAN, 0.0); 2]).iter().all(|x| x.is_finite()));
    }
}
