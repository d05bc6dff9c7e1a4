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
    /// What was learned is kept in the run's folder so often, for a process that is started again; 0 s = never.
    pub keep_every: Duration,
    /// When rounds update the model.
    pub when: TrainWhen,
    /// With `when: triggered`: what begins a training run, besides a goal.
    pub trigger: TriggerSection,
    /// With `when: triggered`: what ends one.
    pub stop: StopSection,
}

/// When rounds update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrainWhen {
    /// Every one does.
    #[default]
    Always,
    /// In training runs, which a stated goal begins, or an error above its threshold; between them rounds only show the errors.
    Triggered,
}

/// Thresholds above which a training run begins; null = that error begins none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TriggerSection {
    /// Joint O-error over the shared part, mean over the last rounds, in units of the loss.
    pub o_error: Option<f64>,
    /// C-error, the same.
    pub c_error: Option<f64>,
    /// An agent's running forecast error as a multiple of persistence's.
    pub forecast: Option<f64>,
    /// After a run an error begins none for so long.
    pub pause: Duration,
}

impl Default for TriggerSection {
    fn default() -> Self {
        Self { o_error: None, c_error: None, forecast: Some(1.0), pause: Duration::new(60.0) }
    }
}

/// A run ends where o·O + c·C + `per_megabyte`·MB (on the wire, since it began) is at its target or finds no lower value for some rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StopSection {
    /// Weight of the O-error.
    #[schemars(range(min = 0.0))]
    pub o: f64,
    /// Weight of the C-error.
    #[schemars(range(min = 0.0))]
    pub c: f64,
    /// Weight of a megabyte.
    #[schemars(range(min = 0.0))]
    pub per_megabyte: f64,
    /// Low enough; null = nothing is.
    pub target: Option<f64>,
    /// Rounds without a lower value that end a run.
    #[schemars(range(min = 1))]
    pub patience: u64,
    /// Most rounds of a run.
    #[schemars(range(min = 1))]
    pub most_rounds: u64,
}

impl Default for StopSection {
    fn default() -> Self {
        let mops::StopRule { o, c, per_megabyte, target, patience, most_rounds, .. } = mops::StopRule::default();
        Self { o, c, per_megabyte, target, patience, most_rounds }
    }
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
            keep_every: Duration::new(10.0),
            when: TrainWhen::Always,
            trigger: TriggerSection::default(),
            stop: StopSection::default(),
        }
    }
}
