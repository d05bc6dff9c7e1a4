//! N-BEATS (Oreshkin et al., ICLR 2020), the generic configuration: blocks of four dense layers that each explain a part of the window and of the forecast.
//!
//! With x₁ the window and blocks b = 1 …: hᵦ = four dense layers with `ReLU` on xᵦ; xᵦ₊₁ = xᵦ − (hᵦ Vᵦ + vᵦ); ŷ = Σ (hᵦ Uᵦ + uᵦ). It forecasts a series from itself
//! alone: of a row it reads the first channel, the target's difference to its last value.

use super::Network;
use crate::data::WindowSpec;
use crate::nn::Linear;
use crate::{Params, PredictError, SeededRng};
use candle_core::Tensor;

/// Dense layers of a block.
const LAYERS: usize = 4;

/// Shape of an [`NBeats`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NBeatsConfig {
    /// The windows.
    pub spec: WindowSpec,
    /// Blocks; the paper's 30 are for series of thousands of samples.
    pub blocks: usize,
    /// Width of the dense layers.
    pub width: usize,
}

#[derive(Debug)]
struct Block {
    layers: Vec<Linear>,
    back: Linear,
    fore: Linear,
}

/// The blocks.
#[derive(Debug)]
pub struct NBeats {
    params: Params,
    blocks: Vec<Block>,
}

impl NBeats {
    /// Initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] where a size is 0.
    pub fn new(config: NBeatsConfig, seed: u64) -> Result<Self, PredictError> {
        let NBeatsConfig { spec, blocks, width } = config;
        if [spec.observe, spec.horizon, blocks, width].contains(&0) {
            return Err(PredictError::Config(format!("{config:?}: sizes must be positive")));
        }
        let (mut params, mut rng) = (Params::default(), SeededRng::new(seed, 3));
        let mut block = |b: usize| {
            let layer = |l: usize| {
                let inputs = if l == 0 { spec.observe } else { width };
                Linear::new(&mut params, &mut rng, &format!("block.{b}.layer.{l}"), inputs, width)
            };
            let layers = (0..LAYERS).map(layer).collect::<Result<_, _>>()?;
            let back = Linear::new(&mut params, &mut rng, &format!("block.{b}.back"), width, spec.observe)?;
            let fore = (width, spec.horizon);
            let fore = Linear::with_bound(&mut params, &mut rng, &format!("block.{b}.fore"), fore, 0.01)?;
            Ok::<_, PredictError>(Block { layers, back, fore })
        };
        let blocks = (0..blocks).map(&mut block).collect::<Result<_, _>>()?;
        Ok(Self { params, blocks })
    }
}

impl Network for NBeats {
    fn name(&self) -> &'static str {
        "N-BEATS"
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let mut rest = x.narrow(2, 0, 1)?.squeeze(2)?.contiguous()?;
        let mut forecast: Option<Tensor> = None;
        for block in &self.blocks {
            let mut h = rest.clone();
            for layer in &block.layers {
                h = layer.forward(&h)?.relu()?;
            }
            rest = (rest - block.back.forward(&h)?)?;
            let part = block.fore.forward(&h)?;
            forecast = Some(match forecast {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
        let forecast = forecast.ok_or_else(|| PredictError::Config("no block".into()))?;
        Ok(forecast.unsqueeze(2)?)
    }
}
