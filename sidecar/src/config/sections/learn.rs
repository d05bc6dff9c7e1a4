//! What agents and controller learn together.

use crate::config::quantity::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the agents' gradients are weighted in the step of the part they share.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lower")]
pub enum WeightingMethod {
    /// All count the same.
    #[default]
    Static,
    /// Weights that follow the conflicts (`MoDo`); agents send three batches a round.
    Dynamic,
    /// The minimum norm of the round's gradients (MGDA).
    Mgda,
    /// Gradient surgery (`PCGrad`).
    PcGrad,
    /// Conflict-averse gradients (`CAGrad`).
    CaGrad,
}

impl WeightingMethod {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Dynamic => "dynamic",
            Self::Mgda => "MGDA",
            Self::PcGrad => "PCGrad",
            Self::CaGrad => "CAGrad",
        }
    }
}

/// Prediction and its refinement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnSection {
    /// Predict at all.
    pub enabled: bool,
    /// Refine the model while running; `false` = only predict.
    pub train: bool,
    /// Wall time from one sample of an agent's trace to the next: traces replay faster than time.
    pub sample_every: Duration,
    /// Time between coordination rounds.
    pub round_every: Duration,
    /// A round that is not complete after this long is given up.
    pub round_timeout: Duration,
    /// Learning rate.
    pub learning_rate: f64,
    /// How the controller weights the agents in the part they share; the same for all processes.
    pub weighting: WeightingMethod,
    /// Windows in a batch.
    #[schemars(range(min = 1, max = 1024))]
    pub batch: u32,
}

impl Default for LearnSection {
    fn default() -> Self {
        Self {
            enabled: true,
            train: true,
            sample_every: Duration::new(0.1),
            round_every: Duration::new(1.0),
            round_timeout: Duration::new(5.0),
            learning_rate: 5e-4,
            weighting: WeightingMethod::Static,
            batch: 16,
        }
    }
}
