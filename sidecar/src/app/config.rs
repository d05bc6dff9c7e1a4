//! Settings and errors of the process.

use crate::agent::{AgentConfig, AgentError};
use core_bridge::app::ServeError;
use core_bridge::http::HttpError;
use core_bridge::trace::{TraceConfig, TraceError};
use std::net::SocketAddr;
use std::time::Duration;

/// Rates read from a trace instead of an application.
#[derive(Debug, Clone)]
pub struct AppTrace {
    /// File and columns; the first column is the offered rate.
    pub file: TraceConfig,
    /// Whose rates they are.
    pub supi: String,
    /// bit/s of one unit of the column: 1e6 for Mbit/s.
    pub bit_per_s_per_unit: f64,
    /// Wall time between two rows.
    pub every: Duration,
}

/// Settings of `sidecar app`.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// What it has as every agent.
    pub agent: AgentConfig,
    /// Where the application pushes its rates; loopback.
    pub listen: SocketAddr,
    /// A trace in place of the application.
    pub trace: Option<AppTrace>,
    /// Base URL of the application's control; `None` = resolutions cannot be set.
    pub control: Option<String>,
    /// No report for this long: what was reported is no longer observed.
    pub silent_after: Duration,
    /// Time for one HTTP request.
    pub timeout: Duration,
}

/// Why `app` could not start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The HTTP client.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The HTTP server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Link, record, metrics or learner.
    #[error(transparent)]
    Agent(#[from] AgentError),
}
