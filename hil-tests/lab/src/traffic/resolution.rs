//! Video resolutions and their mean rates.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an application plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Resolution {
    /// 480p.
    #[serde(rename = "480p")]
    P480,
    /// 720p.
    #[serde(rename = "720p")]
    P720,
    /// 1080p.
    #[serde(rename = "1080p")]
    P1080,
    /// 2160p.
    #[serde(rename = "2160p")]
    P2160,
}

impl Resolution {
    /// Mean rate before the cell's scale.
    #[must_use]
    pub const fn bit_per_s(self) -> f64 {
        match self {
            Self::P480 => 2.5e6,
            Self::P720 => 5.0e6,
            Self::P1080 => 8.0e6,
            Self::P2160 => 20.0e6,
        }
    }
}
