//! What `air` and its controller say to each other: plain data, no socket.

use super::capture::{CaptureOrder, CaptureStatus};
use super::fault::{FaultOrder, FaultStatus};
use crate::front_end::{PrbRange, SubBands};
use num_complex::Complex32;
use serde::{Deserialize, Serialize};

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// At the next slot boundary of the downlink.
    NextSlot,
    /// At this downlink sample; when it is already past, at the next slot boundary.
    Sample(u64),
}

/// Which samples of a receiver are sent as a snippet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The sender's name for it, given back in [`SnippetMeta::window`].
    pub id: u32,
    /// Receiver: index in `AirConfig::ues`.
    pub stream: u32,
    /// Downlink index of its first sample.
    pub first: u64,
    /// Samples from one start to the next; 0 = once.
    pub period: u64,
    /// Samples, 1 … 65 536.
    pub len: u32,
}

/// Slots that keep the wide beam (SSB, RACH): slot `k` with `(k − offset_slot) mod period_slots < slots`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotSpan {
    /// Period in slots, ≥ 1.
    pub period_slots: u32,
    /// Which slot of the period is the first, counted from the slot that begins at `boundary`.
    pub offset_slot: u32,
    /// How many in a row, 1 … `period_slots`.
    #[serde(default = "one")]
    pub slots: u32,
}

const fn one() -> u32 {
    1
}

/// One change of a [`Command::Batch`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "set", rename_all = "snake_case")]
pub enum Setting {
    /// As [`Command::Weights`].
    Weights {
        /// M×P, row-major antennas × ports.
        #[serde(with = "super::pairs")]
        weights: Vec<Complex32>,
    },
    /// As [`Command::SubBands`].
    SubBands(SubBands),
    /// As [`Command::Power`].
    Power {
        /// dB, ≤ 0.
        power_db: f32,
    },
    /// As [`Command::ArtificialNoise`].
    ArtificialNoise(NoiseSetting),
    /// As [`Command::UplinkWeights`].
    UplinkWeights {
        /// M×P, row-major antennas × ports.
        #[serde(with = "super::pairs")]
        weights: Vec<Complex32>,
    },
}

/// What artificial noise is to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NoiseSetting {
    /// Total power over the antennas; `None` = off.
    pub dbfs: Option<f32>,
    /// Only in these resource blocks; `None` = white.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<PrbRange>,
    /// Channels that get none of it, K×M row-major, 1 ≤ K < M; a receiver of channel `h` hears `hᵀx`. `None` = the noise is orthogonal
    /// to the weights.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::pairs::option")]
    pub channels: Option<Vec<Complex32>>,
}

/// When the columns of a known unitary are sent in turn, one an occasion (FDD has no reciprocity, so this is how M antennas are told apart).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SoundingPlan {
    /// Downlink index of the first sample of the first occasion.
    pub first: u64,
    /// Samples from one occasion to the next, ≥ 1.
    pub period_samples: u64,
    /// Samples of an occasion, 1 … period.
    pub len: u32,
    /// M×M, row-major: element `[m, c]` is what antenna `m` gets in an occasion with column `c`.
    #[serde(with = "super::pairs")]
    pub unitary: Vec<Complex32>,
}

/// A command to `air`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// New precoder.
    Weights {
        /// When.
        at: At,
        /// M×P, row-major antennas × ports.
        #[serde(with = "super::pairs")]
        weights: Vec<Complex32>,
        /// `seq` of the snippet that caused it; 0 = none.
        #[serde(default)]
        cause: u64,
    },
    /// New transmit power.
    Power {
        /// When.
        at: At,
        /// dB relative to full scale of the incoming stream, ≤ 0.
        power_db: f32,
    },
    /// Weights by sub-band, in place of those for the whole band; [`Command::Weights`] goes back.
    SubBands {
        /// When; a sample within a symbol counts for the next one.
        at: At,
        /// The sub-bands.
        #[serde(flatten)]
        sub_bands: SubBands,
        /// `seq` of the snippet that caused it; 0 = none.
        #[serde(default)]
        cause: u64,
    },
    /// Noise sent where the weights, or given channels, do not see it.
    ArtificialNoise {
        /// When.
        at: At,
        /// What.
        #[serde(flatten)]
        noise: NoiseSetting,
    },
    /// How the antennas are combined for the gNB's receive ports: port `p` gets `Σ_m w[m, p]·x_m`.
    UplinkWeights {
        /// When, on the uplink's index line.
        at: At,
        /// M×P, row-major antennas × ports.
        #[serde(with = "super::pairs")]
        weights: Vec<Complex32>,
        /// `seq` of the snippet that caused it; 0 = none.
        #[serde(default)]
        cause: u64,
    },
    /// Several changes at the same sample, all or none: if one is refused, none is made. Each that is made is told with an
    /// [`Event::Applied`] of its own.
    Batch {
        /// When.
        at: At,
        /// At least one, each quantity at most once.
        changes: Vec<Setting>,
        /// `seq` of the snippet that caused it; 0 = none.
        #[serde(default)]
        cause: u64,
    },
    /// Replaces the list of windows.
    Windows {
        /// The new list, at most 64.
        windows: Vec<Window>,
    },
    /// Where slots lie and which keep the wide beam.
    Slots {
        /// Downlink index of the start of one slot (that of `offset_slot` 0).
        boundary: u64,
        /// Samples of a slot.
        slot_samples: u32,
        /// Slots with the wide beam.
        protected: Vec<SlotSpan>,
        /// Index of the start of an uplink slot, for changes of the uplink's weights; `None` = `boundary`. srsRAN's uplink slots begin
        /// N_TA,offset (13 µs in FR1) before those of the downlink.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uplink_boundary: Option<u64>,
    },
    /// Replaces the sounding plan; `None` = no sounding.
    Sounding {
        /// The new plan.
        plan: Option<SoundingPlan>,
    },
    /// The wide beam of protected slots.
    Wide {
        /// M×P, row-major antennas × ports.
        #[serde(with = "super::pairs")]
        weights: Vec<Complex32>,
    },
    /// Prepares, arms, stops or verifies a fault.
    Fault {
        /// What.
        #[serde(flatten)]
        order: FaultOrder,
    },
    /// Writes wires to files.
    Capture {
        /// Which, where and how long.
        #[serde(flatten)]
        order: CaptureOrder,
    },
    /// Asks for a [`Event::Status`].
    Status,
}

/// What a snippet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnippetMeta {
    /// Counts snippets from 1.
    pub seq: u64,
    /// Receiver.
    pub stream: u32,
    /// Downlink index of the first sample.
    pub start: u64,
    /// [`Window::id`].
    pub window: u32,
    /// Column of the sounding unitary that was sent at its first sample.
    pub sounding: Option<u16>,
    /// Whether the wide beam was in force at its first sample.
    pub wide: bool,
    /// Host-monotonic time at which the ZMQ message with its last sample was received.
    pub arrival_mono_ns: u64,
}

/// What `air` tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A command is armed and takes effect at `sample`.
    Applied {
        /// Wire sequence number of the command.
        seq: u64,
        /// `weights`, `sub_bands`, `power`, `artificial_noise`, `uplink_weights`, `windows`, `slots`, `sounding` or `wide`.
        what: String,
        /// Downlink sample from which it holds.
        sample: u64,
        /// Value before.
        old: serde_json::Value,
        /// Value from `sample` on.
        new: serde_json::Value,
        /// The snippet that caused it; 0 = none.
        cause: u64,
        /// When the command was read.
        received_mono_ns: u64,
        /// When it stood ready in the front end.
        armed_mono_ns: u64,
    },
    /// Downlink sample index against the host's monotonic clock, every 10 ms.
    Clock {
        /// Downlink samples taken from the gNB.
        sample: u64,
        /// When.
        mono_ns: u64,
        /// Nominal sample rate.
        rate_hz: f64,
    },
    /// Counters and peers.
    Status(Status),
    /// A peer came, went, or does not answer.
    Peer {
        /// `gnb` or the receiver's name.
        name: String,
        /// What happened.
        state: PeerState,
        /// Downlink index at which.
        sample: u64,
        /// What to do about it; empty where nothing is to be done.
        advice: String,
    },
    /// What is, or became, of a fault: as an answer to an order, and to everybody when one has ended.
    Fault(FaultStatus),
    /// How far a capture is: as an answer, and to everybody when it is complete.
    Capture(CaptureStatus),
    /// A command that is not followed.
    Refused {
        /// Wire sequence number of the command.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// State of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerState {
    /// Not seen yet.
    Awaited,
    /// Served.
    Present,
    /// Was there and holds up the others no longer: its uplink is zeros, its downlink is dropped.
    Late,
    /// Its connection ended.
    Gone,
    /// Connected or expected, but does not answer.
    Silent,
}

/// A receiver or the gNB, as [`Status`] shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: PeerState,
    /// Samples given to it since it joined.
    pub given_samples: u64,
    /// Samples taken from it since it joined.
    pub taken_samples: u64,
}

/// Counters and peers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Downlink samples taken from the gNB.
    pub dl_sample: u64,
    /// Index of the next uplink sample for the gNB.
    pub ul_sample: u64,
    /// Nominal sample rate.
    pub rate_hz: f64,
    /// Counters.
    pub counters: super::Counters,
    /// Time of the stage a slot.
    pub stage: super::StageTime,
    /// The gNB, then the receivers.
    pub peers: Vec<PeerStatus>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Command {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn commands_as_they_are_documented() {
        let sub_bands = read(
            r#"{"cmd": "sub_bands", "at": {"sample": 46080}, "scs_hz": 30000, "carrier_prbs": 51,
                "bands": [{"first_prb": 0, "prbs": 51, "weights": [[0.5, 0.0], [0.0, -0.5]]}]}"#,
        );
        let Command::SubBands { at: At::Sample(46_080), sub_bands: SubBands { scs_hz: 30_000, bands, .. }, cause: 0 } =
            &sub_bands
        else {
            panic!("{sub_bands:?}")
        };
        assert_eq!(bands[0].weights[1], Complex32::new(0.0, -0.5));
        let old = read(r#"{"cmd": "artificial_noise", "at": "next_slot", "dbfs": -30.0}"#);
        let noise = NoiseSetting { dbfs: Some(-30.0), ..NoiseSetting::default() };
        assert_eq!(old, Command::ArtificialNoise { at: At::NextSlot, noise });
        let noise = read(
            r#"{"cmd": "artificial_noise", "at": "next_slot", "dbfs": -30.0, "channels": [[1.0, 0.0], [0.0, 1.0]],
                "band": {"scs_hz": 15000, "carrier_prbs": 106, "first_prb": 20, "prbs": 10}}"#,
        );
        assert!(
            matches!(&noise, Command::ArtificialNoise { noise, .. } if noise.channels.as_ref().unwrap().len() == 2)
        );
        let slots = read(
            r#"{"cmd": "slots", "boundary": 300, "slot_samples": 11520, "protected": [{"period_slots": 40, "offset_slot": 0}]}"#,
        );
        assert!(matches!(&slots, Command::Slots { protected, .. } if protected[0].slots == 1));
        let batch = read(
            r#"{"cmd": "batch", "at": "next_slot", "changes": [
                {"set": "weights", "weights": [[0.5, 0.0], [0.5, 0.0]]}, {"set": "power", "power_db": -3.0},
                {"set": "artificial_noise", "dbfs": null},
                {"set": "sub_bands", "scs_hz": 15000, "carrier_prbs": 106, "bands": []}, {"set": "uplink_weights", "weights": [[1.0, 0.0], [0.0, 0.0]]}]}"#,
        );
        assert!(matches!(&batch, Command::Batch { changes, .. } if changes.len() == 5));
        for command in [sub_bands, noise, slots, batch] {
            let json = serde_json::to_string(&command).unwrap();
            assert_eq!(read(&json), command);
        }
    }
}
