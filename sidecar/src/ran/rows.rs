//! Rows of the record.

use super::phases::Stamps;
use serde::Serialize;

/// One row of `ran`'s log.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// A closed loop.
    Loop(LoopRow),
    /// An SSB.
    Ssb(SsbRow),
    /// A decoded MIB, or one whose checksum failed.
    Mib(MibRow),
    /// Something was applied in `air`.
    Applied(AppliedRow),
}

impl Row {
    /// The table it belongs to.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        match self {
            Self::Loop(_) => "fast_loop",
            Self::Ssb(_) => "ssb",
            Self::Mib(_) => "mib",
            Self::Applied(_) => "applied",
        }
    }
}

/// A closed loop.
#[derive(Debug, Clone, Serialize)]
pub struct LoopRow {
    /// When it was armed.
    pub mono_ns: u64,
    /// Snippet that caused it.
    pub cause: u64,
    /// Whether an SSB caused it, else a CSI-RS.
    pub ssb: bool,
    /// Its instants.
    #[serde(flatten)]
    pub stamps: Stamps,
}

/// An SSB.
#[derive(Debug, Clone, Serialize)]
pub struct SsbRow {
    /// When it was estimated.
    pub mono_ns: u64,
    /// Receiver.
    pub stream: u32,
    /// First sample.
    pub sample: u64,
    /// SS-SINR, dB.
    pub snr_db: Option<f32>,
    /// SS-RSRP of a resource element relative to full scale, dB.
    pub rsrp_dbfs: Option<f32>,
    /// SS-RSRQ, dB.
    pub rsrq_db: Option<f32>,
    /// Power-weighted mean delay against the window's first sample, ns.
    pub delay_ns: f32,
    /// Frequency offset, Hz.
    pub cfo_hz: f64,
}

/// A MIB.
#[derive(Debug, Clone, Serialize)]
pub struct MibRow {
    /// When it was decoded.
    pub mono_ns: u64,
    /// Receiver.
    pub stream: u32,
    /// First sample of the SSB.
    pub sample: u64,
    /// Whether its checksum was good.
    pub mib_crc_ok: bool,
    /// System frame number.
    pub sfn: Option<u16>,
}

/// A change in `air`.
#[derive(Debug, Clone, Serialize)]
pub struct AppliedRow {
    /// When it was armed.
    pub mono_ns: u64,
    /// What.
    pub what: String,
    /// Sample from which it holds.
    pub sample: u64,
    /// Snippet that caused it; 0 = none.
    pub cause: u64,
    /// The new value as JSON.
    pub new: String,
}
