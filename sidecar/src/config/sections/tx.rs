//! `tx`: the radio that may transmit, and what stands before it.

use super::MetricsSection;
use crate::config::quantity::{Frequency, GainDb, PowerDbfs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    /// Transmit channel, from 0.
    pub channel: usize,
    /// Transmit connector; absent = the device's own choice.
    pub antenna: Option<String>,
    /// Reference clock of the radio; absent = as it is.
    pub clock_source: Option<String>,
    /// Time source of the radio; absent = as it is.
    pub time_source: Option<String>,
    /// The receiver of the same radio. What it hears feeds the dead-man.
    pub listen: ListenSection,
    /// A magnitude above this in what is received ends the burst.
    pub overload: PowerDbfs,
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

/// The receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListenSection {
    /// Receive channel, from 0.
    pub channel: usize,
    /// Centre of what is heard; absent = that of what is sent.
    pub frequency: Option<Frequency>,
    /// Receive connector; absent = the device's own choice.
    pub antenna: Option<String>,
    /// Gain setting.
    pub gain: GainDb,
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
            channel: 0,
            antenna: None,
            clock_source: None,
            time_source: None,
            listen: ListenSection::default(),
            overload: PowerDbfs::new(-1.0),
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

impl Default for ListenSection {
    fn default() -> Self {
        Self { channel: 0, frequency: None, antenna: None, gain: GainDb::new(0.0) }
    }
}
