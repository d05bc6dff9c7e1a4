//! What goes beside saved weights: where they come from and how good they are.

use crate::optim::OptimiserConfig;
use crate::{PredictError, TransformerConfig};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The manifest of a set of weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the model or part.
    pub name: String,
    /// Shape of the model.
    pub config: TransformerConfig,
    /// SHA-256 of the training data, hex, by name of the data.
    pub data_sha256: BTreeMap<String, String>,
    /// Seed of initialisation and order.
    pub seed: u64,
    /// Coordination rounds trained.
    pub rounds: u64,
    /// Batch of each agent in a round.
    pub batch: usize,
    /// Optimiser of all parts.
    pub optimiser: OptimiserConfig,
    /// SHA-256 of the weights files, hex, by file name.
    pub weights_sha256: BTreeMap<String, String>,
    /// Measured figures, such as `p.test.nmae.transformer`.
    pub metrics: BTreeMap<String, f64>,
}

impl Manifest {
    /// As JSON text.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when a metric is not finite.
    pub fn to_json(&self) -> Result<String, PredictError> {
        serde_json::to_string_pretty(self).map_err(|e| PredictError::Weights(e.to_string()))
    }

    /// From JSON text.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when it is not a manifest.
    pub fn from_json(text: &str) -> Result<Self, PredictError> {
        serde_json::from_str(text).map_err(|e| PredictError::Weights(e.to_string()))
    }
}

/// SHA-256 of bytes, lower-case hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_standards() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
