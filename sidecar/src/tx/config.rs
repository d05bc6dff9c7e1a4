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
    /// A magnitude above this in what is received ends the burst, relative to full scale.
    pub overload: f32,
    /// Where it serves `/metrics` and `POST /stop`.
    pub metrics: MetricsAt,
}
