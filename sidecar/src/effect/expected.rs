//! What an action promises.

use serde::{Deserialize, Serialize};

/// A quantity the loop observes, with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Observable {
    /// SNR at a monitor receiver, dB.
    SnrDb,
    /// Smallest SNR over the UEs in service, dB.
    WorstSnrDb,
    /// Channel quality indicator a UE reports, 0…15.
    Cqi,
    /// Downlink bit rate the gNB gives a UE, bit/s.
    DlBitPerS,
    /// Rate the application delivers to a UE, bit/s.
    DeliveredBitPerS,
    /// Rate the application offers a UE, bit/s.
    OfferedBitPerS,
    /// Share of time a UE's video stands still, 0…1.
    StallRatio,
    /// Downlink bytes waiting at the gNB for a UE.
    DlBacklogBytes,
    /// Downlink bit rate of all UEs of a slice, bit/s.
    SliceBitPerS,
}

impl Observable {
    /// The unit, as in tables.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::SnrDb | Self::WorstSnrDb => "dB",
            Self::Cqi | Self::StallRatio => "",
            Self::DlBitPerS | Self::DeliveredBitPerS | Self::OfferedBitPerS | Self::SliceBitPerS => "bit/s",
            Self::DlBacklogBytes => "bytes",
        }
    }

    /// The name in records and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SnrDb => "snr_db",
            Self::WorstSnrDb => "worst_snr_db",
            Self::Cqi => "cqi",
            Self::DlBitPerS => "dl_bit_per_s",
            Self::DeliveredBitPerS => "delivered_bit_per_s",
            Self::OfferedBitPerS => "offered_bit_per_s",
            Self::StallRatio => "stall_ratio",
            Self::DlBacklogBytes => "dl_backlog_bytes",
            Self::SliceBitPerS => "slice_bit_per_s",
        }
    }
}

/// Which way it must move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Up.
    Rise,
    /// Down.
    Fall,
}

/// The promise: `observable` of `target` moves by at least `min_change` within `window_ns`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// What is observed.
    pub observable: Observable,
    /// Of whom: a subscriber, a slice, `ue0`, `cell`.
    pub target: String,
    /// Which way.
    pub direction: Direction,
    /// At least by how much, in the observable's unit; not negative.
    pub min_change: f64,
    /// Within this time, ns: of radio time and of the host's monotonic clock, see [`super::RadioClock`].
    pub window_ns: u64,
}

impl Expected {
    /// Whether means before and after keep the promise.
    #[must_use]
    pub fn kept(&self, before: f64, after: f64) -> bool {
        let change = match self.direction {
            Direction::Rise => after - before,
            Direction::Fall => before - after,
        };
        change >= self.min_change
    }
}
