//! What a link of the emulator is like: plain numbers.

use serde::{Deserialize, Serialize};

/// All that the receivers' links have in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmulatorConfig {
    /// Seed of every random number in the channels and the noise.
    pub seed: u64,
    /// Samples from one exact channel value to the next, with straight lines between; 0 = 100 µs of samples.
    pub update_samples: u32,
    /// Truth is told every so many ms of radio time; 0 = never.
    pub truth_period_ms: u32,
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self { seed: 1, update_samples: 0, truth_period_ms: 10 }
    }
}

/// One echo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TapConfig {
    /// Delay in samples, 0 … 1023.
    pub delay_samples: u32,
    /// Mean power relative to the link, dB.
    pub power_db: f32,
}

/// A link from the M antennas to one receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkConfig {
    /// Mean gain from one antenna to the receiver, dB (≤ 0 for a loss).
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
    /// Echoes; the first has the direct path. Empty = one tap without delay.
    pub taps: Vec<TapConfig>,
    /// Receiver noise in the sampled bandwidth; `None` = none.
    pub noise_dbfs: Option<f32>,
    /// Carrier frequency offset, Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
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
        }
    }
}

impl LinkConfig {
    /// What is wrong with it, in words for a person.
    ///
    /// # Errors
    /// The first number that is out of range.
    pub fn check(&self) -> Result<(), String> {
        let finite = [
            ("gain_db", f64::from(self.gain_db)),
            ("rician_k_db", f64::from(self.rician_k_db.unwrap_or(0.0))),
            ("doppler_hz", self.doppler_hz),
            ("angle_deg", self.angle_deg),
            ("angle_deg_per_s", self.angle_deg_per_s),
            ("angle_limit_deg", self.angle_limit_deg),
            ("noise_dbfs", f64::from(self.noise_dbfs.unwrap_or(0.0))),
            ("cfo_hz", self.cfo_hz),
        ];
        if let Some((name, _)) = finite.iter().find(|(_, x)| !x.is_finite()) {
            return Err(format!("{name} must be a finite number"));
        }
        if self.taps.len() > 8 || self.taps.iter().any(|t| t.delay_samples > 1023 || !t.power_db.is_finite()) {
            return Err("at most 8 taps, each with a delay of at most 1023 samples and a finite power".into());
        }
        Ok(())
    }
}
