//! Order statistics.

/// p50, p99, maximum and mean of what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// How many.
    pub count: usize,
}

impl Percentiles {
    /// Of values in any order; `None` when there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Self {
            p50: percentile(&sorted, 50.0)?,
            p99: percentile(&sorted, 99.0)?,
            max: *sorted.last()?,
            mean,
            count: sorted.len(),
        })
    }
}

/// The smallest of the sorted values that at least `p` percent (0…100) of them do not exceed (nearest rank); `None` of nothing.
#[must_use]
pub fn percentile(sorted: &[f64], p: f64) -> Option<f64> {
    let rank = (p / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_by_hand() {
        let v: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let p = Percentiles::of(&v).unwrap();
        assert_eq!((p.p50, p.p99, p.max, p.mean, p.count), (100.0, 198.0, 200.0, 100.5, 200));
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(Percentiles::of(&[]), None);
    }
}
