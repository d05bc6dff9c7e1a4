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

/// The transmit channels of one stream. They have no gain: that is a burst's, and the overall one only. What a policy bounds is one number a
/// channel; elements set one by one could make the same number with another power, and a driver is free to share them out again.
#[derive(Debug, Clone, PartialEq)]
pub struct TxConfig {
    /// From 0, in the order of the stream's samples; at least one, each once.
    pub channels: Vec<usize>,
    /// Centre of all of them, Hz.
    pub frequency_hz: f64,
    /// Connector of each; `None` = the device's own choice.
    pub antenna: Option<String>,
    /// What is switched while nothing may be sent.
    pub safe: SafeOutput,
}

/// What keeps a transmitter from the air, beside its gain, while nothing may be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SafeOutput {
    /// Connector of each channel, one with nothing or a load on it; `None` = it stays where it is.
    pub antenna: Option<String>,
    /// What a setting of the device switches.
    pub switch: Option<Switch>,
}

/// A setting of the device (SoapySDR's `writeSetting`) that switches what lies behind its connectors: an RF switch, an amplifier's supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its key.
    pub setting: String,
    /// Its value while something may be sent, as the device reads it back.
    pub on_air: String,
    /// Its value else.
    pub safe: String,
}

/// The receive channels of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct RxConfig {
    /// From 0, in the order of the stream's samples; at least one, each once.
    pub channels: Vec<usize>,
    /// Centre of all of them, Hz.
    pub frequency_hz: f64,
    /// Connector of each; `None` = the device's own choice.
    pub antenna: Option<String>,
    /// Overall gain setting of each, dB.
    pub gain_db: f64,
    /// Elements of the gain that are set by name after that, dB.
    pub gain_elements_db: Vec<(String, f64)>,
}
