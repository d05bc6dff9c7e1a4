//! Settings of `ran`.

use crate::guard::Limits;

/// A receiver of `air` that `ran` listens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Monitor {
    /// Its index in `air`.
    pub stream: u32,
    /// Whether it is the eavesdropper; all others are served.
    pub eavesdropper: bool,
    /// Subscriber behind it.
    pub supi: Option<String>,
}

/// What must be known of the cell beforehand.
#[derive(Debug, Clone, PartialEq)]
pub struct CellConfig {
    /// Carrier centre, Hz; `None` = unknown, then the SSB is looked for on a grid without the raster's help.
    pub centre_hz: Option<f64>,
    /// Subcarrier spacing, Hz.
    pub scs_hz: f64,
    /// PRBs of the carrier.
    pub prb: u16,
    /// Physical cell identity; `None` takes the strongest.
    pub pci: Option<u16>,
    /// SSB centre relative to the carrier's, Hz; `None` is searched.
    pub ssb_offset_hz: Option<f64>,
    /// SSB period, s.
    pub ssb_period_s: f64,
}

/// Where CSI-RS is and how the array is sounded through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundingConfig {
    /// Sound at all.
    pub enabled: bool,
    /// A slot with CSI-RS every so many slots.
    pub period_slots: u32,
    /// Slot of the period, counted from the slot of the SSB.
    pub offset_slot: u32,
    /// Symbol through which the columns of the unitary go.
    pub sounded_symbol: u8,
    /// Symbol through which the beam in force goes: it shows what the beam does.
    pub beam_symbol: u8,
    /// Lowest subcarrier of the PRB.
    pub k0: u8,
}

/// When the power of the cell is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerPolicy {
    /// Above this the worst UE has more than it needs, dB: power goes down.
    pub enough_db: f64,
    /// Below this it needs more, dB: power goes up.
    pub least_db: f64,
    /// Step, dB.
    pub step_db: f32,
}

/// Settings of `ran`.
#[derive(Debug, Clone)]
pub struct RanConfig {
    /// Run number for the wire.
    pub run: u64,
    /// `ipc://…` of `air`.
    pub air: String,
    /// `tcp://…` of the controller.
    pub controller: Option<String>,
    /// `ipc://…` of the `tx-guard` whose dead-man is fed while the loop is closed.
    pub tx_guard: Option<String>,
    /// WebSocket of the gNB.
    pub gnb_ws: Option<String>,
    /// PLMN of the slices.
    pub plmn: String,
    /// Sample rate, Hz.
    pub rate_hz: f64,
    /// Antennas of `air`.
    pub antennas: usize,
    /// The receivers.
    pub monitors: Vec<Monitor>,
    /// The cell.
    pub cell: CellConfig,
    /// Sounding.
    pub sounding: SoundingConfig,
    /// Whether actions are taken.
    pub act: bool,
    /// Part of the eavesdropper's direction that is taken out of the beam.
    pub null_part: f32,
    /// A channel older than this is not used, s.
    pub fresh_s: f64,
    /// Bounds on actions.
    pub limits: Limits,
    /// Power.
    pub power: PowerPolicy,
    /// Where `/metrics` is served.
    pub metrics: Option<crate::telemetry::MetricsAt>,
    /// Time in which a slow effect must show, ns.
    pub window_ns: u64,
    /// Learning; `None` = the local trend predicts alone.
    pub learn: Option<crate::agent::LearnerConfig>,
}

impl RanConfig {
    /// Settings for the demo cell with these receivers.
    #[must_use]
    pub fn demo(air: &str, monitors: Vec<Monitor>) -> Self {
        Self {
            run: 0,
            air: air.to_owned(),
            controller: None,
            tx_guard: None,
            gnb_ws: None,
            plmn: "00101".into(),
            rate_hz: 7.68e6,
            antennas: 4,
            monitors,
            cell: CellConfig {
                centre_hz: Some(1842.5e6),
                scs_hz: 15e3,
                prb: 25,
                pci: None,
                ssb_offset_hz: None,
                ssb_period_s: 10e-3,
            },
            sounding: SoundingConfig {
                enabled: true,
                period_slots: 5,
                offset_slot: 1,
                sounded_symbol: 4,
                beam_symbol: 8,
                k0: 0,
            },
            act: true,
            null_part: 0.7,
            fresh_s: 0.2,
            limits: Limits::default(),
            power: PowerPolicy { enough_db: 22.0, least_db: 15.0, step_db: 1.0 },
            metrics: None,
            window_ns: 1_500_000_000,
            learn: None,
        }
    }

    /// Streams to serve.
    #[must_use]
    pub fn served(&self) -> Vec<u32> {
        self.monitors.iter().filter(|m| !m.eavesdropper).map(|m| m.stream).collect()
    }

    /// Stream of the eavesdropper.
    #[must_use]
    pub fn eavesdropper(&self) -> Option<u32> {
        self.monitors.iter().find(|m| m.eavesdropper).map(|m| m.stream)
    }
}
