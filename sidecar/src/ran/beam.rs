//! One beam for several UEs.

use num_complex::Complex32;

const ROUNDS: usize = 40;

/// Weights of unit power that make the worst UE's SNR large, deterministic, in a few microseconds.
/// `avoid`: a channel and the part (0…1) of it that is taken out of the result.
///
/// # Shapes
/// `h`: UEs × `[antennas]`; `noise`: one a UE, positive.
#[must_use]
pub fn max_min(
    h: &[&[Complex32]],
    noise: &[f32],
    start: Option<&[Complex32]>,
    avoid: Option<(&[Complex32], f32)>,
) -> Vec<Complex32> {
    let m = h.first().map_or(0, |h| h.len());
    let mut w: Vec<Complex32> = start.filter(|s| s.len() == m).map_or_else(|| vec![Complex32::ONE; m], <[_]>::to_vec);
    let mut next = vec![Complex32::ZERO; m];
    let mut share = vec![1.0_f32; h.len()];
    let mut best = (f32::MIN, w.clone());
    for round in 0..=ROUNDS {
        if let Some((e, part)) = avoid {
            take_out(&mut w, e, part);
        }
        unit(&mut w);
        let snr: Vec<(f32, Complex32)> = h
            .iter()
            .zip(noise)
            .map(|(h, n)| {
                let y: Complex32 = h.iter().zip(&w).map(|(h, w)| h * w).sum();
                (y.norm_sqr() / n, y)
            })
            .collect();
        let worst = snr.iter().map(|s| s.0).fold(f32::MAX, f32::min);
        if worst > best.0 {
            best = (worst, w.clone());
        }
        if round == ROUNDS {
            break;
        }
        let mean = snr.iter().map(|s| s.0).sum::<f32>() / snr.len().max(1) as f32;
        next.fill(Complex32::ZERO);
        for (k, (h, n)) in h.iter().zip(noise).enumerate() {
            let (s, y) = snr[k];
            // whoever has less gets more; what each hears keeps its phase, so that shares add up
            share[k] *= (0.5 * (1.0 - s / mean.max(1e-20))).exp();
            let phase = if y.norm() > 1e-20 { y / y.norm() } else { Complex32::ONE };
            let scale = share[k] / n.sqrt();
            next.iter_mut().zip(*h).for_each(|(w, h)| *w += h.conj() * phase * scale);
        }
        let total: f32 = share.iter().sum();
        share.iter_mut().for_each(|s| *s /= total.max(1e-20));
        std::mem::swap(&mut w, &mut next);
    }
    best.1
}

fn take_out(w: &mut [Complex32], e: &[Complex32], part: f32) {
    let size: f32 = e.iter().map(Complex32::norm_sqr).sum();
    if size <= 1e-20 || e.len() != w.len() {
        return;
    }
    let y: Complex32 = e.iter().zip(w.iter()).map(|(e, w)| e * w).sum();
    w.iter_mut().zip(e).for_each(|(w, e)| *w -= e.conj() * y * (part / size));
}

fn unit(w: &mut [Complex32]) {
    let size = w.iter().map(Complex32::norm_sqr).sum::<f32>().sqrt();
    if size > 1e-20 && size.is_finite() {
        w.iter_mut().for_each(|w| *w /= size);
    } else {
        w.fill(Complex32::ZERO);
        if let Some(first) = w.first_mut() {
            *first = Complex32::ONE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(re: f32, im: f32) -> Complex32 {
        Complex32::new(re, im)
    }

    #[test]
    fn one_ue_gets_the_matched_beam() {
        let h = [c(3.0, 0.0), c(0.0, 4.0)];
        let w = max_min(&[&h], &[1.0], None, None);
        let y: Complex32 = h.iter().zip(&w).map(|(h, w)| h * w).sum();
        assert!((y.norm() - 5.0).abs() < 1e-4, "|h| = 5, got {}", y.norm());
    }

    #[test]
    fn two_orthogonal_ues_share_evenly() {
        let (a, b) = ([c(1.0, 0.0), c(0.0, 0.0)], [c(0.0, 0.0), c(2.0, 0.0)]);
        let w = max_min(&[&a, &b], &[1.0, 1.0], None, None);
        // |w₁|² = 4 |w₂|², and they sum to 1: worst SNR 4/5
        assert!((w[0].norm_sqr() - 0.8).abs() < 0.02, "{w:?}");
    }

    #[test]
    fn nothing_finite_gives_the_wide_beam() {
        let h = [c(f32::NAN, 0.0), c(1.0, 0.0)];
        let w = max_min(&[&h], &[1.0], None, None);
        assert!(w.iter().all(|w| w.is_finite()));
    }

    #[test]
    fn the_avoided_direction_hears_nothing_when_all_of_it_is_taken_out() {
        let (a, e) = ([c(1.0, 0.0), c(0.5, 0.2)], [c(0.3, 0.1), c(1.0, 0.0)]);
        let w = max_min(&[&a], &[1.0], None, Some((&e, 1.0)));
        let y: Complex32 = e.iter().zip(&w).map(|(h, w)| h * w).sum();
        assert!(y.norm() < 1e-5);
    }
}
