//! One terminal: a UE or the eavesdropper.
use crate::traffic::Resolution;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a terminal's application asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrafficConfig {
    /// Video frames of varying size at the resolution's mean rate.
    Vbr,
    /// A recorded series, scaled to the resolution's mean rate and repeated.
    Trace {
        /// CSV file with a header line.
        path: PathBuf,
        /// Column with the amount (any unit: only its shape is used).
        column: String,
        /// Time between two rows, in ms of radio time.
        period_ms: u32,
    },
    /// Nothing.
    None,
}

/// A change of power state at a radio time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PowerEvent {
    /// Radio time.
    pub at_s: f64,
    /// True switches it on.
    pub on: bool,
}

/// One terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UeConfig {
    /// Identity; by default `imsi-00101012345678<index>`.
    #[serde(default)]
    pub supi: Option<String>,
    /// Where it binds its transmit socket (REP); by default 127.0.0.1:2101 + 10·index.
    #[serde(default)]
    pub tx_port: Option<String>,
    /// Where it connects its receive socket (REQ); by default 127.0.0.1:2100 + 10·index.
    #[serde(default)]
    pub rx_port: Option<String>,
    /// Slots that transmit is ahead of receive; over a real radio srsUE has 4.
    #[serde(default = "one_slot")]
    #[schemars(range(min = 1, max = 40))]
    pub lead_slots: usize,
    /// Slice/service type, 1..=255.
    #[serde(default = "one")]
    pub sst: u8,
    /// Slice differentiator.
    #[serde(default)]
    pub sd: Option<u32>,
    /// First resolution of its application.
    #[serde(default = "hd")]
    pub resolution: Resolution,
    /// Its application.
    #[serde(default = "vbr")]
    pub traffic: TrafficConfig,
    /// Never transmits and is never scheduled.
    #[serde(default)]
    pub eavesdropper: bool,
    /// On from the start.
    #[serde(default = "yes")]
    pub on: bool,
    /// Later changes.
    #[serde(default)]
    pub events: Vec<PowerEvent>,
}

const fn one_slot() -> usize {
    1
}

const fn one() -> u8 {
    1
}
const fn yes() -> bool {
    true
}
const fn hd() -> Resolution {
    Resolution::P1080
}
const fn vbr() -> TrafficConfig {
    TrafficConfig::Vbr
}

impl Default for UeConfig {
    fn default() -> Self {
        Self {
            supi: None,
            tx_port: None,
            rx_port: None,
            lead_slots: 1,
            sst: 1,
            sd: None,
            resolution: hd(),
            traffic: vbr(),
            eavesdropper: false,
            on: true,
            events: Vec::new(),
        }
    }
}

impl UeConfig {
    /// Identity of terminal `index`.
    #[must_use]
    pub fn supi(&self, index: usize) -> String {
        self.supi.clone().unwrap_or_else(|| format!("imsi-{:015}", 1_010_123_456_780_u64 + index as u64))
    }

    /// Transmit address of terminal `index`.
    #[must_use]
    pub fn tx_port(&self, index: usize) -> String {
        self.tx_port.clone().unwrap_or_else(|| format!("tcp://127.0.0.1:{}", 2101 + 10 * index))
    }

    /// Receive address of terminal `index`.
    #[must_use]
    pub fn rx_port(&self, index: usize) -> String {
        self.rx_port.clone().unwrap_or_else(|| format!("tcp://127.0.0.1:{}", 2100 + 10 * index))
    }
}
