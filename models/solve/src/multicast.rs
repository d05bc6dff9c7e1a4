//! Max-min fair multicast: one stream, many receivers, the worst of them as good as can be.
//!
//! max over ‖w‖² ≤ P of minₖ |hₖᵀw|²/σₖ², optionally with the eavesdropper's |gᵀw|²/σ² held down.
//!
//! Method: candidates (each receiver's maximum ratio, the matched sum, the start of the caller), the best of them refined by successive
//! convex approximation. Around w, |hₖᵀw|² is bounded from below by its linearisation, so that each step is a
//! max-min of linear functions on the sphere. Its dual is a weight λ on the simplex: the step is w ← Σ λₖ conj(hₖ) (hₖᵀw)/σₖ², to full power,
//! with λ moved by multiplicative weights towards the worst receivers. The problem is not convex: the result is a local optimum,
//! and never worse than its best candidate. No allocation in the iterations, no randomness: the same input gives the same bits.

use crate::{dot, norm, scale_to_power, snr};
use num_complex::Complex32;

const ITERATIONS: usize = 60;

/// Settings of [`Multicast::solve`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Multicast<'a> {
    /// Channel to an eavesdropper, one entry an antenna.
    pub eavesdropper: Option<&'a [Complex32]>,
    /// With an eavesdropper: `true` puts an exact null on it, `false` weighs 1 of its SNR (at the mean noise) against the worst receiver's.
    pub null: bool,
    /// Where to begin beside the own candidates; of the antennas' length.
    pub start: Option<&'a [Complex32]>,
}

/// The weights that make the worst receiver best, without an eavesdropper. See [`Multicast::solve`].
#[must_use]
pub fn max_min_multicast(
    h: &[Vec<Complex32>],
    noise: &[f32],
    power: f32,
    start: Option<&[Complex32]>,
) -> Vec<Complex32> {
    Multicast { start, ..Multicast::default() }.solve(h, noise, power)
}

impl Multicast<'_> {
    /// The weights.
    ///
    /// # Shapes
    /// `h`: receivers × antennas; `noise`: σₖ² of each receiver, linear, the unit of |hᵀw|² (1 where it is missing or not positive); the result has
    /// one entry an antenna and ‖w‖² ≤ `power`. Receivers whose channel is 0, not finite or of another length than the first are left out;
    /// without a receiver the result is the first antenna alone (empty without an antenna).
    #[must_use]
    pub fn solve(&self, h: &[Vec<Complex32>], noise: &[f32], power: f32) -> Vec<Complex32> {
        let antennas = h.first().map_or(0, Vec::len);
        let usable = |c: &[Complex32]| c.len() == antennas && c.iter().all(|x| x.is_finite()) && norm(c) > 1e-20;
        let null = self.eavesdropper.filter(|g| self.null && usable(g));
        // channels over √σ², with the eavesdropper's direction taken out
        let mut rows: Vec<Vec<Complex32>> = Vec::with_capacity(h.len());
        for (k, c) in h.iter().enumerate() {
            if !usable(c) {
                continue;
            }
            let sigma = noise.get(k).copied().filter(|n| n.is_finite() && *n > 0.0).unwrap_or(1.0).sqrt();
            let mut row: Vec<Complex32> = c.iter().map(|x| x / sigma).collect();
            if let Some(g) = null {
                project_out(&mut row, g);
            }
            rows.push(row);
        }
        let mut w = vec![Complex32::ZERO; antennas];
        if rows.is_empty() {
            scale_to_power(&mut w, power);
            return w;
        }
        let penalty = self.eavesdropper.filter(|g| !self.null && usable(g));
        let value = |w: &[Complex32]| {
            let worst = rows.iter().map(|r| dot(r, w).norm_sqr()).fold(f32::INFINITY, f32::min);
            worst - penalty.map_or(0.0, |g| snr(g, w, mean_noise(noise)))
        };
        let mut best = Best { w: w.clone(), value: f32::NEG_INFINITY };
        let mut starts: Vec<Vec<Complex32>> = rows.iter().map(|r| r.iter().map(Complex32::conj).collect()).collect();
        starts.push(aligned_sum(&rows));
        if let Some(s) = self.start.filter(|s| usable(s)) {
            let mut s = s.to_vec();
            if let Some(g) = null {
                let mut c: Vec<Complex32> = s.iter().map(Complex32::conj).collect();
                project_out(&mut c, g);
                s.iter_mut().zip(&c).for_each(|(a, b)| *a = b.conj());
            }
            starts.push(s);
        }
        if penalty.is_some() {
            // the two ends between which the penalty trades
            starts.push(max_min_multicast(h, noise, power, None));
            starts.push(Multicast { null: true, ..*self }.solve(h, noise, power));
        }
        for s in &mut starts {
            scale_to_power(s, power);
            best.consider(s, value(s));
        }
        // refine from the best candidate and from the matched sum
        let mut from = vec![best.w.clone()];
        if let Some(sum) = starts.get(rows.len()) {
            from.push(sum.clone());
        }
        for start in from {
            w.copy_from_slice(&start);
            refine(&rows, penalty.map(|g| (g, mean_noise(noise))), power, &mut w, &mut |w| best.consider(w, value(w)));
        }
        best.w
    }
}

struct Best {
    w: Vec<Complex32>,
    value: f32,
}

impl Best {
    fn consider(&mut self, w: &[Complex32], value: f32) {
        if value > self.value {
            self.value = value;
            self.w.copy_from_slice(w);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of receivers")]
fn mean_noise(noise: &[f32]) -> f32 {
    let (n, sum) = noise.iter().filter(|x| x.is_finite() && **x > 0.0).fold((0, 0.0), |(n, s), x| (n + 1, s + x));
    if n == 0 { 1.0 } else { sum / n as f32 }
}

/// Takes the direction of `g` out of `row`, so that `w = conj(row)` has `gᵀw = 0`.
fn project_out(row: &mut [Complex32], g: &[Complex32]) {
    let energy: f32 = g.iter().map(Complex32::norm_sqr).sum();
    let along = row.iter().zip(g).fold(Complex32::ZERO, |s, (a, b)| s + a * b.conj()) / energy;
    row.iter_mut().zip(g).for_each(|(a, b)| *a -= along * b);
}

/// Σ of the unit matched vectors, each turned into phase with the sum so far.
fn aligned_sum(rows: &[Vec<Complex32>]) -> Vec<Complex32> {
    let mut sum = vec![Complex32::ZERO; rows[0].len()];
    for row in rows {
        let n = norm(row).max(1e-20);
        let seen = dot(row, &sum);
        let phase = if seen.norm() > 1e-12 { seen / seen.norm() } else { Complex32::ONE };
        sum.iter_mut().zip(row).for_each(|(s, r)| *s += r.conj() * phase / (n * n));
    }
    sum
}

fn refine(
    rows: &[Vec<Complex32>],
    penalty: Option<(&[Complex32], f32)>,
    power: f32,
    w: &mut [Complex32],
    consider: &mut dyn FnMut(&[Complex32]),
) {
    let count = rows.len();
    #[expect(clippy::cast_precision_loss, reason = "a handful of receivers")]
    let mut lambda = vec![1.0 / count as f32; count];
    let mut gain = vec![Complex32::ZERO; count];
    let mut next = vec![Complex32::ZERO; w.len()];
    for i in 0..ITERATIONS {
        let mut mean = 0.0;
        for (g, row) in gain.iter_mut().zip(rows) {
            *g = dot(row, w);
            mean += g.norm_sqr();
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of receivers")]
        let mean = (mean / count as f32).max(1e-30);
        // multiplicative weights: the worse a receiver, the more it counts; steps shrink
        #[expect(clippy::cast_precision_loss, reason = "a few iterations")]
        let rate = 1.5 / (1.0 + i as f32 / 6.0);
        let mut total = 0.0;
        for (l, g) in lambda.iter_mut().zip(&gain) {
            *l = (*l * (-rate * (g.norm_sqr() / mean).min(8.0)).exp()).max(1e-6);
            total += *l;
        }
        lambda.iter_mut().for_each(|l| *l /= total);
        next.fill(Complex32::ZERO);
        for ((row, g), l) in rows.iter().zip(&gain).zip(&lambda) {
            // conj(h) (hᵀw): the gradient of |hᵀw|² with respect to w
            let c = g * *l;
            next.iter_mut().zip(row).for_each(|(n, r)| *n += r.conj() * c);
        }
        if let Some((g, sigma2)) = penalty {
            let c = dot(g, w) / sigma2;
            // keep the step a descent of the penalised objective: along w with the gradient of both
            let step = 0.5 * norm(&next) / norm(w).max(1e-20);
            next.iter_mut().zip(&*w).for_each(|(n, w)| *n += w * step);
            next.iter_mut().zip(g).for_each(|(n, g)| *n -= g.conj() * c);
        } else {
            // half of the old direction damps oscillation between two worst receivers
            let step = 0.5 * norm(&next) / norm(w).max(1e-20);
            next.iter_mut().zip(&*w).for_each(|(n, w)| *n += w * step);
        }
        scale_to_power(&mut next, power);
        w.copy_from_slice(&next);
        consider(w);
    }
}
