//! One beam for several UEs.

use num_complex::Complex32;
use solve::{Multicast, dot, scale_to_power, snr};

/// What the worst UE may lose, as a factor of its SNR, for the sake of an eavesdropper: 1 dB.
const MAY_LOSE: f32 = 0.8;

/// Weights of unit power that make the worst UE's SNR large, deterministic, in some ten microseconds.
///
/// `avoid`: the channel of an eavesdropper and the part (0…1) of its direction that is taken out of the beam: less where that
/// would cost the worst UE more than 1 dB.
///
/// # Shapes
/// `h`: UEs × `[antennas]`; `noise`: one a UE, positive.
#[must_use]
pub fn max_min(
    h: &[Vec<Complex32>],
    noise: &[f32],
    start: Option<&[Complex32]>,
    avoid: Option<(&[Complex32], f32)>,
) -> Vec<Complex32> {
    let best = Multicast { start, ..Multicast::default() }.solve(h, noise, 1.0);
    let Some((ear, part)) = avoid else { return best };
    let power: f32 = ear.iter().map(Complex32::norm_sqr).sum();
    if power <= 0.0 || !power.is_finite() || ear.len() != best.len() {
        return best;
    }
    let worst = |w: &[Complex32]| h.iter().zip(noise).map(|(h, n)| snr(h, w, *n)).fold(f32::MAX, f32::min);
    let enough = MAY_LOSE * worst(&best);
    let heard = dot(ear, &best) / power;
    for share in [1.0, 0.75, 0.5, 0.25] {
        let take = heard * (part * share);
        let mut w: Vec<Complex32> = best.iter().zip(ear).map(|(w, e)| w - e.conj() * take).collect();
        scale_to_power(&mut w, 1.0);
        if worst(&w) >= enough {
            return w;
        }
    }
    best
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
        let w = max_min(&h, &[1.0, 1.0], None, None);
        // |w₁|² = 4 |w₂|², and they sum to 1: worst SNR 4/5
        assert!((w[0].norm_sqr() - 0.8).abs() < 0.02, "{w:?}");
    }

    #[test]
    fn the_eavesdropper_hears_less_and_the_worst_ue_loses_at_most_one_db() {
        let a = vec![c(1.0, 0.0), c(0.0, 0.5), c(0.4, 0.0), c(0.0, -0.3)];
        let e = [c(0.3, 0.1), c(1.0, 0.0), c(-0.5, 0.5), c(0.2, 0.9)];
        let free = max_min(std::slice::from_ref(&a), &[1.0], None, None);
        let w = max_min(std::slice::from_ref(&a), &[1.0], None, Some((&e, 1.0)));
        assert!(snr(&e, &w, 1.0) < 0.5 * snr(&e, &free, 1.0));
        assert!(snr(&a, &w, 1.0) >= 0.8 * snr(&a, &free, 1.0));
        // an eavesdropper in the very direction of the UE: the UE is served
        let same = max_min(std::slice::from_ref(&a), &[1.0], None, Some((&a, 1.0)));
        assert!(snr(&a, &same, 1.0) >= 0.8 * snr(&a, &free, 1.0));
    }

    #[test]
    fn nothing_finite_gives_a_finite_beam() {
        let w = max_min(&[vec![c(f32::NAN, 0.0), c(1.0, 0.0)]], &[1.0], None, None);
        assert!(w.iter().all(|w| w.is_finite()));
    }
}
