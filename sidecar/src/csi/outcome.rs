//! The answer, as it is printed.

use ran_bridge::nr::{Cell, SsbReport};

/// One SS/PBCH block.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SsbLine {
    /// First CP sample of the PSS symbol, counted from the recording's start.
    pub sample: u64,
    /// Block index.
    pub index: u8,
    /// System frame number; none if the MIB was not decoded.
    pub sfn: Option<u16>,
    /// The MIB's CRC was good.
    pub mib_crc_ok: bool,
    /// Signal to noise per resource element in dB; none if there is no signal.
    pub snr_db: Option<f32>,
    /// Carrier frequency offset in Hz; > 0 when the signal lies above nominal.
    pub cfo_hz: f64,
}

/// What a recording holds: its strongest cell and that cell's blocks.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// Physical cell identity; none if no cell was found.
    pub pci: Option<u16>,
    /// Every block, in order of time.
    pub ssb: Vec<SsbLine>,
    /// The cells found, strongest first.
    #[serde(skip)]
    pub cells: Vec<Cell>,
    /// The blocks with their channel.
    #[serde(skip)]
    pub reports: Vec<SsbReport>,
    /// Samples of the recording that were not finite numbers and counted as zero.
    #[serde(skip)]
    pub nonfinite: u64,
}

impl From<&SsbReport> for SsbLine {
    fn from(report: &SsbReport) -> Self {
        Self {
            sample: report.sample,
            index: report.index,
            sfn: report.sfn,
            mib_crc_ok: report.mib_crc_ok,
            snr_db: report.snr_db,
            cfo_hz: report.cfo_hz,
        }
    }
}
