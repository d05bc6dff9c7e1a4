//! What the guard is started with.

use crate::telemetry::MetricsAt;
use governor::Mode;
use ran_bridge::radio::RadioConfig;
use std::path::PathBuf;

/// Where the policy, its signature and the lab's public key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The policy, YAML.
    pub policy: PathBuf,
    /// Its signature, 128 hexadecimal digits.
    pub signature: PathBuf,
    /// The lab's public key, 64 hexadecimal digits.
    pub key: PathBuf,
}

impl GuardConfig {
    /// Whether the reference is watched, with the clock source that is in use; an empty name is a radio that has but one.
    #[must_use]
    pub fn watches_reference(&self, clock_source: &str) -> bool {
        self.stop_without_reference.unwrap_or(!matches!(clock_source, "" | "internal"))
    }
}

/// The guard.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardConfig {
    /// Run number in wire headers.
    pub run: u64,
    /// The radio; [`RadioConfig::tx`] is there.
    pub radio: RadioConfig,
    /// Where what it sends goes.
    pub mode: Mode,
    /// What allows it.
    pub policy: PolicyFiles,
    /// `ipc://` path of its socket.
    pub control: String,
    /// As long as this file is there nothing is sent.
    pub stop_file: PathBuf,
    /// The chained log.
    pub log: PathBuf,
    /// Whether a lost reference ends what is sent; `None` = where the clock source is not the radio's own.
    pub stop_without_reference: Option<bool>,
    /// A magnitude above this in what is received ends the burst, relative to full scale.
    pub overload: f32,
    /// Where it serves `/metrics` and `POST /stop`.
    pub metrics: MetricsAt,
    /// A calibration of the transmit chains holds so long, ns.
    pub calibration_age_ns: u64,
}
