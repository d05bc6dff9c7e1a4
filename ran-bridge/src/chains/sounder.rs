//! What is sent to sound a chain.

use super::sequence::zadoff_chu;
use num_complex::{Complex32, Complex64};
use rustfft::{Fft, FftPlanner};
use std::sync::Arc;

/// A period of PRACH's long format, and the first root of its table: TS 38.211 §6.3.3.1, Table 6.3.3.1-3.
const LEN: usize = 839;
const ROOT: usize = 129;
/// Periods that are looked at.
pub const PERIODS: usize = 8;
/// Periods before and after them: whatever the delay, up to half a period either way, those between are whole.
const AROUND: usize = 1;
/// Part of the sampled band that is looked at, each way from the centre: beyond it lie the edges of the radio's filters.
const BAND: f64 = 0.4;

/// The sequence and its spectrum.
pub struct Sounder {
    pub(super) sequence: Vec<Complex32>,
    pub(super) spectrum: Vec<Complex64>,
    /// Frequencies that are looked at, as multiples of rate / length. Without the centre, where what leaks from an oscillator lies.
    pub(super) bins: Vec<i64>,
    pub(super) fft: Arc<dyn Fft<f64>>,
    pub(super) periods: usize,
}

impl Default for Sounder {
    fn default() -> Self {
        Self::new(ROOT, LEN, PERIODS)
    }
}

impl Sounder {
    /// Of another length; see [`zadoff_chu`].
    pub(super) fn new(root: usize, len: usize, periods: usize) -> Self {
        let sequence = zadoff_chu(root, len);
        let fft = FftPlanner::new().plan_fft_forward(len);
        let mut spectrum: Vec<Complex64> = sequence.iter().map(|z| Complex64::new(z.re.into(), z.im.into())).collect();
        fft.process(&mut spectrum);
        let most = (BAND * len as f64) as i64;
        Self { sequence, spectrum, bins: (-most..=most).filter(|k| *k != 0).collect(), fft, periods }
    }

    /// Samples of a period.
    #[must_use]
    pub fn period(&self) -> usize {
        self.sequence.len()
    }

    /// Samples of a whole sounding.
    #[must_use]
    pub fn samples(&self) -> usize {
        (self.periods + 2 * AROUND) * self.period()
    }

    /// Fills `to` with the sounding from its sample `first` on, at this amplitude.
    pub fn fill(&self, first: u64, amplitude: f32, to: &mut [Complex32]) {
        let len = self.sequence.len();
        let from = (first % len as u64) as usize;
        for (i, z) in to.iter_mut().enumerate() {
            *z = self.sequence[(from + i) % len] * amplitude;
        }
    }

    /// Samples from the sounding's first to the first that is looked at, and how many are.
    pub(super) fn window(&self) -> (usize, usize) {
        (AROUND * self.period(), self.periods * self.period())
    }

    /// Index of a frequency in a spectrum.
    pub(super) fn at(&self, bin: i64) -> usize {
        bin.rem_euclid(self.sequence.len() as i64) as usize
    }
}

impl std::fmt::Debug for Sounder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sounder")
            .field("len", &self.sequence.len())
            .field("periods", &self.periods)
            .finish_non_exhaustive()
    }
}
