//! The part of the model that an agent trains.

use candle_core::{Device, Tensor};
use predict::optim::{Optimiser, OptimiserConfig, StepOutcome};
use predict::passes::{FrontPass, FrontTape};
use predict::{Cut, Front, Params, Precision, PredictError, SeededRng, TransformerConfig};

/// The layers below its cut, their optimiser, and what the way back of the batch needs whose gradient is awaited.
#[derive(Debug)]
pub struct AgentPart {
    params: Params,
    front: Front,
    pass: FrontPass,
    optimiser: Optimiser,
    pending: Option<FrontTape>,
    config: TransformerConfig,
}

impl AgentPart {
    /// Of scheme 3, initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(config: TransformerConfig, optimiser: OptimiserConfig, seed: u64) -> Result<Self, PredictError> {
        Self::cut_at(config, Cut::scheme3(&config), optimiser, seed)
    }

    /// Cut anywhere, initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn cut_at(
        config: TransformerConfig,
        cut: Cut,
        optimiser: OptimiserConfig,
        seed: u64,
    ) -> Result<Self, PredictError> {
        let mut params = Params::default();
        let front = Front::new(&mut params, &mut SeededRng::new(seed, 1), config, cut)?;
        let pass = FrontPass::new(&params, config, cut)?;
        let optimiser = Optimiser::new(optimiser, &params);
        Ok(Self { params, front, pass, optimiser, pending: None, config })
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> TransformerConfig {
        self.config
    }

    /// Where it ends.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.front.cut()
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.optimiser.steps()
    }

    /// Embedding for inference; nothing is kept.
    ///
    /// # Shapes
    /// `[batch, observe, channels]` → `[batch, tokens, width]`, see [`Cut::tokens`].
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another shape.
    pub fn embed(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        Ok(self.front.forward(x)?.detach())
    }

    /// Embedding for training: what the way back needs is kept until its gradient comes; what was kept before is dropped.
    ///
    /// # Shapes
    /// As [`AgentPart::embed`].
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another shape, [`PredictError::NotFinite`] when the embedding is not finite (nothing is kept then).
    pub fn upload(&mut self, x: &Tensor) -> Result<Tensor, PredictError> {
        self.pending = None;
        let (z, tape) = self.run(x)?;
        self.pending = Some(tape);
        Ok(z)
    }

    /// As [`AgentPart::upload`], but what the way back needs is given away and nothing is kept.
    pub(crate) fn run(&self, x: &Tensor) -> Result<(Tensor, FrontTape), PredictError> {
        let (batch, observe, channels) = x.dims3()?;
        if (observe, channels) != (self.config.observe, self.config.channels()) {
            return Err(PredictError::Config(format!("windows of {observe} rows and {channels} channels")));
        }
        let (z, tape) = self.pass.forward(&self.params.values()?, &x.flatten_all()?.to_vec1::<f32>()?)?;
        if !z.iter().all(|v| v.is_finite()) {
            return Err(PredictError::NotFinite("the embedding"));
        }
        let shape = (batch, self.cut().tokens(&self.config), self.config.width);
        Ok((Tensor::from_vec(z, shape, &Device::Cpu)?, tape))
    }

    /// Whether a gradient is awaited.
    #[must_use]
    pub fn awaits_gradient(&self) -> bool {
        self.pending.is_some()
    }

    /// Gives up the batch whose gradient is awaited.
    pub fn abandon(&mut self) {
        self.pending = None;
    }

    /// Takes ∂ℓ/∂z of the batch last uploaded and updates the part. `None` when no gradient was awaited.
    ///
    /// # Shapes
    /// As the embedding uploaded, row-major.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when the length is another; the batch stays pending then.
    //= SANet eq. (8), (9)
    pub fn apply_gradient(&mut self, gradient: &[f32]) -> Result<Option<StepOutcome>, PredictError> {
        let Some(grads) = self.gradients(gradient)? else { return Ok(None) };
        self.pending = None;
        self.optimiser.step(&self.params, &grads).map(Some)
    }

    /// What [`AgentPart::apply_gradient`] would step along, without a step; the batch stays pending.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when the length is another.
    pub fn gradients(&self, gradient: &[f32]) -> Result<Option<Vec<Vec<f32>>>, PredictError> {
        self.pending.as_ref().map(|tape| self.back(tape, gradient)).transpose()
    }

    pub(crate) fn back(&self, tape: &FrontTape, gradient: &[f32]) -> Result<Vec<Vec<f32>>, PredictError> {
        self.pass.backward(&self.params.values()?, tape, gradient)
    }

    /// Weights as safetensors.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they cannot be written.
    pub fn weights(&self, precision: Precision) -> Result<Vec<u8>, PredictError> {
        self.params.to_safetensors(precision)
    }

    /// Loads weights; a batch awaiting its gradient is given up.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they do not fit; nothing is changed then.
    pub fn load_weights(&mut self, bytes: &[u8]) -> Result<(), PredictError> {
        self.params.load_safetensors(bytes)?;
        self.pending = None;
        Ok(())
    }

    /// State of the optimiser.
    #[must_use]
    pub fn optimiser_state(&self) -> Vec<u8> {
        self.optimiser.to_bytes()
    }

    /// Goes on from a saved state of the optimiser.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when it belongs to another.
    pub fn load_optimiser_state(&mut self, bytes: &[u8]) -> Result<(), PredictError> {
        self.optimiser.load_bytes(bytes)
    }

    /// Multiplies the step size from now on; for schedules.
    pub fn set_rate_factor(&mut self, factor: f32) {
        self.optimiser.set_rate_factor(factor);
    }
}
