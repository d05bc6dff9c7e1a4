//! What one receive channel hears from the first sample of one burst on.

use num_complex::Complex32;
use std::sync::{Mutex, PoisonError};

/// Filled by the ears between the burst's first sample and as many as are wanted.
pub(super) struct Tap {
    /// Which of the receiver's channels.
    pub(super) channel: usize,
    rate_hz: f64,
    wanted: usize,
    /// The radio's time at some received sample, ns: samples lie on its grid.
    grid_ns: i64,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// The radio's time at the first one, ns; `None` = the burst has not begun.
    from_ns: Option<i64>,
    samples: Vec<Complex32>,
    /// Samples were lost: what comes later is no use.
    torn: bool,
}

impl Tap {
    pub(super) fn new(channel: usize, rate_hz: f64, wanted: usize, grid_ns: i64) -> Self {
        Self { channel, rate_hz, wanted, grid_ns, taken: Mutex::default() }
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The burst begins: gives when, ns of the radio's time. That is on the grid of received samples and not before this, so that the same chain has the
    /// same fraction of a delay in each burst.
    pub(super) fn begin(&self, not_before_ns: i64) -> i64 {
        let samples = not_before_ns.saturating_sub(self.grid_ns) as f64 * self.rate_hz / 1e9;
        // what is whole but for rounding is whole
        let samples = (samples - 1e-6).ceil();
        let from_ns = self.grid_ns + (samples / self.rate_hz * 1e9).round() as i64;
        self.taken().from_ns = Some(from_ns);
        from_ns
    }

    /// A block that was received, and the radio's time at its first sample, ns.
    pub(super) fn hear(&self, block: &[Complex32], time_ns: i64) {
        let mut taken = self.taken();
        let Some(from_ns) = taken.from_ns else { return };
        // index of the block's first sample, the burst's first being 0
        let at = (time_ns.saturating_sub(from_ns) as f64 * 1e-9 * self.rate_hz).round() as i64;
        let has = taken.samples.len() as i64;
        if at > has {
            taken.torn = true;
        }
        let skip = usize::try_from(has - at).unwrap_or(0);
        if taken.torn || skip >= block.len() {
            return;
        }
        let n = (block.len() - skip).min(self.wanted - taken.samples.len());
        taken.samples.extend_from_slice(&block[skip..skip + n]);
    }

    /// What was heard, once that is all, or cannot become all any more.
    pub(super) fn heard(&self) -> Option<Vec<Complex32>> {
        let mut taken = self.taken();
        (taken.torn || taken.samples.len() == self.wanted).then(|| std::mem::take(&mut taken.samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(from: i64, n: usize) -> Vec<Complex32> {
        (from..).take(n).map(|i| Complex32::new(i as f32, 0.0)).collect()
    }

    #[test]
    fn it_takes_what_is_wanted_and_no_more() {
        // 1 MS/s, a received sample at 500 ns: the grid is 500, 1500 …
        let tap = Tap::new(0, 1e6, 10, 500);
        tap.hear(&block(0, 4), 500);
        assert_eq!(tap.begin(7_600), 8_500, "sample 8");
        assert_eq!(Tap::new(0, 1e6, 10, 500).begin(8_500), 8_500);
        for at in [0_i64, 4, 8, 12, 16] {
            assert_eq!(tap.heard(), None);
            tap.hear(&block(at, 4), 500 + 1000 * at);
        }
        assert_eq!(tap.heard(), Some(block(8, 10)));
    }

    #[test]
    fn a_gap_ends_it() {
        let tap = Tap::new(0, 1e6, 10, 0);
        tap.begin(8_000);
        tap.hear(&block(6, 4), 6_000);
        tap.hear(&block(12, 4), 12_000);
        assert_eq!(tap.heard(), Some(block(8, 2)));
        // the receiver that began too late, too
        let late = Tap::new(0, 1e6, 10, 0);
        late.begin(8_000);
        late.hear(&block(9, 4), 9_000);
        assert_eq!(late.heard(), Some(vec![]));
    }
}
