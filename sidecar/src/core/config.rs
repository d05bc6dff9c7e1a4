//! Settings and errors of the process.

use crate::agent::LearnerConfig;
use crate::guard::Limits;
use crate::wire::LinkError;
use core_bridge::http::HttpError;
use core_bridge::open5gs::PollerConfig;
use std::net::SocketAddr;
use std::time::Duration;

/// Settings of `sidecar core`.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// Run of the controller; 0 = whatever it says.
    pub run: u64,
    /// Controller, `tcp://127.0.0.1:7700`.
    pub controller: String,
    /// What to ask the core.
    pub poller: PollerConfig,
    /// Base URL of the shaper at the user plane; `None` = rate limits cannot be set.
    pub user_plane: Option<String>,
    /// Time between two looks at the user plane, and between two states sent to the controller.
    pub state_every: Duration,
    /// Time for one HTTP request.
    pub timeout: Duration,
    /// Bounds on actions.
    pub limits: Limits,
    /// Prediction; `None` = none.
    pub learn: Option<LearnerConfig>,
    /// Where Prometheus is served, with its token; `None` = nowhere.
    pub metrics: Option<(SocketAddr, Option<String>)>,
}

/// Why `core` could not start.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
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
