//! `air`: the data plane.

use super::{EmulatorSection, LinkSection, MetricsSection};
use crate::config::quantity::{Duration, Frequency, GainDb};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The data plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AirSection {
    /// Sample rate of every stream; what gNB and UEs are set to (`srate`).
    pub sample_rate: Frequency,
    /// One slot of the carrier: changes take effect at its boundaries.
    pub slot: Duration,
    /// Antennas of the front end.
    #[schemars(range(min = 1, max = 8))]
    pub antennas: u16,
    /// Speed relative to real time, 1 = real time; absent = as fast as the peers go.
    pub pace: Option<f64>,
    /// End with exit code 9 as soon as a sample is lost, invented, late or no number, or a message is malformed.
    pub strict: bool,
    /// How far the uplink may run ahead of the downlink taken.
    pub uplink_lead: Duration,
    /// How long the start waits for receivers that are not there yet; `0 s` = not at all.
    pub start_wait: Duration,
    /// A receiver that holds up the others this long is given up until it comes back.
    pub late_after: Duration,
    /// Silence after which a peer's state is told with what to do.
    pub silent_after: Duration,
    /// When the process that works on samples ends, gNB and UEs wait this long for the next one, then get zeros; `0 s` = zeros at once.
    pub restart_pause: Duration,
    /// It is ended when it gives no sign of life for this long.
    pub hang_after: Duration,
    /// CPU that the data-plane thread is pinned to; absent = any.
    pub cpu: Option<usize>,
    /// Where `ran` connects: an `ipc://` path of this host.
    pub control: String,
    /// The gNB's side.
    pub gnb: GnbSection,
    /// The UEs' side, one entry a receiver; the first is stream 0.
    pub ues: Vec<UeSection>,
    /// What all emulated channels have in common.
    pub emulator: EmulatorSection,
    /// Prometheus.
    pub metrics: MetricsSection,
}

/// The gNB's ZMQ radio, or a recording in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GnbSection {
    /// The gNB's `tx_port`, one address a port: downlink comes from there.
    #[schemars(length(min = 1, max = 4))]
    pub tx: Vec<String>,
    /// The gNB's `rx_port`: uplink is served there.
    pub rx: String,
    /// The `rx_port` of its further receive antennas, in order.
    #[schemars(length(max = 3))]
    pub further_rx: Vec<String>,
    /// A SigMF recording (`.sigmf-meta`) to play instead of a gNB.
    pub play: Option<PathBuf>,
    /// Play it again from its beginning at its end.
    pub repeat: bool,
}

impl Default for GnbSection {
    fn default() -> Self {
        Self {
            tx: vec!["tcp://127.0.0.1:2000".into()],
            rx: "tcp://127.0.0.1:2001".into(),
            further_rx: Vec::new(),
            play: None,
            repeat: false,
        }
    }
}

/// A UE's ZMQ radio and its emulated channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UeSection {
    /// What people call it.
    pub name: String,
    /// The UE's `tx_port`: its uplink comes from there; absent = a receiver only.
    pub tx: Option<String>,
    /// The UE's `rx_port`: its downlink is served there; absent = nobody listens, its stream is only monitored.
    pub rx: Option<String>,
    /// Its stream, behind the channel, is sent to `ran` in snippets.
    pub monitor: bool,
    /// It is an eavesdropper: never served, its SINR is kept low.
    pub eavesdropper: bool,
    /// Identity at the core, for actions of core and application on it.
    pub supi: Option<String>,
    /// Slice/service type of its session.
    pub sst: Option<u8>,
    /// Slice differentiator of its session.
    pub sd: Option<u32>,
    /// Gain of its uplink.
    pub uplink_gain: GainDb,
    /// The channel from the antennas to it.
    pub link: LinkSection,
    /// The channel of its uplink, with other draws than the downlink's as in FDD; absent = a cable.
    pub uplink: Option<LinkSection>,
}

impl Default for UeSection {
    fn default() -> Self {
        Self {
            name: "ue".into(),
            tx: None,
            rx: None,
            monitor: true,
            eavesdropper: false,
            supi: None,
            sst: None,
            sd: None,
            uplink_gain: GainDb::new(0.0),
            link: LinkSection::default(),
            uplink: None,
        }
    }
}

impl UeSection {
    /// UE `u` of the demo cell.
    fn demo(u: u16, sst: u8, link: LinkSection) -> Self {
        let port = |offset: u16| Some(format!("tcp://127.0.0.1:{}", 2100 + 10 * u + offset));
        Self {
            name: format!("ue{u}"),
            tx: port(1),
            rx: port(0),
            supi: Some(format!("imsi-00101012345678{u}")),
            sst: Some(sst),
            link,
            ..Self::default()
        }
    }

    /// The eavesdropper of the demo cell: it hears and never speaks.
    fn eavesdropper(u: u16, link: LinkSection) -> Self {
        Self {
            name: "eavesdropper".into(),
            tx: None,
            supi: None,
            sst: None,
            eavesdropper: true,
            ..Self::demo(u, 1, link)
        }
    }
}

impl Default for AirSection {
    fn default() -> Self {
        Self {
            sample_rate: Frequency::new(7.68e6),
            slot: Duration::new(1e-3),
            antennas: 4,
            pace: None,
            strict: false,
            uplink_lead: Duration::new(4e-3),
            start_wait: Duration::new(0.0),
            late_after: Duration::new(1.0),
            silent_after: Duration::new(3.0),
            restart_pause: Duration::new(0.3),
            hang_after: Duration::new(2.0),
            cpu: None,
            control: "ipc:///tmp/sidecar-air.sock".into(),
            gnb: GnbSection::default(),
            ues: vec![
                UeSection::demo(0, 1, LinkSection::moving(-30.0, 4.0)),
                UeSection::demo(1, 1, LinkSection::moving(10.0, -3.0)),
                UeSection::demo(2, 2, LinkSection::moving(35.0, 2.0)),
                UeSection::eavesdropper(3, LinkSection::moving(-5.0, 1.0)),
            ],
            emulator: EmulatorSection::default(),
            metrics: MetricsSection::on_port(9700),
        }
    }
}
