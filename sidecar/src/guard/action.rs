//! What the loop can do to the network.

use num_complex::Complex32;
use serde::{Deserialize, Serialize};

/// One thing to do, as an agent or the controller proposes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Antenna weights in `air`.
    Beam {
        /// `[antennas × ports]`, row-major; squared norm at most 1.
        #[serde(with = "pairs")]
        weights: Vec<Complex32>,
    },
    /// Power of the cell in `air`.
    Power {
        /// dB relative to full scale of the gNB's stream, at most 0.
        db: f32,
    },
    /// Share of a slice at the gNB.
    SliceQuota {
        /// Slice/service type.
        sst: u8,
        /// Slice differentiator, 24 bits; `None` where the slice has none.
        sd: Option<u32>,
        /// Priority share, percent of the carrier's PRBs.
        min: u8,
        /// Hard cap, percent of the carrier's PRBs.
        max: u8,
    },
    /// Downlink rate limit of one UE at the user plane.
    RateLimit {
        /// Subscriber, `imsi-…`.
        supi: String,
        /// bit/s; `None` lifts the limit.
        bit_per_s: Option<f64>,
    },
    /// Resolution of one UE's video at the application.
    Resolution {
        /// Subscriber, `imsi-…`.
        supi: String,
        /// One of the application's resolutions, such as `720p`.
        res: String,
    },
}

/// The kind of an [`Action`], for limits, counters and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Antenna weights.
    Beam,
    /// Power of the cell.
    Power,
    /// Share of a slice.
    SliceQuota,
    /// Rate limit of a UE.
    RateLimit,
    /// Resolution of a UE's video.
    Resolution,
}

impl ActionKind {
    /// Every kind, in the order of its index.
    pub const ALL: [Self; 5] = [Self::Beam, Self::Power, Self::SliceQuota, Self::RateLimit, Self::Resolution];

    /// Position in [`ActionKind::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Beam => 0,
            Self::Power => 1,
            Self::SliceQuota => 2,
            Self::RateLimit => 3,
            Self::Resolution => 4,
        }
    }

    /// The name in logs, records and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beam => "beam",
            Self::Power => "power",
            Self::SliceQuota => "slice_quota",
            Self::RateLimit => "rate_limit",
            Self::Resolution => "resolution",
        }
    }
}

impl Action {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Beam { .. } => ActionKind::Beam,
            Self::Power { .. } => ActionKind::Power,
            Self::SliceQuota { .. } => ActionKind::SliceQuota,
            Self::RateLimit { .. } => ActionKind::RateLimit,
            Self::Resolution { .. } => ActionKind::Resolution,
        }
    }

    /// What it acts on: `cell`, `sst-sd`, or a subscriber. One action per kind and target is outstanding at a time.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Beam { .. } | Self::Power { .. } => "cell".to_owned(),
            Self::SliceQuota { sst, sd, .. } => slice_name(*sst, *sd),
            Self::RateLimit { supi, .. } | Self::Resolution { supi, .. } => supi.clone(),
        }
    }

    /// A few words for a person.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Beam { weights } => format!("beam of {} weights", weights.len()),
            Self::Power { db } => format!("power {db:+.1} dB"),
            Self::SliceQuota { sst, sd, min, max } => format!("slice {} {min}-{max} %", slice_name(*sst, *sd)),
            Self::RateLimit { supi, bit_per_s: Some(r) } => format!("{supi} at most {:.1} Mbit/s", r / 1e6),
            Self::RateLimit { supi, bit_per_s: None } => format!("{supi} without limit"),
            Self::Resolution { supi, res } => format!("{supi} {res}"),
        }
    }
}

/// `sst-sd` with the differentiator in hexadecimal, as `1-000001`; `1` without one.
fn slice_name(sst: u8, sd: Option<u32>) -> String {
    sd.map_or_else(|| sst.to_string(), |sd| format!("{sst}-{sd:06x}"))
}

/// Complex numbers as `[re, im]`.
mod pairs {
    use num_complex::Complex32;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(weights: &[Complex32], to: S) -> Result<S::Ok, S::Error> {
        weights.iter().map(|w| [w.re, w.im]).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Complex32>, D::Error> {
        Ok(Vec::<[f32; 2]>::deserialize(from)?.into_iter().map(|[re, im]| Complex32::new(re, im)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_as_they_are_written() {
        let beam = Action::Beam { weights: vec![Complex32::new(0.5, -0.25)] };
        let text = serde_json::to_string(&beam).unwrap();
        assert_eq!(text, r#"{"kind":"beam","weights":[[0.5,-0.25]]}"#);
        assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), beam);
        let limit: Action =
            serde_json::from_str(r#"{"kind":"rate_limit","supi":"imsi-1","bit_per_s":4000000}"#).unwrap();
        assert_eq!(limit, Action::RateLimit { supi: "imsi-1".into(), bit_per_s: Some(4e6) });
    }

    #[test]
    fn targets_separate_slices_and_subscribers() {
        let quota = Action::SliceQuota { sst: 1, sd: Some(0xabc), min: 10, max: 90 };
        assert_eq!(quota.target(), "1-000abc");
        assert_eq!(Action::Power { db: -3.0 }.target(), "cell");
    }
}
