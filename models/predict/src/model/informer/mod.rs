//! Informer (Zhou et al., AAAI 2021): `ProbSparse` attention, an encoder that halves its tokens from layer to layer (distilling), and a decoder that gives the whole
//! forecast at once behind a start token of observed rows.
//!
//! As the reference's defaults, where windows of 15 samples leave a choice: two encoder layers with one distilling between, one decoder layer, factor 5, norms
//! after the sums; width, heads and hidden width are those of `SANet` Table 2 instead of 512 and 2048. There are no time stamps, so no embedding of them; the
//! distilling has no batch norm, whose forecast of a window would depend on the others of its batch. With factor 5 all of 15 queries attend
//! (5 ⌈ln 15⌉ = 15): `ProbSparse` saves nothing on such windows, and loses nothing.

mod prob_sparse;

use super::{Network, TransformerConfig};
use crate::nn::{Attention, LayerNorm, Linear, sinusoid};
use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};
use prob_sparse::ProbSparse;

/// Encoder layers; a distilling stands between two.
const ENCODER_LAYERS: usize = 2;

/// Shape of an [`Informer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InformerConfig {
    /// Windows, width, heads and hidden width; its numbers of layers do not count.
    pub shape: TransformerConfig,
    /// Factor c of `ProbSparse`.
    pub factor: usize,
}

/// Conv(3) → `ELU` → max-pool(3, stride 2), or the dense part of a layer: convolutions of width 1.
#[derive(Debug)]
struct Layer {
    attention: ProbSparse,
    norm1: LayerNorm,
    up: Linear,
    down: Linear,
    norm2: LayerNorm,
}

/// The whole model.
#[derive(Debug)]
pub struct Informer {
    params: Params,
    embed: Linear,
    embed_start: Linear,
    encoder: Vec<Layer>,
    distil: Vec<Linear>,
    encoder_norm: LayerNorm,
    own: ProbSparse,
    own_norm: LayerNorm,
    cross: Attention,
    cross_norm: LayerNorm,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
    decoder_norm: LayerNorm,
    head: Linear,
    config: InformerConfig,
}

/// A row with the one before and the one behind it, around the ends: what a convolution of width 3 sees.
fn neighbours(x: &Tensor) -> Result<Tensor, PredictError> {
    let n = x.dim(1)?;
    let around = |by: usize| {
        let at: Vec<u32> = (0..n).map(|i| u32::try_from((i + by) % n).unwrap_or_default()).collect();
        x.index_select(&Tensor::from_vec(at, n, &Device::Cpu)?, 1)
    };
    Ok(Tensor::cat(&[&around(n - 1)?, x, &around(1)?], 2)?)
}

/// A dense layer on every row.
fn rows(layer: &Linear, x: &Tensor) -> Result<Tensor, PredictError> {
    let (batch, n, width) = x.dims3()?;
    let y = layer.forward(&x.contiguous()?.reshape((batch * n, width))?)?;
    let to = y.dim(1)?;
    Ok(y.reshape((batch, n, to))?)
}

/// Maximum over windows of 3, every second one; what lies beyond the ends does not count.
fn max_pool(x: &Tensor) -> Result<Tensor, PredictError> {
    let n = x.dim(1)?;
    let picked = |by: usize| {
        let at: Vec<u32> = (0..n)
            .step_by(2)
            .map(|i| u32::try_from((i + by).saturating_sub(1).min(n - 1)).unwrap_or_default())
            .collect();
        let count = at.len();
        x.index_select(&Tensor::from_vec(at, count, &Device::Cpu)?, 1)
    };
    Ok(picked(0)?.maximum(&picked(1)?)?.maximum(&picked(2)?)?)
}

fn normed(norm: &LayerNorm, x: &Tensor) -> Result<Tensor, PredictError> {
    let shape = x.dims3()?;
    Ok(norm.forward(&x.contiguous()?.reshape((shape.0 * shape.1, shape.2))?)?.reshape(shape)?)
}

impl Informer {
    /// Initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape or factor 0.
    pub fn new(config: InformerConfig, seed: u64) -> Result<Self, PredictError> {
        let InformerConfig { shape, factor } = config;
        shape.check()?;
        if factor == 0 {
            return Err(PredictError::Config("ProbSparse attention with factor 0".into()));
        }
        let (mut params, mut rng) = (Params::default(), SeededRng::new(seed, 3));
        let (p, r) = (&mut params, &mut rng);
        let (d, f, size) = (shape.width, shape.feed_forward, (shape.width, shape.heads));
        let embed = Linear::new(p, r, "embed", 3 * shape.channels(), d)?;
        let embed_start = Linear::new(p, r, "embed_start", 3 * shape.channels(), d)?;
        let mut encoder = Vec::new();
        let mut distil = Vec::new();
        for i in 0..ENCODER_LAYERS {
            let n = format!("encoder.{i}");
            encoder.push(Layer {
                attention: ProbSparse::new(p, r, &format!("{n}.attention"), size, factor, false)?,
                norm1: LayerNorm::new(p, &format!("{n}.norm1"), d)?,
                up: Linear::new(p, r, &format!("{n}.up"), d, f)?,
                down: Linear::new(p, r, &format!("{n}.down"), f, d)?,
                norm2: LayerNorm::new(p, &format!("{n}.norm2"), d)?,
            });
            if i + 1 < ENCODER_LAYERS {
                distil.push(Linear::new(p, r, &format!("distil.{i}"), 3 * d, d)?);
            }
        }
        Ok(Self {
            encoder_norm: LayerNorm::new(p, "encoder.norm", d)?,
            own: ProbSparse::new(p, r, "decoder.self", size, factor, true)?,
            own_norm: LayerNorm::new(p, "decoder.norm1", d)?,
            cross: Attention::new(p, r, "decoder.cross", d, shape.heads)?,
            cross_norm: LayerNorm::new(p, "decoder.norm2", d)?,
            up: Linear::new(p, r, "decoder.up", d, f)?,
            down: Linear::new(p, r, "decoder.down", f, d)?,
            norm: LayerNorm::new(p, "decoder.norm3", d)?,
            decoder_norm: LayerNorm::new(p, "decoder.norm", d)?,
            head: Linear::with_bound(p, r, "head", (d, 1), 0.01)?,
            embed,
            embed_start,
            encoder,
            distil,
            params,
            config,
        })
    }

    fn embedded(&self, layer: &Linear, x: &Tensor) -> Result<Tensor, PredictError> {
        let (n, d) = (x.dim(1)?, self.config.shape.width);
        let position = Tensor::from_vec(sinusoid(0, n, d), (n, d), &Device::Cpu)?;
        Ok(rows(layer, &neighbours(x)?)?.broadcast_add(&position)?)
    }

    fn encoded(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let mut h = self.embedded(&self.embed, x)?;
        for (i, layer) in self.encoder.iter().enumerate() {
            h = normed(&layer.norm1, &(&h + layer.attention.forward(&h)?)?)?;
            let dense = rows(&layer.down, &rows(&layer.up, &h)?.gelu_erf()?)?;
            h = normed(&layer.norm2, &(&h + dense)?)?;
            if let Some(distil) = self.distil.get(i) {
                h = max_pool(&rows(distil, &neighbours(&h)?)?.elu(1.0)?)?;
            }
        }
        normed(&self.encoder_norm, &h)
    }
}

impl Network for Informer {
    fn name(&self) -> &'static str {
        "Informer"
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let (batch, observe, channels) = x.dims3()?;
        let shape = &self.config.shape;
        let memory = self.encoded(x)?;
        // the later half of what was observed, and zeros where the forecast comes
        let start = observe.div_ceil(2);
        let blank = Tensor::zeros((batch, shape.horizon, channels), x.dtype(), &Device::Cpu)?;
        let asked = Tensor::cat(&[&x.narrow(1, observe - start, start)?, &blank], 1)?;
        let h = self.embedded(&self.embed_start, &asked)?;
        let h = normed(&self.own_norm, &(&h + self.own.forward(&h)?)?)?;
        let flat = |t: &Tensor| t.contiguous()?.reshape((t.dim(0)? * t.dim(1)?, shape.width));
        let crossed = self.cross.forward(&flat(&h)?, &flat(&memory)?, batch)?.reshape(h.shape())?;
        let h = normed(&self.cross_norm, &(&h + crossed)?)?;
        let dense = rows(&self.down, &rows(&self.up, &h)?.gelu_erf()?)?;
        let h = normed(&self.decoder_norm, &normed(&self.norm, &(&h + dense)?)?)?;
        rows(&self.head, &h.narrow(1, start, shape.horizon)?)
    }
}
