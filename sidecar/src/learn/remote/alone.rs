//! The same rounds in one process, without messages: what four processes are compared with.

use super::RoundLine;
use crate::clock::mono_ns;
use crate::learn::{DataSet, LearnError, SharedConfig, SharedLearner, Trainer, TrainerConfig};
use mops::{Federation, FederationConfig};
use predict::{Cut, Precision, PredictError, TransformerConfig};

/// What came of it.
#[derive(Debug, Clone)]
pub struct Alone {
    /// Each round.
    pub rounds: Vec<RoundLine>,
    /// Weights of ran, core, app and the shared part, as the processes write theirs.
    pub weights: Vec<Vec<u8>>,
}

/// Trains the agents that these trainers stand for, by the same draws from the same beginning.
///
/// # Errors
/// [`LearnError::Model`], where data or shapes do not fit.
pub fn alone(
    agents: &[(TrainerConfig, &DataSet)],
    shared: SharedConfig,
    rounds: u64,
    mut tick: impl FnMut(),
) -> Result<Alone, LearnError> {
    let make = |(config, data): &(TrainerConfig, &DataSet)| Trainer::new(*config, data, None);
    let mut trainers = agents.iter().map(make).collect::<Result<Vec<_>, _>>()?;
    let mut begin = trainers.iter().map(Trainer::weights).collect::<Result<Vec<_>, _>>()?;
    let (weighting, optimiser) = (shared.weighting.clone(), shared.optimiser);
    begin.push(SharedLearner::new(shared, TransformerConfig::table2(1), None)?.weights()?);
    let shapes: Vec<TransformerConfig> = agents.iter().map(|(_, data)| data.config()).collect();
    let cuts = shapes.iter().map(Cut::scheme3).collect();
    let agent_seeds = vec![0; shapes.len()];
    let config = FederationConfig { shapes, cuts, optimiser, seed: 0, agent_seeds };
    let mut federation = Federation::new(&config, weighting)?;
    federation.load_weights(&begin)?;
    let mut lines = Vec::new();
    for round in 0..rounds {
        let draw = |a: usize| trainers[a].draw().map_err(|e| PredictError::Config(e.to_string()));
        let report = federation.round(draw)?;
        lines.push(RoundLine { round, mono_ns: mono_ns(), losses: report.losses, weights: report.weights });
        tick();
    }
    Ok(Alone { rounds: lines, weights: federation.weights(Precision::F32)? })
}
