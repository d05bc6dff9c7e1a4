//! The real traces of the three agents: which columns, which period, how they are cut.

use crate::wire::Agent;
use predict::data::{SplitMode, Trace, TraceSpec};

/// A trace and how to read it.
#[derive(Debug, Clone)]
pub struct TraceSource {
    /// Whose it is.
    pub agent: Agent,
    /// Short name: `p`, `n` or `a`.
    pub name: &'static str,
    /// What the first feature is, for people.
    pub quantity: &'static str,
    /// Its unit; empty where it has none.
    pub unit: &'static str,
    /// Period of the samples, seconds. Windows are counted in samples of it.
    pub period_s: f64,
    /// What "earlier" means in it.
    pub split: SplitMode,
    /// Columns of the excerpt that is built in.
    pub spec: TraceSpec,
    /// The excerpt, CSV.
    pub excerpt: &'static [u8],
    /// Name of the full file in a directory of data.
    pub full_file: &'static str,
    /// Columns of the full file.
    pub full_spec: TraceSpec,
}

impl TraceSource {
    /// Reads the excerpt.
    ///
    /// # Errors
    /// Those of [`Trace::from_csv`].
    pub fn read(&self) -> Result<Trace, predict::PredictError> {
        Trace::from_csv(self.excerpt, &self.spec)
    }
}

/// The traces of pAgent, nAgent and aAgent, in this order.
#[must_use]
pub fn sources() -> [TraceSource; 3] {
    [
        TraceSource {
            agent: Agent::Ran,
            name: "p",
            quantity: "uplink SNR",
            unit: "dB",
            period_s: 1.28,
            split: SplitMode::Timeline,
            spec: TraceSpec::new(Some("run"), &["ul_snr_db", "rsrp_dbm", "ul_mcs"]),
            excerpt: include_bytes!("../../../hil-tests/fixtures/traces/p.csv"),
            full_file: "p_5gsa_oai_phy_kpi_1280ms.csv",
            full_spec: TraceSpec::new(Some("run"), &["ul_snr_db", "rsrp_dbm", "ul_mcs"]),
        },
        TraceSource {
            agent: Agent::Core,
            name: "n",
            quantity: "downlink traffic of a carrier, z-score",
            unit: "",
            period_s: 86_400.0,
            split: SplitMode::Within,
            spec: TraceSpec::new(Some("carrier"), &["dl", "ul"]),
            excerpt: include_bytes!("../../../hil-tests/fixtures/traces/n.csv"),
            full_file: "n_ran_updates_daily_221carriers.csv",
            full_spec: TraceSpec::new(Some("UUID"), &["DL", "UL"]),
        },
        TraceSource {
            agent: Agent::App,
            name: "a",
            quantity: "offered rate of XR offloading",
            unit: "Mbit/s",
            period_s: 0.1,
            split: SplitMode::Within,
            spec: TraceSpec::new(None, &["mbps", "packets"]),
            excerpt: include_bytes!("../../../hil-tests/fixtures/traces/a.csv"),
            full_file: "a_nokia_xr480_offloading_100ms.csv",
            full_spec: TraceSpec::new(None, &["mbps", "packets"]),
        },
    ]
}

/// The trace of one agent; `None` for what has none.
#[must_use]
pub fn source(agent: Agent) -> Option<TraceSource> {
    sources().into_iter().find(|s| s.agent == agent)
}
