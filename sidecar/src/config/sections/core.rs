//! `core`: the agent of the network layer.

use super::MetricsSection;
use crate::config::quantity::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// nAgent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoreSection {
    /// Base URL of the AMF's metrics and information API; absent = none.
    pub amf: Option<String>,
    /// Base URL of the SMF's.
    pub smf: Option<String>,
    /// Base URL of the UPF's.
    pub upf: Option<String>,
    /// Base URL of the PCF's.
    pub pcf: Option<String>,
    /// Base URL of the user plane's rate limits; absent = rate limits cannot be set.
    pub user_plane: Option<String>,
    /// How often each is asked.
    pub poll: Duration,
    /// Time between two looks at the user plane, and between two states sent to the controller.
    pub state_every: Duration,
    /// An answer that takes longer counts as missing.
    pub timeout: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for CoreSection {
    fn default() -> Self {
        let on = |port: u16| Some(format!("http://127.0.0.1:{port}"));
        Self {
            amf: on(9091),
            smf: on(9092),
            upf: on(9093),
            pcf: on(9094),
            user_plane: on(9095),
            poll: Duration::new(0.5),
            state_every: Duration::new(0.1),
            timeout: Duration::new(1.0),
            metrics: MetricsSection::on_port(9702),
        }
    }
}
