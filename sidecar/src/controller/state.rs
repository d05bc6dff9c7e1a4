//! What the controller shows: the state of everything, as `GET /api` gives it. `None` is "not observed".

use super::transmitter::TransmitterState;
use crate::effect::{Effect, Verdict};
use crate::ran::phases::PhaseRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One UE in the columns of the gNB's own console.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConsoleRow {
    /// Index at the gNB.
    pub ue: Option<u32>,
    /// Physical cell identity.
    pub pci: Option<u16>,
    /// C-RNTI.
    pub rnti: Option<u16>,
    /// Wideband CQI, 0…15.
    pub cqi: Option<u8>,
    /// Downlink rank.
    pub dl_ri: Option<f64>,
    /// Downlink MCS index.
    pub dl_mcs: Option<u8>,
    /// Downlink rate, bit/s of radio time.
    pub dl_bit_per_s: Option<f64>,
    /// Downlink blocks acknowledged in the period.
    pub dl_ok: Option<u64>,
    /// Downlink blocks lost in the period.
    pub dl_nok: Option<u64>,
    /// Bytes waiting for the downlink.
    pub dl_backlog_bytes: Option<u64>,
    /// PUSCH signal to noise, dB.
    pub pusch_snr_db: Option<f64>,
    /// PUSCH received power, dB re full scale.
    pub pusch_rsrp_dbfs: Option<f64>,
    /// Uplink rank.
    pub ul_ri: Option<f64>,
    /// Uplink MCS index.
    pub ul_mcs: Option<u8>,
    /// Uplink rate, bit/s of radio time.
    pub ul_bit_per_s: Option<f64>,
    /// Uplink blocks received.
    pub ul_ok: Option<u64>,
    /// Uplink blocks lost.
    pub ul_nok: Option<u64>,
    /// Buffer status, bytes.
    pub bsr_bytes: Option<u64>,
    /// Time alignment, ns.
    pub ta_ns: Option<f64>,
    /// Power headroom, dB.
    pub phr_db: Option<f64>,
}

/// One UE across all layers, as shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UeRow {
    /// Subscriber, where known.
    pub supi: String,
    /// The gNB's columns.
    pub console: ConsoleRow,
    /// SNR of the SSB (wide beam) at its monitor, dB.
    pub ssb_snr_db: Option<f64>,
    /// SNR of CSI-RS through the beam in force, dB.
    pub beam_snr_db: Option<f64>,
    /// Predicted SNR through the beam, dB.
    pub predicted_snr_db: Option<f64>,
    /// Predicted demand, bit/s.
    pub demand_bit_per_s: Option<f64>,
    /// Predicted capacity, bit/s.
    pub capacity_bit_per_s: Option<f64>,
    /// Rate offered by the application, bit/s.
    pub offered_bit_per_s: Option<f64>,
    /// Rate delivered, bit/s.
    pub delivered_bit_per_s: Option<f64>,
    /// Resolution in force.
    pub resolution: Option<String>,
    /// Rate limit in force, bit/s.
    pub limit_bit_per_s: Option<f64>,
    /// Whether its video stands still.
    pub stalled: bool,
    /// Its last action, in words.
    pub action: String,
    /// What became of it, in words.
    pub effect: String,
}

/// One monitor receiver.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StreamState {
    /// Receiver of `air`.
    pub stream: u32,
    /// `ue` or `eavesdropper`.
    pub role: String,
    /// Subscriber, where configured.
    pub supi: Option<String>,
    /// SSBs taken.
    pub ssbs: u64,
    /// MIBs decoded with a good checksum.
    pub mibs_ok: u64,
    /// MIBs whose checksum failed.
    pub mibs_bad: u64,
    /// SNR of the SSB (wide beam), dB.
    pub ssb_snr_db: Option<f64>,
    /// When that was heard last, host-monotonic ns.
    pub ssb_mono_ns: Option<u64>,
    /// SS-RSRP of a resource element, dB relative to full scale.
    pub ssb_rsrp_dbfs: Option<f64>,
    /// Running delay of the SSBs against the windows in which they are looked for, ns.
    pub ssb_delay_ns: Option<f64>,
    /// SNR through the beam in force, dB.
    pub beam_snr_db: Option<f64>,
    /// When that was heard last, host-monotonic ns.
    pub beam_mono_ns: Option<u64>,
    /// Predicted SNR through the beam, dB.
    pub predicted_snr_db: Option<f64>,
    /// Carrier frequency offset, Hz.
    pub cfo_hz: Option<f64>,
    /// Whether the M-antenna channel is known.
    pub tracked: bool,
}

/// The fast loop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LoopState {
    /// `waiting for air`, `searching`, `tracking`.
    pub phase: String,
    /// Physical cell identity found.
    pub pci: Option<u16>,
    /// System frame number of the last MIB.
    pub sfn: Option<u16>,
    /// Loops closed: weights armed because of a snippet.
    pub loops: u64,
    /// Latency by phase, over the last loops.
    pub latency: Vec<PhaseRow>,
    /// Times the loop searched the cell anew.
    pub acquisitions: u64,
    /// Things that were dropped, by reason.
    pub drops: BTreeMap<String, u64>,
    /// Counters of `air`, by name.
    pub air: BTreeMap<String, u64>,
    /// Radio time, s.
    pub radio_s: f64,
    /// When it was that time, host-monotonic ns.
    pub radio_mono_ns: u64,
}

/// A prediction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PredictionRow {
    /// `ran`, `core`, `app`.
    pub agent: String,
    /// Series it is about.
    pub series: String,
    /// Model it comes from.
    pub model: String,
    /// How far ahead, s.
    pub horizon_s: f64,
    /// Value, in the series' own unit.
    pub value: f64,
}

/// How well a model predicted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ErrorRow {
    /// `ran`, `core`, `app`.
    pub agent: String,
    /// Model.
    pub model: String,
    /// Normalised mean absolute error.
    pub nmae: f64,
    /// Windows it was measured on.
    pub windows: u64,
}

/// Fate of the actions of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct KindCounts {
    /// Proposed to the guard.
    pub proposed: u64,
    /// Passed.
    pub approved: u64,
    /// Refused by a guard, not carried out, or not answered in time.
    pub refused: u64,
    /// Of those not answered in time, in force later all the same and judged from then on.
    pub late: u64,
    /// Judged effective.
    pub effective: u64,
    /// Judged without effect, nothing undone.
    pub no_effect: u64,
    /// Judged without effect and undone.
    pub rolled_back: u64,
    /// Given up unjudged: never in force, or what it acted on is gone.
    pub abandoned: u64,
}

impl KindCounts {
    /// Counts a verdict.
    pub const fn judged(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Effective => self.effective += 1,
            Verdict::NoEffect => self.no_effect += 1,
            Verdict::RolledBack => self.rolled_back += 1,
            Verdict::Abandoned => self.abandoned += 1,
        }
    }
}

/// An agent as the controller sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentInfo {
    /// `ran`, `core`, `app`.
    pub agent: String,
    /// Whether it spoke within the last seconds.
    pub present: bool,
    /// Since its last message, s.
    pub silent_s: f64,
    /// Messages taken from it.
    pub messages: u64,
    /// Times it said hello: 1, and one more for each restart.
    pub hellos: u64,
    /// Reports whose stamps are not from this host's clock: for these the time of receipt stands.
    pub foreign_stamps: u64,
}

/// The coordination rounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RoundState {
    /// Rounds closed.
    pub rounds: u64,
    /// Loss of the last round, per agent.
    pub losses: BTreeMap<String, f64>,
    /// Whether rounds update now.
    pub training: bool,
    /// Number of the training run under way; null where training is always on or off now.
    pub run: Option<u64>,
    /// What began it: `goal`, `o_error`, `c_error`, `forecast`.
    pub cause: Option<String>,
    /// Joint O-error over the shared part, mean over the last rounds; null before the first.
    pub o_error: Option<f64>,
    /// C-error, mean over the last rounds.
    pub c_error: Option<f64>,
}

/// A goal that a person stated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Goal {
    /// As stated.
    pub text: String,
    /// What was made of it.
    pub kind: String,
}

/// The state of everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApiState {
    /// Name of the run; empty where nothing is recorded.
    pub run: String,
    /// Whether actions are taken.
    pub acting: bool,
    /// When this was made, host-monotonic ns.
    pub mono_ns: u64,
    /// The goal in force.
    pub goal: Option<Goal>,
    /// The radio that transmits.
    pub transmitter: TransmitterState,
    /// The agents.
    pub agents: Vec<AgentInfo>,
    /// The UEs.
    pub ues: Vec<UeRow>,
    /// The monitor receivers.
    pub streams: Vec<StreamState>,
    /// The fast loop.
    #[serde(rename = "loop")]
    pub fast: LoopState,
    /// Last predictions.
    pub predictions: Vec<PredictionRow>,
    /// Prediction errors.
    pub errors: Vec<ErrorRow>,
    /// The last judged actions, newest last.
    pub actions: Vec<Effect>,
    /// Fate of the actions by kind.
    pub counts: BTreeMap<String, KindCounts>,
    /// What was dropped, by reason: `subscriber`, `series` (no room), `message` (of no use).
    pub drops: BTreeMap<String, u64>,
    /// The coordination rounds.
    pub rounds: RoundState,
}

/// What `ran` reports to the controller, as [`crate::wire::Kind::State`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RanState {
    /// When it was made, host-monotonic ns.
    pub mono_ns: u64,
    /// The gNB's columns, one a UE.
    pub console: Vec<ConsoleRow>,
    /// When they came from the gNB, host-monotonic ns; 0 where none came.
    pub console_mono_ns: u64,
    /// Whether the gNB's reports come.
    pub gnb_up: bool,
    /// The monitor receivers.
    pub streams: Vec<StreamState>,
    /// The fast loop.
    #[serde(rename = "loop")]
    pub fast: LoopState,
    /// Power in force, dB re full scale.
    pub power_db: f32,
    /// Predictions.
    pub predictions: Vec<PredictionRow>,
    /// Prediction errors.
    pub errors: Vec<ErrorRow>,
    /// Fate of its own actions by kind.
    pub counts: BTreeMap<String, KindCounts>,
    /// The slices' shares in force; `None` where it does not know since it began and nobody told it yet.
    pub quotas: Option<Vec<QuotaInForce>>,
}

/// Share of a slice at the gNB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaInForce {
    /// Slice/service type.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
    /// Priority share, percent.
    pub min: u8,
    /// Hard cap, percent.
    pub max: u8,
    /// Whether the gNB confirmed it to us since it was reached last; else it is what the configuration or an older word says.
    pub confirmed: bool,
}

/// What the controller takes to be in force, as [`crate::wire::Kind::InForce`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InForce {
    /// The slices' shares.
    pub quotas: Vec<QuotaInForce>,
}

/// What became of one action, as [`crate::wire::Kind::Outcome`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// An agent carried out (or could not) the action that the controller numbered `id`.
    Done {
        /// The controller's number.
        id: u64,
        /// Whether it is in force.
        ok: bool,
        /// Why not; empty where it is.
        reason: String,
    },
    /// An agent judged an action of its own.
    Judged(Effect),
}

/// An ordered action, as [`crate::wire::Kind::Action`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Number, for the [`Outcome`].
    pub id: u64,
    /// What to do; it passed the controller's guard and passes the agent's again.
    pub action: crate::guard::Action,
    /// Age of the oldest measurement that it rests on when ordered, ns. What takes back an action rests on none: 0.
    pub inputs_age_ns: u64,
}

impl Order {
    /// The same age when it arrives, with the time on the way; what rests on no measurement does not grow old.
    #[must_use]
    pub const fn age_at_ns(&self, header: &crate::wire::Header, now_mono_ns: u64) -> u64 {
        if self.inputs_age_ns == 0 { 0 } else { self.inputs_age_ns.saturating_add(header.transit_ns(now_mono_ns)) }
    }
}

/// What `app` reports: the application's own view of each subscriber.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppState {
    /// When the items were measured, host-monotonic ns.
    pub mono_ns: u64,
    /// One a subscriber.
    pub items: Vec<AppItem>,
    /// Predictions.
    pub predictions: Vec<PredictionRow>,
    /// Prediction errors.
    pub errors: Vec<ErrorRow>,
}

/// One subscriber at the application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppItem {
    /// Subscriber.
    pub supi: String,
    /// Rate the application offers, bit/s.
    pub offered_bit_per_s: Option<f64>,
    /// Rate that arrives, bit/s.
    pub delivered_bit_per_s: Option<f64>,
    /// Resolution in force.
    pub resolution: Option<String>,
    /// Whether the video stands still.
    pub stalled: bool,
}

/// What `core` reports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoreState {
    /// When the items were measured, host-monotonic ns.
    pub mono_ns: u64,
    /// One a subscriber.
    pub items: Vec<CoreItem>,
    /// Predictions.
    pub predictions: Vec<PredictionRow>,
    /// Prediction errors.
    pub errors: Vec<ErrorRow>,
}

/// One subscriber at the core.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoreItem {
    /// Subscriber.
    pub supi: String,
    /// Rate limit in force, bit/s.
    pub limit_bit_per_s: Option<f64>,
    /// Rate through the user plane, bit/s.
    pub delivered_bit_per_s: Option<f64>,
}
