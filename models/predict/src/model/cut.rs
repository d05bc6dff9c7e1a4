//! Where a model is cut in two.

use super::TransformerConfig;
use crate::PredictError;
use serde::{Deserialize, Serialize};

/// Layers below the cut are the agent's, those above are shared: encoder layers are counted first, then decoder layers.
///
/// Embedding and position encoding are always the agent's, the output head is always shared. What crosses the cut, the embedding of the E-interface, is
/// the tokens of the observation as long as the cut lies in the encoder, and behind them those of the forecast where it lies in the decoder.
//= SANet section 8.1, schemes 2 and 3, and everything between and beyond
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cut(usize);

impl Cut {
    /// Below so many layers.
    ///
    /// # Errors
    /// [`PredictError::Config`] where the model has fewer.
    pub fn new(layers: usize, config: &TransformerConfig) -> Result<Self, PredictError> {
        let all = config.encoder_layers + config.decoder_layers;
        if layers > all {
            return Err(PredictError::Config(format!("a cut above {layers} layers of {all}")));
        }
        Ok(Self(layers))
    }

    /// Scheme 2: all Transformer layers are shared.
    #[must_use]
    pub const fn scheme2() -> Self {
        Self(0)
    }

    /// Scheme 3: the encoder is the agent's, the decoder is shared.
    #[must_use]
    pub const fn scheme3(config: &TransformerConfig) -> Self {
        Self(config.encoder_layers)
    }

    /// Layers of the agent.
    #[must_use]
    pub const fn layers(self) -> usize {
        self.0
    }

    /// Encoder layers of the agent.
    pub(crate) fn encoder(self, config: &TransformerConfig) -> usize {
        self.0.min(config.encoder_layers)
    }

    /// Decoder layers of the agent.
    pub(crate) fn decoder(self, config: &TransformerConfig) -> usize {
        self.0.saturating_sub(config.encoder_layers)
    }

    /// Tokens that cross it, for each window.
    #[must_use]
    pub fn tokens(self, config: &TransformerConfig) -> usize {
        config.observe + if self.0 > config.encoder_layers { config.horizon } else { 0 }
    }
}
