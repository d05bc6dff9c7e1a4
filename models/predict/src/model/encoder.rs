//! The agent's half in scheme 3: embedding, position, encoder layers.

use super::TransformerConfig;
use crate::nn::{Attention, FeedForward, LayerNorm, Linear, sinusoid};
use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};

#[derive(Debug)]
struct Layer {
    norm1: LayerNorm,
    attention: Attention,
    norm2: LayerNorm,
    feed_forward: FeedForward,
}

/// Time-series embedding, learned position encoding (it begins as sinusoids), and pre-norm encoder layers with a last norm.
#[derive(Debug)]
pub struct Encoder {
    embed: Linear,
    position: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    config: TransformerConfig,
}

impl Encoder {
    /// Adds its parameters to `params`.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(params: &mut Params, rng: &mut SeededRng, config: TransformerConfig) -> Result<Self, PredictError> {
        config.check()?;
        let d = config.width;
        let embed = Linear::new(params, rng, "embed", config.channels(), d)?;
        let start = Tensor::from_vec(sinusoid(0, config.observe, d), (config.observe, d), &Device::Cpu)?;
        let position = params.add("position", &start)?;
        let layers = (0..config.encoder_layers)
            .map(|i| {
                let n = format!("encoder.{i}");
                Ok(Layer {
                    norm1: LayerNorm::new(params, &format!("{n}.norm1"), d)?,
                    attention: Attention::new(params, rng, &format!("{n}.attention"), d, config.heads)?,
                    norm2: LayerNorm::new(params, &format!("{n}.norm2"), d)?,
                    feed_forward: FeedForward::new(params, rng, &format!("{n}.feed_forward"), d, config.feed_forward)?,
                })
            })
            .collect::<Result<_, PredictError>>()?;
        let norm = LayerNorm::new(params, "encoder.norm", d)?;
        Ok(Self { embed, position, layers, norm, config })
    }

    /// # Shapes
    /// `[batch, observe, channels]` → embedding z `[batch, observe, width]`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let c = &self.config;
        let (batch, tokens, channels) = x.dims3()?;
        let mut h = self.embed.forward(&x.reshape((batch * tokens, channels))?)?;
        h = h.reshape((batch, tokens, c.width))?.broadcast_add(&self.position)?.reshape((batch * tokens, c.width))?;
        for layer in &self.layers {
            let n = layer.norm1.forward(&h)?;
            h = (h + layer.attention.forward(&n, &n, batch)?)?;
            let n = layer.norm2.forward(&h)?;
            h = (h + layer.feed_forward.forward(&n)?)?;
        }
        Ok(self.norm.forward(&h)?.reshape((batch, tokens, c.width))?)
    }
}
