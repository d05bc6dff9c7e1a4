//! `relay`: ZMQ radios on the air of the radio that `tx-guard` has.

use super::MetricsSection;
use crate::config::quantity::{Duration, GainDb, PowerDbfs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The process `relay`: whoever speaks a ZMQ radio gets channels of the radio of the section `tx`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelaySection {
    /// Who: a receiver of `air` (its antennas go on the air), or a gNB or UE itself.
    pub legs: Vec<RelayLegSection>,
    /// Gain setting of the transmitter; the policy's bound holds.
    pub gain: GainDb,
    /// Samples are with `tx-guard` so long before they go out: what the way from the radio to here and back takes, with room for the worst. What a
    /// peer sends later than that is late: zeros go out in its place.
    pub lead: Duration,
    /// Samples are handed over in pieces of this length.
    pub piece: Duration,
    /// What is sent goes out so many samples after what is received at the same index. A gNB sees it as a longer way to its UEs: keep it below the
    /// cyclic prefix of its PRACH.
    pub transmit_delay_samples: u64,
    /// Samples that the radio itself adds from its transmit to its receive connector's time stamps: `sidecar radio calibrate` measures them.
    pub time_alignment_samples: u64,
    /// Where set, the transmit chains are measured against each other before each chain of bursts, and each channel's samples are multiplied with its
    /// factor: what goes out on all of them at once arrives in phase at that receiver.
    pub calibrate: Option<RelayCalibrateSection>,
    /// Prometheus.
    pub metrics: MetricsSection,
}

/// A peer and its channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayLegSection {
    /// What people call it.
    pub name: String,
    /// Where its samples come from: a gNB's or UE's `tx_port`, or `rx` of a receiver of `air`.
    pub from: String,
    /// Where what is received for it is served: a gNB's or UE's `rx_port`, or `tx` of that receiver.
    pub to: String,
    /// Which of `tx.channels`, from 0.
    #[serde(default)]
    pub transmit: usize,
    /// Which of `tx.listen.channels`, from 0.
    #[serde(default)]
    pub receive: usize,
}

/// How the transmit chains are measured: as by `sidecar radio calibrate`, at the relay's own gain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelayCalibrateSection {
    /// Which of `tx.listen.channels` listens, from 0: a splitter and cables lead to it from all transmit connectors, and it is tuned to the transmit
    /// frequency.
    pub receive: usize,
    /// Level of the bursts, relative to full scale; the policy's amplitude bounds it.
    pub level: PowerDbfs,
    /// Bursts of each chain, 1 to 64.
    pub rounds: usize,
}

impl Default for RelayCalibrateSection {
    fn default() -> Self {
        Self { receive: 0, level: PowerDbfs::new(-12.0), rounds: 5 }
    }
}

impl Default for RelaySection {
    fn default() -> Self {
        Self {
            legs: Vec::new(),
            gain: GainDb::new(0.0),
            lead: Duration::new(1e-3),
            piece: Duration::new(250e-6),
            transmit_delay_samples: 0,
            time_alignment_samples: 0,
            calibrate: None,
            metrics: MetricsSection::on_port(9708),
        }
    }
}
