//! Multi-head attention.

use super::{Linear, softmax};
use crate::{Params, PredictError, SeededRng};
use candle_core::Tensor;

/// softmax(Q Kᵀ / √d) V in several heads, between a projection in and one out.
#[derive(Debug)]
pub struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
    width: usize,
}

impl Attention {
    /// # Errors
    /// [`PredictError::Config`] when `heads` does not divide `width`.
    pub fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        name: &str,
        width: usize,
        heads: usize,
    ) -> Result<Self, PredictError> {
        if heads == 0 || !width.is_multiple_of(heads) {
            return Err(PredictError::Config(format!("{heads} heads do not divide a width of {width}")));
        }
        let mut linear = |part: &str| Linear::new(params, rng, &format!("{name}.{part}"), width, width);
        Ok(Self {
            query: linear("query")?,
            key: linear("key")?,
            value: linear("value")?,
            out: linear("out")?,
            heads,
            width,
        })
    }

    /// # Shapes
    /// `x` `[batch · tokens, width]` asks `memory` `[batch · memory tokens, width]`; the result has the shape of `x`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, x: &Tensor, memory: &Tensor, batch: usize) -> Result<Tensor, PredictError> {
        let split = |t: Tensor| -> Result<Tensor, PredictError> {
            let tokens = t.dim(0)? / batch;
            let t = t.reshape((batch, tokens, self.heads, self.width / self.heads))?;
            Ok(t.transpose(1, 2)?.contiguous()?)
        };
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = 1.0 / ((self.width / self.heads) as f64).sqrt();
        let q = split((self.query.forward(x)? * scale)?)?;
        let k = split(self.key.forward(memory)?)?;
        let v = split(self.value.forward(memory)?)?;
        let weights = softmax(&q.matmul(&k.t()?)?)?;
        let heads = weights.matmul(&v)?.transpose(1, 2)?.contiguous()?;
        self.out.forward(&heads.reshape((x.dim(0)?, self.width))?)
    }
}
