//! The floor of floors.

/// Says that the last value stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persistence {
    /// Samples to predict.
    pub horizon: usize,
}

impl Persistence {
    /// The last observed value, `horizon` times; `None` when none was observed.
    #[must_use]
    pub fn forecast(&self, observed: &[Option<f32>]) -> Option<Vec<f32>> {
        let last = observed.iter().rev().find_map(|x| *x)?;
        Some(vec![last; self.horizon])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_last_observed() {
        let p = Persistence { horizon: 2 };
        assert_eq!(p.forecast(&[Some(1.0), Some(2.0), None]), Some(vec![2.0, 2.0]));
        assert_eq!(p.forecast(&[None]), None);
    }
}
