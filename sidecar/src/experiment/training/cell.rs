//! What is trained in one run.

pub(in crate::experiment) use crate::config::WeightingMethod as Way;
use crate::experiment::Plan;
use crate::experiment::unit::Member;
use crate::learn::weighting;
use mops::{Federation, FederationConfig};
use predict::optim::OptimiserConfig;
use predict::{Cut, PredictError, TransformerConfig};
use serde::{Deserialize, Serialize};

/// Seeds of the parts of one run; those of the next run's follow.
pub(in crate::experiment) const SEEDS: u64 = 1_000;

/// Partition and sharing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::experiment) enum Scheme {
    /// Nothing is shared.
    One,
    /// Every layer is.
    Two,
    /// The decoder is.
    Three,
}

impl Scheme {
    pub(in crate::experiment) const fn name(self) -> &'static str {
        match self {
            Self::One => "scheme 1",
            Self::Two => "scheme 2",
            Self::Three => "scheme 3",
        }
    }

    /// Where it cuts; where nothing is shared the cut changes no number but the order of updates, which is that of scheme 3.
    pub(in crate::experiment) const fn cut(self, shape: &TransformerConfig) -> Cut {
        match self {
            Self::Two => Cut::scheme2(),
            Self::One | Self::Three => Cut::scheme3(shape),
        }
    }
}

/// A scheme, a weighting, a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(in crate::experiment) struct Cell {
    pub(in crate::experiment) scheme: Scheme,
    pub(in crate::experiment) way: Way,
    pub(in crate::experiment) seed: u64,
}

impl Cell {
    /// For files.
    pub(in crate::experiment) fn name(self) -> String {
        format!("{}-{}-seed{}", self.scheme.name(), self.way.name(), self.seed).to_lowercase().replace(' ', "")
    }

    /// For people.
    pub(in crate::experiment) fn title(self) -> String {
        format!("{}, {}", self.scheme.name(), self.way.name())
    }

    /// What is trained: one federation of all agents, or one of each where nothing is shared.
    ///
    /// An agent's part begins the same in every scheme, as far as it has the same layers; where nothing is shared each has its own copy of the same upper part to begin with.
    pub(in crate::experiment) fn members(
        self,
        shapes: &[TransformerConfig],
        optimiser: OptimiserConfig,
        plan: &Plan,
    ) -> Result<Vec<Member>, PredictError> {
        let groups: Vec<Vec<usize>> = match self.scheme {
            Scheme::One => (0..shapes.len()).map(|a| vec![a]).collect(),
            Scheme::Two | Scheme::Three => vec![(0..shapes.len()).collect()],
        };
        let seed = SEEDS * self.seed;
        let member = |agents: Vec<usize>| {
            let shapes: Vec<TransformerConfig> = agents.iter().map(|a| shapes[*a]).collect();
            let cuts = shapes.iter().map(|s| self.scheme.cut(s)).collect();
            let agent_seeds = agents.iter().map(|a| seed + *a as u64).collect();
            let config = FederationConfig { shapes, cuts, optimiser, seed, agent_seeds };
            let weighting = weighting(self.way, agents.len(), plan.eta, self.seed)?;
            let mut federation = Federation::new(&config, weighting)?;
            if let Some(scales) = &plan.loss_scales {
                let scales = agents.iter().map(|a| scales.get(*a).copied().unwrap_or(1.0)).collect::<Vec<_>>();
                federation.set_loss_scales(&scales)?;
            }
            Ok(Member { federation, agents })
        };
        groups.into_iter().map(member).collect()
    }
}
