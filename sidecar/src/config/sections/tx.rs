//! `tx`: the radio that may transmit, and what stands before it.

use super::MetricsSection;
use crate::config::quantity::{Duration, Frequency, GainDb, PowerDbfs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The process `tx-guard`. It alone opens a radio that transmits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TxSection {
    /// Device arguments of SoapySDR, e.g. `driver=uhd,type=x300,addr=192.168.40.2`; absent = no radio.
    pub radio: Option<String>,
    /// Where what it sends goes. A policy's grant names the same.
    pub mode: TxMode,
    /// Sample rate of both directions: with an X310 or 2944R 184.32 MHz by a whole number.
    pub sample_rate: Frequency,
    /// Centre of what is sent.
    pub frequency: Frequency,
    /// Transmit channels of the one stream, from 0; a burst names the one that it is for by its place here. Their gain is a burst's, and the
    /// overall one only: it is what a policy bounds.
    pub channels: Vec<usize>,
    /// Transmit connector of each; absent = the device's own choice.
    pub antenna: Option<String>,
    /// Transmit connector of each while nothing may be sent, one with nothing or a load on it, as `CAL` of a UBX; absent = it stays where it is.
    pub safe_antenna: Option<String>,
    /// A setting of the device that switches what lies behind its connectors; absent = none.
    pub switch: Option<SwitchSection>,
    /// Reference clock of the radio; absent = as it is.
    pub clock_source: Option<String>,
    /// Time source of the radio; absent = as it is.
    pub time_source: Option<String>,
    /// A lost reference (the sensor `ref_locked`) ends what is sent, and nothing is armed without one; absent = where the clock source in use is
    /// not `internal` and the radio has the sensor.
    pub stop_without_reference: Option<bool>,
    /// The receiver of the same radio. What it hears feeds the dead-man.
    pub listen: ListenSection,
    /// A magnitude above this in what is received ends the burst.
    pub overload: PowerDbfs,
    /// Phase and level of the transmit channels against each other.
    pub calibration: CalibrationSection,
    /// The policy: who allows what. Without a valid one nothing is sent.
    pub policy: PathBuf,
    /// Its signature; absent = the policy's path and `.sig`.
    pub signature: Option<PathBuf>,
    /// The lab's public key.
    pub key: PathBuf,
    /// The chained log.
    pub log: PathBuf,
    /// As long as this file is there nothing is sent: `touch` it and whatever is sent stops.
    pub stop_file: PathBuf,
    /// Where who wants to send connects: an `ipc://` path of this host.
    pub control: String,
    /// Prometheus, and `POST /stop`.
    pub metrics: MetricsSection,
}

/// A setting of the device, as SoapySDR's `writeSetting` takes it, that switches an RF switch or an amplifier's supply: from arming on it is
/// `on_air`, in the safe state `safe`. It is read back each time and must read as it was written. A `HackRF` has `bias_tx`, `true` or `false`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchSection {
    /// Its key.
    pub setting: String,
    /// Its value while something may be sent.
    pub on_air: String,
    /// Its value else.
    pub safe: String,
}

/// The receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListenSection {
    /// Receive channels of the one stream, from 0. Cells are listened for on the first; too much on any ends a burst.
    pub channels: Vec<usize>,
    /// Centre of what is heard; absent = that of what is sent.
    pub frequency: Option<Frequency>,
    /// Receive connector of each; absent = the device's own choice.
    pub antenna: Option<String>,
    /// Overall gain setting of each.
    pub gain: GainDb,
    /// Elements of the gain that are set by name after that, as `{PGA0: 10 dB}`; `sidecar radio probe` names them with their ranges.
    pub gain_elements: BTreeMap<String, GainDb>,
}

/// What `sidecar radio calibrate` measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationSection {
    /// It holds so long; a closed stream, another gain or a lost reference clock ends it before.
    pub max_age: Duration,
}

/// Where what is sent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TxMode {
    /// A virtual radio: no antenna anywhere.
    Zmq,
    /// Cables and attenuators.
    Conducted,
    /// A shielded enclosure.
    Shielded,
    /// The air, under a licence that the policy names.
    Licensed,
}

impl Default for TxSection {
    fn default() -> Self {
        Self {
            radio: None,
            mode: TxMode::Conducted,
            sample_rate: Frequency::new(23.04e6),
            frequency: Frequency::new(3.5e9),
            channels: vec![0],
            antenna: None,
            safe_antenna: None,
            switch: None,
            clock_source: None,
            time_source: None,
            stop_without_reference: None,
            listen: ListenSection::default(),
            overload: PowerDbfs::new(-1.0),
            calibration: CalibrationSection::default(),
            policy: "transmit-policy.yaml".into(),
            signature: None,
            key: "lab.key.pub".into(),
            log: "transmit.log".into(),
            stop_file: "/tmp/sidecar-tx.stop".into(),
            control: "ipc:///tmp/sidecar-tx.sock".into(),
            metrics: MetricsSection::on_port(9707),
        }
    }
}

impl Default for CalibrationSection {
    fn default() -> Self {
        Self { max_age: Duration::new(600.0) }
    }
}

impl Default for ListenSection {
    fn default() -> Self {
        Self {
            channels: vec![0],
            frequency: None,
            antenna: None,
            gain: GainDb::new(0.0),
            gain_elements: BTreeMap::new(),
        }
    }
}
