//! Counters of the data plane, readable from other threads without a lock.

use crate::iq::Ledger;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// Room for counters where they are noted.
pub(super) const MAX_COUNTERS: usize = 48;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counters at one moment.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Counters { $($(#[$doc])* pub $name: u64),+ }

        /// Counters that the data plane adds to.
        #[derive(Debug, Default)]
        pub struct AirStats {
            $($(#[$doc])* pub $name: AtomicU64,)+
            /// Time of the stage a slot.
            pub stage: StageHistogram,
        }

        impl AirStats {
            /// The counters now.
            #[must_use]
            pub fn counters(&self) -> Counters {
                Counters { $($name: self.$name.load(Ordering::Relaxed)),+ }
            }
        }

        impl AirStats {
            /// Goes on counting from here.
            pub(super) fn restore(&self, words: &[u64]) {
                let mut words = words.iter();
                $(self.$name.store(words.next().copied().unwrap_or(0), Ordering::Relaxed);)+
            }
        }

        impl Counters {
            /// As words, in order.
            pub(super) fn words(&self) -> [u64; MAX_COUNTERS] {
                let mut words = [0; MAX_COUNTERS];
                for (to, (_, n)) in words.iter_mut().zip([$((stringify!($name), self.$name)),+]) {
                    *to = n;
                }
                words
            }
        }

        impl Counters {
            /// Name and value of each.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

counters! {
    /// Downlink samples taken from the gNB.
    dl_samples,
    /// Uplink samples given to the gNB.
    ul_samples,
    /// Samples that were taken and could not be used, of peers that were present.
    lost_samples,
    /// Uplink samples that were made up (zeros) in place of a peer that had been present.
    invented_samples,
    /// Uplink samples that are zero because no peer was there to send any.
    absent_zero_samples,
    /// Downlink samples that are zero because the process that works on samples was away.
    held_dl_samples,
    /// Uplink samples that are zero for the same reason.
    held_ul_samples,
    /// Downlink samples that were taken and not given when that process ended: zeros in their place. What was held then, and waits for a
    /// peer that does not read, counts here once more.
    resumed_dl_samples,
    /// Uplink samples likewise.
    resumed_ul_samples,
    /// Times the process that works on samples was replaced by another.
    worker_restarts,
    /// Uplink samples that came for an index already given to the gNB.
    late_samples,
    /// Downlink samples that a receiver did not get because it had been given up as late.
    missed_dl_samples,
    /// Messages of more than 614 400 samples, dropped.
    oversize_messages,
    /// Messages that are no whole number of samples, dropped.
    odd_size_messages,
    /// Messages with no byte, dropped.
    empty_messages,
    /// Samples with a NaN or infinite part, set to zero.
    nonfinite_samples,
    /// Uplink samples limited to ±1 for the gNB.
    clipped_samples,
    /// Slots whose samples took at most a quarter of a slot in front end and channels.
    green_slots,
    /// Slots that took at most a slot.
    yellow_slots,
    /// Slots that took longer than a slot.
    red_slots,
    /// Times a peer joined.
    joins,
    /// Times a peer that was present was given up as late.
    late_peers,
    /// Times a connection ended.
    disconnects,
    /// Commands that took effect.
    commands_applied,
    /// Commands that were refused.
    commands_refused,
    /// Control messages that are no command: of another version, malformed, of a kind that is not taken here.
    refused_messages,
    /// Snippets sent.
    snippets,
    /// Snippets not sent because a window reached past what is kept.
    snippets_dropped,
}

impl Counters {
    /// The counters as they were noted last; zeros where none were.
    #[must_use]
    pub fn noted(ledger: &Ledger) -> Self {
        let (mut words, stats) = ([0; MAX_COUNTERS], AirStats::default());
        ledger.counters(&mut words);
        stats.restore(&words);
        stats.counters()
    }

    /// Samples and messages that broke the rule "every sample once, at its place": none of them may ever count in a sound lab. Absent peers,
    /// restarts and slow slots are no such faults; they have counters of their own.
    #[must_use]
    pub const fn hard(&self) -> u64 {
        self.lost_samples
            + self.invented_samples
            + self.late_samples
            + self.nonfinite_samples
            + self.oversize_messages
            + self.odd_size_messages
    }
}

/// How long a slot's samples took against the slot: the air must not be slower than the radio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// At most a quarter of a slot.
    Green,
    /// At most a slot.
    Yellow,
    /// Longer than a slot: no real-time radio could be kept up with.
    Red,
}

impl Band {
    /// The band of a time against a slot's.
    #[must_use]
    pub const fn of(ns: u64, slot_ns: u64) -> Self {
        match ns {
            ns if ns <= slot_ns / 4 => Self::Green,
            ns if ns <= slot_ns => Self::Yellow,
            _ => Self::Red,
        }
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    if n > 0 {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// Buckets of 1 µs up to 2 ms; the last one holds what is longer.
const BUCKETS: usize = 2001;

/// A fixed histogram of durations, normalised to one slot.
#[derive(Debug)]
pub struct StageHistogram {
    buckets: Box<[AtomicU64]>,
    max_ns: AtomicU64,
}

impl Default for StageHistogram {
    fn default() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), max_ns: AtomicU64::new(0) }
    }
}

/// Time of the stage for one slot of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// Slots measured.
    pub slots: u64,
    /// Median, rounded up to 1 µs; `None` before the first slot.
    pub p50_ns: Option<u64>,
    /// 99th percentile, rounded up to 1 µs.
    pub p99_ns: Option<u64>,
    /// Longest.
    pub max_ns: Option<u64>,
}

impl StageHistogram {
    /// Adds one duration.
    pub fn add(&self, ns: u64) {
        let bucket = usize::try_from(ns / 1000).unwrap_or(BUCKETS).min(BUCKETS - 1);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.max_ns.fetch_max(ns, Ordering::Relaxed);
    }

    /// Percentiles now.
    #[must_use]
    pub fn read(&self) -> StageTime {
        let counts: Vec<u64> = self.buckets.iter().map(|b| b.load(Ordering::Relaxed)).collect();
        let slots: u64 = counts.iter().sum();
        if slots == 0 {
            return StageTime::default();
        }
        let max = self.max_ns.load(Ordering::Relaxed);
        let at = |percent: u64| {
            let want = (slots * percent).div_ceil(100).max(1);
            let mut sum = 0;
            for (us, n) in counts.iter().enumerate() {
                sum += n;
                if sum >= want {
                    return Some(if us == BUCKETS - 1 { max } else { (us as u64 + 1) * 1000 });
                }
            }
            None
        };
        StageTime { slots, p50_ns: at(50), p99_ns: at(99), max_ns: Some(max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_by_slot() {
        let bands = [0, 250_000, 250_001, 1_000_000, 1_000_001].map(|ns| Band::of(ns, 1_000_000));
        assert_eq!(bands, [Band::Green, Band::Green, Band::Yellow, Band::Yellow, Band::Red]);
        assert_eq!(Counters { late_samples: 2, oversize_messages: 1, joins: 9, ..Counters::default() }.hard(), 3);
    }

    #[test]
    fn percentiles_of_a_known_set() {
        let h = StageHistogram::default();
        assert_eq!(h.read(), StageTime::default());
        for us in 1..=100_u64 {
            h.add(us * 1000 - 1);
        }
        let t = h.read();
        assert_eq!((t.slots, t.p50_ns, t.p99_ns, t.max_ns), (100, Some(50_000), Some(99_000), Some(99_999)));
        h.add(5_000_000);
        assert_eq!(h.read().max_ns, Some(5_000_000));
    }
}
