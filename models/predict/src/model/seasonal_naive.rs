//! The floor of a series that repeats itself.

/// Says that what was seen one season ago comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeasonalNaive {
    /// Samples to predict.
    pub horizon: usize,
    /// Samples of a season; 1 is persistence where the last value was observed.
    pub season: usize,
}

impl SeasonalNaive {
    /// ŷ(n + h) = x(n + h − season), with as many seasons taken off as needed; `None` where one of these was not observed or lies before the window.
    #[must_use]
    pub fn forecast(&self, observed: &[Option<f32>]) -> Option<Vec<f32>> {
        let (n, season) = (observed.len(), self.season.max(1));
        (0..self.horizon).map(|h| observed.get((n + h % season).checked_sub(season)?).copied().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_the_last_season() {
        let seen = [0.0, 1.0, 2.0, 3.0, 4.0].map(Some);
        let of = |season| SeasonalNaive { horizon: 4, season }.forecast(&seen);
        assert_eq!(of(3), Some(vec![2.0, 3.0, 4.0, 2.0]));
        assert_eq!(of(5), Some(vec![0.0, 1.0, 2.0, 3.0]));
        assert_eq!(of(1), Some(vec![4.0; 4]));
        assert_eq!(of(6), None);
        assert_eq!(SeasonalNaive { horizon: 1, season: 2 }.forecast(&[None, Some(1.0)]), None);
    }
}
