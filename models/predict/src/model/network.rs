//! What a forecaster trained through candle's graph is made of.

use crate::{Params, PredictError};
use candle_core::Tensor;

/// A forecaster in one piece: the baselines beside the Transformer that agents share.
pub trait Network {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    /// Its parameters.
    fn params(&self) -> &Params;

    /// # Shapes
    /// `[batch, observe, channels]` → `[batch, horizon, 1]`, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError>;
}
