//! The loss of training.

use crate::PredictError;
use candle_core::Tensor;

/// Mean Huber loss: e²/2δ for |e| ≤ δ, |e| − δ/2 beyond: close to the absolute error that is reported, smooth where it is small.
///
/// # Shapes
/// Both `[batch, horizon, 1]`; the result is a scalar.
///
/// # Errors
/// [`PredictError::Tensor`] for unequal shapes.
pub fn huber(forecast: &Tensor, truth: &Tensor, delta: f64) -> Result<Tensor, PredictError> {
    let e = (forecast - truth)?.abs()?;
    // with q = min(|e|, δ): q²/2δ + (|e| − q)
    let q = e.clamp(0.0, delta)?;
    let loss = ((q.sqr()? * (0.5 / delta))? + (e - q)?)?;
    Ok(loss.mean_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn by_hand() {
        let f = Var::from_tensor(&Tensor::new(&[0.1_f32, -3.0], &Device::Cpu).unwrap()).unwrap();
        let y = Tensor::new(&[0.0_f32, 0.0], &Device::Cpu).unwrap();
        let l = huber(f.as_tensor(), &y, 0.5).unwrap();
        // (0.01 + 2.75) / 2
        assert!((l.to_scalar::<f32>().unwrap() - 1.38).abs() < 1e-6);
        let g = l.backward().unwrap().get(f.as_tensor()).unwrap().to_vec1::<f32>().unwrap();
        assert!((g[0] - 0.1).abs() < 1e-6 && (g[1] + 0.5).abs() < 1e-6, "{g:?}");
    }
}
