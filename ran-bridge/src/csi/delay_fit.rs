//! Interpolation over frequency: the linear minimum-mean-square fit of a channel whose delays lie inside a window.

use num_complex::{Complex32, Complex64};

use super::kernel::{Evaluate, Project, Solve};
use super::linear::invert;
use crate::simd::widest;

/// Delays assumed possible, as fractions of a useful symbol (at 15 kHz: −0.6 µs … 2.4 µs).
const WINDOW: (f64, f64) = (-0.009, 0.036);
/// Decay of the mean power after delay 0, and before it (a window placed late), as fractions of a useful symbol (at 15 kHz 0.5 and 0.3 µs),
/// and the share of the strongest below which no delay is taken to lie.
const DECAY: (f64, f64, f64) = (0.0075, 0.0045, 0.02);
/// SNR steps for which the regularised inverse is kept.
const FIRST_DB: f32 = -15.0;
const STEP_DB: f32 = 5.0;
const LEVELS: usize = 14;
/// The level whose prior was learned.
const LEARNED: usize = usize::MAX;
/// No learned tap has less than this share of the mean.
const LEAST_POWER: f64 = 1e-4;

struct Level {
    /// Hermitian, row-major.
    inverse: Vec<Complex32>,
    freedom: f32,
    error_gain: f32,
}

/// A fit for one pattern of pilots. All matrices are made once.
///
/// The channel is modelled as taps on a grid of delays whose mean power decays exponentially to a floor. For that prior and white noise the fit is the LMMSE estimator.
pub struct DelayFit {
    taps: usize,
    /// `[row][tap]`
    basis: Vec<Complex32>,
    /// Real and imaginary part, `[tap][row]`.
    across: [Vec<f32>; 2],
    /// Delay of each tap in useful symbols.
    delays: Vec<f64>,
    levels: Vec<Level>,
    /// Of the pilots, and the mean over all rows.
    grams: [Vec<Complex64>; 2],
    /// Level of [`DelayFit::learn`], with the ratio of signal to noise it is for.
    learned: Option<(Level, f32)>,
}

impl DelayFit {
    /// A fit on the subcarriers `rows`, `pilots[r]` of which is the number of pilots that fall on row `r`.
    ///
    /// # Shapes
    /// `rows[R]`, `pilots[R]`; rows in subcarrier spacings from any fixed origin.
    #[must_use]
    pub fn new(rows: &[i32], pilots: &[f32]) -> Self {
        let span = rows.iter().max().unwrap_or(&0) - rows.iter().min().unwrap_or(&0) + 1;
        let width = WINDOW.1 - WINDOW.0;
        let taps = (f64::from(span) * width * 1.6).ceil() as usize + 1;
        let delays: Vec<f64> = (0..taps).map(|i| WINDOW.0 + width * i as f64 / (taps - 1).max(1) as f64).collect();
        let basis: Vec<Complex64> = rows
            .iter()
            .flat_map(|&row| delays.iter().map(move |d| Complex64::cis(-std::f64::consts::TAU * f64::from(row) * d)))
            .collect();
        let gram = gram(&basis, pilots, taps);
        let all = gram_mean(&basis, taps);
        let prior: Vec<f64> = delays.iter().map(|d| prior_power(*d)).collect();
        let total: f64 = prior.iter().sum();
        let prior: Vec<f64> = prior.into_iter().map(|p| p / total).collect();
        let at = |i: usize| 10f64.powf(f64::from(FIRST_DB + STEP_DB * i as f32) / 10.0);
        let levels = (0..LEVELS).filter_map(|i| level(&gram, &all, prior.iter().map(|p| 1.0 / (at(i) * p)))).collect();
        let part = |of: fn(&Complex64) -> f64| -> Vec<f32> {
            (0..taps).flat_map(|i| basis.iter().skip(i).step_by(taps).map(|v| of(v) as f32)).collect()
        };
        let across = [part(|v| v.re), part(|v| v.im)];
        let basis = basis.into_iter().map(|v| Complex32::new(v.re as f32, v.im as f32)).collect();
        Self { taps, basis, across, delays, levels, grams: [gram, all], learned: None }
    }

    /// Number of taps.
    #[must_use]
    pub const fn taps(&self) -> usize {
        self.taps
    }

    fn at(&self, level: usize) -> Option<&Level> {
        if level == LEARNED { self.learned.as_ref().map(|(l, _)| l) } else { self.levels.get(level) }
    }

    /// Takes `profile`, the mean power seen at each tap's delay, for the prior at signal-to-noise ratio `snr` per pilot: from then on near
    /// that ratio the fit is the LMMSE estimator of a channel with this profile. A matrix is inverted; this allocates.
    ///
    /// # Shapes
    /// `profile[taps]`, any unit.
    pub(crate) fn learn(&mut self, profile: &[f32], snr: f32) {
        let total: f64 = profile.iter().map(|p| f64::from(p.max(0.0))).sum();
        let usable = profile.len() == self.taps && total.is_finite() && total > 0.0 && snr.is_finite() && snr > 0.0;
        if usable {
            let power = |p: &f32| (f64::from(p.max(0.0)) / total).max(LEAST_POWER / self.taps as f64);
            let regular = profile.iter().map(|p| 1.0 / (f64::from(snr) * power(p)));
            self.learned = level(&self.grams[0], &self.grams[1], regular).map(|l| (l, snr));
        }
    }

    /// Delay of each tap, in useful symbols.
    pub(crate) fn delays(&self) -> &[f64] {
        &self.delays
    }

    /// The level to use at signal-to-noise power ratio `snr` per pilot.
    #[must_use]
    pub fn level(&self, snr: f32) -> usize {
        if self.learned.as_ref().is_some_and(|(_, at)| (0.6..1.7).contains(&(snr / at))) {
            return LEARNED;
        }
        let db = 10.0 * snr.max(1e-3).log10();
        let step = ((db - FIRST_DB) / STEP_DB).round().max(0.0);
        (step as usize).min(self.levels.len().saturating_sub(1))
    }

    /// Degrees of freedom that a fit at `level` takes from the residual.
    #[must_use]
    pub fn freedom(&self, level: usize) -> f32 {
        self.at(level).map_or(0.0, |l| l.freedom)
    }

    /// Mean variance of the fitted channel for unit noise variance.
    #[must_use]
    pub fn error_gain(&self, level: usize) -> f32 {
        self.at(level).map_or(0.0, |l| l.error_gain)
    }

    /// Adds one pilot: `z` = received value over the pilot's value, on row `row`.
    pub fn project(&self, row: usize, z: Complex32, sums: &mut [Complex32]) {
        self.project_all(std::iter::once((row, z)), sums);
    }

    /// As [`DelayFit::project`] for pilots on many rows.
    ///
    /// # Shapes
    /// `sums[taps]`.
    pub fn project_all(&self, pilots: impl Iterator<Item = (usize, Complex32)>, sums: &mut [Complex32]) {
        widest(Project { basis: &self.basis, pilots, sums });
    }

    /// Taps from the sums of [`DelayFit::project`].
    ///
    /// # Shapes
    /// `sums[taps]`, `out[taps]`.
    pub fn solve(&self, level: usize, sums: &[Complex32], out: &mut [Complex32]) {
        if let Some(level) = self.at(level) {
            widest(Solve { inverse: &level.inverse, sums, out });
        }
    }

    /// The turn of each tap that takes a channel seen `subcarriers` above the rows to the channel on the rows.
    ///
    /// # Shapes
    /// `[taps]`.
    pub(crate) fn shift(&self, subcarriers: f64) -> Vec<Complex32> {
        let turn = |d: &f64| Complex64::cis(std::f64::consts::TAU * d * subcarriers);
        self.delays.iter().map(turn).map(|v| Complex32::new(v.re as f32, v.im as f32)).collect()
    }

    /// The channel on every row.
    ///
    /// # Shapes
    /// `taps[taps]`, `out[R]`.
    pub fn evaluate(&self, taps: &[Complex32], out: &mut [Complex32]) {
        let rows = self.basis.len() / self.taps.max(1);
        widest(Evaluate { across: &self.across, rows, taps, out });
    }
}

fn prior_power(delay: f64) -> f64 {
    let decay = if delay < 0.0 { -delay / DECAY.1 } else { delay / DECAY.0 };
    (-decay).exp().max(DECAY.2)
}

fn gram(basis: &[Complex64], weights: &[f32], taps: usize) -> Vec<Complex64> {
    let mut gram = vec![Complex64::new(0.0, 0.0); taps * taps];
    for (row, weight) in basis.chunks_exact(taps).zip(weights).filter(|(_, weight)| **weight != 0.0) {
        for (out, a) in gram.chunks_exact_mut(taps).zip(row) {
            let a = a.conj() * f64::from(*weight);
            out.iter_mut().zip(row).for_each(|(o, b)| *o += a * b);
        }
    }
    gram
}

fn gram_mean(basis: &[Complex64], taps: usize) -> Vec<Complex64> {
    let rows = basis.len() / taps.max(1);
    let weights = vec![1.0; rows];
    gram(basis, &weights, taps).into_iter().map(|v| v / rows.max(1) as f64).collect()
}

/// The inverse of gram + diag(`regular`): noise over each tap's mean power.
fn level(gram: &[Complex64], all: &[Complex64], regular: impl ExactSizeIterator<Item = f64>) -> Option<Level> {
    let taps = regular.len();
    let mut system = gram.to_vec();
    regular.enumerate().for_each(|(i, noise_over_power)| system[i * taps + i] += noise_over_power);
    let inverse = invert(&system, taps)?;
    let trace = |other: &[Complex64]| -> f64 {
        (0..taps)
            .flat_map(|i| (0..taps).map(move |j| (i, j)))
            .map(|(i, j)| (inverse[i * taps + j] * other[j * taps + i]).re)
            .sum()
    };
    let (freedom, error_gain) = (trace(gram) as f32, trace(all) as f32);
    let inverse = inverse.into_iter().map(|v| Complex32::new(v.re as f32, v.im as f32)).collect();
    Some(Level { inverse, freedom, error_gain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_a_two_path_channel_between_the_pilots() {
        let rows: Vec<i32> = (-120..120).collect();
        let pilots: Vec<f32> = rows.iter().map(|r| if r.rem_euclid(4) == 1 { 1.0 } else { 0.0 }).collect();
        let fit = DelayFit::new(&rows, &pilots);
        let channel = |row: i32| {
            let path = |a: f32, delay: f32| Complex32::cis(-std::f32::consts::TAU * row as f32 * delay) * a;
            path(1.0, 0.001) + path(0.5, 0.0123)
        };
        let mut sums = vec![Complex32::new(0.0, 0.0); fit.taps()];
        for (r, &row) in rows.iter().enumerate().filter(|(r, _)| pilots[*r] > 0.0) {
            fit.project(r, channel(row), &mut sums);
        }
        let mut taps = sums.clone();
        fit.solve(fit.level(1e5), &sums, &mut taps);
        let mut h = vec![Complex32::new(0.0, 0.0); rows.len()];
        fit.evaluate(&taps, &mut h);
        let error: f32 = h.iter().zip(&rows).map(|(h, &r)| (h - channel(r)).norm_sqr()).sum::<f32>() / 240.0;
        assert!(error < 5e-4, "{error}");
    }

    #[test]
    fn freedom_grows_with_snr() {
        let rows: Vec<i32> = (0..240).collect();
        let fit = DelayFit::new(&rows, &vec![1.0; 240]);
        assert!(fit.freedom(fit.level(0.1)) < fit.freedom(fit.level(1000.0)));
        assert!(fit.freedom(fit.level(1000.0)) < fit.taps() as f32);
    }
}
