//! `app`: the agent of the application layer.

use super::MetricsSection;
use crate::config::quantity::{Duration, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// aAgent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppSection {
    /// Where the application pushes its rates (`POST /rates`): loopback only.
    pub listen: SocketAddr,
    /// Base URL of the application's control; absent = resolutions cannot be set.
    pub control: Option<String>,
    /// A trace to read rates from instead of waiting for them.
    pub trace: Option<TraceSection>,
    /// Time between two states sent to the controller.
    pub state_every: Duration,
    /// Time for one request to the application.
    pub timeout: Duration,
    /// No push for this long: the application counts as silent.
    pub silent_after: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for AppSection {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 9097).into(),
            control: Some("http://127.0.0.1:9096".into()),
            trace: None,
            state_every: Duration::new(0.1),
            timeout: Duration::new(1.0),
            silent_after: Duration::new(5.0),
            metrics: MetricsSection::on_port(9703),
        }
    }
}

/// Rates from a CSV file with a header line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceSection {
    /// The file.
    pub file: PathBuf,
    /// Column with the offered rate.
    pub column: String,
    /// What 1 in that column means, e.g. `1 Mbit/s`.
    pub unit: Rate,
    /// Whose rates they are.
    pub supi: String,
    /// Wall time between two rows.
    pub every: Duration,
}
