//! `ran`: the agent of the physical layer.

use super::MetricsSection;
use crate::config::quantity::{Duration, Frequency, GainDb};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// pAgent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RanSection {
    /// The cell.
    pub cell: CellSection,
    /// How the M-antenna channel is sounded.
    pub sounding: SoundingSection,
    /// When the power of the cell is changed.
    pub power: PowerSection,
    /// The gNB's WebSocket for metrics and commands; absent = no gNB to talk to.
    pub gnb_ws: Option<String>,
    /// PLMN of the cell, digits in quotes.
    #[schemars(regex(pattern = r"^[0-9]{5,6}$"))]
    pub plmn: String,
    /// Weights are computed and sent; `false` = only watch.
    pub act: bool,
    /// While it tracks the cell it feeds the dead-man of `tx-guard`; `false` = it does not vouch for what a radio transmits.
    pub feed_tx_guard: bool,
    /// Part of the eavesdropper's direction that is taken out of the beam, 0…1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub null_part: f64,
    /// A channel that was not sounded for this long is not used.
    pub fresh: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

/// What `ran` must know of the cell before it can look for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellSection {
    /// Centre of the downlink carrier.
    pub dl_centre: Frequency,
    /// Subcarrier spacing.
    pub scs: Frequency,
    /// Resource blocks of the carrier.
    #[schemars(range(min = 20, max = 275))]
    pub prb: u16,
    /// Physical cell identity; absent = whatever is found.
    #[schemars(range(max = 1007))]
    pub pci: Option<u16>,
    /// Centre of the SSB relative to the carrier's; absent = searched.
    pub ssb_offset: Option<Frequency>,
    /// Period of the SSB.
    pub ssb_period: Duration,
}

impl Default for CellSection {
    fn default() -> Self {
        Self {
            dl_centre: Frequency::new(1.8425e9),
            scs: Frequency::new(15e3),
            prb: 25,
            pci: None,
            ssb_offset: None,
            ssb_period: Duration::new(10e-3),
        }
    }
}

/// Sounding: a known unitary is cycled over unprotected CSI occasions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SoundingSection {
    /// Sound at all.
    pub enabled: bool,
    /// Period of the CSI-RS slots.
    pub period: Duration,
    /// Which slot of the period carries CSI-RS, counted from the SSB's.
    pub offset_slot: u32,
    /// Symbol of that slot through which the columns of the unitary go.
    #[schemars(range(max = 13))]
    pub sounded_symbol: u8,
    /// Symbol of that slot through which the beam in force goes: it shows what the beam does.
    #[schemars(range(max = 13))]
    pub beam_symbol: u8,
    /// Lowest subcarrier of a PRB that carries CSI-RS.
    #[schemars(range(max = 11))]
    pub k0: u8,
}

/// When the power of the cell is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PowerSection {
    /// The worst UE has more than this: power goes down.
    pub enough: GainDb,
    /// The worst UE has less than this: power goes up.
    pub least: GainDb,
    /// Step.
    pub step: GainDb,
}

impl Default for PowerSection {
    fn default() -> Self {
        Self { enough: GainDb::new(22.0), least: GainDb::new(15.0), step: GainDb::new(1.0) }
    }
}

impl Default for SoundingSection {
    fn default() -> Self {
        Self { enabled: true, period: Duration::new(5e-3), offset_slot: 1, sounded_symbol: 4, beam_symbol: 8, k0: 0 }
    }
}

impl Default for RanSection {
    fn default() -> Self {
        Self {
            cell: CellSection::default(),
            sounding: SoundingSection::default(),
            power: PowerSection::default(),
            gnb_ws: Some("ws://127.0.0.1:8001".into()),
            plmn: "00101".into(),
            act: true,
            feed_tx_guard: true,
            null_part: 0.7,
            fresh: Duration::new(0.2),
            metrics: MetricsSection::on_port(9701),
        }
    }
}
