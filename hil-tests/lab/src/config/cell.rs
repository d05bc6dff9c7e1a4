//! The radio cell.
use crate::phy::{Mib, Numerology};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Modulation of the PDSCH filling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Filling {
    /// QPSK.
    Qpsk,
    /// 16QAM.
    Qam16,
}

/// Carrier, SSB, CSI-RS and level of the downlink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellConfig {
    /// Sample rate: 7.68, 11.52, 23.04 … MS/s.
    pub rate_hz: u32,
    /// Carrier width in resource blocks.
    pub prb: usize,
    /// Physical cell identity, 0..=1007.
    pub pci: u16,
    /// Downlink carrier centre; sets the per-symbol phase of upconversion.
    pub carrier_hz: f64,
    /// SSB centre minus carrier centre in subcarriers of 15 kHz. With the carrier at 1842.5 MHz the only sync raster point whose
    /// distance is whole subcarriers is 1842.05 MHz (GSCN 4604): −30, and then k_SSB = 0.
    pub ssb_offset_sc: i32,
    /// SSB period: 10, 20, 40, 80 ms.
    pub ssb_period_ms: u32,
    /// CSI-RS every so many slots; 0 is none. Slots with an SSB carry none.
    pub csi_rs_period_slots: u32,
    /// First slot with CSI-RS.
    pub csi_rs_offset_slot: u32,
    /// Symbols with CSI-RS (TRS: 4 and 8).
    pub csi_rs_symbols: Vec<usize>,
    /// Lowest subcarrier of CSI-RS within a resource block, 0..=3.
    pub csi_rs_k0: usize,
    /// PDSCH filling.
    pub filling: Filling,
    /// Mean level of a full slot, −15..=−12 suits.
    pub rms_dbfs: f32,
    /// Frames after which the filling repeats.
    pub cycle_frames: usize,
    /// `pdcch-ConfigSIB1` of the MIB.
    pub pdcch_config_sib1: u8,
    /// PLMN as digits.
    pub plmn: String,
    /// NR cell identity.
    pub nci: u64,
}

impl Default for CellConfig {
    fn default() -> Self {
        Self {
            rate_hz: 7_680_000,
            prb: 25,
            pci: 1,
            carrier_hz: 1_842.5e6,
            ssb_offset_sc: -30,
            ssb_period_ms: 10,
            csi_rs_period_slots: 5,
            csi_rs_offset_slot: 1,
            csi_rs_symbols: vec![4, 8],
            csi_rs_k0: 0,
            filling: Filling::Qam16,
            rms_dbfs: -13.0,
            cycle_frames: 4,
            pdcch_config_sib1: 0x60,
            plmn: "00101".into(),
            nci: 6_733_824,
        }
    }
}

impl CellConfig {
    /// Sizes in samples; `None` where rate and width do not fit.
    #[must_use]
    pub fn numerology(&self) -> Option<Numerology> {
        Numerology::new(self.rate_hz, self.prb)
    }

    /// Carrier subcarrier where the SSB begins; `None` where it does not fit.
    #[must_use]
    pub fn ssb_start(&self) -> Option<usize> {
        let start = i64::from(self.ssb_offset_sc) + 6 * self.prb as i64 - 120;
        usize::try_from(start).ok().filter(|s| s + crate::phy::ssb::WIDTH <= 12 * self.prb)
    }

    /// The MIB it broadcasts.
    #[must_use]
    pub fn mib(&self) -> Mib {
        Mib {
            scs_common_30khz: false,
            k_ssb: (self.ssb_start().unwrap_or(0) % 12) as u8,
            dmrs_type_a_pos3: false,
            pdcch_config_sib1: self.pdcch_config_sib1,
            cell_barred: false,
            intra_freq_reselection: true,
        }
    }

    /// Whether absolute slot `slot` (frame · 10 + slot in frame) carries the SSB.
    #[must_use]
    pub fn has_ssb(&self, slot: u64) -> bool {
        slot.is_multiple_of(u64::from(self.ssb_period_ms))
    }

    /// Whether absolute slot `slot` carries CSI-RS.
    #[must_use]
    pub fn has_csi_rs(&self, slot: u64) -> bool {
        let period = u64::from(self.csi_rs_period_slots);
        period > 0 && slot % period == u64::from(self.csi_rs_offset_slot) && !self.has_ssb(slot)
    }

    /// What is wrong with it, in words, if anything.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.numerology().is_none() {
            return Some(format!(
                "cell: {} PRB at {} S/s: the rate must be a multiple of 1.92 MS/s and at least 15 kHz · 12 · prb",
                self.prb, self.rate_hz
            ));
        }
        if self.ssb_start().is_none() {
            return Some(format!("cell: ssb_offset_sc {} puts the SSB outside the carrier", self.ssb_offset_sc));
        }
        if self.pci > 1007 {
            return Some(format!("cell: pci {} is above 1007", self.pci));
        }
        if ![10, 20, 40, 80, 160].contains(&self.ssb_period_ms) {
            return Some(format!("cell: ssb_period_ms {} is none of 10, 20, 40, 80, 160", self.ssb_period_ms));
        }
        if self.csi_rs_symbols.iter().any(|&l| !(3..14).contains(&l) || [7, 11].contains(&l)) {
            return Some("cell: csi_rs_symbols must lie in 3..=13 and miss the DMRS symbols 7 and 11".into());
        }
        if self.csi_rs_period_slots > 0 && self.csi_rs_offset_slot >= self.csi_rs_period_slots {
            return Some("cell: csi_rs_offset_slot must be below csi_rs_period_slots".into());
        }
        if self.csi_rs_period_slots > 0 && !(10 * self.cycle_frames).is_multiple_of(self.csi_rs_period_slots as usize) {
            return Some("cell: csi_rs_period_slots must divide 10 · cycle_frames".into());
        }
        if self.cycle_frames == 0 || self.csi_rs_k0 > 3 || !(self.rms_dbfs..=-9.0).contains(&self.rms_dbfs) {
            return Some("cell: cycle_frames >= 1, csi_rs_k0 <= 3 and rms_dbfs <= -9 are needed".into());
        }
        None
    }
}
