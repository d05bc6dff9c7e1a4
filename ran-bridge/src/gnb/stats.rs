//! What was read, and what could not be.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of one parser. All start at 0 and only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ParseStats {
    /// Messages understood.
    pub messages: u64,
    /// Texts that are no JSON object, or an object without the parts its kind needs.
    pub garbage: u64,
    /// Messages of a kind this release does not know.
    pub unknown_kinds: u64,
    /// Fields nobody asked for: a newer gNB.
    pub unknown_fields: u64,
    /// Fields that were expected and absent: an older gNB.
    pub missing_fields: u64,
    /// Fields of the wrong type, not finite, or out of their range. They read as `None`.
    pub invalid_fields: u64,
    /// Fields that hold `null`: the gNB says itself that it observed nothing.
    pub null_fields: u64,
    /// Levels at the floor the gNB clamps to (−99.9 dB): an idle UE. They read as `None`.
    pub floor_fields: u64,
    /// Messages with a bare `NaN`, `inf` or an over-range number in them, read with `null` in its place.
    pub sanitised: u64,
}

/// Counts of a running client, readable at any time from any thread.
#[derive(Debug, Default)]
pub struct ClientStats {
    /// Connections made on either socket.
    pub connects: AtomicU64,
    /// Connections lost or refused.
    pub disconnects: AtomicU64,
    /// Samples dropped because the reader was slow, oldest first.
    pub dropped: AtomicU64,
    /// Binary frames, which the protocol does not have.
    pub binary_frames: AtomicU64,
    /// Texts that were no message.
    pub garbage: AtomicU64,
    /// Field values that were invalid.
    pub invalid_fields: AtomicU64,
    /// Reports that should have been there and were not.
    pub missed_reports: AtomicU64,
    /// Times nothing came for longer than the silence limit.
    pub silences: AtomicU64,
    /// Commands sent.
    pub commands: AtomicU64,
    /// Commands refused by the gNB, timed out or lost.
    pub commands_failed: AtomicU64,
}

impl ClientStats {
    pub(super) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }

    /// Name and value of each counter, for `/metrics`.
    #[must_use]
    pub fn snapshot(&self) -> [(&'static str, u64); 10] {
        [
            ("connects", self.connects.load(Relaxed)),
            ("disconnects", self.disconnects.load(Relaxed)),
            ("dropped", self.dropped.load(Relaxed)),
            ("binary_frames", self.binary_frames.load(Relaxed)),
            ("garbage", self.garbage.load(Relaxed)),
            ("invalid_fields", self.invalid_fields.load(Relaxed)),
            ("missed_reports", self.missed_reports.load(Relaxed)),
            ("silences", self.silences.load(Relaxed)),
            ("commands", self.commands.load(Relaxed)),
            ("commands_failed", self.commands_failed.load(Relaxed)),
        ]
    }
}
