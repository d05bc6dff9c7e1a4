//! Windows put together.

use super::{Encoded, Normaliser, Trace, WindowAt, WindowSpec};
use crate::PredictError;
use candle_core::{Device, Tensor};

/// A batch of windows.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[batch, observe, channels]`.
    pub x: Tensor,
    /// `[batch, horizon, 1]`, dimensionless.
    pub y: Tensor,
    /// What turns outputs back into units, one a window.
    pub encoded: Vec<Encoded>,
}

impl Batch {
    /// Gathers windows; those that cannot be encoded are left out.
    ///
    /// # Errors
    /// [`PredictError::TooFew`] when none is left.
    pub fn gather(
        trace: &Trace,
        normaliser: &Normaliser,
        spec: WindowSpec,
        at: &[WindowAt],
    ) -> Result<Self, PredictError> {
        let (encoded, labels): (Vec<Encoded>, Vec<Vec<f32>>) =
            at.iter().filter_map(|w| normaliser.window(trace, *w, spec)).unzip();
        Self::assemble(encoded, &labels, spec)
    }

    /// From windows already encoded and their dimensionless labels.
    ///
    /// # Errors
    /// [`PredictError::TooFew`] for none, [`PredictError::Tensor`] when lengths differ from the specification.
    pub fn assemble(encoded: Vec<Encoded>, labels: &[Vec<f32>], spec: WindowSpec) -> Result<Self, PredictError> {
        let n = encoded.len();
        if n == 0 {
            return Err(PredictError::TooFew { what: "a batch", have: 0, need: 1 });
        }
        let x: Vec<f32> = encoded.iter().flat_map(|e| e.x.iter().copied()).collect();
        let channels = x.len() / n / spec.observe.max(1);
        Ok(Self {
            x: Tensor::from_vec(x, (n, spec.observe, channels), &Device::Cpu)?,
            y: Tensor::from_vec(labels.concat(), (n, spec.horizon, 1), &Device::Cpu)?,
            encoded,
        })
    }

    /// Number of windows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.encoded.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }
}
