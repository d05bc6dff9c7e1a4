//! The two stacks of layers, whole or in part.

use super::TransformerConfig;
use crate::nn::{Attention, FeedForward, LayerNorm};
use crate::{Params, PredictError, SeededRng};
use candle_core::Tensor;
use std::ops::Range;

#[derive(Debug)]
struct EncoderLayer {
    norm1: LayerNorm,
    attention: Attention,
    norm2: LayerNorm,
    feed_forward: FeedForward,
}

/// Pre-norm encoder layers that follow each other; the last one of all brings the last norm.
#[derive(Debug)]
pub(super) struct EncoderLayers {
    first: usize,
    layers: Vec<EncoderLayer>,
    norm: Option<LayerNorm>,
}

impl EncoderLayers {
    /// Layers of this range; their names count from the first of all.
    pub(super) fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        c: &TransformerConfig,
        range: Range<usize>,
    ) -> Result<Self, PredictError> {
        let d = c.width;
        let (first, is_last) = (range.start, range.end == c.encoder_layers && !range.is_empty());
        let layers = range
            .map(|i| {
                let n = format!("encoder.{i}");
                Ok(EncoderLayer {
                    norm1: LayerNorm::new(params, &format!("{n}.norm1"), d)?,
                    attention: Attention::new(params, rng, &format!("{n}.attention"), d, c.heads)?,
                    norm2: LayerNorm::new(params, &format!("{n}.norm2"), d)?,
                    feed_forward: FeedForward::new(params, rng, &format!("{n}.feed_forward"), d, c.feed_forward)?,
                })
            })
            .collect::<Result<_, PredictError>>()?;
        let norm = is_last.then(|| LayerNorm::new(params, "encoder.norm", d)).transpose()?;
        Ok(Self { first, layers, norm })
    }

    /// Those of its layers that are numbered `enter` and up.
    ///
    /// # Shapes
    /// `h` `[batch · tokens, width]` → the same.
    pub(super) fn forward(&self, mut h: Tensor, batch: usize, enter: usize) -> Result<Tensor, PredictError> {
        let skip = enter.saturating_sub(self.first);
        for layer in self.layers.iter().skip(skip) {
            let n = layer.norm1.forward(&h)?;
            h = (h + layer.attention.forward(&n, &n, batch)?)?;
            let n = layer.norm2.forward(&h)?;
            h = (h + layer.feed_forward.forward(&n)?)?;
        }
        match &self.norm {
            Some(norm) if skip < self.layers.len() => norm.forward(&h),
            _ => Ok(h),
        }
    }
}

#[derive(Debug)]
struct DecoderLayer {
    norm1: LayerNorm,
    own: Attention,
    norm2: LayerNorm,
    cross: Attention,
    norm3: LayerNorm,
    feed_forward: FeedForward,
}

/// Pre-norm decoder layers that follow each other.
#[derive(Debug)]
pub(super) struct DecoderLayers {
    first: usize,
    layers: Vec<DecoderLayer>,
}

impl DecoderLayers {
    /// Layers of this range; their names count from the first of all.
    pub(super) fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        c: &TransformerConfig,
        range: Range<usize>,
    ) -> Result<Self, PredictError> {
        let (d, first) = (c.width, range.start);
        let layers = range
            .map(|i| {
                let n = format!("decoder.{i}");
                Ok(DecoderLayer {
                    norm1: LayerNorm::new(params, &format!("{n}.norm1"), d)?,
                    own: Attention::new(params, rng, &format!("{n}.self"), d, c.heads)?,
                    norm2: LayerNorm::new(params, &format!("{n}.norm2"), d)?,
                    cross: Attention::new(params, rng, &format!("{n}.cross"), d, c.heads)?,
                    norm3: LayerNorm::new(params, &format!("{n}.norm3"), d)?,
                    feed_forward: FeedForward::new(params, rng, &format!("{n}.feed_forward"), d, c.feed_forward)?,
                })
            })
            .collect::<Result<_, PredictError>>()?;
        Ok(Self { first, layers })
    }

    /// Those of its layers that are numbered `enter` and up.
    ///
    /// # Shapes
    /// `h` `[batch · horizon, width]`, `memory` `[batch · observe, width]` → as `h`.
    pub(super) fn forward(
        &self,
        mut h: Tensor,
        memory: &Tensor,
        batch: usize,
        enter: usize,
    ) -> Result<Tensor, PredictError> {
        for layer in self.layers.iter().skip(enter.saturating_sub(self.first)) {
            let n = layer.norm1.forward(&h)?;
            h = (h + layer.own.forward(&n, &n, batch)?)?;
            let n = layer.norm2.forward(&h)?;
            h = (h + layer.cross.forward(&n, memory, batch)?)?;
            let n = layer.norm3.forward(&h)?;
            h = (h + layer.feed_forward.forward(&n)?)?;
        }
        Ok(h)
    }
}
