//! Settings of the controller.

use super::decide::Policy;
use crate::guard::Limits;
use serde::{Deserialize, Serialize};

/// One subscriber and where it is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// `imsi-…`.
    pub supi: String,
    /// Index at the gNB.
    pub ue: Option<u32>,
    /// C-RNTI at the gNB, where the index is not told.
    #[serde(default)]
    pub rnti: Option<u16>,
    /// Receiver of `air` that hears what it hears.
    pub stream: Option<u32>,
    /// Slice it is in.
    pub slice: Option<(u8, Option<u32>)>,
}

/// A slice as the gNB is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
    /// Priority share at start, percent.
    pub min: u8,
    /// Hard cap, percent.
    pub max: u8,
}

/// Settings.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// Name of the run, for people.
    pub run: String,
    /// Its number in wire headers; reports of another run are not trusted with their stamps.
    pub wire_run: u64,
    /// Whether actions are taken.
    pub act: bool,
    /// PRBs of the carrier.
    pub prb: u32,
    /// The subscribers.
    pub subscribers: Vec<Subscriber>,
    /// The slices.
    pub slices: Vec<Slice>,
    /// Bounds on actions.
    pub limits: Limits,
    /// Thresholds of the rules.
    pub policy: Policy,
    /// Time from one decision to the next, ns.
    pub decide_every_ns: u64,
    /// An order that is not answered for this long is given up, ns.
    pub answer_ns: u64,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            run: String::new(),
            wire_run: 0,
            act: true,
            prb: 25,
            subscribers: Vec::new(),
            slices: Vec::new(),
            limits: Limits::default(),
            policy: Policy::default(),
            decide_every_ns: 250_000_000,
            answer_ns: 2_000_000_000,
        }
    }
}
