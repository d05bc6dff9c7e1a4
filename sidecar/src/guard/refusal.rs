//! Why the guard did not let an action pass.

use super::action::ActionKind;
use serde::Serialize;

/// A refused action; each says what would have passed.
#[derive(Debug, Clone, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// A number is NaN or infinite.
    #[error("{what} is not a finite number")]
    NotFinite {
        /// Which number.
        what: &'static str,
    },
    /// Weights that would send more than full power.
    #[error("weights have power {power:.4}, at most {max:.4} passes: scale them down")]
    WeightPower {
        /// Squared norm.
        power: f32,
        /// Allowed.
        max: f32,
    },
    /// Weights for another array.
    #[error("beam has {got} weights, the array takes {want}")]
    WeightCount {
        /// As proposed.
        got: usize,
        /// As configured.
        want: usize,
    },
    /// Power outside its range.
    #[error("power {db:.1} dB is outside {min:.1} to {max:.1} dB")]
    PowerRange {
        /// As proposed.
        db: f32,
        /// Lowest.
        min: f32,
        /// Highest.
        max: f32,
    },
    /// Power changed too fast.
    #[error("power would move by {step:.1} dB at once, at most {max:.1} dB passes: go in steps")]
    PowerSlew {
        /// As proposed.
        step: f32,
        /// Allowed.
        max: f32,
    },
    /// A slice quota that is no range of percent, or whose cap starves the slice.
    #[error("quota {min}-{max} % is not a range within 0-100 with a cap of at least {floor} %")]
    QuotaRange {
        /// Priority share.
        min: u8,
        /// Cap.
        max: u8,
        /// Smallest cap.
        floor: u8,
    },
    /// Nobody said yet which priority shares are in force.
    #[error("which priority shares are in force is not known yet: wait until controller and ran have spoken")]
    QuotaUnknown,
    /// Priority shares of all slices exceed the carrier.
    #[error("priority shares of all slices would sum to {sum} %, at most {max} % passes: lower another slice first")]
    QuotaSum {
        /// Sum with this action.
        sum: u32,
        /// Allowed.
        max: u32,
    },
    /// Rate limit outside its range.
    #[error("rate limit {bit_per_s:.0} bit/s is outside {min:.0} to {max:.0} bit/s")]
    RateRange {
        /// As proposed.
        bit_per_s: f64,
        /// Lowest.
        min: f64,
        /// Highest.
        max: f64,
    },
    /// Not a subscriber's identity.
    #[error("`{0}` is not a subscriber: `imsi-` and 5 to 15 digits are")]
    Subscriber(String),
    /// The application does not know this resolution.
    #[error("resolution `{res}` is none of {allowed:?}")]
    Resolution {
        /// As proposed.
        res: String,
        /// As configured.
        allowed: Vec<String>,
    },
    /// Inputs are older than the action may rest on.
    #[error("inputs are {age_ns} ns old, {kind:?} may rest on inputs of at most {max_ns} ns")]
    Stale {
        /// The action's kind.
        kind: ActionKind,
        /// Age.
        age_ns: u64,
        /// Allowed.
        max_ns: u64,
    },
    /// More often than allowed.
    #[error("{kind:?} on {target} comes too often: wait {wait_ns} ns")]
    TooOften {
        /// The action's kind.
        kind: ActionKind,
        /// Its target.
        target: String,
        /// Until the next may pass.
        wait_ns: u64,
    },
    /// More targets at once than are counted.
    #[error("more than {max} targets are acted on at once: wait a second")]
    TooManyTargets {
        /// Allowed.
        max: usize,
    },
}

impl Refusal {
    /// The name in counters and labels.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotFinite { .. } => "not_finite",
            Self::WeightPower { .. } => "weight_power",
            Self::WeightCount { .. } => "weight_count",
            Self::PowerRange { .. } => "power_range",
            Self::PowerSlew { .. } => "power_slew",
            Self::QuotaRange { .. } => "quota_range",
            Self::QuotaUnknown => "quota_unknown",
            Self::QuotaSum { .. } => "quota_sum",
            Self::RateRange { .. } => "rate_range",
            Self::Subscriber(_) => "subscriber",
            Self::Resolution { .. } => "resolution",
            Self::Stale { .. } => "stale",
            Self::TooOften { .. } => "too_often",
            Self::TooManyTargets { .. } => "too_many_targets",
        }
    }
}
