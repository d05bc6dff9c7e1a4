//! Softmax over the last dimension, one operation forward and one backward.

use super::norm::floats;
use crate::PredictError;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result as CandleResult, Shape, Tensor};

/// Softmax over the last dimension.
///
/// # Errors
/// [`PredictError::Tensor`] when it is not of f32.
pub fn softmax(x: &Tensor) -> Result<Tensor, PredictError> {
    Ok(x.contiguous()?.apply_op1(Softmax)?)
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let x = floats(storage, layout)?;
        let width = layout.dims().last().copied().unwrap_or(1).max(1);
        let mut out = Vec::with_capacity(x.len());
        for row in x.chunks_exact(width) {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let from = out.len();
            out.extend(row.iter().map(|v| (v - top).exp()));
            let sum: f32 = out[from..].iter().sum();
            out[from..].iter_mut().for_each(|v| *v /= sum);
        }
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, _arg: &Tensor, res: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        Ok(Some(res.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &SoftmaxBackward)?))
    }
}

struct SoftmaxBackward;

impl CustomOp2 for SoftmaxBackward {
    fn name(&self) -> &'static str {
        "softmax-backward"
    }

    // dx = y (g − Σ g y).
    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let (y, g) = (floats(s1, l1)?, floats(s2, l2)?);
        let width = l1.dims().last().copied().unwrap_or(1).max(1);
        let mut out = Vec::with_capacity(y.len());
        for (y, g) in y.chunks_exact(width).zip(g.chunks_exact(width)) {
            let dot: f32 = y.iter().zip(g).map(|(y, g)| y * g).sum();
            out.extend(y.iter().zip(g).map(|(y, g)| y * (g - dot)));
        }
        Ok((CpuStorage::F32(out), l1.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn by_hand_and_its_gradient() {
        let x = Var::from_tensor(&Tensor::new(&[[0.0_f32, 3.0_f32.ln()]], &Device::Cpu).unwrap()).unwrap();
        let y = softmax(x.as_tensor()).unwrap();
        let v = y.to_vec2::<f32>().unwrap();
        assert!((v[0][0] - 0.25).abs() < 1e-6 && (v[0][1] - 0.75).abs() < 1e-6);
        // d y1 / dx = (−y0 y1, y1 (1 − y1)) = (−3/16, 3/16)
        let g = y.narrow(1, 1, 1).unwrap().sum_all().unwrap().backward().unwrap();
        let g = g.get(x.as_tensor()).unwrap().to_vec2::<f32>().unwrap();
        assert!((g[0][0] + 0.1875).abs() < 1e-6 && (g[0][1] - 0.1875).abs() < 1e-6);
    }
}
