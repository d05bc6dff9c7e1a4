//! The M-antenna channel of one UE, followed from scalar soundings: a complex Kalman filter.
//!
//! A sounding through antenna weights w gives y = hᵀw + n. CSI-RS occasions cycle w over the columns of a unitary matrix, SSBs come
//! through the wide beam; the filter takes both as they arrive, whatever their order, and forgets at the pace the channel moves.

use num_complex::Complex32;

/// Follows hᵤ of one UE. No allocation after [`ChannelTracker::new`].
#[derive(Debug, Clone)]
pub struct ChannelTracker {
    h: Vec<Complex32>,
    p: Vec<Complex32>,
    pw: Vec<Complex32>,
    drift_per_s: f32,
    at_s: Option<f64>,
    gain: f32,
    seen: u64,
}

impl ChannelTracker {
    /// A tracker for `antennas` weights. `drift_per_s` is the variance that each antenna's coefficient gains in a second,
    /// relative to its power (2 for a channel that is another one after half a second).
    #[must_use]
    pub fn new(antennas: usize, drift_per_s: f32) -> Self {
        let zero = Complex32::new(0.0, 0.0);
        Self {
            h: vec![zero; antennas],
            p: vec![zero; antennas * antennas],
            pw: vec![zero; antennas],
            drift_per_s,
            at_s: None,
            gain: 0.0,
            seen: 0,
        }
    }

    /// Takes one sounding: `y` = hᵀw + n with noise of variance `noise` (linear, same scale as |y|²), at radio time `at_s`.
    /// Values that are not finite, or a time before the last, are left out; `false` says so.
    ///
    /// # Shapes
    /// `w`: `[antennas]`.
    pub fn push(&mut self, w: &[Complex32], y: Complex32, noise: f32, at_s: f64) -> bool {
        let m = self.h.len();
        let fine =
            w.len() == m && y.is_finite() && noise.is_finite() && noise >= 0.0 && w.iter().all(|x| x.is_finite());
        let w_power: f32 = w.iter().map(Complex32::norm_sqr).sum();
        if !fine || w_power <= 0.0 || self.at_s.is_some_and(|t| at_s < t) {
            return false;
        }
        let noise = noise.max(1e-9 * y.norm_sqr()).max(f32::MIN_POSITIVE);
        match self.at_s {
            None => {
                // nothing is known: as much uncertainty as the first sounding says there is power
                self.gain = (y.norm_sqr() / w_power).max(noise);
                for i in 0..m {
                    self.p[i * m + i] = Complex32::new(4.0 * self.gain, 0.0);
                }
            }
            Some(t) => {
                let mean: f32 = self.h.iter().map(Complex32::norm_sqr).sum::<f32>() / m as f32;
                self.gain = self.gain.max(1e-12).mul_add(0.9, 0.1 * mean.max(self.gain * 0.1));
                let q = self.drift_per_s * self.gain * (at_s - t) as f32;
                for i in 0..m {
                    let d = &mut self.p[i * m + i];
                    d.re = (d.re + q).min(16.0 * self.gain);
                }
            }
        }
        self.at_s = Some(at_s);
        // innovation of a measurement row wᵀ: S = wᵀ P conj(w) + noise, K = P conj(w) / S
        let mut s = noise;
        for i in 0..m {
            self.pw[i] = (0..m).map(|j| self.p[i * m + j] * w[j].conj()).sum();
            s += (w[i] * self.pw[i]).re;
        }
        let residual = y - self.through(w);
        for i in 0..m {
            self.h[i] += self.pw[i] * residual / s;
        }
        for i in 0..m {
            for j in 0..m {
                let drop = self.pw[i] * self.pw[j].conj() / s;
                self.p[i * m + j] -= drop;
            }
        }
        for i in 0..m {
            self.p[i * m + i] = Complex32::new(self.p[i * m + i].re.max(0.0), 0.0);
        }
        self.seen += 1;
        true
    }

    /// hᵀw as now believed.
    #[must_use]
    pub fn through(&self, w: &[Complex32]) -> Complex32 {
        self.h.iter().zip(w).map(|(h, w)| h * w).sum()
    }

    /// The channel, `None` before there were as many soundings as antennas.
    #[must_use]
    pub fn channel(&self) -> Option<&[Complex32]> {
        (self.seen >= self.h.len() as u64).then_some(&self.h[..])
    }

    /// Radio time of the last sounding, s.
    #[must_use]
    pub const fn at_s(&self) -> Option<f64> {
        self.at_s
    }

    /// Soundings taken.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.seen
    }
}

/// Columns of the unitary DFT matrix, antennas-major within a column: column c, antenna m = exp(−j2πcm/M)/√M.
///
/// # Shapes
/// `[M × M]`, column after column.
#[must_use]
pub fn dft_columns(antennas: usize) -> Vec<Vec<Complex32>> {
    let scale = 1.0 / (antennas as f32).sqrt();
    (0..antennas)
        .map(|c| {
            (0..antennas)
                .map(|m| {
                    let turn = -std::f32::consts::TAU * ((c * m) % antennas) as f32 / antennas as f32;
                    Complex32::from_polar(scale, turn)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn gauss(rng: &mut ChaCha8Rng) -> Complex32 {
        let (u, v): (f32, f32) = (rng.random_range(1e-6..1.0), rng.random_range(0.0..std::f32::consts::TAU));
        Complex32::from_polar((-u.ln()).sqrt(), v)
    }

    fn relative_error(t: &ChannelTracker, h: &[Complex32]) -> f32 {
        let got = t.channel().unwrap();
        let err: f32 = got.iter().zip(h).map(|(a, b)| (a - b).norm_sqr()).sum();
        err / h.iter().map(Complex32::norm_sqr).sum::<f32>()
    }

    #[test]
    fn one_round_of_clean_soundings_gives_the_channel() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let h: Vec<_> = (0..4).map(|_| gauss(&mut rng)).collect();
        let mut t = ChannelTracker::new(4, 0.0);
        for (c, w) in dft_columns(4).iter().enumerate() {
            assert!(t.channel().is_none());
            let y = h.iter().zip(w).map(|(h, w)| h * w).sum();
            assert!(t.push(w, y, 1e-6, c as f64 * 0.01));
        }
        assert!(relative_error(&t, &h) < 1e-3, "{}", relative_error(&t, &h));
    }

    #[test]
    fn a_moving_channel_is_followed() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut h: Vec<_> = (0..4).map(|_| gauss(&mut rng)).collect();
        let mut t = ChannelTracker::new(4, 1.0);
        let columns = dft_columns(4);
        let mut worst = 0.0_f32;
        for k in 0..400 {
            // an AR(1) channel that gains variance 0.5 a second, sounded every 5 ms at 20 dB
            let step = (0.5_f32 * 0.005).sqrt();
            h.iter_mut().for_each(|h| *h = *h * (1.0 - step * step / 2.0) + gauss(&mut rng) * step);
            let w = &columns[k % 4];
            let y: Complex32 = h.iter().zip(w).map(|(h, w)| h * w).sum::<Complex32>() + gauss(&mut rng) * 0.1;
            t.push(w, y, 0.01, k as f64 * 0.005);
            if k > 40 {
                worst = worst.max(relative_error(&t, &h));
            }
        }
        assert!(worst < 0.15, "{worst}");
    }

    #[test]
    fn what_is_no_sounding_changes_nothing() {
        let mut t = ChannelTracker::new(2, 1.0);
        let w = [Complex32::new(1.0, 0.0), Complex32::new(0.0, 0.0)];
        assert!(!t.push(&w, Complex32::new(f32::NAN, 0.0), 0.1, 0.0));
        assert!(!t.push(&w[..1], Complex32::new(1.0, 0.0), 0.1, 0.0));
        assert!(!t.push(&[Complex32::new(0.0, 0.0); 2], Complex32::new(1.0, 0.0), 0.1, 0.0));
        assert!(t.push(&w, Complex32::new(1.0, 0.0), 0.1, 1.0));
        assert!(!t.push(&w, Complex32::new(1.0, 0.0), 0.1, 0.5), "time runs forward");
        assert_eq!(t.seen(), 1);
    }
}
