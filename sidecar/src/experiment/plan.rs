//! How much is trained and measured.

use crate::learn::ETA;
use predict::optim::{AdamWConfig, OptimiserConfig, SgdConfig};
use serde::{Deserialize, Serialize};

/// What steps are taken by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum StepRule {
    /// Plain gradient steps, as eqs. (9) and (10) have them.
    Sgd,
    /// Adam with decoupled weight decay, as in the loop.
    Adamw,
}

/// Step size β of `SANet` Table 2.
const BETA: f32 = 5e-4;

impl StepRule {
    /// With the step size of Table 2.
    #[must_use]
    pub fn optimiser(self) -> OptimiserConfig {
        match self {
            Self::Sgd => OptimiserConfig::Sgd(SgdConfig { rate: BETA, ..SgdConfig::default() }),
            Self::Adamw => OptimiserConfig::AdamW(AdamWConfig { rate: BETA, ..AdamWConfig::default() }),
        }
    }
}

/// How much. Rounds, batch and seeds of the full plan are those of `SANet` Table 2 and of the limits this project has set itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Coordination rounds T.
    pub rounds: u64,
    /// Rounds between two looks at the errors.
    pub look_every: u64,
    /// Windows of an agent in a draw.
    pub batch: usize,
    /// Windows of an agent that are trained on when errors are studied: its data set 𝒟ᵢ, over which full gradients are taken.
    pub windows: usize,
    /// Windows of an agent that no training sees, for the G-error.
    pub unseen: usize,
    /// What steps are taken by when errors are studied; forecasts are trained with `AdamW` as in the loop.
    pub step: StepRule,
    /// Step size η of the weights.
    pub eta: f64,
    /// How many times each agent's loss counts, p, n, a: as if it were in another unit. `None` = all alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_scales: Option<[f32; 3]>,
}

impl Plan {
    /// As the paper: 1 000 rounds.
    #[must_use]
    pub const fn full() -> Self {
        Self {
            rounds: 1_000,
            look_every: 50,
            batch: 32,
            windows: 512,
            unseen: 256,
            step: StepRule::Sgd,
            eta: ETA,
            loss_scales: None,
        }
    }

    /// For a first look: the figures are no measure.
    #[must_use]
    pub const fn quick() -> Self {
        Self { rounds: 40, look_every: 10, batch: 8, windows: 64, unseen: 32, ..Self::full() }
    }
}
