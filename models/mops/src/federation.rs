//! Agents and controller in one process: whole rounds, for training ahead of time and for experiments.

use crate::{AgentPart, Contribution, RoundResult, SharedPart, Weighting};
use predict::data::Batch;
use predict::optim::OptimiserConfig;
use predict::{Cut, Precision, PredictError, TransformerConfig};

/// What a federation is made of.
#[derive(Debug, Clone)]
pub struct FederationConfig {
    /// Shape of each agent's model; they differ in their features only.
    pub shapes: Vec<TransformerConfig>,
    /// Where each agent's part ends.
    pub cuts: Vec<Cut>,
    /// Of all parts.
    pub optimiser: OptimiserConfig,
    /// Of the shared part.
    pub seed: u64,
    /// Of each agent's part.
    pub agent_seeds: Vec<u64>,
}

/// What one round did.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundReport {
    /// Loss of each agent on the batch of the step.
    pub losses: Vec<f32>,
    /// Coefficient of each agent.
    pub weights: Vec<f64>,
    /// What became of the shared part's step.
    pub shared: RoundResult,
}

/// Agents with their parts, the shared part, and the weighting.
///
/// A round is the order of updates of this crate's page, beginning with its step 2: the agents' own updates, step 1 of the next round, end it. So nothing
/// is under way between rounds, and what [`Federation::to_bytes`] gives is all there is.
#[derive(Debug)]
pub struct Federation {
    agents: Vec<AgentPart>,
    shared: SharedPart,
    weighting: Weighting,
    rounds: u64,
    loss_scales: Vec<f32>,
}

/// Sections of a saved state begin with their length.
fn put(out: &mut Vec<u8>, section: &[u8]) {
    out.extend((section.len() as u64).to_le_bytes());
    out.extend(section);
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, tail) = rest.split_first_chunk::<8>()?;
    let (section, tail) = tail.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    *rest = tail;
    Some(section)
}

impl Federation {
    /// Begins from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] without agents, for another number of cuts or seeds than of agents, or an impossible shape.
    pub fn new(config: &FederationConfig, weighting: Weighting) -> Result<Self, PredictError> {
        let FederationConfig { shapes, cuts, optimiser, seed, agent_seeds } = config;
        let (Some(shape), Some(lowest)) = (shapes.first(), cuts.iter().min()) else {
            return Err(PredictError::Config("a federation of nobody".into()));
        };
        if [cuts.len(), agent_seeds.len()] != [shapes.len(); 2] {
            let wrong = format!("{} cuts and {} seeds of {} agents", cuts.len(), agent_seeds.len(), shapes.len());
            return Err(PredictError::Config(wrong));
        }
        let agents = shapes.iter().zip(cuts).zip(agent_seeds);
        let agents = agents.map(|((shape, cut), seed)| AgentPart::cut_at(*shape, *cut, *optimiser, *seed));
        let shared = SharedPart::cut_at(TransformerConfig { features: 1, ..*shape }, *lowest, *optimiser, *seed)?;
        let loss_scales = vec![1.0; shapes.len()];
        Ok(Self { agents: agents.collect::<Result<_, _>>()?, shared, weighting, rounds: 0, loss_scales })
    }

    /// Multiplies each agent's loss from now on, as if it were in another unit; 1 at the start, and no part of a saved state.
    ///
    /// # Errors
    /// [`PredictError::Config`] for another number than of agents, or for one that is negative or not finite.
    pub fn set_loss_scales(&mut self, scales: &[f32]) -> Result<(), PredictError> {
        if scales.len() != self.agents.len() || scales.iter().any(|s| !s.is_finite() || *s < 0.0) {
            return Err(PredictError::Config(format!("loss scales {scales:?} of {} agents", self.agents.len())));
        }
        self.loss_scales = scales.to_vec();
        Ok(())
    }

    /// How many times each agent's loss counts.
    #[must_use]
    pub fn loss_scales(&self) -> &[f32] {
        &self.loss_scales
    }

    /// The agents' parts.
    #[must_use]
    pub fn agents(&self) -> &[AgentPart] {
        &self.agents
    }

    /// The shared part.
    #[must_use]
    pub const fn shared(&self) -> &SharedPart {
        &self.shared
    }

    /// The weighting.
    #[must_use]
    pub const fn weighting(&self) -> &Weighting {
        &self.weighting
    }

    /// Rounds so far.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Multiplies every step size from now on; for schedules.
    pub fn set_rate_factor(&mut self, factor: f32) {
        self.agents.iter_mut().for_each(|a| a.set_rate_factor(factor));
        self.shared.set_rate_factor(factor);
    }

    /// One round. `next` gives an agent's next batch: as often as the weighting draws, for one agent after the other.
    ///
    /// A contribution that is not finite is left out, as with agents in processes of their own.
    ///
    /// # Errors
    /// Those of `next`; [`PredictError::NotFinite`] where an embedding is not finite.
    //= SANet eqs. (8)-(11)
    pub fn round(
        &mut self,
        mut next: impl FnMut(usize) -> Result<Batch, PredictError>,
    ) -> Result<RoundReport, PredictError> {
        let mut draws: Vec<Vec<Contribution>> = vec![Vec::new(); self.weighting.draws()];
        for (i, agent) in self.agents.iter_mut().enumerate() {
            for draw in &mut draws {
                let batch = next(i)?;
                let z = agent.upload(&batch.x)?;
                let mut contribution = self.shared.contribution_from(i, agent.cut(), &z, &batch.y)?;
                if self.loss_scales[i] != 1.0 {
                    contribution.scale(self.loss_scales[i]);
                }
                draw.push(contribution);
            }
        }
        let weights = self.weighting.weigh(self.agents.len(), &draws)?;
        let step = draws.pop().unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "weights are of the size of 1")]
        let shared = self.shared.update_along(|agent| weights[agent] as f32, &step)?;
        for (agent, contribution) in self.agents.iter_mut().zip(&step) {
            if contribution.is_finite() {
                agent.apply_gradient(&contribution.embedding)?;
            } else {
                agent.abandon();
            }
        }
        self.rounds += 1;
        Ok(RoundReport { losses: step.iter().map(|c| c.loss).collect(), weights, shared })
    }

    /// Weights of the agents in their order and of the shared part, as safetensors.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they cannot be written.
    pub fn weights(&self, precision: Precision) -> Result<Vec<Vec<u8>>, PredictError> {
        let mut out = self.agents.iter().map(|a| a.weights(precision)).collect::<Result<Vec<_>, _>>()?;
        out.push(self.shared.weights(precision)?);
        Ok(out)
    }

    /// Loads what [`Federation::weights`] gave.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they do not fit.
    pub fn load_weights(&mut self, files: &[Vec<u8>]) -> Result<(), PredictError> {
        let Some((shared, agents)) = files.split_last().filter(|(_, agents)| agents.len() == self.agents.len()) else {
            return Err(PredictError::Weights(format!("{} files", files.len())));
        };
        self.agents.iter_mut().zip(agents).try_for_each(|(a, bytes)| a.load_weights(bytes))?;
        self.shared.load_weights(shared)
    }

    /// All there is between two rounds.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when weights cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PredictError> {
        let mut out = Vec::new();
        put(&mut out, &self.rounds.to_le_bytes());
        let weighting = serde_json::to_vec(&self.weighting).map_err(|e| PredictError::Weights(e.to_string()))?;
        put(&mut out, &weighting);
        for weights in self.weights(Precision::F32)? {
            put(&mut out, &weights);
        }
        for agent in &self.agents {
            put(&mut out, &agent.optimiser_state());
        }
        put(&mut out, &self.shared.optimiser_state());
        Ok(out)
    }

    /// Goes on from a saved state of a federation that was made alike.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when it is damaged or of another one; it may then be half loaded, and is to be thrown away.
    pub fn load_bytes(&mut self, mut bytes: &[u8]) -> Result<(), PredictError> {
        let damaged = || PredictError::Weights("a saved state that is damaged or of another federation".into());
        let mut sections = Vec::new();
        while !bytes.is_empty() {
            sections.push(take(&mut bytes).ok_or_else(damaged)?.to_vec());
        }
        let parts = self.agents.len() + 1;
        if sections.len() != 2 + 2 * parts {
            return Err(damaged());
        }
        let rounds: [u8; 8] = sections[0].as_slice().try_into().map_err(|_| damaged())?;
        let weighting = serde_json::from_slice(&sections[1]).map_err(|_| damaged())?;
        self.load_weights(&sections[2..2 + parts])?;
        let states = &sections[2 + parts..];
        self.agents.iter_mut().zip(states).try_for_each(|(a, state)| a.load_optimiser_state(state))?;
        self.shared.load_optimiser_state(&states[parts - 1])?;
        (self.rounds, self.weighting) = (u64::from_le_bytes(rounds), weighting);
        Ok(())
    }
}
