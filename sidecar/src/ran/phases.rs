//! The eight phases of the fast loop on one clock, and their statistics.

use serde::{Deserialize, Serialize};

/// The phases, in the order of time.
pub const PHASES: [&str; 8] = ["collect", "deliver", "decode", "estimate", "decide", "encode", "deliver back", "arm"];

/// Nine host-monotonic instants around the eight phases, ns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamps {
    /// The message with the occasion's last sample arrived in `air`.
    pub arrival_mono_ns: u64,
    /// `air` sent the snippet.
    pub sent_mono_ns: u64,
    /// `ran` has it.
    pub received_mono_ns: u64,
    /// It is decoded into samples.
    pub decoded_mono_ns: u64,
    /// The channel is estimated.
    pub estimated_mono_ns: u64,
    /// Weights are decided and passed the guard.
    pub decided_mono_ns: u64,
    /// The message to `air` is sent.
    pub encoded_mono_ns: u64,
    /// `air` has it.
    pub delivered_mono_ns: u64,
    /// The weights stand ready in the front end.
    pub armed_mono_ns: u64,
}

impl Stamps {
    /// The eight phases and the whole, ns; `None` where an instant is missing or runs backwards.
    #[must_use]
    pub fn phases_ns(&self) -> Option<([u64; 8], u64)> {
        let at = [
            self.arrival_mono_ns,
            self.sent_mono_ns,
            self.received_mono_ns,
            self.decoded_mono_ns,
            self.estimated_mono_ns,
            self.decided_mono_ns,
            self.encoded_mono_ns,
            self.delivered_mono_ns,
            self.armed_mono_ns,
        ];
        let mut out = [0; 8];
        for (k, pair) in at.windows(2).enumerate() {
            // the message may be delivered while its sender still returns from the send call
            out[k] = if k == 6 { pair[1].saturating_sub(pair[0]) } else { pair[1].checked_sub(pair[0])? };
        }
        (at[0] > 0).then_some(())?;
        Some((out, at[8].checked_sub(at[0])?))
    }
}

/// Mean, median, p99 and largest of one phase, ns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PhaseStats {
    /// Mean.
    pub mean_ns: f64,
    /// Median.
    pub p50_ns: f64,
    /// 99 of 100 are not above it.
    pub p99_ns: f64,
    /// Largest.
    pub max_ns: f64,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PhaseRow {
    /// One of [`PHASES`], or `total`.
    pub phase: String,
    /// Its statistics.
    #[serde(flatten)]
    pub stats: PhaseStats,
}

/// Keeps the last loops and makes statistics of them.
#[derive(Debug, Clone)]
pub struct PhaseLog {
    kept: Vec<[u32; 9]>,
    next: usize,
    capacity: usize,
    /// Loops seen.
    pub loops: u64,
    /// Loops whose stamps made no sense.
    pub dropped: u64,
}

impl PhaseLog {
    /// Keeps up to `capacity` loops.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { kept: Vec::with_capacity(capacity), next: 0, capacity: capacity.max(1), loops: 0, dropped: 0 }
    }

    /// Takes one loop.
    pub fn push(&mut self, stamps: &Stamps) {
        let Some((phases, total)) = stamps.phases_ns() else {
            self.dropped += 1;
            return;
        };
        let mut row = [0_u32; 9];
        for (to, from) in row.iter_mut().zip(phases.iter().chain([&total])) {
            *to = u32::try_from(*from).unwrap_or(u32::MAX);
        }
        if self.kept.len() < self.capacity {
            self.kept.push(row);
        } else {
            self.kept[self.next] = row;
        }
        self.next = (self.next + 1) % self.capacity;
        self.loops += 1;
    }

    /// Statistics of the kept loops: the phases, then `total`; empty before the first loop.
    #[must_use]
    pub fn rows(&self) -> Vec<PhaseRow> {
        if self.kept.is_empty() {
            return Vec::new();
        }
        let names = PHASES.iter().copied().chain(["total"]);
        names.enumerate().map(|(k, name)| PhaseRow { phase: name.to_owned(), stats: self.stats(k) }).collect()
    }

    fn stats(&self, column: usize) -> PhaseStats {
        let mut v: Vec<u32> = self.kept.iter().map(|r| r[column]).collect();
        v.sort_unstable();
        let at = |q: f64| f64::from(v[((v.len() as f64 * q).ceil() as usize).clamp(1, v.len()) - 1]);
        PhaseStats {
            mean_ns: v.iter().map(|x| f64::from(*x)).sum::<f64>() / v.len() as f64,
            p50_ns: at(0.5),
            p99_ns: at(0.99),
            max_ns: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(base: u64, step: u64) -> Stamps {
        let at = |k: u64| base + k * step;
        Stamps {
            arrival_mono_ns: at(0),
            sent_mono_ns: at(1),
            received_mono_ns: at(2),
            decoded_mono_ns: at(3),
            estimated_mono_ns: at(4),
            decided_mono_ns: at(5),
            encoded_mono_ns: at(6),
            delivered_mono_ns: at(7),
            armed_mono_ns: at(8),
        }
    }

    #[test]
    fn phases_add_up_to_the_whole() {
        let (phases, total) = stamps(1000, 10).phases_ns().unwrap();
        assert_eq!((phases, total), ([10; 8], 80));
    }

    #[test]
    fn percentiles_worked_by_hand() {
        let mut log = PhaseLog::new(1000);
        for k in 1..=100 {
            log.push(&stamps(1, k));
        }
        let total = &log.rows()[8];
        assert_eq!(total.phase, "total");
        let want = PhaseStats { mean_ns: 8.0 * 50.5, p50_ns: 400.0, p99_ns: 792.0, max_ns: 800.0 };
        assert_eq!(total.stats, want);
    }

    #[test]
    fn stamps_that_run_backwards_are_dropped_and_counted() {
        let mut log = PhaseLog::new(10);
        let mut s = stamps(1000, 10);
        s.decoded_mono_ns = 5;
        log.push(&s);
        log.push(&Stamps::default());
        assert_eq!((log.loops, log.dropped), (0, 2));
        assert!(log.rows().is_empty());
    }

    #[test]
    fn only_the_last_loops_are_kept() {
        let mut log = PhaseLog::new(2);
        for k in [1, 5, 7] {
            log.push(&stamps(1, k));
        }
        assert_eq!(log.rows()[8].stats.mean_ns, 8.0 * 6.0);
        assert_eq!(log.loops, 3);
    }
}
