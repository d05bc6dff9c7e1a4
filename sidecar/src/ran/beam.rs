//! One beam for several UEs.

use num_complex::Complex32;
use solve::Multicast;

/// Weights of unit power that make the worst UE's SNR large, deterministic, in some ten microseconds. `avoid`: the channel of an
/// eavesdropper; `null` puts an exact null on it, else its SNR is weighed against the worst UE's.
///
/// # Shapes
/// `h`: UEs × `[antennas]`; `noise`: one a UE, positive.
#[must_use]
pub fn max_min(
    h: &[Vec<Complex32>],
    noise: &[f32],
    start: Option<&[Complex32]>,
    avoid: Option<&[Complex32]>,
    null: bool,
) -> Vec<Complex32> {
    Multicast { eavesdropper: avoid, null, start }.solve(h, noise, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(re: f32, im: f32) -> Complex32 {
        Complex32::new(re, im)
    }

    #[test]
    fn two_orthogonal_ues_share_evenly() {
        let h = vec![vec![c(1.0, 0.0), c(0.0, 0.0)], vec![c(0.0, 0.0), c(2.0, 0.0)]];
        let w = max_min(&h, &[1.0, 1.0], None, None, false);
        // |w₁|² = 4 |w₂|², and they sum to 1: worst SNR 4/5
        assert!((w[0].norm_sqr() - 0.8).abs() < 0.02, "{w:?}");
    }

    #[test]
    fn an_avoided_direction_hears_nothing_when_it_is_nulled() {
        let (a, e) = (vec![c(1.0, 0.0), c(0.5, 0.2)], [c(0.3, 0.1), c(1.0, 0.0)]);
        let w = max_min(&[a], &[1.0], None, Some(&e), true);
        let y: Complex32 = e.iter().zip(&w).map(|(e, w)| e * w).sum();
        assert!(y.norm() < 1e-4);
    }

    #[test]
    fn nothing_finite_gives_a_finite_beam() {
        let w = max_min(&[vec![c(f32::NAN, 0.0), c(1.0, 0.0)]], &[1.0], None, None, false);
        assert!(w.iter().all(|w| w.is_finite()));
    }
}
