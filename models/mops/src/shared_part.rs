//! The part of the model that the controller hosts for all agents.

use crate::StaticWeights;
use candle_core::Tensor;
use predict::optim::{Optimiser, OptimiserConfig, StepOutcome};
use predict::passes::{TrunkBatch, TrunkPass, TrunkResult};
use predict::{Cut, Params, Precision, PredictError, SeededRng, TransformerConfig, Trunk, huber};

/// Corner of the Huber loss, in units of the normalised label.
const HUBER_DELTA: f32 = 0.1;

/// What one agent's batch gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Contribution {
    /// Index of the agent in the weighting.
    pub agent: usize,
    /// Loss ℓᵢ.
    pub loss: f32,
    /// ∇ℓᵢ with respect to the shared part, in the order of its parameters.
    pub shared: Vec<Vec<f32>>,
    /// ∂ℓᵢ/∂zᵢ, row-major in the shape of the embedding.
    pub embedding: Vec<f32>,
}

impl Contribution {
    /// As if the loss were this many times as large.
    pub fn scale(&mut self, by: f32) {
        self.loss *= by;
        self.embedding.iter_mut().chain(self.shared.iter_mut().flatten()).for_each(|x| *x *= by);
    }

    /// Whether all its numbers are finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.loss.is_finite() && self.embedding.iter().chain(self.shared.iter().flatten()).all(|x| x.is_finite())
    }
}

/// What a round did to the shared part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundResult {
    /// Whether the step was taken.
    pub outcome: StepOutcome,
    /// Contributions that counted.
    pub agents: usize,
}

/// The layers above the lowest cut, with their optimiser.
#[derive(Debug)]
pub struct SharedPart {
    params: Params,
    trunk: Trunk,
    pass: TrunkPass,
    optimiser: Optimiser,
    config: TransformerConfig,
}

impl SharedPart {
    /// Of scheme 3, initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(config: TransformerConfig, optimiser: OptimiserConfig, seed: u64) -> Result<Self, PredictError> {
        Self::cut_at(config, Cut::scheme3(&config), optimiser, seed)
    }

    /// From this cut on, which is the lowest of the agents', initialised from a seed.
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
        let trunk = Trunk::new(&mut params, &mut SeededRng::new(seed, 2), config, cut)?;
        let pass = TrunkPass::new(&params, config, cut)?;
        let optimiser = Optimiser::new(optimiser, &params);
        Ok(Self { params, trunk, pass, optimiser, config })
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> TransformerConfig {
        self.config
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Rounds that updated it.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.optimiser.steps()
    }

    /// Inference.
    ///
    /// # Shapes
    /// `[batch, observe, width]` → `[batch, horizon, 1]`, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for another shape.
    pub fn predict(&self, z: &Tensor) -> Result<Tensor, PredictError> {
        Ok(self.trunk.forward(z, self.trunk.cut())?.detach())
    }

    /// Loss and gradients of one agent's embeddings and labels; nothing is updated. One call is one unit of work: callers
    /// interleave them with other duties.
    ///
    /// # Shapes
    /// `z` `[batch, observe, width]`, `y` `[batch, horizon, 1]`.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn contribution(&self, agent: usize, z: &Tensor, y: &Tensor) -> Result<Contribution, PredictError> {
        self.contribution_from(agent, self.trunk.cut(), z, y)
    }

    /// As [`SharedPart::contribution`], of an agent whose part ends at `cut`. The layers below it have a gradient of 0.
    ///
    /// # Shapes
    /// `z` `[batch, tokens, width]`, see [`Cut::tokens`]; `y` `[batch, horizon, 1]`.
    ///
    /// # Errors
    /// [`PredictError::Config`] where the agent ends below this part, [`PredictError::Tensor`] for other shapes.
    pub fn contribution_from(
        &self,
        agent: usize,
        cut: Cut,
        z: &Tensor,
        y: &Tensor,
    ) -> Result<Contribution, PredictError> {
        let (batch, tokens, width) = z.dims3()?;
        if (tokens, width) != (cut.tokens(&self.config), self.config.width)
            || y.elem_count() != batch * self.config.horizon
        {
            return Err(PredictError::Config(format!("{tokens} tokens of {width} numbers, {} labels", y.elem_count())));
        }
        let [z, y] = [z, y].map(|t| t.flatten_all().and_then(|t| t.to_vec1::<f32>()));
        let all = TrunkBatch { z: &z?, y: &y?, enter: cut, delta: HUBER_DELTA };
        let TrunkResult { loss, shared, embedding } = self.pass.contribution(&self.params.values()?, &all)?;
        Ok(Contribution { agent, loss, shared, embedding })
    }

    /// Loss alone.
    ///
    /// # Errors
    /// As [`SharedPart::contribution`].
    pub fn loss(&self, z: &Tensor, y: &Tensor) -> Result<f32, PredictError> {
        Ok(huber(&self.trunk.forward(z, self.trunk.cut())?.detach(), y, HUBER_DELTA.into())?.to_scalar::<f32>()?)
    }

    /// Updates the shared part along Σ γᵢ ∇ℓᵢ with static weights; see [`SharedPart::update_along`].
    ///
    /// # Errors
    /// [`PredictError::Weights`] when a gradient has another shape.
    pub fn update(
        &mut self,
        weights: &StaticWeights,
        contributions: &[Contribution],
    ) -> Result<RoundResult, PredictError> {
        self.update_along(|agent| weights.of(agent), contributions)
    }

    /// Updates the shared part along Σ wᵢ ∇ℓᵢ. Contributions that are not finite are left out; their agents' weight counts as absent.
    /// The sum is taken in the order of agent indices, whatever the order of arrival.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when a gradient has another shape.
    //= SANet eq. (10)
    pub fn update_along(
        &mut self,
        weight: impl Fn(usize) -> f32,
        contributions: &[Contribution],
    ) -> Result<RoundResult, PredictError> {
        let mut used: Vec<&Contribution> = contributions.iter().filter(|c| c.is_finite()).collect();
        used.sort_by_key(|c| c.agent);
        if used.is_empty() {
            return Ok(RoundResult { outcome: StepOutcome::RolledBackGradient, agents: 0 });
        }
        let mut sum: Vec<Vec<f32>> = self.params.iter().map(|(_, t)| vec![0.0; t.elem_count()]).collect();
        for c in &used {
            let gamma = weight(c.agent);
            for (total, part) in sum.iter_mut().zip(&c.shared) {
                total.iter_mut().zip(part).for_each(|(a, b)| *a += gamma * b);
            }
        }
        Ok(RoundResult { outcome: self.optimiser.step(&self.params, &sum)?, agents: used.len() })
    }

    /// Weights as safetensors.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they cannot be written.
    pub fn weights(&self, precision: Precision) -> Result<Vec<u8>, PredictError> {
        self.params.to_safetensors(precision)
    }

    /// Loads weights.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they do not fit; nothing is changed then.
    pub fn load_weights(&mut self, bytes: &[u8]) -> Result<(), PredictError> {
        self.params.load_safetensors(bytes)
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
