//! Shape of the Transformer.

use crate::PredictError;
use crate::data::{CHANNELS_PER_FEATURE, WindowSpec};
use serde::{Deserialize, Serialize};

/// Shape of the Transformer.
//= SANet Table 2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransformerConfig {
    /// Features of a row; each comes as [`CHANNELS_PER_FEATURE`] channels.
    pub features: usize,
    /// Observation window, in samples.
    pub observe: usize,
    /// Prediction window, in samples.
    pub horizon: usize,
    /// Embedding dimension d.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Encoder layers.
    pub encoder_layers: usize,
    /// Decoder layers.
    pub decoder_layers: usize,
    /// Hidden width of the feed-forward layers (the "model dimension" of Table 2).
    pub feed_forward: usize,
}

impl TransformerConfig {
    /// The shape of `SANet` Table 2 for rows of this many features: 1.99 million parameters.
    #[must_use]
    pub fn table2(features: usize) -> Self {
        Self {
            features,
            observe: 15,
            horizon: 5,
            width: 128,
            heads: 8,
            encoder_layers: 6,
            decoder_layers: 6,
            feed_forward: 256,
        }
    }

    /// Channels of an input row.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.features * CHANNELS_PER_FEATURE
    }

    /// The windows it takes.
    #[must_use]
    pub fn window(&self) -> WindowSpec {
        WindowSpec { observe: self.observe, horizon: self.horizon }
    }

    /// # Errors
    /// [`PredictError::Config`] where a size is 0 or heads do not divide the width.
    pub fn check(&self) -> Result<(), PredictError> {
        let sizes = [
            self.features,
            self.observe,
            self.horizon,
            self.width,
            self.heads,
            self.encoder_layers,
            self.decoder_layers,
            self.feed_forward,
        ];
        if sizes.contains(&0) || !self.width.is_multiple_of(self.heads) {
            return Err(PredictError::Config(format!("{self:?}: sizes must be positive and heads divide the width")));
        }
        Ok(())
    }
}
