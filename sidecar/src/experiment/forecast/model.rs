//! The predictors that are compared.

use crate::experiment::training::{Cell, SEEDS, Scheme, Way};
use crate::experiment::unit::{Alone, Unit};
use crate::experiment::{ExperimentError, Plan};
use predict::optim::{Optimiser, OptimiserConfig};
use predict::{Informer, InformerConfig, Lstm, LstmConfig, NBeats, NBeatsConfig, Network, TransformerConfig};
use serde::{Deserialize, Serialize};

/// Factor of `ProbSparse` attention: the reference's.
const FACTOR: usize = 5;
/// Blocks and width of N-BEATS: 1.6 million parameters, the size of the others or more.
const BLOCKS: usize = 8;
const N_BEATS_WIDTH: usize = 256;

/// A predictor that is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::experiment) enum Model {
    /// One for each agent.
    Lstm,
    /// One for each agent.
    NBeats,
    /// One for each agent: scheme 1.
    Transformer,
    /// One for each agent.
    Informer,
    /// Scheme 3 with dynamic weighting.
    Mops,
}

impl Model {
    pub(in crate::experiment) const ALL: [Self; 5] =
        [Self::Lstm, Self::NBeats, Self::Transformer, Self::Informer, Self::Mops];

    pub(in crate::experiment) const fn name(self) -> &'static str {
        match self {
            Self::Lstm => "LSTM",
            Self::NBeats => "N-BEATS",
            Self::Transformer => "Transformer",
            Self::Informer => "Informer",
            Self::Mops => "MoPS",
        }
    }

    /// What is trained, piece by piece.
    pub(super) fn units(
        self,
        shapes: &[TransformerConfig],
        optimiser: OptimiserConfig,
        plan: &Plan,
        seed: u64,
    ) -> Result<Vec<Box<dyn Unit>>, ExperimentError> {
        let cell = |scheme, way| -> Result<Vec<Box<dyn Unit>>, ExperimentError> {
            let members = Cell { scheme, way, seed }.members(shapes, optimiser, plan)?;
            Ok(members.into_iter().map(|m| Box::new(m) as Box<dyn Unit>).collect())
        };
        let network = |agent: usize| -> Result<Option<Box<dyn Network>>, ExperimentError> {
            let shape = shapes[agent];
            let (spec, channels, seed) = (shape.window(), shape.channels(), SEEDS * seed + agent as u64);
            Ok(match self {
                Self::Lstm => Some(Box::new(Lstm::new(LstmConfig { channels, spec, hidden: shape.width }, seed)?)),
                Self::NBeats => {
                    Some(Box::new(NBeats::new(NBeatsConfig { spec, blocks: BLOCKS, width: N_BEATS_WIDTH }, seed)?))
                }
                Self::Informer => Some(Box::new(Informer::new(InformerConfig { shape, factor: FACTOR }, seed)?)),
                Self::Transformer | Self::Mops => None,
            })
        };
        match self {
            Self::Transformer => cell(Scheme::One, Way::Static),
            Self::Mops => cell(Scheme::Three, Way::Dynamic),
            Self::Lstm | Self::NBeats | Self::Informer => {
                let mut units: Vec<Box<dyn Unit>> = Vec::new();
                for agent in 0..shapes.len() {
                    if let Some(network) = network(agent)? {
                        let optimiser = Optimiser::new(optimiser, network.params());
                        units.push(Box::new(Alone { agents: [agent], network, optimiser }));
                    }
                }
                Ok(units)
            }
        }
    }
}
