//! Power over delay.

/// Power-delay profile of one occasion, on a grid of delays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DelayProfile {
    /// Delay of the first value against the sample the caller named, in s.
    pub first_s: f64,
    /// From one value to the next, in s.
    pub step_s: f64,
    /// Power at each delay, of a resource element: the profile of one path peaks at its power.
    pub power: Vec<f32>,
    /// Power-weighted mean delay, in s; none without a signal.
    pub mean_s: Option<f64>,
    /// Root-mean-square delay spread in s, the width that the band itself gives taken out; none without a signal.
    pub rms_s: Option<f64>,
}

/// Below this share of the peak nothing counts: side lobes of the window and what noise leaves.
const LEAST: f32 = 3e-3;

impl DelayProfile {
    /// Mean and spread from `power`, of which `noise` is noise; `band_hz` the width the profile was made from, with a Hann window.
    ///
    /// The window spreads one path over |W(τ)|², whose variance is ∫|w′|²/(4π² ∫w²) = 1/(3 B²) for w = ½ − ½ cos 2πf/B; paths that do not
    /// interfere add theirs to it.
    pub(crate) fn moments(&mut self, noise: f32, band_hz: f64) {
        let most = self.power.iter().copied().fold(0.0, f32::max);
        let floor = (LEAST * most).max(4.0 * noise);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for (i, power) in self.power.iter().enumerate().filter(|(_, p)| **p > floor) {
            let (power, delay) = (f64::from(power - noise), self.first_s + i as f64 * self.step_s);
            sum += power;
            first += power * delay;
            second += power * delay * delay;
        }
        let seen = sum > 0.0 && sum.is_finite();
        self.mean_s = seen.then(|| first / sum);
        self.rms_s =
            seen.then(|| (second / sum - (first / sum).powi(2) - 1.0 / (3.0 * band_hz * band_hz)).max(0.0).sqrt());
    }
}
