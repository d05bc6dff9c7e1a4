//! The two dense layers after attention.

use super::Linear;
use crate::{Params, PredictError, SeededRng};
use candle_core::Tensor;

/// Dense, `ReLU`, dense.
#[derive(Debug)]
pub struct FeedForward {
    up: Linear,
    down: Linear,
}

impl FeedForward {
    /// `width` → `hidden` → `width`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        name: &str,
        width: usize,
        hidden: usize,
    ) -> Result<Self, PredictError> {
        Ok(Self {
            up: Linear::new(params, rng, &format!("{name}.up"), width, hidden)?,
            down: Linear::new(params, rng, &format!("{name}.down"), hidden, width)?,
        })
    }

    /// # Shapes
    /// `[rows, width]` → the same.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        self.down.forward(&self.up.forward(x)?.relu()?)
    }
}
