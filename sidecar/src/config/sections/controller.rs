//! `controller`: rules, limits, the HTTP interface.

use super::MetricsSection;
use crate::config::quantity::{Duration, GainDb, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The agent controller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControllerSection {
    /// Where agents connect: `tcp://` on loopback.
    pub bind: String,
    /// The HTTP interface for people; loopback unless `token` is set.
    pub http: SocketAddr,
    /// Requests carry `Authorization: Bearer <token>`; needed to listen beyond this host.
    pub token: Option<String>,
    /// Time between decisions.
    pub decide_every: Duration,
    /// An order that is not answered for this long is given up.
    pub answer_timeout: Duration,
    /// The slices as the gNB is configured.
    pub slices: Vec<SliceSection>,
    /// What may be done at all.
    pub limits: LimitsSection,
    /// When something is done.
    pub policy: PolicySection,
    /// Prometheus.
    pub metrics: MetricsSection,
}

impl Default for ControllerSection {
    fn default() -> Self {
        Self {
            bind: "tcp://127.0.0.1:7700".into(),
            http: ([127, 0, 0, 1], 7780).into(),
            token: None,
            decide_every: Duration::new(0.25),
            answer_timeout: Duration::new(2.0),
            slices: vec![SliceSection::even(1), SliceSection::even(2)],
            limits: LimitsSection::default(),
            policy: PolicySection::default(),
            metrics: MetricsSection::on_port(9704),
        }
    }
}

/// A slice as the gNB is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliceSection {
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    #[serde(default)]
    pub sd: Option<u32>,
    /// Priority share at the start, percent.
    #[schemars(range(max = 100))]
    pub min_percent: u8,
    /// Hard cap, percent.
    #[schemars(range(max = 100))]
    pub max_percent: u8,
}

impl SliceSection {
    const fn even(sst: u8) -> Self {
        Self { sst, sd: None, min_percent: 0, max_percent: 100 }
    }
}

/// The guard's bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSection {
    /// Lowest power of the downlink, relative to what the gNB sends.
    pub min_power: GainDb,
    /// Highest; never above 0 dB.
    pub max_power: GainDb,
    /// Largest change of power in one action.
    pub max_power_step: GainDb,
    /// Smallest hard cap of a slice, percent.
    #[schemars(range(min = 1, max = 100))]
    pub min_quota_cap_percent: u8,
    /// Smallest rate limit of a UE.
    pub min_rate: Rate,
    /// Largest rate limit of a UE.
    pub max_rate: Rate,
    /// Oldest channel a beam may come from.
    pub beam_inputs: Duration,
    /// Oldest report any other action may come from.
    pub slow_inputs: Duration,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            min_power: GainDb::new(-20.0),
            max_power: GainDb::new(0.0),
            max_power_step: GainDb::new(3.0),
            min_quota_cap_percent: 5,
            min_rate: Rate::new(64e3),
            max_rate: Rate::new(1e9),
            beam_inputs: Duration::new(20e-3),
            slow_inputs: Duration::new(3.0),
        }
    }
}

/// Thresholds of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySection {
    /// A UE is starved when it gets less than this part of what it is offered.
    pub starved_below: f64,
    /// A UE may go one resolution up when its capacity is this many times what that needs.
    pub headroom: f64,
    /// A UE is greedy when it takes this many times its even share.
    pub greedy_above: f64,
    /// Step of a slice's priority share, percent.
    pub quota_step_percent: u8,
    /// Time in which an effect must show: of radio time and of the host's clock, whichever takes longer; at most ten times as long on the
    /// host's.
    pub effect_window: Duration,
    /// After an action without effect its kind rests on that target for this long.
    pub rest: Duration,
}

impl Default for PolicySection {
    fn default() -> Self {
        Self {
            starved_below: 0.85,
            headroom: 1.4,
            greedy_above: 1.3,
            quota_step_percent: 15,
            effect_window: Duration::new(2.0),
            rest: Duration::new(8.0),
        }
    }
}
