//! What a link of the emulator is like: plain numbers.

use super::fir::GROUP;
use super::{PathLoss, TdlProfile, TraceConfig};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// All that the receivers' links have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmulatorConfig {
    /// Seed of every random number in the channels and the noise.
    pub seed: u64,
    /// Most samples from one exact channel value to the next, with straight lines between; 0 = 100 µs of samples. Fast
    /// fading shortens it, see [`EmulatorConfig::update_for`].
    pub update_samples: u32,
    /// Truth is told every so many ms of radio time; 0 = never.
    pub truth_period_ms: u32,
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self { seed: 1, update_samples: 0, truth_period_ms: 10 }
    }
}

/// Turns of the largest Doppler shift in one update: the straight lines between exact values are then 2e-5 (−94 dB) in the
/// root mean square away from a scattered path. With Clarke's spectrum `E|h''|² = (2πf)⁴·3/8`, and a chord over T misses by
/// `T²·√(1/120)·|h''|`, in all `0.0559·(2πf·T)²`.
pub(super) const UPDATE_TURNS: f64 = 0.003_01;

impl EmulatorConfig {
    /// Samples from one exact channel value to the next for a largest Doppler shift; whole groups of the filter's outputs, where it is
    /// one or more, so that none is computed twice.
    #[must_use]
    pub fn update_for(&self, doppler_hz: f64, rate_hz: f64) -> u64 {
        let most = match self.update_samples {
            0 => (rate_hz * 1e-4).round(),
            n => f64::from(n),
        };
        let turns_a_sample = doppler_hz.abs() / rate_hz;
        let fading = if turns_a_sample > 0.0 { UPDATE_TURNS / turns_a_sample } else { f64::INFINITY };
        let samples = most.min(fading).max(1.0) as u64;
        let group = GROUP as u64;
        if samples < group { samples } else { samples - samples % group }
    }
}

/// One echo of whole samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TapConfig {
    /// Delay in samples, 0 … 1023.
    pub delay_samples: u32,
    /// Mean power relative to the link, dB.
    pub power_db: f32,
}

/// One echo whose delay is kept exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExactTap {
    /// Delay, 0 … 50 000 ns.
    pub delay_ns: f64,
    /// Mean power relative to the link, dB.
    pub power_db: f64,
}

/// A link from the M antennas to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkConfig {
    /// Mean gain from one antenna to the receiver, dB (≤ 0 for a loss); with a path loss what is added to it.
    pub gain_db: f32,
    /// Ratio of the direct path to the scattered paths of the first tap, dB; `None` = direct path only.
    pub rician_k_db: Option<f32>,
    /// Largest Doppler shift of the scattered paths, Hz.
    pub doppler_hz: f64,
    /// Direction of the direct path from the array's broadside at sample 0, degrees.
    pub angle_deg: f64,
    /// How fast that direction moves, degrees per second of radio time.
    pub angle_deg_per_s: f64,
    /// The direction turns round at ± this, degrees; 0 = it never does.
    pub angle_limit_deg: f64,
    /// Echoes of whole samples; the first has the direct path. Empty = one tap without delay.
    pub taps: Vec<TapConfig>,
    /// Receiver noise in the sampled bandwidth; `None` = none.
    pub noise_dbfs: Option<f32>,
    /// Carrier frequency offset, Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
    /// A tapped delay line of TR 38.901 in place of `taps`.
    pub profile: Option<TdlProfile>,
    /// Root-mean-square delay spread of the profile, ns.
    pub delay_spread_ns: f64,
    /// Echoes with exact delays in place of `taps`; the first has the direct path.
    pub exact_taps: Vec<ExactTap>,
    /// Delay of the whole link, ns; other than 0 it makes every delay exact.
    pub delay_ns: f64,
    /// Correlation ρ of the scattered paths of two neighbouring antennas, 0 … 0.999; ρ^|i−j| of antennas i and j.
    pub array_correlation: f64,
    /// Which of the UE's receive antennas this is, 0 … 7: links of one `receive_group` differ in it.
    pub receive_antenna: u32,
    /// Links with the same number draw their scattered paths together, as the antennas of one UE; `None` = on its own.
    pub receive_group: Option<u32>,
    /// Correlation of the scattered paths of two neighbouring receive antennas of the group, 0 … 0.999.
    pub receive_correlation: f64,
    /// Path loss by distance, taken off the gain.
    pub path_loss: Option<PathLoss>,
    /// Positions of the receiver: they give the distance of the path loss, and angle and phase of the direct path in place of
    /// `angle_deg`; the delay stays `delay_ns`.
    pub trace: Option<TraceConfig>,
    /// Taps over time from a file ([`super::CsiTrace`]) in place of all that draws paths; the gain, `delay_ns`, noise and offset hold.
    pub csi: Option<PathBuf>,
}

impl Default for LinkConfig {
    /// A cable: gain 1, no echo, no noise.
    fn default() -> Self {
        Self {
            gain_db: 0.0,
            rician_k_db: None,
            doppler_hz: 0.0,
            angle_deg: 0.0,
            angle_deg_per_s: 0.0,
            angle_limit_deg: 0.0,
            taps: Vec::new(),
            noise_dbfs: None,
            cfo_hz: 0.0,
            profile: None,
            delay_spread_ns: 0.0,
            exact_taps: Vec::new(),
            delay_ns: 0.0,
            array_correlation: 0.0,
            receive_antenna: 0,
            receive_group: None,
            receive_correlation: 0.0,
            path_loss: None,
            trace: None,
            csi: None,
        }
    }
}

impl LinkConfig {
    /// Whether its delays are kept exactly, by fractional-delay filters; where one is no whole number of samples, everything
    /// also comes [`super::LATENCY_SAMPLES`] later.
    #[must_use]
    pub fn has_exact_delays(&self) -> bool {
        self.profile.is_some()
            || !self.exact_taps.is_empty()
            || self.delay_ns != 0.0
            || self.array_correlation != 0.0
            || self.receive_group.is_some()
            || self.trace.is_some()
            || self.csi.is_some()
    }

    /// Mean gain with the path loss of a fixed distance, dB; with a trace that of 0 dB loss.
    #[must_use]
    pub fn mean_gain_db(&self) -> f64 {
        let loss = self.path_loss.filter(|_| self.trace.is_none());
        f64::from(self.gain_db) - loss.map_or(0.0, |l| l.model.loss_db(l.distance_m, l.carrier_hz))
    }
}
