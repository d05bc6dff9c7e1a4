//! `sidecar gnb …` as it is typed.

use crate::config::{Frequency, GainDb, TimeOffset};
use clap::{Args, Subcommand, ValueEnum};
use ran_bridge::gnb::console::{LogLevel, Pci, Rnti, Table};

/// What the running `sidecar gnb` is asked.
#[derive(Debug, Subcommand)]
pub enum GnbCommand {
    /// Whether gNB and console are up, what was set, what was refused.
    Status,
    /// Sets one number of the radio, within what `gnb_console` allows.
    #[command(after_help = "\
Examples:
  sidecar gnb set --tx-gain '20 dB' --port 0
  sidecar gnb set --cfo '-150 Hz' --sector 0
  sidecar gnb set --tx-gain '20 dB' --run-dir runs/20261121-230501-gnb-3fa9

A gain is a setting of the radio, not a power. Exit code 4 unless the gNB said that it did it.")]
    Set(SetArgs),
    /// Sends a UE to another cell; the gNB says only that it tries.
    #[command(after_help = "Example: sidecar gnb handover --serving 1 --rnti 0x4601 --target 2")]
    Handover {
        /// PCI of the cell that serves it.
        #[arg(long, value_name = "PCI", value_parser = pci)]
        serving: Pci,
        /// The UE's RNTI there, hexadecimal.
        #[arg(long, value_name = "RNTI", value_parser = rnti)]
        rnti: Rnti,
        /// PCI of the cell that shall.
        #[arg(long, value_name = "PCI", value_parser = pci)]
        target: Pci,
    },
    /// Sets the log level of the gNB's physical layer.
    Log {
        /// Level.
        level: LevelArg,
    },
    /// Shows a table of metrics on the gNB's output, or none.
    Table {
        /// Which.
        show: TableArg,
    },
}

/// `sidecar gnb set`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["tx_gain", "rx_gain", "cfo", "tx_time_offset"]))]
pub struct SetArgs {
    /// Transmit gain of a port.
    #[arg(long, value_name = "GAIN", allow_hyphen_values = true)]
    pub tx_gain: Option<GainDb>,
    /// Receive gain of a port.
    #[arg(long, value_name = "GAIN", allow_hyphen_values = true)]
    pub rx_gain: Option<GainDb>,
    /// Carrier frequency offset of a sector, transmitted and received.
    #[arg(long, value_name = "FREQUENCY", allow_hyphen_values = true)]
    pub cfo: Option<Frequency>,
    /// Time offset of what a sector transmits.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub tx_time_offset: Option<TimeOffset>,
    /// Antenna port of a gain.
    #[arg(long, default_value_t = 0, conflicts_with_all = ["cfo", "tx_time_offset"])]
    pub port: u8,
    /// Sector of an offset.
    #[arg(long, default_value_t = 0, conflicts_with_all = ["tx_gain", "rx_gain"])]
    pub sector: u8,
}

/// A log level as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LevelArg {
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

impl From<LevelArg> for LogLevel {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::None => Self::None,
            LevelArg::Error => Self::Error,
            LevelArg::Warning => Self::Warning,
            LevelArg::Info => Self::Info,
            LevelArg::Debug => Self::Debug,
        }
    }
}

/// A table as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TableArg {
    /// A line a UE.
    Ue,
    /// Of the radio unit.
    Ru,
    /// None.
    Off,
}

impl TableArg {
    pub(super) const fn table(self) -> Option<Table> {
        match self {
            Self::Ue => Some(Table::Ue),
            Self::Ru => Some(Table::Ru),
            Self::Off => None,
        }
    }
}

fn pci(text: &str) -> Result<Pci, String> {
    let number: u32 = text.parse().map_err(|_| format!("{text} is no PCI: 0 to 1007 are"))?;
    Pci::try_from(number).map_err(|e| e.to_string())
}

fn rnti(text: &str) -> Result<Rnti, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let number = u32::from_str_radix(digits, 16).map_err(|_| format!("{text} is no RNTI such as 0x4601"))?;
    Rnti::try_from(number).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities() {
        assert_eq!((pci("1007").map(u32::from), rnti("0x4601").map(u32::from)), (Ok(1007), Ok(0x4601)));
        assert_eq!(rnti("4601").map(u32::from), Ok(0x4601), "the gNB's tables have it without 0x");
        assert!(pci("1008").is_err() && pci("x").is_err() && rnti("0").is_err() && rnti("0xffff").is_err());
    }
}
