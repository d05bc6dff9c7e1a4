//! What is asked of a radio.

use super::args::DeviceArgs;

/// A radio and what it is set to. Each value is checked against what the device reports, and read back.
#[derive(Debug, Clone, PartialEq)]
pub struct RadioConfig {
    /// Which one.
    pub args: DeviceArgs,
    /// Samples a second of all its streams, Hz.
    pub rate_hz: f64,
    /// Reference clock, e.g. `internal`, `external`, `gpsdo`; `None` = as it is.
    pub clock_source: Option<String>,
    /// Time source; `None` = as it is.
    pub time_source: Option<String>,
    /// Its transmitter, where one is used.
    pub tx: Option<TxConfig>,
    /// Its receiver, where one is used.
    pub rx: Option<RxConfig>,
}

/// A transmit channel. It has no gain: that is a burst's.
#[derive(Debug, Clone, PartialEq)]
pub struct TxConfig {
    /// From 0.
    pub channel: usize,
    /// Centre, Hz.
    pub frequency_hz: f64,
    /// Connector; `None` = the device's own choice.
    pub antenna: Option<String>,
}

/// A receive channel.
#[derive(Debug, Clone, PartialEq)]
pub struct RxConfig {
    /// From 0.
    pub channel: usize,
    /// Centre, Hz.
    pub frequency_hz: f64,
    /// Connector; `None` = the device's own choice.
    pub antenna: Option<String>,
    /// Gain setting, dB.
    pub gain_db: f64,
}
