//! The shared half in scheme 3: query tokens, decoder layers, output head.

use super::TransformerConfig;
use crate::nn::{Attention, FeedForward, LayerNorm, Linear, sinusoid};
use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};

#[derive(Debug)]
struct Layer {
    norm1: LayerNorm,
    own: Attention,
    norm2: LayerNorm,
    cross: Attention,
    norm3: LayerNorm,
    feed_forward: FeedForward,
}

/// Pre-norm decoder layers over `horizon` query tokens, a last norm, and one dense output a token.
///
/// The start tokens: one learned vector a predicted step, which begin as the sinusoids of positions
/// `observe..observe + horizon` and carry **no data**. So nothing but the embedding crosses the E-interface, and all steps are predicted
/// in one pass; the queries see each other without a mask, since none of them holds a label.
/// The head begins near 0: an untrained model is persistence.
#[derive(Debug)]
pub struct Decoder {
    queries: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    head: Linear,
    config: TransformerConfig,
}

impl Decoder {
    /// Adds its parameters to `params`. `features` of the configuration is not used: the shared half is the same for all agents.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(params: &mut Params, rng: &mut SeededRng, config: TransformerConfig) -> Result<Self, PredictError> {
        config.check()?;
        let d = config.width;
        let start = Tensor::from_vec(sinusoid(config.observe, config.horizon, d), (config.horizon, d), &Device::Cpu)?;
        let queries = params.add("queries", &start)?;
        let layers = (0..config.decoder_layers)
            .map(|i| {
                let n = format!("decoder.{i}");
                Ok(Layer {
                    norm1: LayerNorm::new(params, &format!("{n}.norm1"), d)?,
                    own: Attention::new(params, rng, &format!("{n}.self"), d, config.heads)?,
                    norm2: LayerNorm::new(params, &format!("{n}.norm2"), d)?,
                    cross: Attention::new(params, rng, &format!("{n}.cross"), d, config.heads)?,
                    norm3: LayerNorm::new(params, &format!("{n}.norm3"), d)?,
                    feed_forward: FeedForward::new(params, rng, &format!("{n}.feed_forward"), d, config.feed_forward)?,
                })
            })
            .collect::<Result<_, PredictError>>()?;
        let norm = LayerNorm::new(params, "decoder.norm", d)?;
        let head = Linear::with_bound(params, rng, "head", (d, 1), 0.02)?;
        Ok(Self { queries, layers, norm, head, config })
    }

    /// # Shapes
    /// Embedding `[batch, observe, width]` → forecast `[batch, horizon, 1]`, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, z: &Tensor) -> Result<Tensor, PredictError> {
        let c = &self.config;
        let (batch, tokens, width) = z.dims3()?;
        let memory = z.reshape((batch * tokens, width))?;
        let mut h = self.queries.unsqueeze(0)?.broadcast_as((batch, c.horizon, c.width))?.contiguous()?;
        h = h.reshape((batch * c.horizon, c.width))?;
        for layer in &self.layers {
            let n = layer.norm1.forward(&h)?;
            h = (h + layer.own.forward(&n, &n, batch)?)?;
            let n = layer.norm2.forward(&h)?;
            h = (h + layer.cross.forward(&n, &memory, batch)?)?;
            let n = layer.norm3.forward(&h)?;
            h = (h + layer.feed_forward.forward(&n)?)?;
        }
        Ok(self.head.forward(&self.norm.forward(&h)?)?.reshape((batch, c.horizon, 1))?)
    }
}
