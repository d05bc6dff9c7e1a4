//! How many samples are on their way to the antenna and not sent, by the time that has passed.

use std::collections::VecDeque;

/// The radio says that it ran dry at most so long after it did, ns.
const TOLD_WITHIN_NS: u64 = 5_000_000;

/// Bounds what is unsent from above: samples go out at the rate from the start on, or from when the radio ran dry.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// Host time at which sample 0 goes out, ns.
    origin_ns: u64,
    rate_hz: f64,
    /// What was written when, of the last [`TOLD_WITHIN_NS`] and the one before.
    written: VecDeque<(u64, u64)>,
}

impl Pace {
    /// The first sample goes out at `origin_ns`.
    pub(super) fn new(origin_ns: u64, rate_hz: f64) -> Self {
        Self { origin_ns, rate_hz, written: VecDeque::with_capacity(64) }
    }

    /// So much has been written.
    pub(super) fn note(&mut self, written: u64, now_ns: u64) {
        while self.written.get(1).is_some_and(|(at_ns, _)| at_ns + TOLD_WITHIN_NS < now_ns) {
            self.written.pop_front();
        }
        self.written.push_back((now_ns, written));
    }

    /// Samples not sent at `now_ns` of `written`, the time before the start counted as if it were samples: the last of them is sent so much
    /// later.
    pub(super) fn unsent(&self, written: u64, now_ns: u64) -> u64 {
        let since_s = (now_ns as f64 - self.origin_ns as f64) * 1e-9;
        (written as f64 - since_s * self.rate_hz).ceil().max(0.0) as u64
    }

    /// The host's clock has gained so much on the radio's, ns.
    pub(super) fn shift(&mut self, by_ns: i64) {
        self.origin_ns = self.origin_ns.saturating_add_signed(by_ns);
    }

    /// Host time at which sample `n` goes out, ns.
    pub(super) fn at_ns(&self, n: u64) -> u64 {
        self.origin_ns + (n as f64 / self.rate_hz * 1e9) as u64
    }

    /// The radio said at `now_ns` that it ran dry: unsent is at most what was written since it can have been.
    pub(super) fn ran_dry(&mut self, now_ns: u64) {
        let before =
            self.written.iter().rev().find(|(at_ns, _)| at_ns + TOLD_WITHIN_NS < now_ns).map_or(0, |(_, n)| *n);
        let origin_ns = now_ns.saturating_sub((before as f64 / self.rate_hz * 1e9) as u64);
        self.origin_ns = origin_ns.max(self.origin_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // 1 MS/s, sample 0 at 5 ms
        let mut pace = Pace::new(5_000_000, 1e6);
        assert_eq!((pace.unsent(1000, 0), pace.unsent(1000, 5_000_000)), (6000, 1000));
        assert_eq!((pace.unsent(1000, 5_400_000), pace.unsent(1000, 9_000_000)), (600, 0));
        assert_eq!(pace.at_ns(2000), 7_000_000);
        // 10 000 samples by 8 ms, then nothing for long: the last is out at 15 ms. What comes at 30 ms is sent from then on
        pace.note(10_000, 8_000_000);
        pace.note(10_500, 30_000_000);
        pace.ran_dry(30_100_000);
        assert_eq!((pace.unsent(10_500, 30_100_000), pace.unsent(30_100, 30_100_000)), (500, 20_100));
        // said once more it changes nothing; later it counts from then
        pace.note(30_000, 30_200_000);
        pace.ran_dry(30_200_000);
        assert_eq!(pace.unsent(30_000, 30_200_000), 20_000);
        // it never counts as sent earlier than before
        let mut fresh = Pace::new(5_000_000, 1e6);
        fresh.note(1000, 1_000_000);
        fresh.ran_dry(2_000_000);
        assert_eq!(fresh.unsent(1000, 2_000_000), 4000);
    }
}
