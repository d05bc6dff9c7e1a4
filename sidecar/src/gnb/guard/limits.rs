//! The guard's bounds. The defaults allow nothing that touches radio or UEs.

use ran_bridge::gnb::console::{LogLevel, Pci, Thousandths};

/// Bounds of a number, in the unit of its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Lowest.
    pub min: Thousandths,
    /// Highest.
    pub max: Thousandths,
    /// What the gNB starts with, by its own configuration.
    pub start: Thousandths,
    /// Largest change in one command.
    pub max_step: Thousandths,
    /// Least time between two commands to one port or sector, ns.
    pub min_interval_ns: u64,
}

/// Bounds of every command; `None` and empty allow nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsoleLimits {
    /// Transmit gain, dB.
    pub tx_gain: Option<Bounds>,
    /// Receive gain, dB.
    pub rx_gain: Option<Bounds>,
    /// Carrier frequency offset, Hz.
    pub cfo: Option<Bounds>,
    /// Transmit time offset, µs.
    pub tx_time_offset: Option<Bounds>,
    /// Cells that a UE may be handed over to.
    pub handover_targets: Vec<Pci>,
    /// Least time between two handovers, ns.
    pub handover_interval_ns: u64,
    /// Log levels that may be set.
    pub log_levels: Vec<LogLevel>,
}
