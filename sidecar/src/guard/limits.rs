//! What the guard lets pass.

use super::action::ActionKind;
use serde::{Deserialize, Serialize};

/// How often a kind of action may be taken on one target: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateCap {
    /// Actions per second in the long run; positive.
    pub per_s: f64,
    /// Actions at once; at least 1.
    pub burst: f64,
}

/// Bounds on every kind of action. The defaults fit the virtual lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest squared norm of the weights.
    pub max_weight_power: f32,
    /// Number of weights a beam must have; `None` takes any.
    pub weights: Option<usize>,
    /// Lowest power, dB re full scale.
    pub min_power_db: f32,
    /// Highest power, dB re full scale; never above 0.
    pub max_power_db: f32,
    /// Largest change of power in one action, dB.
    pub max_power_step_db: f32,
    /// Largest sum of all slices' priority shares, percent.
    pub max_quota_sum: u32,
    /// Smallest hard cap of a slice, percent: 0 would starve its bearers.
    pub min_quota_cap: u8,
    /// Smallest rate limit, bit/s.
    pub min_rate_bit_per_s: f64,
    /// Largest rate limit, bit/s.
    pub max_rate_bit_per_s: f64,
    /// Resolutions the application knows.
    pub resolutions: Vec<String>,
    /// Oldest inputs a beam may come from, ns.
    pub beam_inputs_ns: u64,
    /// Oldest inputs any other action may come from, ns.
    pub slow_inputs_ns: u64,
    /// Rates, in the order of [`ActionKind::ALL`].
    pub rates: [RateCap; 5],
}

impl Default for Limits {
    fn default() -> Self {
        let slow = RateCap { per_s: 2.0, burst: 3.0 };
        Self {
            max_weight_power: 1.0,
            weights: None,
            min_power_db: -20.0,
            max_power_db: 0.0,
            max_power_step_db: 3.0,
            max_quota_sum: 100,
            min_quota_cap: 5,
            min_rate_bit_per_s: 64e3,
            max_rate_bit_per_s: 1e9,
            resolutions: ["480p", "720p", "1080p", "2160p"].map(str::to_owned).to_vec(),
            beam_inputs_ns: 20_000_000,
            slow_inputs_ns: 3_000_000_000,
            rates: [RateCap { per_s: 4000.0, burst: 200.0 }, slow, slow, slow, slow],
        }
    }
}

impl Limits {
    /// Oldest inputs an action of this kind may come from, ns.
    #[must_use]
    pub const fn inputs_ns(&self, kind: ActionKind) -> u64 {
        match kind {
            ActionKind::Beam => self.beam_inputs_ns,
            _ => self.slow_inputs_ns,
        }
    }
}
