//! `up`: the supervisor.

use super::MetricsSection;
use crate::config::quantity::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The supervisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UpSection {
    /// Processes of ours to start, in this order.
    pub processes: Vec<ProcessName>,
    /// Commands to start beside them, for example the virtual lab.
    pub extra: Vec<ExtraProcess>,
    /// First wait before a restart; doubles with each crash.
    pub backoff_min: Duration,
    /// Longest wait before a restart.
    pub backoff_max: Duration,
    /// A process that ran this long starts again with the first wait.
    pub stable_after: Duration,
    /// Time between SIGTERM and SIGKILL at the end.
    pub grace: Duration,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for UpSection {
    fn default() -> Self {
        use ProcessName::{Air, App, Controller, Core, Ran};
        Self {
            processes: vec![Air, Controller, Ran, Core, App],
            extra: Vec::new(),
            backoff_min: Duration::new(0.2),
            backoff_max: Duration::new(10.0),
            stable_after: Duration::new(30.0),
            grace: Duration::new(5.0),
            metrics: MetricsSection::on_port(9705),
        }
    }
}

/// A process of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessName {
    /// The data plane.
    Air,
    /// pAgent.
    Ran,
    /// nAgent.
    Core,
    /// aAgent.
    App,
    /// The agent controller.
    Controller,
    /// The guard of the transmitting radio.
    TxGuard,
    /// ZMQ radios on the air, through that guard.
    Relay,
}

impl ProcessName {
    /// Its subcommand.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Air => "air",
            Self::Ran => "ran",
            Self::Core => "core",
            Self::App => "app",
            Self::Controller => "controller",
            Self::TxGuard => "tx-guard",
            Self::Relay => "relay",
        }
    }
}

/// A command beside ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtraProcess {
    /// What people call it; its log is `<name>.log`.
    pub name: String,
    /// Program and arguments.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Restarted, too, whenever this process of ours is: a gNB or UE waits for ever on an `air` that went away.
    #[serde(default)]
    pub restart_with: Option<ProcessName>,
    /// The run ends when this ends.
    #[serde(default)]
    pub essential: bool,
}
