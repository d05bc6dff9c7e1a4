//! The agent's part: embedding, position, and the layers below the cut.

use super::layers::{DecoderLayers, EncoderLayers};
use super::trunk::Queries;
use super::{Cut, TransformerConfig};
use crate::nn::{Linear, sinusoid};
use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};

/// Time-series embedding, learned position encoding (it begins as sinusoids), and the layers below the cut.
#[derive(Debug)]
pub struct Front {
    embed: Linear,
    position: Tensor,
    encoder: EncoderLayers,
    /// Where the cut lies in the decoder.
    decoder: Option<(Queries, DecoderLayers)>,
    config: TransformerConfig,
    cut: Cut,
}

impl Front {
    /// Adds its parameters to `params`.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        config: TransformerConfig,
        cut: Cut,
    ) -> Result<Self, PredictError> {
        config.check()?;
        let d = config.width;
        let embed = Linear::new(params, rng, "embed", config.channels(), d)?;
        let start = Tensor::from_vec(sinusoid(0, config.observe, d), (config.observe, d), &Device::Cpu)?;
        let position = params.add("position", &start)?;
        let encoder = EncoderLayers::new(params, rng, &config, 0..cut.encoder(&config))?;
        let decoder = match cut.decoder(&config) {
            0 => None,
            n => Some((Queries::new(params, &config)?, DecoderLayers::new(params, rng, &config, 0..n)?)),
        };
        Ok(Self { embed, position, encoder, decoder, config, cut })
    }

    /// Where it ends.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// # Shapes
    /// `[batch, observe, channels]` → embedding z `[batch, tokens, width]` with [`Cut::tokens`].
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let c = &self.config;
        let (batch, tokens, channels) = x.dims3()?;
        let mut h = self.embed.forward(&x.reshape((batch * tokens, channels))?)?;
        h = h.reshape((batch, tokens, c.width))?.broadcast_add(&self.position)?.reshape((batch * tokens, c.width))?;
        let memory = self.encoder.forward(h, batch, 0)?;
        let z = memory.reshape((batch, tokens, c.width))?;
        let Some((queries, layers)) = &self.decoder else { return Ok(z) };
        let h = layers.forward(queries.forward(batch)?, &memory, batch, 0)?;
        Ok(Tensor::cat(&[z, h.reshape((batch, c.horizon, c.width))?], 1)?)
    }
}
