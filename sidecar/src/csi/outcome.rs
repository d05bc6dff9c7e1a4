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
    /// SS-RSRP in dB relative to full scale of a resource element; not shown unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsrp_dbfs: Option<f32>,
    /// SS-RSRQ in dB; not shown unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsrq_db: Option<f32>,
}

/// One occasion of a CSI-RS.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CsiRsLine {
    /// First CP sample of its symbol, counted from the recording's start.
    pub sample: u64,
    /// System frame number.
    pub sfn: u16,
    /// Slot of the frame.
    pub slot: u16,
    /// Symbol of the slot.
    pub symbol: u8,
    /// Antenna ports.
    pub ports: usize,
    /// CSI-RSRP in dB relative to full scale of a resource element.
    pub rsrp_dbfs: Option<f32>,
    /// CSI-RSRQ in dB.
    pub rsrq_db: Option<f32>,
    /// CSI-SINR in dB.
    pub sinr_db: Option<f32>,
    /// Power-weighted mean delay of the first port, in ns.
    pub delay_ns: f64,
    /// Root-mean-square delay spread of the first port, in ns; none without a signal.
    pub rms_delay_ns: Option<f64>,
    /// Carrier frequency offset as then followed, in Hz.
    pub cfo_hz: f64,
}

/// What a recording holds: its strongest cell and that cell's blocks.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// Physical cell identity; none if no cell was found.
    pub pci: Option<u16>,
    /// Every block, in order of time.
    pub ssb: Vec<SsbLine>,
    /// Every CSI-RS that was asked for, in order of time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub csi_rs: Vec<CsiRsLine>,
    /// The cells found, strongest first; not shown unless asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// The blocks with their channel.
    #[serde(skip)]
    pub reports: Vec<SsbReport>,
    /// Samples of the recording that were not finite numbers and counted as zero.
    #[serde(skip)]
    pub nonfinite: u64,
    /// Samples that are missing from the recording and counted as zero; not shown where there are none.
    #[serde(skip_serializing_if = "is_none_lost")]
    pub lost: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_none_lost(lost: &u64) -> bool {
    *lost == 0
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
            rsrp_dbfs: report.rsrp_dbfs,
            rsrq_db: report.rsrq_db,
        }
    }
}

impl Outcome {
    /// Without what is shown only where it was asked for.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.cells.clear();
        self.ssb.iter_mut().for_each(|line| (line.rsrp_dbfs, line.rsrq_db) = (None, None));
        self
    }
}
