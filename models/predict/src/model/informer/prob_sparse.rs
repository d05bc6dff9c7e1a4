//! `ProbSparse` attention: only the queries that tell keys apart attend; the others take what is the same for all.

use crate::nn::{Linear, softmax};
use crate::{Params, PredictError, SeededRng};
use candle_core::{DType, Device, Tensor};

/// A score that no softmax lets through.
const NEVER: f32 = -1e9;

/// Multi-head `ProbSparse` attention (Informer, eqs. (2)-(4)).
///
/// With scores S = Q Kᵀ/√d, query i has the sparsity measure Mᵢ = maxⱼ Sᵢⱼ − meanⱼ Sᵢⱼ. The u = min(n, factor ⌈ln n⌉) queries of the largest M attend as usual; the
/// others have the mean of the values, or with a causal mask their sum so far, as the reference does. The reference measures M on a random sample of the
/// keys, which saves time with thousands of them; here all keys count, and the same window has the same forecast.
#[derive(Debug)]
pub(super) struct ProbSparse {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
    factor: usize,
    is_causal: bool,
}

impl ProbSparse {
    pub(super) fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        name: &str,
        (width, heads): (usize, usize),
        factor: usize,
        is_causal: bool,
    ) -> Result<Self, PredictError> {
        let mut linear = |part: &str| Linear::new(params, rng, &format!("{name}.{part}"), width, width);
        let (query, key, value, out) = (linear("query")?, linear("key")?, linear("value")?, linear("out")?);
        Ok(Self { query, key, value, out, heads, factor, is_causal })
    }

    /// # Shapes
    /// `x` `[batch, tokens, width]` → the same.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let (batch, n, width) = x.dims3()?;
        let flat = x.reshape((batch * n, width))?;
        let split = |t: Tensor| t.reshape((batch, n, self.heads, width / self.heads))?.transpose(1, 2)?.contiguous();
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = 1.0 / ((width / self.heads) as f64).sqrt();
        let q = split((self.query.forward(&flat)? * scale)?)?;
        let k = split(self.key.forward(&flat)?)?;
        let v = split(self.value.forward(&flat)?)?;
        let scores = q.matmul(&k.t()?)?;
        let lower: Vec<f32> = (0..n).flat_map(|i| (0..n).map(move |j| f32::from(u8::from(j <= i)))).collect();
        let lower = Tensor::from_vec(lower, (n, n), &Device::Cpu)?;
        let masked =
            if self.is_causal { scores.broadcast_add(&((1.0 - &lower)? * f64::from(NEVER))?)? } else { scores.clone() };
        let attended = softmax(&masked)?.matmul(&v)?;
        let chosen = chosen(&scores, kept(n, self.factor))?;
        let lazy = if self.is_causal {
            lower.broadcast_as((batch, self.heads, n, n))?.contiguous()?.matmul(&v)?
        } else {
            v.mean_keepdim(2)?.broadcast_as(attended.shape())?.contiguous()?
        };
        let mixed = (attended.broadcast_mul(&chosen)? + lazy.broadcast_mul(&(1.0 - &chosen)?)?)?;
        let out = self.out.forward(&mixed.transpose(1, 2)?.contiguous()?.reshape((batch * n, width))?)?;
        Ok(out.reshape((batch, n, width))?)
    }
}

/// Queries that attend.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "short windows"
)]
pub(super) fn kept(tokens: usize, factor: usize) -> usize {
    (factor * (tokens as f64).ln().ceil() as usize).clamp(1, tokens)
}

/// 1 where a query attends, 0 where not; no gradient goes through the choice.
///
/// # Shapes
/// `[batch, heads, n, n]` → `[batch, heads, n, 1]`.
pub(super) fn chosen(scores: &Tensor, kept: usize) -> Result<Tensor, PredictError> {
    let (batch, heads, n, _) = scores.dims4()?;
    if kept >= n {
        return Ok(Tensor::ones((batch, heads, n, 1), DType::F32, &Device::Cpu)?);
    }
    let scores = scores.detach();
    let measure = (scores.max(3)? - scores.mean(3)?)?.flatten_all()?.to_vec1::<f32>()?;
    let mut marks = vec![0.0_f32; measure.len()];
    for (measure, marks) in measure.chunks_exact(n).zip(marks.chunks_exact_mut(n)) {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| measure[*b].total_cmp(&measure[*a]));
        order.iter().take(kept).for_each(|i| marks[*i] = 1.0);
    }
    Ok(Tensor::from_vec(marks, (batch, heads, n, 1), &Device::Cpu)?)
}
