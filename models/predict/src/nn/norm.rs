//! Layer normalisation, as one operation forward and one backward: candle's fused one has no gradient, and its
//! composed one makes ten tensors of what needs one.

use crate::{Params, PredictError};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Device, Layout, Result as CandleResult, Shape, Tensor};

const EPSILON: f32 = 1e-5;

/// (x − mean) / √(variance + 1e-5) over the last dimension, times a weight, plus a bias.
#[derive(Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    /// Weight 1, bias 0.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] when it cannot be allocated.
    pub fn new(params: &mut Params, name: &str, width: usize) -> Result<Self, PredictError> {
        let weight =
            params.add(format!("{name}.weight"), &Tensor::ones(width, candle_core::DType::F32, &Device::Cpu)?)?;
        let bias = params.add(format!("{name}.bias"), &Tensor::zeros(width, candle_core::DType::F32, &Device::Cpu)?)?;
        Ok(Self { weight, bias })
    }

    /// # Shapes
    /// `[rows, width]` → the same.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another width.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let n = x.contiguous()?.apply_op1(Standardise)?;
        Ok(n.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)?)
    }
}

/// A contiguous slice of f32, or an error that says what is missing.
pub(super) fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> CandleResult<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((from, to)) => Ok(&all[from..to]),
        None => candle_core::bail!("a contiguous tensor is needed"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "widths are small")]
fn moments(row: &[f32]) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = row.iter().sum::<f32>() / n;
    let var = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
    (mean, 1.0 / (var + EPSILON).sqrt())
}

struct Standardise;

impl CustomOp1 for Standardise {
    fn name(&self) -> &'static str {
        "standardise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let x = floats(storage, layout)?;
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        let mut out = Vec::with_capacity(x.len());
        for row in x.chunks_exact(width) {
            let (mean, r) = moments(row);
            out.extend(row.iter().map(|v| (v - mean) * r));
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, arg: &Tensor, _res: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        Ok(Some(arg.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &StandardiseBackward)?))
    }
}

struct StandardiseBackward;

impl CustomOp2 for StandardiseBackward {
    fn name(&self) -> &'static str {
        "standardise-backward"
    }

    // With n = (x − mean) r: dx = r (g − mean(g) − n · mean(g n)).
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (x, g) = (floats(s1, l1)?, floats(s2, l2)?);
        let width = l1.dims().last().copied().unwrap_or(1).max(1);
        let mut out = Vec::with_capacity(x.len());
        for (row, g) in x.chunks_exact(width).zip(g.chunks_exact(width)) {
            let (mean, r) = moments(row);
            let count = width as f32;
            let mean_g = g.iter().sum::<f32>() / count;
            let mean_gn = row.iter().zip(g).map(|(v, g)| (v - mean) * r * g).sum::<f32>() / count;
            out.extend(row.iter().zip(g).map(|(v, g)| r * (g - mean_g - (v - mean) * r * mean_gn)));
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}
