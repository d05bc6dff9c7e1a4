//! The whole document, and what all processes share.

use super::{
    AirSection, AppSection, ControllerSection, CoreSection, GnbConsoleSection, LearnSection, RanSection, RelaySection,
    TxSection, UpSection,
};
use crate::telemetry::MetricsAt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Configuration of `sidecar`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What all processes share: where runs are kept, the seed.
    pub run: RunSection,
    /// The data plane: IQ of gNB and UEs, antennas, channel emulator.
    pub air: AirSection,
    /// pAgent: CSI, fast loop, gNB metrics and control.
    pub ran: RanSection,
    /// nAgent: the core network.
    pub core: CoreSection,
    /// aAgent: the applications.
    pub app: AppSection,
    /// The agent controller: rules, limits, the HTTP interface.
    pub controller: ControllerSection,
    /// The console of a gNB that `sidecar gnb` runs.
    pub gnb_console: GnbConsoleSection,
    /// The radio that may transmit, and what stands before it.
    pub tx: TxSection,
    /// ZMQ radios on the air of that radio.
    pub relay: RelaySection,
    /// The supervisor.
    pub up: UpSection,
    /// What agents and controller learn together.
    pub learn: LearnSection,
    /// Configuration file of the virtual lab, where one is started beside us.
    pub lab: Option<PathBuf>,
}

/// What all processes share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunSection {
    /// Folder that holds the run folders.
    pub root: PathBuf,
    /// Name of the run; part of its folder's name.
    pub name: String,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for RunSection {
    fn default() -> Self {
        Self { root: "runs".into(), name: "run".into(), seed: 1 }
    }
}

/// Where a process serves `/metrics` to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsSection {
    /// Address and port; loopback unless `token` is set.
    pub listen: SocketAddr,
    /// Requests carry `Authorization: Bearer <token>`; needed to listen beyond this host.
    #[serde(default)]
    pub token: Option<String>,
}

impl MetricsSection {
    /// Loopback on this port, no token.
    #[must_use]
    pub fn on_port(port: u16) -> Self {
        Self { listen: ([127, 0, 0, 1], port).into(), token: None }
    }

    /// What every process hands to [`crate::telemetry::serve_metrics`].
    #[must_use]
    pub fn at(&self) -> MetricsAt {
        MetricsAt { listen: self.listen, token: self.token.clone() }
    }
}
