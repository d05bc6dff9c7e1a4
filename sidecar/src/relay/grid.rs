//! The radio's time line: which sample goes out or came in when.

use std::collections::VecDeque;

/// Sample index ↔ the radio's time. Index 0 is the receiver's first sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// The radio's time at index 0, ns.
    origin_ns: i64,
    rate_hz: f64,
}

impl Grid {
    /// Sample `index` was received at `time_ns`.
    #[must_use]
    pub fn at(index: u64, time_ns: i64, rate_hz: f64) -> Self {
        Self { origin_ns: time_ns - (index as f64 / rate_hz * 1e9).round() as i64, rate_hz }
    }

    /// The radio's time at an index, ns.
    #[must_use]
    pub fn time_ns(&self, index: u64) -> i64 {
        self.origin_ns + (index as f64 / self.rate_hz * 1e9).round() as i64
    }

    /// The last index whose time is not after `time_ns`; 0 before the first.
    #[must_use]
    pub fn index(&self, time_ns: i64) -> u64 {
        // half a nanosecond: the time of an index is rounded
        ((time_ns - self.origin_ns) as f64 + 0.5).max(0.0).mul_add(self.rate_hz * 1e-9, 0.0) as u64
    }
}

/// A stretch of time of which the least is kept, ns, and how many are looked back on: 6.4 s. Two clocks of 20 ppm move 0.13 ms against each other in that.
const STRETCH_NS: u64 = 100_000_000;
const STRETCHES: u64 = 64;

/// How far the host's clock is ahead of the radio's, at most: the smallest difference between a block's arrival and its last sample's time. What is too
/// much is the shortest way from the radio to here.
#[derive(Debug, Clone, Default)]
pub struct Offset {
    /// Number of the stretch and its difference, smallest first, none older than [`STRETCHES`].
    least: VecDeque<(u64, i64)>,
}

impl Offset {
    /// A block whose last sample was received at `end_ns` of the radio's time arrived at `host_ns`.
    pub fn note(&mut self, end_ns: i64, host_ns: u64) {
        let ahead_ns = i64::try_from(host_ns).unwrap_or(i64::MAX).saturating_sub(end_ns);
        let stretch = host_ns / STRETCH_NS;
        while self.least.front().is_some_and(|(at, _)| at + STRETCHES <= stretch) {
            self.least.pop_front();
        }
        if self.least.back().is_some_and(|(at, ns)| *at == stretch && *ns <= ahead_ns) {
            return;
        }
        while self.least.back().is_some_and(|(_, ns)| *ns >= ahead_ns) {
            self.least.pop_back();
        }
        self.least.push_back((stretch, ahead_ns));
    }

    /// How far the host's clock is ahead, at most, ns; `None` before the first block.
    #[must_use]
    pub fn ahead_ns(&self) -> Option<i64> {
        self.least.front().map(|(_, ns)| *ns)
    }

    /// The radio's time at `host_ns`, at least; `None` before the first block.
    #[must_use]
    pub fn radio_ns(&self, host_ns: u64) -> Option<i64> {
        self.ahead_ns().map(|ns| i64::try_from(host_ns).unwrap_or(i64::MAX).saturating_sub(ns))
    }

    /// Host time at this time of the radio, at most; `None` before the first block.
    #[must_use]
    pub fn host_ns(&self, radio_ns: i64) -> Option<u64> {
        self.ahead_ns().map(|ns| u64::try_from(radio_ns.saturating_add(ns)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        // 7.68 MS/s: 768 samples are 100 us; index 768 at 1 s
        let grid = Grid::at(768, 1_000_000_000, 7.68e6);
        assert_eq!((grid.time_ns(0), grid.time_ns(7680)), (999_900_000, 1_000_900_000));
        assert_eq!((grid.index(999_900_000), grid.index(1_000_000_000), grid.index(5)), (0, 768, 0));
        // 130.2 ns a sample: index 1 is at 130
        assert_eq!((grid.index(999_900_129), grid.index(999_900_130)), (0, 1));
        let mut offset = Offset::default();
        assert_eq!(offset.radio_ns(5), None);
        offset.note(1000, 1700);
        offset.note(2000, 2500);
        offset.note(3000, 4000);
        assert_eq!((offset.radio_ns(10_000), offset.host_ns(9500)), (Some(9500), Some(10_000)));
        // what is old counts no more
        let at = STRETCH_NS * STRETCHES;
        offset.note((at - 600) as i64, at);
        assert_eq!(offset.ahead_ns(), Some(600));
        // one that took longer is kept for when the other is old, and a later one of the same stretch that took longer still is not
        offset.note((at + 2 * STRETCH_NS - 900) as i64, at + 2 * STRETCH_NS);
        offset.note((at + 2 * STRETCH_NS + 1 - 950) as i64, at + 2 * STRETCH_NS + 1);
        assert_eq!((offset.ahead_ns(), offset.least.len()), (Some(600), 2));
        offset.note((2 * at - 5000) as i64, 2 * at);
        assert_eq!(offset.ahead_ns(), Some(900));
    }

    proptest! {
        #[test]
        fn each_index_has_its_time_for_a_day(index in 0_u64..2_000_000_000_000, origin in -1_000_000_i64..1_000_000_000_000, rate in prop_oneof![Just(1.92e6), Just(7.68e6), Just(23.04e6), Just(30.72e6), Just(61.44e6)]) {
            let grid = Grid::at(0, origin, rate);
            prop_assert_eq!(grid.index(grid.time_ns(index)), index);
        }
    }
}
