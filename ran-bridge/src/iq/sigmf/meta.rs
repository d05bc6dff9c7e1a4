//! The part of SigMF 1.2 metadata that recordings of samples need.

use serde::{Deserialize, Serialize};

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Datatype {
    /// Complex 32-bit float, little-endian.
    #[serde(rename = "cf32_le")]
    Cf32Le,
    /// Complex 16-bit integer, little-endian; full scale 32 768.
    #[serde(rename = "ci16_le")]
    Ci16Le,
}

impl Datatype {
    /// Bytes of one sample.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Cf32Le => 8,
            Self::Ci16Le => 4,
        }
    }
}

/// A `.sigmf-meta` file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) global: Global,
    #[serde(default)]
    pub(super) captures: Vec<Capture>,
    #[serde(default)]
    pub(super) annotations: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Global {
    #[serde(rename = "core:datatype")]
    pub(super) datatype: String,
    #[serde(rename = "core:sample_rate")]
    pub(super) sample_rate: Option<f64>,
    #[serde(rename = "core:version")]
    pub(super) version: String,
    #[serde(rename = "core:num_channels", default, skip_serializing_if = "Option::is_none")]
    pub(super) num_channels: Option<u32>,
    #[serde(rename = "core:description", default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(rename = "core:recorder", default, skip_serializing_if = "Option::is_none")]
    pub(super) recorder: Option<String>,
    #[serde(rename = "core:sha512", default, skip_serializing_if = "Option::is_none")]
    pub(super) sha512: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Capture {
    #[serde(rename = "core:sample_start")]
    pub(super) sample_start: u64,
    #[serde(rename = "core:frequency", default, skip_serializing_if = "Option::is_none")]
    pub(super) frequency: Option<f64>,
    #[serde(rename = "core:global_index", default, skip_serializing_if = "Option::is_none")]
    pub(super) global_index: Option<u64>,
}
