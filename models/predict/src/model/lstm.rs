//! Long short-term memory (Hochreiter and Schmidhuber, Neural Computation 1997; with forget gates, Gers et al. 2000): one layer that reads the window, and a
//! dense head from its last state to the whole forecast.
//!
//! With gates i, f, o, candidate g and ⊙ element by element, all from xₜ Wₓ + bₓ + hₜ₋₁ Wₕ + bₕ:
//! cₜ = σ(f) ⊙ cₜ₋₁ + σ(i) ⊙ tanh(g), hₜ = σ(o) ⊙ tanh(cₜ).

use super::Network;
use crate::data::WindowSpec;
use crate::nn::Linear;
use crate::{Params, PredictError, SeededRng};
use candle_core::{DType, Device, Tensor};
use candle_nn::ops::sigmoid;

/// Shape of an [`Lstm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LstmConfig {
    /// Channels of an input row.
    pub channels: usize,
    /// The windows.
    pub spec: WindowSpec,
    /// Width of the state; 128 is the width of `SANet`'s Transformer.
    pub hidden: usize,
}

/// One layer and its head.
#[derive(Debug)]
pub struct Lstm {
    params: Params,
    input: Linear,
    recurrent: Linear,
    head: Linear,
    config: LstmConfig,
}

impl Lstm {
    /// Initialised from a seed; forget gates begin open (bias 1).
    ///
    /// # Errors
    /// [`PredictError::Config`] where a size is 0.
    pub fn new(config: LstmConfig, seed: u64) -> Result<Self, PredictError> {
        let LstmConfig { channels, spec, hidden } = config;
        if [channels, spec.observe, spec.horizon, hidden].contains(&0) {
            return Err(PredictError::Config(format!("{config:?}: sizes must be positive")));
        }
        let (mut params, mut rng) = (Params::default(), SeededRng::new(seed, 3));
        let input = Linear::new(&mut params, &mut rng, "input", channels, 4 * hidden)?;
        let recurrent = Linear::new(&mut params, &mut rng, "recurrent", hidden, 4 * hidden)?;
        let head = Linear::with_bound(&mut params, &mut rng, "head", (hidden, spec.horizon), 0.01)?;
        let mut values = params.values()?;
        // input.weight, input.bias, …; the gates stand in the order i, f, g, o
        values[1][hidden..2 * hidden].fill(1.0);
        params.set_values(values)?;
        Ok(Self { params, input, recurrent, head, config })
    }
}

impl Network for Lstm {
    fn name(&self) -> &'static str {
        "LSTM"
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        let (batch, observe, channels) = x.dims3()?;
        let d = self.config.hidden;
        let inputs = self.input.forward(&x.reshape((batch * observe, channels))?)?;
        let inputs = inputs.reshape((batch, observe, 4 * d))?;
        let zeros = Tensor::zeros((batch, d), DType::F32, &Device::Cpu)?;
        let (mut h, mut c) = (zeros.clone(), zeros);
        for t in 0..observe {
            let gates = (inputs.narrow(1, t, 1)?.squeeze(1)? + self.recurrent.forward(&h)?)?;
            let gate = |k: usize| gates.narrow(1, k * d, d)?.contiguous();
            let (i, f, g, o) = (gate(0)?, gate(1)?, gate(2)?, gate(3)?);
            c = ((sigmoid(&f)? * c)? + (sigmoid(&i)? * g.tanh()?)?)?;
            h = (sigmoid(&o)? * c.tanh()?)?;
        }
        Ok(self.head.forward(&h)?.unsqueeze(2)?)
    }
}
