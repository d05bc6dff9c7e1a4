//! The commands, and the text that the gNB takes for each.

use super::value::{Pci, Rnti, Thousandths};
use serde::{Deserialize, Serialize};

/// Most that the gNB takes in one go: over 768 bytes the whole batch is refused.
pub const MAX_BATCH_BYTES: usize = 768;

/// Whose log level can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLayer {
    /// The physical layer; no other one is taken.
    Phy,
}

/// How much is logged. More than warnings costs the gNB time that its radio may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Nothing.
    None,
    /// Errors.
    Error,
    /// And warnings.
    Warning,
    /// And what is done.
    Info,
    /// Everything.
    Debug,
}

impl LogLevel {
    /// As the gNB is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// A table of metrics on the gNB's standard output. One at a time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// A line a UE.
    Ue,
    /// Of the radio unit.
    Ru,
}

impl Table {
    /// As the gNB is told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ue => "ue",
            Self::Ru => "ru",
        }
    }
}

/// A command to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cmd")]
pub enum ConsoleCommand {
    /// Transmit gain of an antenna port of the radio. A setting, not a power.
    TxGain {
        /// Port.
        port: u8,
        /// Gain, dB.
        gain_db: Thousandths,
    },
    /// Receive gain of an antenna port of the radio.
    RxGain {
        /// Port.
        port: u8,
        /// Gain, dB.
        gain_db: Thousandths,
    },
    /// Carrier frequency offset of a sector in baseband, transmitted and received.
    Cfo {
        /// Sector.
        sector: u8,
        /// Offset, Hz.
        offset_hz: Thousandths,
    },
    /// Time offset of what a sector transmits.
    TxTimeOffset {
        /// Sector.
        sector: u8,
        /// Offset, µs.
        offset_us: Thousandths,
    },
    /// Forces a handover. The gNB says only that it tries.
    Handover {
        /// Cell that serves the UE.
        serving_pci: Pci,
        /// The UE there.
        rnti: Rnti,
        /// Cell that shall.
        target_pci: Pci,
    },
    /// Log level. The gNB says nothing when it does it.
    Log {
        /// Whose.
        layer: LogLayer,
        /// Which.
        level: LogLevel,
    },
    /// Begins to show a table, or ends it where it is shown already; ends another one. The gNB says nothing.
    ToggleTable {
        /// Which.
        table: Table,
    },
}

impl ConsoleCommand {
    /// Its first word, which is its name in counters and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TxGain { .. } => "tx_gain",
            Self::RxGain { .. } => "rx_gain",
            Self::Cfo { .. } => "cfo",
            Self::TxTimeOffset { .. } => "tx_time_offset",
            Self::Handover { .. } => "ho",
            Self::Log { .. } => "log",
            Self::ToggleTable { .. } => "t",
        }
    }

    /// The bytes for the gNB: one command, ended by the one `;`. They go out in one write.
    #[must_use]
    pub fn text(self) -> String {
        let name = self.name();
        match self {
            Self::TxGain { port, gain_db } | Self::RxGain { port, gain_db } => format!("{name} {port} {gain_db};"),
            Self::Cfo { sector, offset_hz } => format!("{name} {sector} {offset_hz};"),
            Self::TxTimeOffset { sector, offset_us } => format!("{name} {sector} {offset_us};"),
            Self::Handover { serving_pci, rnti, target_pci } => {
                format!("{name} {} {:#x} {};", u32::from(serving_pci), u32::from(rnti), u32::from(target_pci))
            }
            Self::Log { layer: LogLayer::Phy, level } => format!("{name} phy {};", level.name()),
            Self::ToggleTable { table } => format!("{name} {};", table.name()),
        }
    }

    /// Whether the gNB says nothing when it has done it.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Log { .. } | Self::ToggleTable { .. })
    }
}
