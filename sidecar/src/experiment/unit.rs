//! What is trained in one piece: a federation, or one network of one agent.

use super::ExperimentError;
use candle_core::Tensor;
use mops::Federation;
use predict::data::Batch;
use predict::optim::Optimiser;
use predict::{Network, Precision, PredictError, huber};

/// Corner of the Huber loss of the networks: that of the federations.
const HUBER_DELTA: f64 = 0.1;

/// A model, or several that share a part, with optimiser. Agents are numbered as in the data.
pub(super) trait Unit {
    /// Whose forecasts it makes.
    fn agents(&self) -> &[usize];

    /// One step of training on the batches that `next` gives of an agent, with the step sizes scaled by `factor`.
    fn step(
        &mut self,
        factor: f32,
        next: &mut dyn FnMut(usize) -> Result<Batch, PredictError>,
    ) -> Result<(), ExperimentError>;

    /// Its weights.
    fn weights(&self) -> Result<Vec<Vec<u8>>, ExperimentError>;

    /// Takes weights of its own back.
    fn load(&mut self, weights: &[Vec<u8>]) -> Result<(), ExperimentError>;

    /// # Shapes
    /// `[batch, observe, channels]` → `[batch, horizon, 1]`, dimensionless.
    fn forward(&self, agent: usize, x: &Tensor) -> Result<Tensor, ExperimentError>;
}

/// A federation and the agents it is of.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) federation: Federation,
    pub(super) agents: Vec<usize>,
}

impl Member {
    fn place(&self, agent: usize) -> Result<usize, PredictError> {
        let place = self.agents.iter().position(|a| *a == agent);
        place.ok_or_else(|| PredictError::Config(format!("agent {agent} is not of this federation")))
    }
}

impl Unit for Member {
    fn agents(&self) -> &[usize] {
        &self.agents
    }

    fn step(
        &mut self,
        factor: f32,
        next: &mut dyn FnMut(usize) -> Result<Batch, PredictError>,
    ) -> Result<(), ExperimentError> {
        self.federation.set_rate_factor(factor);
        let agents = &self.agents;
        self.federation.round(|i| next(agents[i]))?;
        Ok(())
    }

    fn weights(&self) -> Result<Vec<Vec<u8>>, ExperimentError> {
        Ok(self.federation.weights(Precision::F32)?)
    }

    fn load(&mut self, weights: &[Vec<u8>]) -> Result<(), ExperimentError> {
        Ok(self.federation.load_weights(weights)?)
    }

    fn forward(&self, agent: usize, x: &Tensor) -> Result<Tensor, ExperimentError> {
        let part = &self.federation.agents()[self.place(agent)?];
        Ok(self.federation.shared().predict(&part.embed(x)?)?)
    }
}

/// A network of one agent.
pub(super) struct Alone {
    pub(super) agents: [usize; 1],
    pub(super) network: Box<dyn Network>,
    pub(super) optimiser: Optimiser,
}

impl Unit for Alone {
    fn agents(&self) -> &[usize] {
        &self.agents
    }

    fn step(
        &mut self,
        factor: f32,
        next: &mut dyn FnMut(usize) -> Result<Batch, PredictError>,
    ) -> Result<(), ExperimentError> {
        let batch = next(self.agents[0])?;
        let loss = huber(&self.network.forward(&batch.x)?, &batch.y, HUBER_DELTA)?;
        let params = self.network.params();
        let gradients = params.gradients(&loss.backward()?)?;
        self.optimiser.set_rate_factor(factor);
        self.optimiser.step(params, &gradients)?;
        Ok(())
    }

    fn weights(&self) -> Result<Vec<Vec<u8>>, ExperimentError> {
        Ok(vec![self.network.params().to_safetensors(Precision::F32)?])
    }

    fn load(&mut self, weights: &[Vec<u8>]) -> Result<(), ExperimentError> {
        let [bytes] = weights else { return Err(PredictError::Weights(format!("{} files", weights.len())).into()) };
        Ok(self.network.params().load_safetensors(bytes)?)
    }

    fn forward(&self, _: usize, x: &Tensor) -> Result<Tensor, ExperimentError> {
        Ok(self.network.forward(x)?.detach())
    }
}
