//! Statistics of a link over many draws, for tests and benches.

use super::paths::{PathSpec, Paths, Side, seed_of};
use super::{EmulatorConfig, LinkConfig};
use num_complex::{Complex32, Complex64};
use std::f64::consts::{PI, TAU};

/// Antennas of one draw; without correlation each is a draw of its own.
const ANTENNAS: usize = 16;

/// Many independent draws of a link's paths at several times.
#[derive(Debug)]
pub struct Ensemble {
    delays_s: Vec<f64>,
    antennas: usize,
    /// Draws (seeds × antennas) × times × paths.
    h: Vec<Complex64>,
    times: usize,
    /// Mean power at the first time.
    total: f64,
}

impl Ensemble {
    /// Draws a link with `seeds` seeds and 16 antennas at each of `times_s`.
    #[must_use]
    pub fn draw(link: &LinkConfig, seeds: u64, times_s: &[f64]) -> Self {
        // of the sample rate nothing depends here but the grid on which times lie: 1 GHz
        let rate_hz = 1e9;
        let delays_s: Vec<f64> = PathSpec::of(link, rate_hz).iter().map(|p| p.delay_samples / rate_hz).collect();
        let paths = delays_s.len();
        let mut h = Vec::with_capacity(seeds as usize * ANTENNAS * times_s.len() * paths);
        let mut at = vec![vec![Complex32::ZERO; paths * ANTENNAS]; times_s.len()];
        for seed in 0..seeds {
            let emulator = EmulatorConfig { seed, ..EmulatorConfig::default() };
            let seed = seed_of(link, &emulator, 0, Side::Downlink);
            let link = Paths::new(link, &emulator, seed, ANTENNAS, rate_hz);
            for (at, t_s) in at.iter_mut().zip(times_s) {
                link.truth((t_s * rate_hz).round() as u64, at);
            }
            for m in 0..ANTENNAS {
                for at in &at {
                    h.extend(at.iter().skip(m).step_by(ANTENNAS).map(|z| Complex64::new(z.re.into(), z.im.into())));
                }
            }
        }
        let mut drawn = Self { delays_s, antennas: ANTENNAS, h, times: times_s.len(), total: 0.0 };
        drawn.total = drawn.at(0).flatten().map(Complex64::norm_sqr).sum::<f64>() / drawn.draws();
        drawn
    }

    /// The paths' gains of every draw at one time.
    fn at(&self, time: usize) -> impl Iterator<Item = &[Complex64]> {
        self.h.chunks_exact(self.delays_s.len()).skip(time).step_by(self.times)
    }

    fn draws(&self) -> f64 {
        (self.h.len() / self.delays_s.len() / self.times) as f64
    }

    /// Delay in s and mean power of each path, over draws and times.
    #[must_use]
    pub fn power_delay_profile(&self) -> Vec<(f64, f64)> {
        let n = self.draws() * self.times as f64;
        let power =
            |t: usize| self.h.iter().skip(t).step_by(self.delays_s.len()).map(Complex64::norm_sqr).sum::<f64>() / n;
        self.delays_s.iter().enumerate().map(|(t, delay)| (*delay, power(t))).collect()
    }

    /// Root-mean-square delay spread in s.
    #[must_use]
    pub fn delay_spread_s(&self) -> f64 {
        let profile = self.power_delay_profile();
        let total: f64 = profile.iter().map(|p| p.1).sum();
        let mean = profile.iter().map(|(d, p)| d * p).sum::<f64>() / total;
        (profile.iter().map(|(d, p)| (d - mean).powi(2) * p).sum::<f64>() / total).sqrt()
    }

    /// Correlation of the paths between the first time and another, 1 = the same.
    #[must_use]
    pub fn autocorrelation(&self, time: usize) -> Complex64 {
        let sum: Complex64 = self.at(0).flatten().zip(self.at(time).flatten()).map(|(a, b)| b * a.conj()).sum();
        sum / (self.draws() * self.total)
    }

    /// Magnitude of the correlation of two subcarriers `distance_hz` apart.
    #[must_use]
    pub fn frequency_correlation(&self, distance_hz: f64) -> f64 {
        let turn: Vec<_> = self.delays_s.iter().map(|d| Complex64::cis(-TAU * distance_hz * d)).collect();
        let one = |h: &[Complex64]| {
            let here: Complex64 = h.iter().sum();
            let there: Complex64 = h.iter().zip(&turn).map(|(h, t)| h * t).sum();
            there * here.conj()
        };
        (self.at(0).map(one).sum::<Complex64>() / (self.draws() * self.total)).norm()
    }

    /// Quantiles of the magnitude at the carrier, root mean square 1.
    #[must_use]
    pub fn amplitude_quantiles(&self, probabilities: &[f64]) -> Vec<f64> {
        let mut level: Vec<f64> = self.at(0).map(|h| h.iter().sum::<Complex64>().norm() / self.total.sqrt()).collect();
        level.sort_by(f64::total_cmp);
        let at = |p: f64| level.get(((level.len() - 1) as f64 * p).round() as usize).copied().unwrap_or(f64::NAN);
        probabilities.iter().map(|p| at(*p)).collect()
    }

    /// K-factor of a path in dB from its second and fourth moments: `d = √(2·E²|h|² − E|h|⁴)`, `K = d/(E|h|² − d)`.
    #[must_use]
    pub fn k_db(&self, path: usize) -> f64 {
        let power = || self.h.iter().skip(path).step_by(self.delays_s.len()).map(Complex64::norm_sqr);
        let n = self.draws() * self.times as f64;
        let (second, fourth) = (power().sum::<f64>() / n, power().map(|p| p * p).sum::<f64>() / n);
        let direct = (2.0 * second * second - fourth).max(0.0).sqrt();
        10.0 * (direct / (second - direct)).log10()
    }

    /// Correlation of one path between antennas `apart` places apart.
    #[must_use]
    pub fn antenna_correlation(&self, path: usize, apart: usize) -> f64 {
        let first: Vec<Complex64> = self.at(0).map(|h| h[path]).collect();
        let (mut sum, mut pairs) = (Complex64::ZERO, 0.0);
        for array in first.chunks_exact(self.antennas) {
            for (a, b) in array.iter().zip(array.iter().skip(apart)) {
                sum += a * b.conj();
                pairs += 1.0;
            }
        }
        let power = first.iter().map(Complex64::norm_sqr).sum::<f64>() / first.len() as f64;
        sum.re / pairs / power
    }
}

/// Bessel function of the first kind and order 0, `1/π ∫ cos(x·sin φ) dφ`: what Clarke's autocorrelation is.
#[must_use]
pub fn bessel_j0(x: f64) -> f64 {
    const POINTS: u32 = 128;
    (0..POINTS).map(|i| (x * (PI * (f64::from(i) + 0.5) / f64::from(POINTS)).sin()).cos()).sum::<f64>()
        / f64::from(POINTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_has_its_tabulated_values() {
        // Abramowitz and Stegun, Table 9.1
        for (x, want) in [(0.0, 1.0), (1.0, 0.765_197_686_6), (2.4, 0.002_507_683_3), (10.0, -0.245_935_764_5)] {
            assert!((bessel_j0(x) - want).abs() < 1e-9, "{x}: {}", bessel_j0(x));
        }
    }
}
