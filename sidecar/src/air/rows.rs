//! Rows of the record that `air` writes.

use ran_bridge::air::{Counters, Event, PeerState, StageTime};
use serde::Serialize;

/// Table `air_applied`: a command that took effect.
#[derive(Debug, Clone, Serialize)]
pub struct AppliedRow<'a> {
    /// Wire sequence number of the command.
    pub seq: u64,
    /// Which quantity.
    pub what: &'a str,
    /// Downlink sample from which it holds.
    pub sample: u64,
    /// Value before.
    pub old: &'a serde_json::Value,
    /// Value after.
    pub new: &'a serde_json::Value,
    /// Snippet that caused it; 0 = none.
    pub cause: u64,
    /// When the command was read, host-monotonic.
    pub received_mono_ns: u64,
    /// When it stood ready, host-monotonic.
    pub armed_mono_ns: u64,
}

impl<'a> AppliedRow<'a> {
    /// The row of an event; `None` for other events.
    #[must_use]
    pub fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::Applied { seq, what, sample, old, new, cause, received_mono_ns, armed_mono_ns } => Some(Self {
                seq: *seq,
                what,
                sample: *sample,
                old,
                new,
                cause: *cause,
                received_mono_ns: *received_mono_ns,
                armed_mono_ns: *armed_mono_ns,
            }),
            _ => None,
        }
    }
}

/// Table `air_peer`: a peer came, went, or does not answer.
#[derive(Debug, Clone, Serialize)]
pub struct PeerRow<'a> {
    /// `gnb` or the receiver's name.
    pub name: &'a str,
    /// What happened.
    pub state: PeerState,
    /// Downlink sample at which.
    pub sample: u64,
    /// What to do about it.
    pub advice: &'a str,
}

/// Table `air_status`: counters, once a second of wall time.
#[derive(Debug, Clone, Serialize)]
pub struct StatusRow {
    /// Downlink sample.
    pub sample: u64,
    /// Counters.
    #[serde(flatten)]
    pub counters: Counters,
    /// Slots whose stage time was measured.
    pub stage_slots: u64,
    /// Median time of the stage a slot.
    pub stage_p50_ns: Option<u64>,
    /// 99th percentile.
    pub stage_p99_ns: Option<u64>,
    /// Longest.
    pub stage_max_ns: Option<u64>,
    /// Control messages that could not be sent.
    pub control_dropped: u64,
}

impl StatusRow {
    /// The row of counters and times.
    #[must_use]
    pub const fn new(sample: u64, counters: Counters, stage: StageTime, control_dropped: u64) -> Self {
        Self {
            sample,
            counters,
            stage_slots: stage.slots,
            stage_p50_ns: stage.p50_ns,
            stage_p99_ns: stage.p99_ns,
            stage_max_ns: stage.max_ns,
            control_dropped,
        }
    }
}

/// Table `air_worker`: a process took over the connections.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WorkerRow {
    /// Its process.
    pub pid: u32,
    /// How many worked before it.
    pub restarts: u64,
    /// Samples of both directions that peers got as zeros because none worked, until now.
    pub held_samples: u64,
}

/// Table `air_truth`: the true channel of a receiver. For comparison afterwards only.
#[derive(Debug, Clone, Serialize)]
pub struct TruthRow {
    /// Receiver.
    pub stream: u32,
    /// Downlink sample.
    pub sample: u64,
    /// Real parts, taps × antennas.
    pub h_re: Vec<f32>,
    /// Imaginary parts, taps × antennas.
    pub h_im: Vec<f32>,
}
