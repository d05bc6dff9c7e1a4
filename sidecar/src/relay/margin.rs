//! How much time samples had left when they came.

use serde::{Deserialize, Serialize};

/// Width of a bucket, ns, and how many: 20 ms, which is all that may be unsent.
const WIDTH_NS: u64 = 20_000;
const BUCKETS: usize = 1000;

/// Counts pieces by the time they had left.
#[derive(Debug, Clone)]
pub struct Margins {
    counts: Vec<u64>,
    late: u64,
    least_ns: Option<i64>,
}

/// Percentiles of it, each rounded down to 20 us; `None` where nothing came, or where that many were late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Margin {
    /// Arrivals.
    pub count: u64,
    /// Of these, after they were due.
    pub late: u64,
    /// The least, ns; negative = so much too late.
    pub least_ns: Option<i64>,
    /// One in a hundred had less, ns.
    pub p1_ns: Option<u64>,
    /// Median, ns.
    pub p50_ns: Option<u64>,
}

impl Default for Margins {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], late: 0, least_ns: None }
    }
}

impl Margins {
    /// Some came with so much time left, ns.
    pub fn add(&mut self, left_ns: i64) {
        self.least_ns = Some(self.least_ns.map_or(left_ns, |ns| ns.min(left_ns)));
        match u64::try_from(left_ns) {
            Ok(ns) => self.counts[usize::try_from(ns / WIDTH_NS).unwrap_or(BUCKETS).min(BUCKETS - 1)] += 1,
            Err(_) => self.late += 1,
        }
    }

    /// Percentiles now.
    #[must_use]
    pub fn read(&self) -> Margin {
        let count = self.late + self.counts.iter().sum::<u64>();
        let at = |percent: u64| {
            let want = (count * percent).div_ceil(100).max(1);
            let mut sum = self.late;
            if sum >= want {
                return None;
            }
            (0_u64..).zip(&self.counts).find_map(|(i, n)| {
                sum += n;
                (sum >= want).then_some(i * WIDTH_NS)
            })
        };
        Margin { count, late: self.late, least_ns: self.least_ns, p1_ns: at(1), p50_ns: at(50) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let mut m = Margins::default();
        assert_eq!(m.read(), Margin::default());
        (1..=100).for_each(|i| m.add(i * 20_000));
        let read = m.read();
        assert_eq!(
            (read.count, read.least_ns, read.p1_ns, read.p50_ns),
            (100, Some(20_000), Some(20_000), Some(1_000_000))
        );
        m.add(-5);
        m.add(-7_000);
        m.add(i64::MAX);
        let read = m.read();
        assert_eq!((read.count, read.late, read.least_ns, read.p1_ns), (103, 2, Some(-7_000), None));
    }
}
