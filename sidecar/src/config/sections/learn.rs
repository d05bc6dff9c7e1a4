//! What agents and controller learn together.

use crate::config::quantity::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Windows in a micro-batch.
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
            batch: 16,
        }
    }
}
