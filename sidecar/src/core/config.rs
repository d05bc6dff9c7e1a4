//! Settings and errors of the process.

use crate::agent::{AgentConfig, AgentError};
use core_bridge::http::HttpError;
use core_bridge::open5gs::PollerConfig;
use std::time::Duration;

/// Settings of `sidecar core`.
#[derive(Debug, Clone)]
pub struct CoreConfig {
    /// What it has as every agent; the user plane is looked at before each state.
    pub agent: AgentConfig,
    /// What to ask the core.
    pub poller: PollerConfig,
    /// Base URL of the shaper at the user plane; `None` = rate limits cannot be set.
    pub user_plane: Option<String>,
    /// Time for one HTTP request.
    pub timeout: Duration,
}

/// Why `core` could not start.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// Link, record, metrics or learner.
    #[error(transparent)]
    Agent(#[from] AgentError),
}
