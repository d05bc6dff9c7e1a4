//! `app`: the agent of the application layer.

use super::MetricsSection;
use crate::config::quantity::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// aAgent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AppSection {
    /// Where the application pushes its rates (`POST /rates`); loopback unless `token` is set.
    pub listen: SocketAddr,
    /// Requests carry `Authorization: Bearer <token>`; needed to listen beyond this host.
    pub token: Option<String>,
    /// Base URL of the application's control; absent = resolutions cannot be set.
    pub control: Option<String>,
    /// A trace to read rates from instead of waiting for them.
    pub trace: Option<PathBuf>,
    /// No push for this long: the application counts as silent.
    pub silent_after: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for AppSection {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 9097).into(),
            token: None,
            control: Some("http://127.0.0.1:9096".into()),
            trace: None,
            silent_after: Duration::new(5.0),
            metrics: MetricsSection::on_port(9703),
        }
    }
}
