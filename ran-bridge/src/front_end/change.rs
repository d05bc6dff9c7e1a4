//! What can be commanded, as plain data.

use crate::air::pairs;
use num_complex::Complex32;
use serde::{Deserialize, Serialize};

/// A commanded change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// M×P weights for the whole band, row-major antennas × ports; each port's column has a squared norm ≤ 1.
    Weights(Vec<Complex32>),
    /// Weights by sub-band, in place of those for the whole band.
    SubBands(SubBands),
    /// Transmit power, dB ≤ 0.
    PowerDb(f32),
    /// Artificial noise; `None` = off.
    Noise(Option<Noise>),
}

impl Change {
    /// Two of the same quantity replace each other.
    pub(super) const fn quantity(&self) -> &'static str {
        match self {
            Self::Weights(_) | Self::SubBands(_) => "the precoder",
            Self::PowerDb(_) => "power",
            Self::Noise(_) => "artificial noise",
        }
    }
}

/// A change that stands ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Armed {
    /// Downlink sample at which its ramp begins.
    pub sample: u64,
    /// What it replaces.
    pub old: Change,
}

/// Physical resource blocks of a carrier whose middle lies at 0 Hz of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrbRange {
    /// Subcarrier spacing, 15 000 or 30 000.
    pub scs_hz: u32,
    /// Resource blocks of the carrier: block `i` has the subcarriers `12·i … 12·i + 11` above the carrier's lowest one.
    pub carrier_prbs: u16,
    /// First block of the range.
    pub first_prb: u16,
    /// Blocks, ≥ 1.
    pub prbs: u16,
}

impl PrbRange {
    /// Whether it lies in the carrier.
    pub(super) const fn fits(&self) -> bool {
        self.prbs > 0 && self.first_prb as u32 + self.prbs as u32 <= self.carrier_prbs as u32
    }

    /// Its first subcarrier and the one after its last, counted from 0 Hz.
    //= TS 38.211 §5.3.1: subcarrier k lies (k − N_grid·12/2)·Δf above the carrier's middle
    pub(super) const fn subcarriers(&self) -> (i32, i32) {
        let first = 12 * self.first_prb as i32 - 6 * self.carrier_prbs as i32;
        (first, first + 12 * self.prbs as i32)
    }
}

/// Weights by sub-band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubBands {
    /// Subcarrier spacing, 15 000 or 30 000.
    pub scs_hz: u32,
    /// Resource blocks of the carrier, whose middle lies at 0 Hz of the samples.
    pub carrier_prbs: u16,
    /// Ascending, without overlap. Subcarriers between and outside get the weights of the nearest one.
    pub bands: Vec<SubBand>,
}

/// One sub-band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubBand {
    /// First resource block.
    pub first_prb: u16,
    /// Resource blocks, ≥ 1.
    pub prbs: u16,
    /// M×P, row-major antennas × ports; each port's column has a squared norm ≤ 1.
    #[serde(with = "pairs")]
    pub weights: Vec<Complex32>,
}

/// Artificial noise: independent Gaussian streams, one for each direction it is sent in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Power over all antennas, dBFS ≤ 0.
    pub dbfs: f32,
    /// Only in these resource blocks; `None` = white.
    #[serde(default)]
    pub band: Option<PrbRange>,
    /// Channels that get none of it: K×M, row-major, 1 ≤ K < M; a receiver of channel `h` hears `hᵀx`. `None` = the noise is
    /// orthogonal to the weights, of all ports and sub-bands as far as M−1 directions go.
    #[serde(default, with = "pairs::option")]
    pub channels: Option<Vec<Complex32>>,
}
