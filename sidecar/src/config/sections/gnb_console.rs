//! `gnb_console`: the console of a gNB that owns its radio. What is left out is not allowed.

use super::MetricsSection;
use crate::config::quantity::{Duration, Frequency, GainDb, TimeOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `sidecar gnb` may say to the gNB's console. Each command needs its section; without one it is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GnbConsoleSection {
    /// Transmit gain of the radio; absent = never changed.
    pub tx_gain: Option<GainRange>,
    /// Receive gain of the radio; absent = never changed.
    pub rx_gain: Option<GainRange>,
    /// Carrier frequency offset; absent = never changed.
    pub cfo: Option<CfoRange>,
    /// Time offset of what is transmitted; absent = never changed.
    pub tx_time_offset: Option<TimeOffsetRange>,
    /// Forced handovers; absent = none.
    pub handover: Option<HandoverRange>,
    /// Log levels of the gNB's physical layer that may be set.
    pub log_levels: Vec<ConsoleLogLevel>,
    /// Table of metrics that the gNB shows from the start (its `metrics.autostart_stdout_metrics`); absent = none.
    pub table: Option<ConsoleTable>,
    /// How long the gNB's answer to a command is awaited, at most 30 s.
    pub reply_timeout: Duration,
    /// Time between two questions to a console that does not answer.
    pub question_every: Duration,
    /// Time between SIGTERM and SIGKILL at the end.
    pub stop_grace: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for GnbConsoleSection {
    fn default() -> Self {
        Self {
            tx_gain: None,
            rx_gain: None,
            cfo: None,
            tx_time_offset: None,
            handover: None,
            log_levels: vec![ConsoleLogLevel::None, ConsoleLogLevel::Error, ConsoleLogLevel::Warning],
            table: None,
            reply_timeout: Duration::new(2.0),
            question_every: Duration::new(10.0),
            stop_grace: Duration::new(20.0),
            metrics: MetricsSection::on_port(9706),
        }
    }
}

/// Bounds of a gain setting. It is a number of the radio, not a power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GainRange {
    /// Lowest.
    pub min: GainDb,
    /// Highest.
    pub max: GainDb,
    /// What the gNB starts with: `ru_sdr.tx_gain` or `rx_gain` of its configuration. The first step is counted from here.
    pub start: GainDb,
    /// Largest change in one command.
    #[serde(default = "gain_step")]
    pub max_step: GainDb,
    /// Least time between two commands to one port.
    #[serde(default = "second")]
    pub min_interval: Duration,
}

/// Bounds of a carrier frequency offset.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CfoRange {
    /// Furthest from 0 Hz, to either side.
    pub max: Frequency,
    /// Largest change in one command.
    pub max_step: Frequency,
    /// Least time between two commands to one sector.
    #[serde(default = "second")]
    pub min_interval: Duration,
}

/// Bounds of the time offset of what is transmitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeOffsetRange {
    /// Earliest.
    pub min: TimeOffset,
    /// Latest.
    pub max: TimeOffset,
    /// What the gNB starts with.
    pub start: TimeOffset,
    /// Largest change in one command.
    pub max_step: TimeOffset,
    /// Least time between two commands to one sector.
    #[serde(default = "second")]
    pub min_interval: Duration,
}

/// Handovers that may be forced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandoverRange {
    /// PCIs of the cells that UEs may be sent to.
    pub targets: Vec<u16>,
    /// Least time between two handovers.
    #[serde(default = "ten_seconds")]
    pub min_interval: Duration,
}

/// A log level of the gNB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleLogLevel {
    /// Nothing.
    None,
    /// Errors.
    Error,
    /// And warnings.
    Warning,
    /// And what is done; costs the gNB time that its radio may not have.
    Info,
    /// Everything.
    Debug,
}

/// A table of metrics on the gNB's standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsoleTable {
    /// A line a UE.
    Ue,
    /// Of the radio unit.
    Ru,
}

const fn gain_step() -> GainDb {
    GainDb::new(3.0)
}

const fn second() -> Duration {
    Duration::new(1.0)
}

const fn ten_seconds() -> Duration {
    Duration::new(10.0)
}
