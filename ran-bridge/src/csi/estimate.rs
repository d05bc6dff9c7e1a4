//! What an estimator gives.

use num_complex::Complex32;

/// The channel at one occasion, one value a subcarrier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChannelEstimate {
    /// Offset of each subcarrier from the carrier centre, in subcarrier spacings, increasing.
    pub subcarriers: Vec<i32>,
    /// The channel, same order: received amplitude over the reference signal's nominal amplitude 1, with a unitary FFT.
    pub h: Vec<Complex32>,
    /// Variance of the noise on one resource element, in the square of the samples' unit. Always finite, ≥ 0.
    pub noise_var: f32,
    /// Mean variance of the estimate `h` about the truth, same unit.
    pub error_var: f32,
    /// Power-weighted mean delay against the sample the caller named, in s.
    pub delay_s: f32,
}

impl ChannelEstimate {
    /// Mean of |h|² over the subcarriers, less what the estimate's own error adds; 0 where there is none.
    #[must_use]
    pub fn power(&self) -> f32 {
        if self.h.is_empty() {
            return 0.0;
        }
        (self.h.iter().map(Complex32::norm_sqr).sum::<f32>() / self.h.len() as f32 - self.error_var).max(0.0)
    }

    /// Mean signal to noise per resource element in dB; none where no noise or no signal was observed.
    #[must_use]
    pub fn snr_db(&self) -> Option<f32> {
        let ratio = self.power() / self.noise_var;
        (ratio.is_finite() && ratio > 0.0).then(|| 10.0 * ratio.log10())
    }
}

/// Power-weighted mean delay of a channel on neighbouring subcarriers `scs_hz` apart, in s.
pub(crate) fn mean_delay_s(h: &[Complex32], scs_hz: f64) -> f32 {
    let turn: Complex32 = h.windows(2).map(|w| w[1] * w[0].conj()).sum();
    (-f64::from(turn.arg()) / (std::f64::consts::TAU * scs_hz)) as f32
}
