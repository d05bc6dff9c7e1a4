//! Settings and errors that every agent has.

use super::LearnerConfig;
use crate::guard::Limits;
use crate::telemetry::MetricsAt;
use crate::wire::LinkError;
use std::time::Duration;

/// Settings of an agent, whatever it observes.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// Run of the controller; 0 = whatever it says.
    pub run: u64,
    /// Controller, `tcp://127.0.0.1:7700`.
    pub controller: String,
    /// Time between two states sent to the controller.
    pub state_every: Duration,
    /// Bounds on actions.
    pub limits: Limits,
    /// Prediction; `None` = none.
    pub learn: Option<LearnerConfig>,
    /// Where Prometheus is served; `None` = nowhere.
    pub metrics: Option<MetricsAt>,
}

/// Why an agent could not start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The link to the controller.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The record.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// Prometheus.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// A thread.
    #[error("no thread for prediction: {0}")]
    Thread(std::io::Error),
}
