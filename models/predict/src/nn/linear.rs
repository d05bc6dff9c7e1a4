//! A dense layer.

use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};

/// y = x W + b.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// Weights uniform in ±√(6 / (fan in + fan out)) (Glorot), bias 0.
    ///
    /// # Shapes
    /// W `[inputs, outputs]`, b `[outputs]`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self, PredictError> {
        #[expect(clippy::cast_precision_loss, reason = "layer widths are small")]
        let bound = (6.0 / (inputs + outputs) as f32).sqrt();
        Self::with_bound(params, rng, name, (inputs, outputs), bound)
    }

    /// As [`Linear::new`], weights uniform in ±bound.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn with_bound(
        params: &mut Params,
        rng: &mut SeededRng,
        name: &str,
        (inputs, outputs): (usize, usize),
        bound: f32,
    ) -> Result<Self, PredictError> {
        let weight = params.add(format!("{name}.weight"), &rng.uniform_tensor(&[inputs, outputs], bound)?)?;
        let bias =
            params.add(format!("{name}.bias"), &Tensor::zeros(outputs, candle_core::DType::F32, &Device::Cpu)?)?;
        Ok(Self { weight, bias })
    }

    /// # Shapes
    /// `[rows, inputs]` → `[rows, outputs]`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        Ok(x.matmul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}
